/**
 * The beginning of a child in a program that is one file: the file is its own
 * child, and asks at its beginning which of the two it is.
 *
 * ```ts
 * if (ChildMain.isChild) void ChildMain.run(exports)
 * else start(exports)
 * ```
 *
 * The worker's `program` has the URL of the file as its `module` and its
 * `entry`. `celeriac build` makes such files; elsewhere a child begins with a
 * file of this package, and loads the module of the worker.
 *
 * @since 0.1.0
 */
import * as Entry from "./internal/Entry.ts"

/** Whether this thread, or this process, is a child of a pool. */
export const isChild: boolean = Entry.isChild()

/** Runs the tasks of the worker among these exports, until the pool lets it go. */
export const run = async (exports: Readonly<Record<string, unknown>>): Promise<void> => {
  const [Host, Orphan, Wire] = await Promise.all([
    import("./internal/child/Host.ts"),
    import("./internal/child/Orphan.ts"),
    import("./internal/child/Wire.ts")
  ])
  Orphan.guard()
  Host.run(Wire.own(), {
    load: () => Promise.resolve(exports),
    // Nobody has seen what was asked for.
    mightSend: () => true
  })
}
