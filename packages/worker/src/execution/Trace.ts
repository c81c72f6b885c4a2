/**
 * Running a request: from its body to what came of it.
 *
 * A trace first reads the body and binds the arguments, then gives the
 * handler's effect, and last turns the exit of that effect into a `Traced`:
 * the record to store and what to say about it.
 *
 * @since 0.1.0
 */
import type { TaskBody } from "@celeriac/tasks/protocol/TaskBody"
import type { ExceptionRecord } from "@celeriac/tasks/result/ExceptionRecord"
import * as Exceptions from "@celeriac/tasks/result/ExceptionRecord"
import * as ResultRecord from "@celeriac/tasks/result/ResultRecord"
import * as Traceback from "@celeriac/tasks/result/Traceback"
import * as TaskState from "@celeriac/tasks/TaskState"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import type { Request } from "./Request.ts"

/** What came of a request. */
export type Traced =
  | { readonly _tag: "Success"; readonly result: unknown }
  | {
    readonly _tag: "Failure"
    readonly exception: ExceptionRecord
    readonly traceback: string | undefined
    /** The task's definition declares it: no surprise, so no traceback in the log. */
    readonly isDeclared: boolean
  }
  | { readonly _tag: "Revoked"; readonly why: "expired" | "revoked" | "terminated" }
  /** The worker interrupted it before it came to anything. */
  | { readonly _tag: "Interrupted" }

/** The handler's effect for this body, or the failure it comes to without running. */
export const begin = (
  request: Request,
  body: TaskBody
): Effect.Effect<unknown, unknown, unknown> | Traced => {
  const bound = request.registered.bind(body.args, body.kwargs)
  if (Result.isFailure(bound)) return mistaken(bound.failure)
  try {
    const effect: unknown = request.registered.handler(bound.success, request)
    return Effect.isEffect(effect) ? effect : noEffect(request)
  } catch (defect) {
    return failure(request.registered.encodeError(defect), defect, false)
  }
}

/** What the handler's exit means. `terminating`: an interruption came from us. */
export const end = (request: Request, exit: Exit.Exit<unknown, unknown>, terminating: boolean): Traced => {
  if (Exit.isSuccess(exit)) {
    const encoded = request.registered.encodeSuccess(exit.value)
    return Result.isSuccess(encoded)
      ? { _tag: "Success", result: encoded.success }
      : { _tag: "Failure", exception: encoded.failure, traceback: undefined, isDeclared: false }
  }
  if (terminating && Cause.hasInterruptsOnly(exit.cause)) return { _tag: "Interrupted" }
  const error = Cause.squash(exit.cause)
  return failure(request.registered.encodeError(error), error, exit.cause.reasons.some(Cause.isFailReason))
}

/** What is stored of a request that is finished. `now` is milliseconds since the epoch. */
export const record = (request: Request, traced: Traced, now: number): ResultRecord.ResultRecord => {
  const common = { dateDone: now, groupId: request.group, parentId: request.parentId }
  switch (traced._tag) {
    case "Success":
      return ResultRecord.make(request.id, TaskState.SUCCESS, { ...common, result: traced.result })
    case "Failure":
      return ResultRecord.make(request.id, TaskState.FAILURE, {
        ...common,
        exception: traced.exception,
        traceback: traced.traceback
      })
    case "Revoked":
      return ResultRecord.make(request.id, TaskState.REVOKED, {
        ...common,
        exception: Exceptions.taskRevoked(traced.why)
      })
    case "Interrupted":
      return ResultRecord.make(request.id, TaskState.FAILURE, {
        ...common,
        exception: Exceptions.workerLost(`Worker ${request.hostname} was terminated while the task ran`)
      })
  }
}

/** Types forbid it, where there are types. */
const noEffect = ({ task }: Request): Traced => {
  const error = new TypeError(`the handler of task '${task}' did not return an effect`)
  return failure(Exceptions.fromUnknown(error), error, false)
}

/** The caller's mistake: a traceback would show nothing but our own code. */
const mistaken = (error: TypeError): Traced => ({
  _tag: "Failure",
  exception: Exceptions.typeError(error.message),
  traceback: undefined,
  isDeclared: false
})

const failure = (exception: ExceptionRecord, error: unknown, isDeclared: boolean): Traced => ({
  _tag: "Failure",
  exception,
  traceback: Traceback.fromUnknown(error),
  isDeclared
})
