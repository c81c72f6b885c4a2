/**
 * Where a child of a pool begins, as a thread or as a process.
 *
 * @since 0.1.0
 */
import * as Host from "./Host.ts"
import * as Orphan from "./Orphan.ts"
import * as Shortcut from "./Shortcut.ts"
import * as Wire from "./Wire.ts"

Orphan.guard()
Shortcut.take()
Host.run(Wire.own(), (module) => import(module), Orphan.watch)
