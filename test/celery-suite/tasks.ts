/** The tasks of `t/integration/tasks.py` that its tests of single tasks use, by the same names. */
import * as Python from "@celeriac/tasks/Python"
import * as Task from "@celeriac/tasks/Task"
import type { TaskRequest } from "@celeriac/tasks/TaskRequest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/** The module of the suite's tasks. */
export const suite = "t.integration.tasks"

export const name = (short: string) => `${suite}.${short}`
const number = Schema.Number
const optional = Schema.optionalKey(Schema.NullOr(Schema.Number))
const anything = Schema.Unknown
const argument = Schema.optionalKey(anything)

const summands = { x: number, y: number }

export class ExpectedException extends Python.Exception<ExpectedException>()(suite, "ExpectedException", {
  text: Schema.optionalKey(Schema.String),
  more: argument
}) {}

/** Python's needs a second argument, with which its pickle was not made. */
export class UnpickleableException extends Python.Exception<UnpickleableException>()(suite, "UnpickleableException", {
  foo: anything
}) {}

/** Numbers, as those of single tasks are; and lists, or texts, where a workflow comes to such. */
export const add = Task.make(name("add"), {
  parameters: { x: anything, y: anything, z: argument },
  success: anything
})
const addWithResult = Task.make(name("add_with_result"), { parameters: summands, success: number })
const addIgnoreResult = Task.make(name("add_ignore_result"), {
  parameters: summands,
  success: number,
  options: { ignoreResult: true }
})
const addNotTyped = Task.make(name("add_not_typed"), { parameters: summands, success: number })
export const fail = Task.make(name("fail"), {
  parameters: { args: Python.Args(anything) },
  error: ExpectedException
})
const failUnpickleable = Task.make(name("fail_unpickleable"), {
  parameters: { foo: anything, bar: anything },
  error: UnpickleableException
})
const printUnicode = Task.make(name("print_unicode"))
const sleeping = Task.make(name("sleeping"), { parameters: { i: number, others: Python.Kwargs(anything) } })
const rejectThenSucceed = Task.make(name("reject_then_succeed"), {
  success: Schema.String,
  options: { acksLate: true }
})
const rejectWithoutRequeue = Task.make(name("reject_without_requeue"))
const retryOnce = Task.make(name("retry_once"), {
  parameters: { args: Python.Args(anything), expires: optional, max_retries: optional, countdown: optional },
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
const retry = Task.make(name("retry"), {
  parameters: { return_value: argument },
  success: anything,
  error: ExpectedException,
  options: { defaultRetryDelay: "1 second" }
})
const retryUnpickleable = Task.make(name("retry_unpickleable"), {
  parameters: {
    foo: anything,
    bar: anything,
    retry_kwargs: Schema.Struct({ countdown: number, max_retries: number })
  },
  error: UnpickleableException
})
const retryWithArgs = Task.make(name("retry_with_args_after_kwargs"), {
  parameters: { foo: number, bar: number, label: Schema.optionalKey(Schema.NullOr(Schema.String)) },
  success: anything,
  options: { maxRetries: 1 }
})
const retryWithKwargs = Task.make(name("retry_with_kwargs_after_args"), {
  parameters: { foo: number, bar: number },
  success: anything,
  options: { maxRetries: 1 }
})
/** Pydantic's model is no more than its fields where it travels. */
const pydantic = {
  parameters: { data: Schema.Struct({ x: Schema.Int, y: Schema.Int }) },
  success: Schema.Struct({ result: Schema.Int })
}
const addPydantic = Task.make(name("add_pydantic"), pydantic)
const addPydanticStrings = Task.make(name("add_pydantic_string_annotations"), pydantic)
const properties = Task.make(name("return_properties"), { success: anything })
const declaredTimeLimits = Task.make(name("task_with_declared_time_limits"), {
  success: anything,
  options: { timeLimit: "60 seconds", softTimeLimit: "45 seconds" }
})
const requestTimeLimits = Task.make(name("return_request_time_limits"), { success: anything })
const autoRetry = Task.make("auto_retry_class_task", { success: number, options: { maxRetries: 1 } })

const soon = { countdown: "100 millis" } as const

export const expected = (more?: unknown) =>
  new ExpectedException({ text: "Task expected to fail", ...(more === undefined ? {} : { more }) })

/** Python's `x + y`. */
export const plus = (x: unknown, y: unknown): unknown => {
  if (typeof x === "number" && typeof y === "number") return x + y
  if (typeof x === "string" && typeof y === "string") return x + y
  if (Array.isArray(x) && Array.isArray(y)) return [...x, ...y]
  throw new TypeError(`unsupported operand type(s) for +: ${JSON.stringify(x)} and ${JSON.stringify(y)}`)
}

const limits = ({ softTimeLimit, timeLimit }: TaskRequest) => ({
  time_limit: timeLimit ?? null,
  soft_time_limit: softTimeLimit ?? null
})

/** With their handlers. */
export const singleHandlers = [
  add.toLayer(({ x, y, z }) => Effect.sync(() => z ? plus(plus(x, y), z) : plus(x, y))),
  addWithResult.toLayer(({ x, y }) => Effect.succeed(x + y)),
  addIgnoreResult.toLayer(({ x, y }) => Effect.succeed(x + y)),
  addNotTyped.toLayer(({ x, y }) => Effect.succeed(x + y)),
  // Not at once: a client that begins to wait asks first for the parents and then for the result, and what
  // fails between the two comes to the ChordError alone.
  fail.toLayer(({ args: [more] }) => Effect.delay(Effect.suspend(() => Effect.fail(expected(more))), "30 millis")),
  failUnpickleable.toLayer(({ foo }) => Effect.fail(new UnpickleableException({ foo }))),
  printUnicode.toLayer(() => Effect.void),
  sleeping.toLayer(({ i }) => Effect.sleep(i * 1000)),
  rejectThenSucceed.toLayer((_, { deliveryInfo }) =>
    deliveryInfo.redelivered ? Effect.succeed("second-pass") : Task.reject({ requeue: true })
  ),
  rejectWithoutRequeue.toLayer(() => Task.reject({ reason: "rejected", requeue: false })),
  retryOnce.toLayer(({ countdown, expires, max_retries }, { retries }) =>
    retries > 0
      ? Effect.succeed(retries)
      : Task.retry({
        countdown: countdown == null ? 100 : countdown * 1000,
        ...(expires == null ? {} : { expires: expires * 1000 }),
        ...(max_retries == null ? {} : { maxRetries: max_retries })
      })
  ),
  retryOnceHeaders.toLayer((_, { headers, retries }) => retries > 0 ? Effect.succeed(headers) : Task.retry(soon)),
  retryOncePriority.toLayer((_, { deliveryInfo, retries }) =>
    retries > 0 ? Effect.succeed(deliveryInfo.priority) : Task.retry(soon)
  ),
  retryOnceWithResult.toLayer((_, { retries }) => retries > 0 ? Effect.succeed(retries) : Task.retry({ countdown: 0 })),
  retryOnceIgnoreResult.toLayer((_, { retries }) =>
    retries > 0 ? Effect.succeed(retries) : Task.retry({ countdown: 0 })
  ),
  // Python's counts its attempts where the process keeps them.
  retry.toLayer(({ return_value }, { retries }) =>
    return_value != null && retries >= 3
      ? Effect.succeed(return_value)
      : Task.retry({ error: new ExpectedException({}), countdown: "5 seconds" })
  ),
  retryUnpickleable.toLayer(({ foo, retry_kwargs: { countdown, max_retries } }) =>
    Task.retry({
      error: new UnpickleableException({ foo }),
      countdown: countdown * 1000,
      maxRetries: max_retries
    })
  ),
  retryWithArgs.toLayer(({ bar, foo, label = null }, { retries }) =>
    retries > 0
      ? Effect.succeed({ foo, bar, label, retries, is_eager: false })
      : Task.retry({ args: [foo + 1, bar + 1], countdown: 0 })
  ),
  retryWithKwargs.toLayer(({ bar, foo }, { retries }) =>
    retries > 0
      ? Effect.succeed({ foo, bar, retries, is_eager: false })
      : Task.retry({ kwargs: { foo: foo + 1 }, countdown: 0 })
  ),
  addPydantic.toLayer(({ data: { x, y } }) => Effect.succeed({ result: x + y })),
  addPydanticStrings.toLayer(({ data: { x, y } }) => Effect.succeed({ result: x + y })),
  properties.toLayer((_, { properties: { appId } }) => Effect.succeed({ app_id: appId })),
  requestTimeLimits.toLayer((_, request) => Effect.succeed(limits(request))),
  declaredTimeLimits.toLayer((_, request) => Effect.succeed(limits(request))),
  autoRetry.toLayer((_, { retries }) => retries > 0 ? Effect.succeed(retries) : Task.retry({ countdown: "1 second" }))
]
