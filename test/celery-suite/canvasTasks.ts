/** The tasks of `t/integration/tasks.py` that its tests of workflows use, by the same names. */
import * as Python from "@celeriac/tasks/Python"
import * as Task from "@celeriac/tasks/Task"
import type { TaskRequest } from "@celeriac/tasks/TaskRequest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { appendFile } from "node:fs/promises"
import { Store } from "./Store.ts"
import { name, plus } from "./tasks.ts"

const anything = Schema.Unknown
const key = Schema.optionalKey(Schema.String)
const list = Schema.Array(anything)
const args = Python.Args(anything)

export class ValueError extends Python.Exception<ValueError>()("builtins", "ValueError", { text: Schema.String }) {}

export const identity = Task.make(name("identity"), { parameters: { x: anything }, success: anything })
const mul = Task.make(name("mul"), { parameters: { x: Schema.Number, y: Schema.Number }, success: Schema.Number })
const writeToFile = Task.make(name("write_to_file_and_return_int"), {
  parameters: { file_name: Schema.String, i: anything },
  success: anything
})
export const raiseError = Task.make(name("raise_error"), { parameters: { args }, error: ValueError })
const delayedSum = Task.make(name("delayed_sum"), {
  parameters: { numbers: list, pause_time: Schema.optionalKey(Schema.Number) },
  success: anything
})
const delayedSumWithSoftGuard = Task.make(name("delayed_sum_with_soft_guard"), {
  parameters: { numbers: list, pause_time: Schema.optionalKey(Schema.Number) },
  success: anything
})
export const tsum = Task.make(name("tsum"), { parameters: { nums: list }, success: anything })
const xsum = Task.make(name("xsum"), { parameters: { nums: list }, success: anything })
const sumAndRecord = Task.make(name("sum_and_record"), {
  parameters: { values: list, redis_key: Schema.String },
  success: anything
})
const returnException = Task.make(name("return_exception"), { parameters: { e: anything }, success: anything })
const ids = Task.make(name("ids"), { parameters: { i: anything }, success: anything })
const collectIds = Task.make(name("collect_ids"), { parameters: { res: anything, i: anything }, success: anything })
export const redisEcho = Task.make(name("redis_echo"), { parameters: { message: anything, redis_key: key } })
const redisEchoGroupId = Task.make(name("redis_echo_group_id"), { parameters: { _: anything, redis_key: key } })
const redisCount = Task.make(name("redis_count"), { parameters: { redis_key: key } })
const returnPriority = Task.make(name("return_priority"), { parameters: { args }, success: Schema.String })
const returnRequestEta = Task.make(name("return_request_eta"), { success: anything })
export const replacedWithMe = Task.make(name("replaced_with_me"), { success: Schema.Boolean })

// Those of Python's that take the request, the exception and the traceback get an id from this worker, too.
const errback = { parameters: { request_id: Schema.String }, success: Schema.String }
const labelled = { parameters: { request_id: Schema.String, label: Schema.String } }
const errbackOldStyle = Task.make(name("errback_old_style"), errback)
const errbackNewStyle = Task.make(name("errback_new_style"), errback)
const errbackOldStyleWithArgs = Task.make(name("errback_old_style_with_args"), labelled)
const errbackNewStyleWithArgs = Task.make(name("errback_new_style_with_args"), labelled)

export const sum = (values: ReadonlyArray<unknown>): unknown => values.reduce(plus, 0)

/** As Redis takes it: bytes, or a text. */
export const push = (key: string, message: unknown) =>
  Effect.flatMap(Store, (store) => store.push(key, message instanceof Uint8Array ? Buffer.from(message) : `${message}`))
const count = (key: string) => Effect.flatMap(Store, (store) => store.increment(key))

const lineage = ({ parentId, rootId }: TaskRequest, i: unknown) => [rootId, parentId ?? null, i]

/** With their handlers. */
export const canvasHandlers = [
  identity.toLayer(({ x }) => Effect.succeed(x)),
  mul.toLayer(({ x, y }) => Effect.succeed(x * y)),
  writeToFile.toLayer(({ file_name, i }) => Effect.promise(() => appendFile(file_name, `${i}\n`)).pipe(Effect.as(i))),
  raiseError.toLayer(() => Effect.fail(new ValueError({ text: "deliberate error" }))),
  delayedSum.toLayer(({ numbers, pause_time = 1 }) => Effect.delay(Effect.sync(() => sum(numbers)), pause_time * 1000)),
  delayedSumWithSoftGuard.toLayer(({ numbers, pause_time = 1 }) =>
    Effect.delay(Effect.sync(() => sum(numbers)), pause_time * 1000).pipe(
      Task.failOnSoftTimeLimit,
      Effect.catchTag("SoftTimeLimitExceeded", () => Effect.succeed(0))
    )
  ),
  tsum.toLayer(({ nums }) => Effect.sync(() => sum(nums))),
  xsum.toLayer(({ nums }) => Effect.sync(() => sum(nums.map((num) => Array.isArray(num) ? sum(num) : num)))),
  sumAndRecord.toLayer(({ redis_key, values }, { id }) =>
    Effect.sync(() => sum(values)).pipe(Effect.tap(() => push(redis_key, id)))
  ),
  returnException.toLayer(({ e }) => Effect.succeed([e, true])),
  ids.toLayer(({ i }, request) => Effect.succeed(lineage(request, i))),
  collectIds.toLayer(({ i, res }, request) => Effect.succeed([res, lineage(request, i)])),
  redisEcho.toLayer(({ message, redis_key = "redis-echo" }) => push(redis_key, message)),
  redisEchoGroupId.toLayer(({ redis_key = "redis-group-ids" }, { group }) => push(redis_key, group)),
  redisCount.toLayer(({ redis_key = "redis-count" }) => count(redis_key)),
  returnPriority.toLayer((_, { deliveryInfo }) => Effect.succeed(`Priority: ${deliveryInfo.priority}`)),
  returnRequestEta.toLayer((_, { eta }) => Effect.succeed(eta === undefined ? null : new Date(eta).toISOString())),
  replacedWithMe.toLayer(() => Effect.succeed(true)),
  errbackOldStyle.toLayer(({ request_id }) => Effect.as(count(request_id), request_id)),
  errbackNewStyle.toLayer(({ request_id }) => Effect.as(count(request_id), request_id)),
  errbackOldStyleWithArgs.toLayer(({ label, request_id }) => push(request_id, label)),
  errbackNewStyleWithArgs.toLayer(({ label, request_id }) => push(request_id, label))
]
