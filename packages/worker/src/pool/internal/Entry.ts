/** Where a child begins, and what it is told before all else. */
import * as Effect from "effect/Effect"
import { existsSync } from "node:fs"
import * as module from "node:module"
import { dirname } from "node:path"
import { isMainThread } from "node:worker_threads"
import * as ChildPool from "../ChildPool.ts"

/** The file that threads and processes begin with: beside this one, in the same language. */
export const url: string = new URL(
  `./child/main${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`,
  import.meta.url
).href

/** What was put into one file has no other beside it. */
export const check = ({ entry, module }: ChildPool.ChildProgram): Effect.Effect<void, ChildPool.ChildPoolError> =>
  entry !== undefined || existsSync(new URL(url)) ? Effect.void : Effect.fail(
    new ChildPool.ChildPoolError({
      reason: new ChildPool.ProgramNotLoaded({
        module,
        detail:
          "this program was put into one file, and children begin with a file of @celeriac/worker that is not there. " +
          "Build it with `celeriac build`, or say in `program.entry` with which file they begin: see ChildMain"
      })
    })
  )

/** The arguments of a child: that it is one, and where compiled modules are kept. */
export const args = (): Array<string> => {
  const cache = module.getCompileCacheDir()
  return [mark, cache === undefined ? "" : dirname(cache)]
}

const mark = "--celeriac-child"

/** Whether this is one. */
export const isChild = (): boolean => process.argv[2] === mark && (!isMainThread || typeof process.send === "function")
