/**
 * What a run comes to that went down with the thread or process it was in, where
 * its task is to be retried then: a retry, as if it had asked for it, or the
 * failure when none is left.
 *
 * Source: Celery 5.7's `Request.on_failure`, `retry_on_worker_lost`.
 *
 * @since 0.1.0
 */
import * as Exceptions from "@celeriac/tasks/result/ExceptionRecord"
import * as Duration from "effect/Duration"
import { failure, type Outcome } from "../../trace/Outcome.ts"
import type { Request } from "../Request.ts"

/** Any other outcome is as it is. */
export const outcome = ({ options, retries }: Pick<Request, "options" | "retries">, came: Outcome): Outcome => {
  if (came._tag !== "Lost" || came.why !== "Crashed" || options.retryOnWorkerLost !== true) return came
  const exception = Exceptions.workerLost(came.message)
  return options.maxRetries !== null && retries >= options.maxRetries ? failure(exception) : {
    _tag: "Retry",
    exception,
    traceback: undefined,
    again: { countdown: Duration.toMillis(options.defaultRetryDelay) }
  }
}
