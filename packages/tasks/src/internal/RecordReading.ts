/** What a record says, in the types of the task's definition. */
import * as Result from "effect/Result"
import type { Outcome } from "../Outcome.ts"
import * as ExceptionRecord from "../result/ExceptionRecord.ts"
import { because, type ResultError, ResultUnreadable } from "../result/ResultError.ts"
import * as ResultRecord from "../result/ResultRecord.ts"
import type { Final } from "../ResultBase.ts"
import * as TaskState from "../TaskState.ts"

/** What the task came to, of a record that is final. */
export const finalOf = <A, E>(
  record: ResultRecord.ResultRecord,
  outcome: Outcome<A, E>
): Result.Result<Final<A, E>, ResultError> => {
  const { exception, result, status, taskId: id } = record
  if (status === TaskState.SUCCESS) {
    const decoded = outcome.decodeSuccess(result)
    return Result.isSuccess(decoded)
      ? Result.succeed(Result.succeed(decoded.success))
      : Result.fail(because("get", new ResultUnreadable({ id, detail: decoded.failure })))
  }
  const declared = exception === undefined ? undefined : outcome.decodeError(exception)
  if (declared !== undefined) return Result.succeed(Result.fail(declared.error))
  const failure = ResultRecord.failure(record)
  return failure !== undefined
    ? Result.succeed(Result.fail(failure))
    : Result.fail(because("get", new ResultUnreadable({ id, detail: `the state ${status} is no end` })))
}

/** What is stored with a state that is no end. */
export const metaOf = ({ exception, result, taskId, traceback }: ResultRecord.ResultRecord): unknown =>
  exception === undefined ? result : ExceptionRecord.toException(exception, { taskId, traceback })
