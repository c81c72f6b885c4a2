/**
 * The task that is being run, for whoever is called by its handler: what Celery
 * has as `self` and as `current_task`.
 *
 * ```ts
 * const step = Effect.fnUntraced(function*(done: number, total: number) {
 *   yield* copyPage(done)
 *   yield* TaskContext.progress({ done, total })
 * })
 * const CopyLive = copy.toLayer(({ pages }) => Effect.forEach(pages, (_, n) => step(n, pages.length)))
 * ```
 *
 * The worker provides it to handlers, to middleware and to hooks, so it is no
 * need of the layers that they become. A fiber that is forked in a handler has
 * it too. The service is the handler's own second argument.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { ResultTuple } from "./result/ResultTuple.ts"
import type { Complete, Signature } from "./Signature.ts"
import type { OwnState, TaskRequest } from "./TaskRequest.ts"
import * as TaskState from "./TaskState.ts"

/** The request that is being run, and what can be done about it. */
export class TaskContext extends Context.Service<TaskContext, TaskRequest>()("@celeriac/tasks/TaskContext") {}

/** Stores a state of your own: see `TaskRequest.updateState`. */
export const updateState = <const S extends TaskState.TaskState>(
  state: OwnState<S>,
  meta?: unknown
): Effect.Effect<void, never, TaskContext> =>
  Effect.flatMap(TaskContext, (request) => request.updateState<S>(state, meta))

/** Stores the state PROGRESS, with how far it is. */
export const progress = (meta: unknown): Effect.Effect<void, never, TaskContext> =>
  updateState(TaskState.PROGRESS, meta)

/** Tells monitors something: see `TaskRequest.sendEvent`. */
export const sendEvent = (
  type: `task-${string}`,
  fields?: Readonly<Record<string, unknown>>
): Effect.Effect<void, never, TaskContext> => Effect.flatMap(TaskContext, (request) => request.sendEvent(type, fields))

/** Adds a part to its chord: see `TaskRequest.addToChord`. */
export const addToChord = <L, A, E>(
  signature: Signature<L, A, E, any> & Complete<L>
): Effect.Effect<ResultTuple, never, TaskContext> =>
  Effect.flatMap(TaskContext, (request) => request.addToChord(signature))

/** Whether somebody has asked for it to end: see `TaskRequest.isAborted`. */
export const isAborted: Effect.Effect<boolean, never, TaskContext> = Effect.flatMap(
  TaskContext,
  (request) => request.isAborted
)

/** The task that this fiber is part of, if it is of any. */
export const ofFiber = (fiber: Fiber.Fiber<unknown, unknown>): TaskRequest | undefined =>
  Context.getOrUndefined(fiber.context, TaskContext)
