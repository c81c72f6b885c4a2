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
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Handler } from "./Middleware.ts"
import * as ExceptionRecord from "./result/ExceptionRecord.ts"
import { isTaskPredicate, type Retry, type TaskPredicate } from "./TaskPredicate.ts"
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

/** A run, and what is stored of it. */
export interface Ended {
  readonly request: TaskRequest
  readonly parameters: unknown
  readonly exit: Exit.Exit<unknown, unknown>
  readonly state: "SUCCESS" | "FAILURE" | "RETRY"
  /** Of a FAILURE. */
  readonly exception?: ExceptionRecord.ExceptionRecord | undefined
  readonly traceback?: string | undefined
}

/** Those of a run that has ended so, one after the other; undefined when there are none. */
export const ended = (hooks: Erased, run: Ended): Effect.Effect<void, never, any> | undefined => {
  const { exit, parameters, request } = run
  const calls: Array<Effect.Effect<void, never, any>> = []
  const call = (name: string, hook: ((...args: ReadonlyArray<any>) => unknown) | undefined, first: unknown) => {
    if (hook !== undefined) calls.push(guarded(request, name, () => hook(first, parameters, request)))
  }
  if (run.state === "FAILURE") {
    const cause = causeOf(run)
    call("onFailure", hooks.onFailure, cause)
    call("afterReturn", hooks.afterReturn, Exit.failCause(cause))
  } else if (run.state === "RETRY") {
    const retry = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
    if (isRetry(retry)) call("onRetry", hooks.onRetry, retry)
  } else if (Exit.isSuccess(exit)) {
    call("onSuccess", hooks.onSuccess, exit.value)
    call("afterReturn", hooks.afterReturn, exit)
  }
  return calls.length === 0 ? undefined : Effect.all(calls, { discard: true })
}

/** Why it has failed, also where it did not fail itself: its result has no form, or it has no attempt left. */
const causeOf = ({ exception, exit, request, traceback }: Ended): Cause.Cause<unknown> => {
  const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
  if (Exit.isFailure(exit) && !isTaskPredicate(error)) return exit.cause
  if (isRetry(error) && error.options.error !== undefined) return Cause.fail(error.options.error)
  if (isRetry(error) && error.options.defect !== undefined) return Cause.die(error.options.defect)
  return Cause.die(
    exception === undefined ? error : ExceptionRecord.toException(exception, { taskId: request.id, traceback })
  )
}

const isRetry = (error: unknown): error is Retry<unknown> => isTaskPredicate(error) && error._tag === "Retry"

/** Calls one that comes after the run: what it fails with is told, and nothing else. */
const guarded = (request: TaskRequest, name: string, hook: () => unknown): Effect.Effect<void, never, any> =>
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
