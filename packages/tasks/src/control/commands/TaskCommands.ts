/**
 * Commands about tasks and requests: what a worker has, and what is to become of
 * it. Source: control sections 2 and 3.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as SnakeCase from "../../internal/SnakeCase.ts"
import * as Command from "../Command.ts"

const DeliveryInfo = SnakeCase.struct({
  exchange: Schema.NullOr(Schema.String),
  routingKey: Schema.NullOr(Schema.String),
  priority: Schema.NullOr(Schema.Number),
  redelivered: Schema.NullOr(Schema.Boolean)
})

/** A request as a worker tells of it. */
export const RequestInfo = SnakeCase.struct({
  id: Schema.String,
  /** As it is shown: its shadow, or the name of the task. */
  name: Schema.String,
  /** A list; the text of one when the request was asked for with `safe`, or by old peers. */
  args: Schema.Unknown,
  kwargs: Schema.Unknown,
  /** The name of the task. */
  type: Schema.String,
  hostname: Schema.String,
  /** Seconds since the epoch; null while it waits. */
  timeStart: Schema.NullOr(Schema.Number),
  acknowledged: Schema.Boolean,
  deliveryInfo: DeliveryInfo,
  workerPid: Schema.NullOr(Schema.Number)
})

export type RequestInfo = typeof RequestInfo.Type

/** A request that waits for its time. */
const ScheduledInfo = SnakeCase.struct({
  /** ISO 8601. */
  eta: Schema.NullOr(Schema.String),
  priority: Schema.Number,
  request: RequestInfo
})

const ids = Schema.Union([Schema.String, Schema.Array(Schema.String)])

const signal = Command.optional(Schema.Union([Schema.String, Schema.Number]))

export const active = Command.inspect("active", {
  arguments: { safe: Command.flag },
  reply: Schema.Array(RequestInfo),
  aliases: ["dump_active"],
  doc: "The requests that run."
})

export const reserved = Command.inspect("reserved", {
  reply: Schema.Array(RequestInfo),
  aliases: ["dump_reserved"],
  doc: "The requests that wait for a slot."
})

export const scheduled = Command.inspect("scheduled", {
  reply: Schema.Array(ScheduledInfo),
  aliases: ["dump_schedule"],
  doc: "The requests that wait for their time."
})

export const revoked = Command.inspect("revoked", {
  reply: Schema.Array(Schema.String),
  aliases: ["dump_revoked"],
  doc: "The ids of revoked tasks, the oldest first."
})

export const registered = Command.inspect("registered", {
  arguments: {
    taskinfoitems: Command.optional(Schema.Union([Schema.String, Schema.Array(Schema.Unknown)])),
    builtins: Command.flag
  },
  reply: Schema.Array(Schema.String),
  aliases: ["dump_tasks"],
  variadic: "taskinfoitems",
  doc: "The tasks that a worker runs."
})

/** Where a request is. 5.7 says `scheduled` of those that wait for their time, older peers `reserved` or `ready`. */
const Whereabouts = Schema.Literals(["active", "reserved", "scheduled", "ready"])

export const queryTask = Command.inspect("query_task", {
  arguments: {
    ids,
    /** The name of a worker that asks whether what came to it may run: it is told of what was settled lately, too. */
    asker: Command.optional(Schema.String)
  },
  reply: Schema.Record(Schema.String, Schema.Tuple([Whereabouts, RequestInfo])),
  variadic: "ids",
  doc: "The requests of these ids, and where they are."
})

export const revoke = Command.control("revoke", {
  arguments: { taskId: ids, terminate: Command.flag, signal },
  variadic: "taskId",
  doc: "Tasks of these ids are not to run. With `terminate`, what runs is ended."
})

export const terminate = Command.control("terminate", {
  arguments: { signal, taskId: ids },
  variadic: "taskId",
  doc: "Tasks of these ids are not to run, and what runs of them is ended."
})

export const revokeByStampedHeaders = Command.control("revoke_by_stamped_headers", {
  arguments: {
    headers: Schema.Union([Schema.Record(Schema.String, Schema.Unknown), Schema.Array(Schema.String)]),
    terminate: Command.flag,
    signal
  },
  variadic: "headers",
  doc: "Tasks with these stamps are not to run. With `terminate`, what runs is ended."
})

export const rateLimit = Command.control("rate_limit", {
  arguments: { taskName: Schema.String, rateLimit: Schema.Union([Schema.String, Schema.Number, Schema.Null]) },
  doc: "Sets how often a task may start: `10/s`, `5/m`, `100/h`; 0 is without limit."
})

export const timeLimit = Command.control("time_limit", {
  arguments: { taskName: Schema.String, soft: Command.finite, hard: Command.finite },
  doc: "Sets the time limits of a task, in seconds."
})
