/**
 * The modules of `-I`, and of the settings `include` and `imports`: those whose tasks a worker runs besides its own. Of a
 * module, every task with a handler counts that it exports, alone or in a list
 * (`Add.toLayer(...)`); a module that adds tasks to an application of promises
 * needs to export nothing.
 */
import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import * as TaskRegistry from "@celeriac/tasks/TaskRegistry"
import * as Program from "@celeriac/worker/trace/Program"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { existsSync, statSync } from "node:fs"
import { resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { because, type CliFailure, mistaken } from "../output/CliFailure.ts"
import * as App from "./App.ts"

type Handler = Layer.Layer<never, never, TaskRegistry.TaskRegistry>

/** The tasks of modules, by their names. To be loaded before the worker's own module is asked what it has. */
export const load = (names: ReadonlyArray<string>): Effect.Effect<Included, CliFailure> =>
  Effect.map(
    Effect.forEach(names, loadOne),
    (modules) => ({
      urls: modules.map(({ url }) => url),
      handlers: Array.from(new Set(modules.flatMap(({ handlers }) => handlers)))
    })
  )

interface Included {
  /** Of the modules: children of pools load them too. */
  readonly urls: ReadonlyArray<string>
  readonly handlers: ReadonlyArray<Handler>
}

const loadOne = (name: string) =>
  Effect.gen(function*() {
    const file = ["", ".ts", ".mts", ".js", ".mjs"].map((ending) => resolve(`${name}${ending}`)).find((path) =>
      existsSync(path) && statSync(path).isFile()
    )
    if (file === undefined) {
      return yield* Effect.fail(
        mistaken(
          `there is no module '${name}' (looked for ${
            resolve(name)
          }). -I takes the paths of files, as include and imports do`
        )
      )
    }
    const exports = yield* Effect.tryPromise({
      try: (): Promise<App.Exports> => import(pathToFileURL(file).href),
      catch: (error) => App.notLoaded(file, error)
    })
    // Made by `toLayer`, they need a registry.
    const handlers = Program.handlersIn(exports) as ReadonlyArray<Handler>
    return { url: pathToFileURL(file).href, handlers }
  })

/** The same worker, with these tasks besides. */
export const into = (
  worker: App.App["worker"],
  handlers: ReadonlyArray<Handler>
): Effect.Effect<App.App["worker"], CliFailure> => {
  if (handlers.length === 0) return Effect.succeed(worker)
  const step = Bootstep.make("Include", {
    requires: [TaskRegistry.TaskRegistry],
    start: Effect.asVoid(Layer.build(Layer.mergeAll(Layer.empty, ...handlers)))
  })
  return Effect.try({
    // What the steps of a module are only its author's type checker sees.
    try: () => (worker.add as unknown as Add).call(worker, { worker: [step] }),
    catch: (error) => because(`-I: ${error instanceof Error ? error.message : String(error)}`, error)
  })
}

type Add = (
  this: App.App["worker"],
  steps: { readonly worker: ReadonlyArray<Bootstep.Any> }
) => App.App["worker"]
