/**
 * Functions that are called as a task lives: Celery's `before_start`,
 * `on_success`, `on_failure`, `on_retry` and `after_return`.
 *
 * ```ts
 * const PayLive = pay.toLayer(charge, {
 *   onSuccess: (receipt, { order }) => Ledger.use((ledger) => ledger.book(order, receipt)),
 *   onFailure: (cause, { order }) => Mailer.use((mailer) => mailer.sorry(order, cause))
 * })
 * ```
 *
 * What they need becomes a need of the task's layer, but for the `TaskContext`.
 * They are outside of the task's own middleware. `beforeStart` is a part of the
 * run: what it fails with the task fails with. The others come when what the task
 * came to is stored, in the order in which they stand here and before the message
 * of a late task is acknowledged; the task has its slot until they have ended.
 * What they fail with is logged, and harms nothing. Source: Celery's tracer.
 *
 * A task that never began, that was revoked or interrupted, or ran out of its hard
 * limit has none of them; nor has one whose arguments did not fit, for there are
 * no parameters then.
 *
 * @since 0.1.0
 */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type { Handler } from "./Middleware.ts"
import type { Retry, TaskPredicate } from "./TaskPredicate.ts"
import type { TaskRequest } from "./TaskRequest.ts"

/** Of a task with the parameters `P` that succeeds with `A` and declares the errors `E`; each may need services of its own. */
export interface TaskHooks<P, A, E, RBefore, RSuccess, RFailure, RRetry, RAfter> {
  /** Before the handler, of every attempt. */
  readonly beforeStart?:
    | ((parameters: P, request: TaskRequest) => Effect.Effect<unknown, E | TaskPredicate<E>, RBefore>)
    | undefined
  readonly onSuccess?:
    | ((value: A, parameters: P, request: TaskRequest) => Effect.Effect<unknown, unknown, RSuccess>)
    | undefined
  /** It failed for good: with an error that it declares, or with a defect. */
  readonly onFailure?:
    | ((cause: Cause.Cause<E>, parameters: P, request: TaskRequest) => Effect.Effect<unknown, unknown, RFailure>)
    | undefined
  /** It is to run again: the message for that is sent. */
  readonly onRetry?:
    | ((retry: Retry<E>, parameters: P, request: TaskRequest) => Effect.Effect<unknown, unknown, RRetry>)
    | undefined
  /** It has succeeded, or failed for good. */
  readonly afterReturn?:
    | ((exit: Exit.Exit<A, E>, parameters: P, request: TaskRequest) => Effect.Effect<unknown, unknown, RAfter>)
    | undefined
}

/** Those of any task, as whoever runs them sees them. */
export type Erased = TaskHooks<any, any, any, any, any, any, any, any>

/** Those that come after the run; undefined when there are none. */
export const after = ({ afterReturn, onFailure, onRetry, onSuccess }: Erased): Erased | undefined =>
  afterReturn === undefined && onFailure === undefined && onRetry === undefined && onSuccess === undefined
    ? undefined
    : { afterReturn, onFailure, onRetry, onSuccess }

/** The handler with what comes before it; the handler itself when nothing does. */
export const before = (handler: Handler, { beforeStart }: Erased): Handler =>
  beforeStart === undefined ? handler : (parameters, request) =>
    Effect.andThen(
      Effect.suspend(() => effectOf(beforeStart(parameters, request), "beforeStart", request)),
      Effect.suspend(() => handler(parameters, request))
    )

/** Calls one that comes after the run: what it fails with is told, and nothing else. */
export const guarded = (request: TaskRequest, name: string, hook: () => unknown): Effect.Effect<void, never, any> =>
  Effect.suspend(() => effectOf(hook(), name, request)).pipe(
    Effect.catchCause((cause) => Effect.logError(`Task ${request.name}[${request.id}] ${name} handler raised:`, cause)),
    Effect.asVoid
  )

/** Types forbid anything else, where there are types. */
const effectOf = (
  value: unknown,
  hook: string,
  { task }: Pick<TaskRequest, "task">
): Effect.Effect<unknown, unknown, any> =>
  Effect.isEffect(value)
    ? value
    : Effect.die(new TypeError(`the hook ${hook} of task '${task}' did not return an effect`))
