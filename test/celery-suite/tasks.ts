/** The tasks of `t/integration/tasks.py` that its tests of single tasks use, by the same names. */
import * as Task from "@celeriac/tasks/Task"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

const name = (short: string) => `t.integration.tasks.${short}`
const number = Schema.Number
const optional = Schema.optionalKey(Schema.NullOr(Schema.Number))
const anything = Schema.Unknown

const summands = { x: number, y: number }

export class ExpectedException extends Schema.TaggedError<ExpectedException>()("ExpectedException", {
  message: Schema.String
}) {}

const add = Task.make(name("add"), { parameters: { ...summands, z: optional }, success: number })
const addWithResult = Task.make(name("add_with_result"), { parameters: summands, success: number })
const addIgnoreResult = Task.make(name("add_ignore_result"), {
  parameters: summands,
  success: number,
  options: { ignoreResult: true }
})
const fail = Task.make(name("fail"), { error: ExpectedException })
const printUnicode = Task.make(name("print_unicode"))
const sleeping = Task.make(name("sleeping"), { parameters: { i: number } })
const rejectThenSucceed = Task.make(name("reject_then_succeed"), {
  success: Schema.String,
  options: { acksLate: true }
})
const rejectWithoutRequeue = Task.make(name("reject_without_requeue"))
const retryOnce = Task.make(name("retry_once"), {
  parameters: { expires: optional },
  success: number,
  options: { maxRetries: 1, expires: "2 minutes" }
})
const retryOnceHeaders = Task.make(name("retry_once_headers"), { success: anything, options: { maxRetries: 1 } })
const retryOncePriority = Task.make(name("retry_once_priority"), { success: anything, options: { maxRetries: 1 } })
const retryOnceWithResult = Task.make(name("retry_once_with_result"), { success: number })
const retryOnceIgnoreResult = Task.make(name("retry_once_ignore_result"), {
  success: number,
  options: { ignoreResult: true }
})
const requestTimeLimits = Task.make(name("return_request_time_limits"), { success: anything })
const autoRetry = Task.make("auto_retry_class_task", { success: number, options: { maxRetries: 1 } })

const soon = { countdown: "100 millis" } as const

/** With their handlers. */
export const handlers = [
  add.toLayer(({ x, y, z }) => Effect.succeed(x + y + (z ?? 0))),
  addWithResult.toLayer(({ x, y }) => Effect.succeed(x + y)),
  addIgnoreResult.toLayer(({ x, y }) => Effect.succeed(x + y)),
  fail.toLayer(() => Effect.fail(new ExpectedException({ message: "Task expected to fail" }))),
  printUnicode.toLayer(() => Effect.void),
  sleeping.toLayer(({ i }) => Effect.sleep(i * 1000)),
  rejectThenSucceed.toLayer((_, { deliveryInfo }) =>
    deliveryInfo.redelivered ? Effect.succeed("second-pass") : Task.reject({ requeue: true })
  ),
  rejectWithoutRequeue.toLayer(() => Task.reject({ reason: "rejected", requeue: false })),
  retryOnce.toLayer(({ expires }, { retries }) =>
    retries > 0
      ? Effect.succeed(retries)
      : Task.retry({ ...soon, ...(expires == null ? {} : { expires: expires * 1000 }) })
  ),
  retryOnceHeaders.toLayer((_, { headers, retries }) => retries > 0 ? Effect.succeed(headers) : Task.retry(soon)),
  retryOncePriority.toLayer((_, { deliveryInfo, retries }) =>
    retries > 0 ? Effect.succeed(deliveryInfo.priority) : Task.retry(soon)
  ),
  retryOnceWithResult.toLayer((_, { retries }) => retries > 0 ? Effect.succeed(retries) : Task.retry({ countdown: 0 })),
  retryOnceIgnoreResult.toLayer((_, { retries }) =>
    retries > 0 ? Effect.succeed(retries) : Task.retry({ countdown: 0 })
  ),
  requestTimeLimits.toLayer((_, { softTimeLimit, timeLimit }) =>
    Effect.succeed({ time_limit: timeLimit ?? null, soft_time_limit: softTimeLimit ?? null })
  ),
  autoRetry.toLayer((_, { retries }) => retries > 0 ? Effect.succeed(retries) : Task.retry({ countdown: "1 second" }))
]
