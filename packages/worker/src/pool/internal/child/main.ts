/**
 * Where a child of a pool begins, as a thread or as a process.
 *
 * @since 0.1.0
 */
import * as module from "node:module"

// What the parent keeps compiled is compiled for its children too. One that keeps nothing has children all the same,
// of which the second and all that come after find what the first has compiled.
const [, , , cache = ""] = process.argv
module.enableCompileCache(cache === "" ? undefined : cache)

// While modules load, V8 makes the space of young objects four times as large, and keeps it: a process leaves that for
// when it works. What a thread says of it is said of its parent too.
const growYoungBy = (factor: number): void => {
  if (typeof process.send !== "function") return
  process.getBuiltinModule("node:v8").setFlagsFromString(`--semi-space-growth-factor=${factor}`)
}

growYoungBy(1)

const [Orphan, Shortcut] = await Promise.all([import("./Orphan.ts"), import("./Shortcut.ts")])

Orphan.guard()
Shortcut.take()

const [Host, Wire] = await Promise.all([import("./Host.ts"), import("./Wire.ts")])

Host.run(Wire.own(), {
  load: (module) => import(module),
  mightSend: () => Shortcut.asked.sending,
  onUp: () => {
    // V8's own.
    growYoungBy(2)
    module.flushCompileCache()
  }
})
