/**
 * A channel: declarations, publishing, pulling and consuming.
 *
 * Methods that have a reply queue behind each other; publishes and settlements
 * do not wait for them. A channel ends when the broker closes it, which it does
 * over any error, and everything that was under way ends with the same reason.
 *
 * @since 0.1.0
 */
import type { Arguments, Exchange, Queue } from "@celeriac/messaging/Entity"
import { isBuiltin } from "@celeriac/messaging/Entity"
import type { Address, Delivery, Message } from "@celeriac/messaging/Message"
import {
  because,
  ChannelClosed,
  ConnectionLost,
  ConsumerCancelled,
  type MessagingError,
  type Reason,
  Unencodable
} from "@celeriac/messaging/MessagingError"
import type {
  Channel as MessagingChannel,
  ConsumeOptions,
  PublishOptions,
  QueueState,
  Subscription
} from "@celeriac/messaging/Transport"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { AmqpConnection } from "./AmqpConnection.ts"
import { AmqpDelivery } from "./AmqpDelivery.ts"
import { fromDriver } from "./AmqpError.ts"
import * as AmqpSubscription from "./AmqpSubscription.ts"
import { ChannelWire } from "./ChannelWire.ts"
import { acceptMessage, closeError, type DriverError, type Frame, type Method, methods, type RawMessage } from "./Driver.ts"
import { writePublish } from "./PublishFrames.ts"
import { type OnOutcome, Publisher } from "./Publisher.ts"
import { Settlements } from "./Settlements.ts"

/** What a channel knows of a consumer of its own. */
export interface ChannelConsumer {
  readonly queue: string
  readonly noAck: boolean
  readonly onDelivery: (delivery: Delivery) => void
  /** One of its deliveries was settled. */
  readonly settled: () => void
}

export class AmqpChannel implements MessagingChannel {
  readonly connection: AmqpConnection
  readonly #wire: ChannelWire
  readonly #settlements: Settlements
  readonly #publisher: Publisher
  readonly #consumers = new Map<string, ChannelConsumer>()
  readonly #lost = Deferred.makeUnsafe<never, MessagingError>()
  readonly #release: ReadonlyArray<() => void>
  #tags = 0
  #closing = false
  #closed: MessagingError | undefined

  constructor(connection: AmqpConnection) {
    const { config, output, raw } = connection
    this.connection = connection
    this.#wire = new ChannelWire(raw, config.maxBodySize, {
      onConfirm: (number, multiple, nacked) => this.#publisher.confirmed(number, multiple, nacked),
      onReturn: (message) =>
        this.#publisher.returned(message.fields.exchange, message.fields.routingKey, message.properties.correlationId),
      onDelivery: (message) => this.#onDelivery(message),
      onCancel: (tag) => this.#onCancel(tag),
      onClose: (error) => this.#onClose(error)
    })
    this.#wire.allocate()
    const { ch } = this.#wire
    this.#settlements = new Settlements({
      ack: (deliveryTag, multiple) => output.write(encodeAck(ch, deliveryTag, multiple)),
      reject: (deliveryTag, requeue) => output.write(encodeReject(ch, deliveryTag, requeue)),
      schedule: () => output.beforeFlush(() => this.#settlements.flush())
    })
    this.#publisher = new Publisher({
      send: (message, to, mandatory) => {
        raw.sentSinceLastCheck = true
        return writePublish(ch, raw.frameMax, message, to, mandatory, output.write)
      },
      blocked: connection.blocked
    }, config)
    const resume = () => this.#publisher.resume()
    this.#release = [output.onDrain(resume), connection.onUnblocked(resume)]
  }

  get lost(): Effect.Effect<never, MessagingError> {
    return Deferred.await(this.#lost)
  }

  /** How many deliveries are not settled. */
  get outstanding(): number {
    return this.#settlements.outstanding
  }

  // ------------------------------------------------------------------------------------------------ declarations

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
      this.rpc("queueState", methods.QueueDeclare, { queue, passive: true }, methods.QueueDeclareOk, `queue '${queue}'`),
      toQueueState
    )

  readonly bindQueue = (queue: string, exchange: string, routingKey: string, args: Arguments = {}) =>
    // the default exchange feeds every queue by its name, and refuses bindings
    exchange === "" ? Effect.void : Effect.asVoid(
      this.rpc("bindQueue", methods.QueueBind, { queue, exchange, routingKey, arguments: args }, methods.QueueBindOk)
    )

  readonly unbindQueue = (queue: string, exchange: string, routingKey: string, args: Arguments = {}) =>
    exchange === "" ? Effect.void : Effect.asVoid(
      this.rpc("unbindQueue", methods.QueueUnbind, { queue, exchange, routingKey, arguments: args }, methods.QueueUnbindOk)
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

  // -------------------------------------------------------------------------------------------------- publishing

  readonly publish = (message: Message, to: Address, options: PublishOptions = {}): Effect.Effect<void, MessagingError> =>
    Effect.callback((resume) =>
      this.publishUnsafe(message, to, options, (error) => resume(error === undefined ? Effect.void : Effect.fail(error)))
    )

  readonly publishUnsafe = (message: Message, to: Address, options: PublishOptions, onOutcome: OnOutcome): void => {
    const millis = options.deadline === undefined ? 30_000 : Duration.toMillis(options.deadline)
    this.#publisher.publish(message, to, options.mandatory ?? true, millis, onOutcome)
  }

  // --------------------------------------------------------------------------------------------------- receiving

  readonly get = (
    queue: string,
    options: { readonly noAck?: boolean } = {}
  ): Effect.Effect<Option.Option<Delivery>, MessagingError> =>
    Effect.callback((resume) => {
      const noAck = options.noAck ?? false
      const fail = (error: DriverError) => resume(Effect.fail(this.#failure("get", error, undefined)))
      if (this.#closed !== undefined) return resume(Effect.fail(because("get", this.#closed.reason)))
      try {
        this.#wire.sendOrEnqueue(methods.BasicGet, { queue, noAck }, (error, frame) => {
          if (error instanceof Error) return fail(error)
          if (error !== null) return fail(closeError(methods.BasicGet, error))
          if (frame?.id !== methods.BasicGetOk) return resume(Effect.succeed(Option.none()))
          const fields = frame.fields as unknown as RawMessage["fields"] // by its id, it is a basic.get-ok
          this.#wire.handleMessage = acceptMessage((message) => {
            message.fields = fields
            this.#settlements.delivered(fields.deliveryTag, noAck)
            resume(Effect.succeed(Option.some(new AmqpDelivery(message, this.#settlements, noAck))))
          })
        })
      } catch (error) {
        fail(asError(error))
      }
    })

  readonly consume = (
    queue: string,
    options: ConsumeOptions
  ): Effect.Effect<Subscription, MessagingError, Scope.Scope> => AmqpSubscription.make(this, queue, options)

  // ------------------------------------------------------------------------------------- for AmqpSubscription

  /** A consumer tag that nobody on this channel has. */
  nextTag(): string {
    return `celeriac.${this.#wire.ch}.${++this.#tags}`
  }

  /** Deliveries of `tag` go to `consumer` from now on. */
  register(tag: string, consumer: ChannelConsumer): void {
    this.#consumers.set(tag, consumer)
  }

  unregister(tag: string): void {
    this.#consumers.delete(tag)
  }

  /** Writes the acks that are held back. */
  flush(): void {
    if (this.#closed === undefined) this.#settlements.flush()
  }

  get closed(): MessagingError | undefined {
    return this.#closed
  }

  rpc(
    operation: string,
    method: Method,
    fields: object,
    expected: Method,
    entity?: string
  ): Effect.Effect<Frame, MessagingError> {
    return Effect.callback((resume) => {
      this.call(operation, method, fields, expected, entity, (error, frame = noFrame) =>
        resume(error === null ? Effect.succeed(frame) : Effect.fail(error)))
    })
  }

  /** Sends a method now, behind those that wait for their reply. */
  call(
    operation: string,
    method: Method,
    fields: object,
    expected: Method,
    entity: string | undefined,
    reply: (error: MessagingError | null, frame?: Frame) => void
  ): void {
    if (this.#closed !== undefined) return reply(because(operation, this.#closed.reason))
    try {
      this.#wire._rpc(method, fields, expected, (error, frame) => {
        if (error === null) reply(null, frame)
        else reply(this.#failure(operation, error, entity))
      })
    } catch (error) {
      reply(this.#failure(operation, asError(error), entity))
    }
  }

  // ------------------------------------------------------------------------------------------------------- ending

  /** Flushes the acks, and ends in order when the broker answers in time. */
  readonly close: Effect.Effect<void> = Effect.callback<void>((resume) => {
    if (this.#closed !== undefined) return resume(Effect.void)
    this.#closing = true
    this.#settlements.flush()
    const { connection } = this
    const over = (reason: string) => {
      clearTimeout(patience)
      this.#end(because("channel", new ChannelClosed({ code: 200, detail: reason })))
      resume(Effect.void)
    }
    const patience = setTimeout(() => {
      connection.unresponsive = true
      over("by us, and the broker did not answer")
    }, connection.unresponsive ? 0 : connection.config.closeTimeout)
    try {
      this.#wire.closeBecause("", 200, () => over("by us"))
    } catch {
      over("by us")
    }
  })

  #onDelivery(raw: RawMessage): void {
    const { consumerTag = "", deliveryTag } = raw.fields
    const consumer = this.#consumers.get(consumerTag)
    const noAck = consumer?.noAck ?? false
    this.#settlements.delivered(deliveryTag, noAck)
    const delivery = new AmqpDelivery(raw, this.#settlements, noAck, consumer)
    // a tag that is not known any more: what was on its way when it was cancelled
    if (consumer === undefined) {
      delivery.settle("requeue")
      return
    }
    try {
      consumer.onDelivery(delivery)
    } catch (error) {
      this.connection.report(`the consumer of queue '${consumer.queue}' failed on a delivery, which is rejected`, error)
      delivery.settle("reject")
    }
  }

  #onCancel(tag: string): void {
    const consumer = this.#consumers.get(tag)
    this.#consumers.delete(tag)
    if (consumer === undefined) return
    Deferred.doneUnsafe(
      this.#lost,
      Effect.fail(because("consume", new ConsumerCancelled({ queue: consumer.queue })))
    )
  }

  #onClose(error: DriverError | undefined): void {
    const { connection } = this
    const end = (reason: MessagingError, cause?: Reason) => {
      this.#end(reason, cause)
      if (!this.#closing && !connection.closing) Deferred.doneUnsafe(this.#lost, Effect.fail(reason))
    }
    if (error !== undefined) return end(because("channel", closedBy(error, connection.uri)), fromDriver(error, { uri: connection.uri }))
    // The connection ends its channels before it says why itself; both happen in one turn.
    queueMicrotask(() =>
      end(connection.ended ?? because("channel", new ConnectionLost({ uri: connection.uri, detail: "the channel was closed" })))
    )
    this.#settlements.close()
  }

  /** `cause` is what the broker complained of, where it did. */
  #end(reason: MessagingError, cause: Reason = reason.reason): void {
    if (this.#closed !== undefined) return
    this.#closed = reason
    this.#consumers.clear()
    this.#settlements.close()
    this.#publisher.close(reason.reason, cause)
    for (const release of this.#release) release()
  }

  #failure(operation: string, error: DriverError, entity: string | undefined): MessagingError {
    const { uri } = this.connection
    if (typeof error.code === "number") {
      return because(operation, fromDriver(error, entity === undefined ? { uri } : { uri, entity }))
    }
    if (error.name === "FieldTableError" || error instanceof TypeError || error instanceof RangeError) {
      return because(operation, new Unencodable({ detail: error.message }))
    }
    const over: Reason | undefined = this.#closed?.reason ?? this.connection.ended?.reason
    return because(operation, over ?? new ConnectionLost({ uri, detail: "the channel was closed before the reply" }))
  }
}

/** Opens a channel with publisher confirms, and closes it with the scope. */
export const open = (connection: AmqpConnection): Effect.Effect<AmqpChannel, MessagingError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.suspend(() => {
      if (connection.ended !== undefined) return Effect.fail(because("openChannel", connection.ended.reason))
      const channel = new AmqpChannel(connection)
      return channel.rpc("openChannel", methods.ChannelOpen, { outOfBand: "" }, methods.ChannelOpenOk).pipe(
        Effect.andThen(channel.rpc("openChannel", methods.ConfirmSelect, { nowait: false }, methods.ConfirmSelectOk)),
        Effect.as(channel)
      )
    }),
    (channel) => channel.close
  )

/** The operation that made the broker close a channel says why; to all others it is closed. */
const closedBy = (error: DriverError, uri: string): Reason => {
  const reason = fromDriver(error, { uri })
  return reason._tag === "AccessRefused" || reason._tag === "ConnectionLost"
    ? reason
    : new ChannelClosed({ code: Number(error.code), detail: "detail" in reason ? String(reason.detail) : reason.message })
}

const noFrame: Frame = { id: 0, channel: 0, fields: {} }

const toQueueState = (frame: Frame): QueueState => {
  const { consumerCount, messageCount, queue } = frame.fields as {
    readonly queue: string
    readonly messageCount: number
    readonly consumerCount: number
  }
  return { name: queue, messageCount, consumerCount }
}

const messageCount = (frame: Frame): number => Number(frame.fields["messageCount"])

const asError = (error: unknown): DriverError => error instanceof Error ? error : new Error(String(error))

const encodeAck = (channel: number, tag: number, multiple: boolean): Buffer =>
  settlementFrame(channel, 0x50, tag, multiple)

const encodeReject = (channel: number, tag: number, requeue: boolean): Buffer =>
  settlementFrame(channel, 0x5a, tag, requeue)

/** basic.ack and basic.reject have the same form: a delivery tag, and one bit. */
const settlementFrame = (channel: number, method: number, tag: number, bit: boolean): Buffer => {
  const frame = Buffer.allocUnsafe(21)
  frame[0] = 1
  frame.writeUInt16BE(channel, 1)
  frame.writeUInt32BE(13, 3)
  frame.writeUInt32BE(0x003c0000 | method, 7)
  frame.writeUInt32BE(Math.trunc(tag / 0x100000000), 11)
  frame.writeUInt32BE(tag >>> 0, 15)
  frame[19] = bit ? 1 : 0
  frame[20] = 0xce
  return frame
}
