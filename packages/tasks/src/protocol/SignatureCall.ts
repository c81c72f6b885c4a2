/**
 * A task to be called, as Celery writes it down: what `json.dumps(add.s(2, 2))`
 * gives, and the action of an election of the topic `task` is.
 *
 * Read into what `Client.sendTask` takes. A signature of several tasks (a chain,
 * a group, a chord) and one that others are linked to are refused: nobody would
 * send what follows. Of `options`, those of the guide's chapter on calling tasks
 * that say how a task is sent are read; others are left out.
 *
 * @since 0.1.0
 */
import * as IsoTime from "@celeriac/messaging/IsoTime"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import type { CallOptions } from "../CallOptions.ts"
import { Refusal } from "../internal/Refusal.ts"
import { isTable } from "../internal/Table.ts"
import { describe, InvalidBody, ProtocolError } from "./ProtocolError.ts"
import type { SignatureJson } from "./TaskBody.ts"

/** Whom to call, and how. */
export interface SignatureCall {
  readonly task: string
  readonly call: CallOptions & {
    readonly args: ReadonlyArray<unknown>
    readonly kwargs: Readonly<Record<string, unknown>>
  }
  /** Where its result is waited for: the queue of an `rpc://` client. */
  readonly replyTo: string | undefined
}

type Table = Readonly<Record<string, unknown>>

/** What else is read. */
export interface ReadOptions {
  /** What others are linked to it: read, instead of refused. Default false. */
  readonly links?: boolean | undefined
}

/** Reads one. Never throws. */
export const read = (value: unknown, also: ReadOptions = {}): Result.Result<SignatureCall, ProtocolError> => {
  const fields: Table = isTable(value) ? value : {}
  try {
    return Result.succeed(readFields(table("the signature", value), also))
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const { expected, path, received } = error
    const task = typeof fields.task === "string" ? fields.task : undefined
    const reason = new InvalidBody({ path, expected, received: describe(received) })
    return Result.fail(new ProtocolError({ task, id: undefined, reason }))
  }
}

const readFields = (fields: Table, also: ReadOptions): SignatureCall => {
  const task = text("task", fields.task)
  if (task === undefined || task === "") throw new Refusal("task", "the name of a task", fields.task)
  if (fields.subtask_type != null) throw new Refusal("subtask_type", "null: a single task", fields.subtask_type)
  const options = fields.options == null ? {} : table("options", fields.options)
  const refused = also.links === true ? ["chain", "chord"] : ["link", "link_error", "chain", "chord"]
  for (const name of refused) alone(name, options[name])
  const kwargs = fields.kwargs == null ? {} : table("kwargs", fields.kwargs)
  return {
    task,
    call: {
      args: list("args", fields.args),
      kwargs,
      ...destination(options),
      ...how(options),
      ...timing(options),
      ...following(options)
    },
    replyTo: text("options.reply_to", options.reply_to)
  }
}

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
  timeLimit: span("options.time_limit", options.time_limit),
  softTimeLimit: span("options.soft_time_limit", options.soft_time_limit),
  argsRepr: text("options.argsrepr", options.argsrepr),
  kwargsRepr: text("options.kwargsrepr", options.kwargsrepr),
  ignoreResult: flag("options.ignore_result", options.ignore_result)
})

const following = (options: Table) => ({
  link: links("options.link", options.link),
  linkError: links("options.link_error", options.link_error),
  stamps: stamps(options)
})

const links = (path: string, value: unknown): ReadonlyArray<SignatureJson> | undefined => {
  if (value == null || (Array.isArray(value) && value.length === 0)) return undefined
  return (Array.isArray(value) ? value : [value]).map((one, index) => {
    const fields = table(`${path}[${index}]`, one)
    if (text(`${path}[${index}].task`, fields.task) === undefined) {
      throw new Refusal(`${path}[${index}].task`, "the name of a task", fields.task)
    }
    return fields as unknown as SignatureJson // the name is there; whoever runs it reads the rest
  })
}

const stamps = (options: Table): Table | undefined => {
  const names = options.stamped_headers
  if (!Array.isArray(names) || names.length === 0) return undefined
  return Object.fromEntries(
    names.flatMap((name) => typeof name === "string" && Object.hasOwn(options, name) ? [[name, options[name]]] : [])
  )
}

/** Seconds, or a time. */
const timing = (options: Table) => {
  const countdown = number("options.countdown", options.countdown)
  return {
    countdown: countdown === undefined ? undefined : Duration.seconds(countdown),
    eta: time("options.eta", options.eta),
    expires: typeof options.expires === "number"
      ? Duration.seconds(options.expires)
      : time("options.expires", options.expires)
  }
}

const alone = (name: string, value: unknown): void => {
  const isNone = value == null || Array.isArray(value) && value.length === 0
  if (!isNone) throw new Refusal(`options.${name}`, "nothing that follows: that is not supported yet", value)
}

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

const span = (path: string, value: unknown): Duration.Duration | undefined => {
  const seconds = number(path, value)
  return seconds === undefined ? undefined : Duration.seconds(seconds)
}

const flag = (path: string, value: unknown): boolean | undefined => {
  if (value == null) return undefined
  if (typeof value === "boolean") return value
  throw new Refusal(path, "true, false or null", value)
}

const time = (path: string, value: unknown): Date | undefined => {
  if (value == null) return undefined
  if (DateTime.isDateTime(value)) return new Date(value.epochMilliseconds)
  const millis = typeof value === "string" ? IsoTime.parse(value) : undefined
  if (millis === undefined) throw new Refusal(path, "an ISO-8601 time or null", value)
  return new Date(millis)
}
