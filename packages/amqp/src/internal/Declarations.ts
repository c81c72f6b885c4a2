/**
 * What a channel does to exchanges, queues and bindings.
 *
 * @since 0.1.0
 */
import type { Arguments, Exchange, Queue } from "@celeriac/messaging/Entity"
import { isBuiltin } from "@celeriac/messaging/Entity"
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import type { QueueState } from "@celeriac/messaging/Transport"
import * as Effect from "effect/Effect"
import type { Frame } from "./DriverFrame.ts"
import { type Method, methods } from "./Methods.ts"

/** The part of a channel that declares. */
export abstract class Declarations {
  /** Sends a method and waits for its reply; `entity` is what is declared, for the error. */
  abstract rpc(
    operation: string,
    method: Method,
    fields: object,
    expected: Method,
    entity?: string
  ): Effect.Effect<Frame, MessagingError>

  readonly declareExchange = (exchange: Exchange): Effect.Effect<void, MessagingError> =>
    isBuiltin(exchange) ? Effect.void : Effect.asVoid(this.rpc(
      "declareExchange",
      methods.ExchangeDeclare,
      {
        exchange: exchange.name,
        type: exchange.type,
        durable: exchange.durable,
        autoDelete: exchange.autoDelete,
        arguments: exchange.arguments
      },
      methods.ExchangeDeclareOk,
      `exchange '${exchange.name}'`
    ))

  readonly checkExchange = (exchange: string): Effect.Effect<void, MessagingError> =>
    // The default exchange is there, and may not be asked for.
    exchange === "" ? Effect.void : Effect.asVoid(this.rpc(
      "checkExchange",
      methods.ExchangeDeclare,
      { exchange, type: "", passive: true },
      methods.ExchangeDeclareOk,
      `exchange '${exchange}'`
    ))

  readonly declareQueue = (queue: Queue): Effect.Effect<QueueState, MessagingError> =>
    Effect.map(
      this.rpc(
        "declareQueue",
        methods.QueueDeclare,
        {
          queue: queue.name,
          durable: queue.durable,
          exclusive: queue.exclusive,
          autoDelete: queue.autoDelete,
          arguments: queue.arguments
        },
        methods.QueueDeclareOk,
        `queue '${queue.name}'`
      ),
      toQueueState
    )

  readonly queueState = (queue: string): Effect.Effect<QueueState, MessagingError> =>
    Effect.map(
      this.rpc(
        "queueState",
        methods.QueueDeclare,
        { queue, passive: true },
        methods.QueueDeclareOk,
        `queue '${queue}'`
      ),
      toQueueState
    )

  readonly bindQueue = (queue: string, exchange: string, routingKey: string, args: Arguments = {}) =>
    // the default exchange feeds every queue by its name, and refuses bindings
    exchange === "" ? Effect.void : Effect.asVoid(
      this.rpc("bindQueue", methods.QueueBind, { queue, exchange, routingKey, arguments: args }, methods.QueueBindOk)
    )

  readonly unbindQueue = (queue: string, exchange: string, routingKey: string, args: Arguments = {}) =>
    exchange === "" ? Effect.void : Effect.asVoid(
      this.rpc(
        "unbindQueue",
        methods.QueueUnbind,
        { queue, exchange, routingKey, arguments: args },
        methods.QueueUnbindOk
      )
    )

  readonly bindExchange = (destination: string, source: string, routingKey: string, args: Arguments = {}) =>
    Effect.asVoid(
      this.rpc(
        "bindExchange",
        methods.ExchangeBind,
        { destination, source, routingKey, arguments: args },
        methods.ExchangeBindOk
      )
    )

  readonly purgeQueue = (queue: string): Effect.Effect<number, MessagingError> =>
    Effect.map(this.rpc("purgeQueue", methods.QueuePurge, { queue }, methods.QueuePurgeOk), messageCount)

  readonly deleteQueue = (queue: string): Effect.Effect<number, MessagingError> =>
    Effect.map(this.rpc("deleteQueue", methods.QueueDelete, { queue }, methods.QueueDeleteOk), messageCount)

  readonly deleteExchange = (exchange: string): Effect.Effect<void, MessagingError> =>
    Effect.asVoid(this.rpc("deleteExchange", methods.ExchangeDelete, { exchange }, methods.ExchangeDeleteOk))
}

const toQueueState = (frame: Frame): QueueState => {
  const { consumerCount, messageCount, queue } = frame.fields as {
    readonly queue: string
    readonly messageCount: number
    readonly consumerCount: number
  }
  return { name: queue, messageCount, consumerCount }
}

const messageCount = (frame: Frame): number => Number(frame.fields["messageCount"])
