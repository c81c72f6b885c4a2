/**
 * Commands about the queues that a worker consumes from. Source: control
 * sections 2 and 3.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as SnakeCase from "../../internal/SnakeCase.ts"
import * as Command from "../Command.ts"

const Table = Schema.Record(Schema.String, Schema.Unknown)
const text = Command.optional(Schema.String)

/** A queue as a worker tells of it: what Kombu's `as_dict` has. */
const QueueInfo = SnakeCase.open({
  name: Schema.String,
  exchange: Schema.Union([SnakeCase.open({ name: Schema.String, type: Schema.String }), Schema.Null]),
  routingKey: Schema.NullOr(Schema.String),
  durable: Schema.Boolean,
  exclusive: Schema.Boolean,
  autoDelete: Schema.Boolean,
  noAck: Schema.NullOr(Schema.Boolean)
})

export const activeQueues = Command.inspect("active_queues", {
  reply: Schema.Array(QueueInfo),
  doc: "The queues that a worker consumes from."
})

export const addConsumer = Command.control("add_consumer", {
  arguments: {
    queue: Schema.String,
    exchange: text,
    exchangeType: text,
    routingKey: text,
    durable: Command.flag,
    exclusive: Command.flag,
    autoDelete: Command.flag,
    expires: Command.finite,
    messageTtl: Command.finite,
    maxLength: Command.finite,
    maxLengthBytes: Command.finite,
    maxPriority: Command.finite,
    queueArguments: Command.optional(Table),
    bindingArguments: Command.optional(Table)
  },
  doc: "Consume from a queue too: one that is configured, or as it is described."
})

export const cancelConsumer = Command.control("cancel_consumer", {
  arguments: { queue: Schema.String },
  doc: "Consume from a queue no more."
})
