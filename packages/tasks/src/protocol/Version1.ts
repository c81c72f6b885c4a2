/**
 * Version 1 of the task message, which has everything in its body, and what
 * lies between the versions: the headers of 2 over the body of 1.
 *
 * Both are read as version 2. Version 1 is written for workers that know no
 * other. Source: protocol §2.
 *
 * @since 0.1.0
 */
import * as IsoTime from "@celeriac/messaging/IsoTime"
import type { Headers } from "@celeriac/messaging/Message"
import * as DateTime from "effect/DateTime"
import * as Result from "effect/Result"
import { isTable } from "../internal/Table.ts"
import type { OutgoingTask, TaskMessage } from "../internal/TaskModel.ts"
import { describe, ProtocolError, UnknownMessage } from "./ProtocolError.ts"
import * as PythonRepr from "./PythonRepr.ts"
import * as TaskBody from "./TaskBody.ts"
import * as TaskHeaders from "./TaskHeaders.ts"

type Fields = Readonly<Record<string, unknown>>

/**
 * Reads a decoded body. `timeZone` is that of times without offset, when the
 * body says that its sender's clock is not UTC's.
 */
export const decode = (
  headers: Headers,
  payload: unknown,
  timeZone?: DateTime.TimeZone
): Result.Result<TaskMessage, ProtocolError> => {
  if (!isTable(payload) || payload.task == null) {
    return Result.fail(
      new ProtocolError({ task: undefined, id: undefined, reason: new UnknownMessage({ received: describe(payload) }) })
    )
  }
  const group = payload.taskset ?? payload.group
  const local = payload.utc === false && timeZone !== undefined
  return assemble({
    ...headers,
    ...headersOf(payload),
    group,
    eta: local ? toUtc(payload.eta, timeZone) : payload.eta,
    expires: local ? toUtc(payload.expires, timeZone) : payload.expires
  }, payload)
}

/** Reads a decoded body of version 1 under headers of version 2: the headers win. */
export const decodeHybrid = (headers: Headers, fields: Fields): Result.Result<TaskMessage, ProtocolError> =>
  assemble({ ...headersOf(fields), ...headers }, fields)

/** The body, to be encoded. */
export const encode = (task: OutgoingTask): unknown => {
  const embed = task.embed ?? TaskBody.noEmbed
  const group = task.group ?? null
  return {
    task: task.task,
    id: task.id,
    args: task.args ?? [],
    kwargs: task.kwargs ?? {},
    group,
    group_index: task.groupIndex ?? null,
    retries: task.retries ?? 0,
    eta: IsoTime.text(task.eta) ?? null,
    expires: IsoTime.text(task.expires) ?? null,
    utc: true,
    callbacks: embed.callbacks ?? null,
    errbacks: embed.errbacks ?? null,
    timelimit: [task.timeLimit?.hard ?? null, task.timeLimit?.soft ?? null],
    taskset: group,
    chord: embed.chord ?? null
  }
}

const assemble = (wire: Fields, fields: Fields): Result.Result<TaskMessage, ProtocolError> => {
  const headers = TaskHeaders.decode(wire)
  if (Result.isFailure(headers)) return Result.fail(headers.failure)
  const body = TaskBody.decodeFields(fields, headers.success)
  if (Result.isFailure(body)) return Result.fail(body.failure)
  const { argsRepr, kwargsRepr } = headers.success
  return Result.succeed({
    headers: argsRepr !== undefined && kwargsRepr !== undefined ? headers.success : {
      ...headers.success,
      argsRepr: argsRepr ?? PythonRepr.args(body.success.args),
      kwargsRepr: kwargsRepr ?? PythonRepr.kwargs(body.success.kwargs)
    },
    body: body.success
  })
}

/** The fields of a version 1 body that are headers in version 2. */
const headersOf = (fields: Fields): Record<string, unknown> => ({
  lang: fields.lang,
  task: fields.task,
  id: fields.id,
  shadow: fields.shadow,
  eta: fields.eta,
  expires: fields.expires,
  group: fields.group,
  group_index: fields.group_index,
  retries: fields.retries,
  timelimit: fields.timelimit,
  root_id: fields.root_id,
  parent_id: fields.parent_id,
  argsrepr: fields.argsrepr,
  kwargsrepr: fields.kwargsrepr,
  origin: fields.origin
})

/** A time without offset on a clock that is not UTC's, as text that says so. What is no time is left for the headers to refuse. */
const toUtc = (value: unknown, timeZone: DateTime.TimeZone): unknown => {
  if (typeof value !== "string" || IsoTime.isAware(value)) return value
  const millis = IsoTime.parse(value)
  if (millis === undefined) return value
  const zoned = DateTime.makeZoned(millis, { timeZone, adjustForTimeZone: true })
  return zoned._tag === "Some" ? IsoTime.format(zoned.value.epochMilliseconds) : value
}
