/**
 * The tasks that this process can run, by name.
 *
 * `Task.toLayer` fills it, the worker looks into it at every message. A
 * definition without a handler never gets here: a client needs no registry.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import type * as Arguments from "./Arguments.ts"
import type { ExceptionRecord } from "./result/ExceptionRecord.ts"
import { because, DuplicateTask, type TaskError } from "./TaskError.ts"
import type * as TaskHooks from "./TaskHooks.ts"
import type { ExecutionOptions, TaskOptions } from "./TaskOptions.ts"
import type { TaskRequest } from "./TaskRequest.ts"

/** A task with its handler: all that running it takes. One shape for every task. */
export interface Registered {
  readonly name: string
  readonly options: ExecutionOptions
  /** What its definition says of how it is sent: of one that is sent because of another task. Without it nothing is said. */
  readonly definition?: TaskOptions | undefined
  /** Received arguments as the handler wants them, or the `TypeError` that Python would have raised. Never throws. */
  readonly bind: (
    args: ReadonlyArray<unknown>,
    kwargs: Readonly<Record<string, unknown>>
  ) => Result.Result<unknown, TypeError>
  /** Those of a retry that says only some of them, and how they are shown. Without it they stand beside each other. */
  readonly arguments?: Pick<Arguments.Arguments<any>, "again" | "conceal"> | undefined
  /** The handler as it was written: run its effect with `context` and a `TaskContext`. The call itself may throw. */
  readonly handler: (parameters: unknown, request: TaskRequest) => Effect.Effect<unknown, unknown, any>
  /** What the handler was given when its layer was built. */
  readonly context: Context.Context<any>
  /** What is to be called when what it came to is stored: run with `context` and a `TaskContext`. */
  readonly hooks?: TaskHooks.Erased | undefined
  /** `handler` with `context` provided and a throw made a defect: where convenience matters more than a microsecond. */
  readonly handle: (parameters: unknown, request: TaskRequest) => Effect.Effect<unknown, unknown>
  /** A returned value as it is stored, or the exception to store because it does not fit. Never throws. */
  readonly encodeSuccess: (value: unknown) => Result.Result<unknown, ExceptionRecord>
  /** A declared error, or anything else that a handler failed with, as it is stored. Never throws. */
  readonly encodeError: (error: unknown) => ExceptionRecord
}

/** The tasks of one worker, by name. */
export class TaskRegistry extends Context.Service<TaskRegistry, {
  /** Adds a task until the scope closes. Fails with `DuplicateTask` when its name is taken. */
  readonly register: (task: Registered) => Effect.Effect<void, TaskError, Scope.Scope>
  /** The hot path's look-up. */
  readonly get: (name: string) => Registered | undefined
  /** Sorted. */
  readonly names: () => ReadonlyArray<string>
}>()("@celeriac/tasks/TaskRegistry") {}

/** An empty registry, which `Task.toLayer`s fill. */
export const layer: Layer.Layer<TaskRegistry> = Layer.sync(TaskRegistry, () => {
  const tasks = new Map<string, Registered>()
  return TaskRegistry.of({
    register: (task) =>
      Effect.acquireRelease(
        Effect.suspend(() => {
          if (tasks.has(task.name)) {
            return Effect.fail(because("register", new DuplicateTask({ task: task.name })))
          }
          tasks.set(task.name, task)
          return Effect.void
        }),
        () => Effect.sync(() => tasks.delete(task.name))
      ),
    get: (name) => tasks.get(name),
    names: () => Array.from(tasks.keys()).sort()
  })
})
