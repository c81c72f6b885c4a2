/**
 * A task to be called, as Celery writes it down: what `json.dumps(add.s(2, 2))`
 * gives, and the action of an election of the topic `task` is.
 *
 * Read into what `Client.sendTask` takes, and its place among others. A
 * signature of several tasks (a chain, a group, a chord) is refused: it is not
 * sent yet. Options that a call does not have are left out.
 *
 * @since 0.1.0
 */
import * as IsoTime from "@celeriac/messaging/IsoTime"
import type { RetryPolicy } from "@celeriac/messaging/Producer"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import * as Callback from "../Callback.ts"
import type { CallOptions } from "../CallOptions.ts"
import type { Within } from "../internal/Preparing.ts"
import { Refusal } from "../internal/Refusal.ts"
import { isTable } from "../internal/Table.ts"
import { describe, InvalidBody, ProtocolError } from "./ProtocolError.ts"
import * as SignatureOptions from "./SignatureOptions.ts"
import * as TaskBody from "./TaskBody.ts"

/** Whom to call, and how. */
export interface SignatureCall {
  readonly task: string
  readonly call: CallOptions & {
    readonly args: ReadonlyArray<unknown>
    readonly kwargs: Readonly<Record<string, unknown>>
  }
  /** Where its result is waited for: the queue of an `rpc://` client. */
  readonly replyTo: string | undefined
  /** Its place among others: its group, its root, what follows it. Undefined where it stands alone. */
  readonly within: Within | undefined
}

type Table = Readonly<Record<string, unknown>>

/** Reads one. Never throws. */
export const read = (value: unknown): Result.Result<SignatureCall, ProtocolError> => {
  const fields: Table = isTable(value) ? value : {}
  try {
    return Result.succeed(readFields(table("the signature", value)))
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const { expected, path, received } = error
    const task = typeof fields.task === "string" ? fields.task : undefined
    const reason = new InvalidBody({ path, expected, received: describe(received) })
    return Result.fail(new ProtocolError({ task, id: undefined, reason }))
  }
}

const readFields = (fields: Table): SignatureCall => {
  const task = text("task", fields.task)
  if (task === undefined || task === "") throw new Refusal("task", "the name of a task", fields.task)
  if (fields.subtask_type != null) throw new Refusal("subtask_type", "null: a single task", fields.subtask_type)
  const options = fields.options == null ? {} : table("options", fields.options)
  const kwargs = fields.kwargs == null ? {} : table("kwargs", fields.kwargs)
  return {
    task,
    call: { args: list("args", fields.args), kwargs, ...callOf(options) },
    replyTo: text("options.reply_to", options.reply_to),
    within: withinOf(options)
  }
}

const callOf = (options: Table) => ({
  ...destination(options),
  ...how(options),
  ...timing(options),
  ...links(options),
  ...publishing(options)
})

const destination = (options: Table) => ({
  queue: text("options.queue", options.queue),
  exchange: text("options.exchange", options.exchange),
  routingKey: text("options.routing_key", options.routing_key)
})

const how = (options: Table) => ({
  taskId: text("options.task_id", options.task_id),
  priority: number("options.priority", options.priority),
  headers: options.headers == null ? undefined : table("options.headers", options.headers),
  shadow: text("options.shadow", options.shadow),
  serializer: text("options.serializer", options.serializer),
  compression: text("options.compression", options.compression),
  argsRepr: text("options.argsrepr", options.argsrepr),
  kwargsRepr: text("options.kwargsrepr", options.kwargsrepr),
  ignoreResult: flag("options.ignore_result", options.ignore_result),
  stamps: SignatureOptions.stampsOf(options)
})

const links = (options: Table) => ({
  link: signatures("options.link", options.link)?.map(Callback.fromJson),
  linkError: signatures("options.link_error", options.link_error)?.map(Callback.fromJson)
})

const publishing = (options: Table) => ({
  retry: flag("options.retry", options.retry),
  retryPolicy: options.retry_policy == null
    ? undefined
    : policy("options.retry_policy", table("options.retry_policy", options.retry_policy))
})

/** Celery's null is no end. */
const policy = (path: string, { interval_max, interval_start, interval_step, max_retries }: Table): RetryPolicy => ({
  maxRetries: max_retries === null ? Infinity : number(`${path}.max_retries`, max_retries),
  intervalStart: duration(`${path}.interval_start`, interval_start),
  intervalStep: duration(`${path}.interval_step`, interval_step),
  intervalMax: duration(`${path}.interval_max`, interval_max)
})

const withinOf = (options: Table): Within | undefined => {
  if (!places.some((name) => options[name] != null)) return undefined
  return {
    group: text("options.group_id", options.group_id),
    groupIndex: number("options.group_index", options.group_index),
    rootId: text("options.root_id", options.root_id),
    parentId: text("options.parent_id", options.parent_id),
    retries: number("options.retries", options.retries),
    replacedTaskNesting: number("options.replaced_task_nesting", options.replaced_task_nesting),
    embed: {
      chain: signatures("options.chain", options.chain),
      chord: options.chord == null ? undefined : signatures("options.chord", options.chord)?.[0]
    }
  }
}

const places = [
  "group_id",
  "group_index",
  "root_id",
  "parent_id",
  "retries",
  "replaced_task_nesting",
  "chain",
  "chord"
]

/** Seconds, or a time. */
const timing = (options: Table) => ({
  countdown: duration("options.countdown", options.countdown),
  timeLimit: duration("options.time_limit", options.time_limit),
  softTimeLimit: duration("options.soft_time_limit", options.soft_time_limit),
  eta: time("options.eta", options.eta),
  expires: typeof options.expires === "number"
    ? duration("options.expires", options.expires)
    : time("options.expires", options.expires)
})

const duration = (path: string, value: unknown): Duration.Duration | undefined => {
  const seconds = number(path, value)
  return seconds === undefined ? undefined : Duration.seconds(seconds)
}

const signatures = (path: string, value: unknown): ReadonlyArray<TaskBody.SignatureJson> | undefined =>
  value == null ? undefined : TaskBody.signatures(path, value)

const table = (path: string, value: unknown): Table => {
  if (isTable(value)) return value
  throw new Refusal(path, "an object", value)
}

const list = (path: string, value: unknown): ReadonlyArray<unknown> => {
  if (value == null) return []
  if (Array.isArray(value)) return value
  throw new Refusal(path, "a list or null", value)
}

const text = (path: string, value: unknown): string | undefined => {
  if (value == null) return undefined
  if (typeof value === "string") return value
  throw new Refusal(path, "text or null", value)
}

const number = (path: string, value: unknown): number | undefined => {
  if (value == null) return undefined
  if (typeof value === "number" && Number.isFinite(value)) return value
  throw new Refusal(path, "a number or null", value)
}

const flag = (path: string, value: unknown): boolean | undefined => {
  if (value == null) return undefined
  if (typeof value === "boolean") return value
  throw new Refusal(path, "true, false or null", value)
}

const time = (path: string, value: unknown): Date | DateTime.DateTime | undefined => {
  if (value == null) return undefined
  if (DateTime.isDateTime(value)) return value
  const millis = typeof value === "string" ? IsoTime.parse(value) : undefined
  if (millis === undefined) throw new Refusal(path, "an ISO-8601 time or null", value)
  return new Date(millis)
}
