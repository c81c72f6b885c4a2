/**
 * What a worker does when it is told to consume from a queue or to stop, and
 * which queues it has. What was told is remembered over reconnects. Source:
 * control sections 2 and 3.
 *
 * @since 0.1.0
 */
import * as Entity from "@celeriac/messaging/Entity"
import * as Command from "@celeriac/tasks/control/Command"
import * as Commands from "@celeriac/tasks/control/Commands"
import * as ExceptionRecord from "@celeriac/tasks/result/ExceptionRecord"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { Queues } from "../../boot/Queues.ts"
import * as ControlHandler from "../ControlHandler.ts"

/** `consumingFrom`: whether a queue is consumed now. */
export const make = Effect.fnUntraced(function*(consumingFrom: (queue: string) => boolean) {
  const queues = yield* Queues

  const add = Effect.fnUntraced(function*(described: Described) {
    const { exchangeType, queue } = described
    const type = exchangeType ?? "direct"
    if (!isExchangeType(type)) return yield* Effect.fail(unknownType(type))
    const isPlain = Object.entries(described).every(([key, value]) => key === "queue" || value == null)
    yield* isPlain
      ? Effect.catch(queues.add(queue), () => queues.add(entityOf(described, type)))
      : queues.add(entityOf(described, type))
    return `add consumer ${queue}`
  })

  return yield* Effect.all([
    ControlHandler.make(Commands.control.addConsumer, add),
    ControlHandler.make(
      Commands.control.cancelConsumer,
      ({ queue }) => Effect.as(queues.cancel(queue), `no longer consuming from ${queue}`)
    ),
    ControlHandler.make(
      Commands.inspect.activeQueues,
      () =>
        Effect.map(
          queues.selected,
          (selected) => Array.from(selected.values()).filter(({ name }) => consumingFrom(name)).map(infoOf)
        )
    )
  ])
})

type Described = Command.ArgumentsOf<typeof Commands.control.addConsumer>

const isExchangeType = (type: string): type is Entity.ExchangeType =>
  ["direct", "topic", "fanout", "headers"].includes(type)

const unknownType = (type: string) =>
  ExceptionRecord.toException(
    ExceptionRecord.make("ValueError", [`exchange_type '${type}': direct, topic, fanout and headers are known`])
  )

/** As Celery makes a queue that it does not know: on an exchange of its own name. */
const entityOf = (described: Described, type: Entity.ExchangeType): Entity.Queue => {
  const { exchange, expires, messageTtl, queue } = described
  const given = <A>(value: A | null | undefined): A | undefined => value ?? undefined
  const seconds = (value: number | null | undefined) => value == null ? undefined : Duration.seconds(value)
  return Entity.queue(queue, {
    exchange: Entity.exchange(exchange ?? queue, { type }),
    routingKey: described.routingKey ?? queue,
    durable: given(described.durable),
    exclusive: given(described.exclusive),
    autoDelete: given(described.autoDelete),
    expires: seconds(expires),
    messageTtl: seconds(messageTtl),
    maxLength: given(described.maxLength),
    maxLengthBytes: given(described.maxLengthBytes),
    maxPriority: given(described.maxPriority),
    arguments: given(described.queueArguments),
    bindingArguments: given(described.bindingArguments)
  })
}

/** What Kombu's `Queue.as_dict` has. */
const infoOf = (queue: Entity.Queue) => {
  const { arguments: args, autoDelete, durable, exchange, exclusive, name, routingKey } = queue
  return {
    name,
    exchange: exchangeOf(exchange),
    routingKey,
    durable,
    exclusive,
    autoDelete,
    noAck: false,
    others: {
      queue_arguments: tableOf(args),
      binding_arguments: tableOf(queue.bindings[0]?.arguments ?? {}),
      consumer_arguments: null,
      alias: null,
      bindings: queue.bindings.slice(1).map((binding) => ({
        exchange: binding.exchange.name,
        routing_key: binding.routingKey,
        arguments: tableOf(binding.arguments)
      })),
      no_declare: null,
      expires: seconds(args["x-expires"]),
      message_ttl: seconds(args["x-message-ttl"]),
      max_length: args["x-max-length"] ?? null,
      max_length_bytes: args["x-max-length-bytes"] ?? null,
      max_priority: args["x-max-priority"] ?? null
    }
  }
}

const exchangeOf = (exchange: Entity.Exchange) => ({
  name: exchange.name,
  type: exchange.type,
  others: {
    arguments: tableOf(exchange.arguments),
    durable: exchange.durable,
    passive: false,
    auto_delete: exchange.autoDelete,
    delivery_mode: null,
    no_declare: false
  }
})

const tableOf = (table: Entity.Arguments): Entity.Arguments | null => Object.keys(table).length === 0 ? null : table

const seconds = (millis: unknown): number | null => typeof millis === "number" ? millis / 1000 : null
