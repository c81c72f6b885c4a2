/**
 * What a worker runs, without the worker: the handlers of its tasks and what is
 * around them. All that a thread or a process takes of a definition.
 *
 * A child of a pool loads the module that has the definition, and looks for it
 * here: it has no use for brokers and connections, and of steps for those that
 * tasks may use.
 *
 * @since 0.1.0
 */
import type * as Bootstep from "@celeriac/bootsteps/Bootstep"
import type * as Middleware from "@celeriac/tasks/Middleware"
import type * as TaskSettings from "@celeriac/tasks/TaskSettings"
import type * as Context from "effect/Context"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"

/** Where a definition of a worker has its program. */
export const TypeId = "~@celeriac/worker/trace/Program"

export interface Program {
  /** Made by `task.toLayer`. */
  readonly handlers: ReadonlyArray<Layer.Layer<never, any, any>>
  /** Around every run, the first outermost. */
  readonly middleware: Middleware.List
  /** Of its Worker blueprint, those besides the worker's own: what they provide, handlers may use. */
  readonly steps: ReadonlyArray<Bootstep.Any>
  /** Options of steps that were given. */
  readonly options: Readonly<Record<string, unknown>>
  /** Settings of its tasks that were given. */
  readonly taskSettings: TaskSettings.Some
}

/** What has one: definitions of workers. */
export interface HasProgram {
  readonly [TypeId]: Program
}

/** What a module says of a worker: its program, and what it wants around it. */
export interface Found extends Program {
  /** Takes the services that its tasks send with, where those do not ask their context for them: of an application of promises. */
  readonly lend?: ((services: Context.Context<never>) => void) | undefined
  /** Its export `settings`. */
  readonly settings: Layer.Layer<never, unknown>
}

/** The program among the exports of a module: of the export that is named, else of `default` or `worker`. In words, why there is none. */
export const find = (
  exports: Readonly<Record<string, unknown>>,
  name?: string
): Result.Result<Found, string> => {
  const candidates = name === undefined ? ["default", "worker"] : [name]
  for (const candidate of candidates) {
    const program = programOf(exports[candidate])
    if (program !== undefined) {
      const { settings } = exports
      if (settings !== undefined && !Layer.isLayer(settings)) return Result.fail("its export 'settings' is no layer")
      return Result.succeed({
        ...program,
        lend: lendOf(exports[candidate]),
        // A layer does not know at run time what it needs.
        settings: settings === undefined ? Layer.empty : settings as unknown as Found["settings"]
      })
    }
  }
  const names = Object.keys(exports)
  return Result.fail(
    `it has no worker as its export ${candidates.map((candidate) => `'${candidate}'`).join(" or ")}: it exports ${
      names.length === 0 ? "nothing" : names.join(", ")
    }. Write: export default Worker.make({ tasks: [...] })`
  )
}

/** All tasks with a handler that a module exports, alone or in lists. */
export const handlersIn = (exports: Readonly<Record<string, unknown>>): Program["handlers"] =>
  Object.values(exports).flatMap((value) => Array.isArray(value) ? value.filter(isHandler) : [value]).filter(isHandler)

const isHandler = (value: unknown): value is Program["handlers"][number] =>
  Layer.isLayer(value) && "taskName" in value && typeof value.taskName === "string"

/** Of a definition, or of what has one, as a worker of an application of promises does. */
const programOf = (value: unknown): Program | undefined => {
  if (typeof value !== "object" || value === null) return undefined
  // What is under this key only `Worker.make` has put there.
  if (TypeId in value) return value[TypeId] as Program
  return "definition" in value ? programOf(value.definition) : undefined
}

const lendOf = (value: unknown): Found["lend"] => {
  if (typeof value !== "object" || value === null || !("broker" in value)) return undefined
  const { broker } = value
  return typeof broker === "object" && broker !== null && "lend" in broker && typeof broker.lend === "function"
    ? (services) => void (broker.lend as NonNullable<Found["lend"]>)(services) // an application has put it there
    : undefined
}
