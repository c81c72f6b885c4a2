/**
 * The records of one task as they come, to the final one: what
 * `ResultReader.updates` gives, made of whatever tells of records.
 *
 * Used by result backends.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as TaskState from "../TaskState.ts"
import type { ResultError } from "./ResultError.ts"
import type { ResultRecord } from "./ResultRecord.ts"

/** What came, readable or not. */
export type Answer = Result.Result<ResultRecord, ResultError>

/** How many records wait for who reads slowly; then the oldest go. */
const mostWaiting = 256

/** `listen` is given whom to tell, in order, and gives what ends that. What is told after the end counts for nothing. */
export const make = (
  listen: (tell: (answer: Answer) => void) => () => void
): Stream.Stream<ResultRecord, ResultError> =>
  Stream.callback((queue) =>
    Effect.acquireRelease(
      Effect.sync(() =>
        listen((answer) => {
          if (Result.isFailure(answer)) return void Queue.failCauseUnsafe(queue, Cause.fail(answer.failure))
          Queue.offerUnsafe(queue, answer.success)
          if (isFinal(answer)) Queue.endUnsafe(queue)
        })
      ),
      (leave) => Effect.sync(leave)
    ), { bufferSize: mostWaiting, strategy: "sliding" })

/** What cannot be read is waited for no longer. */
export const isFinal = (answer: Answer): boolean => Result.isFailure(answer) || TaskState.isReady(answer.success.status)
