/**
 * A channel: declarations, publishing, pulling and consuming.
 *
 * Methods that have a reply queue behind each other; publishes and settlements
 * do not wait for them. A channel ends when the broker closes it, which it does
 * over any error, and everything that was under way ends with the same reason.
 *
 * @since 0.1.0
 */
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
  Subscription
} from "@celeriac/messaging/Transport"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { fromClosedChannel, fromDriver } from "../AmqpError.ts"
import { AmqpDelivery } from "./AmqpDelivery.ts"
import * as AmqpSubscription from "./AmqpSubscription.ts"
import type { Complaint } from "./Complaint.ts"
import { Consumers } from "./Consumers.ts"
import { Declarations } from "./Declarations.ts"
import type { DriverChannel } from "./Driver.ts"
import type { DriverError, Frame } from "./DriverFrame.ts"
import { type Method, methods } from "./Methods.ts"
import type { OpenConnection } from "./OpenConnection.ts"
import { Publisher } from "./Publisher.ts"
import { writePublish } from "./PublishFrames.ts"
import type { OnOutcome } from "./Publishing.ts"
import { encodeAck, encodeReject, encodeRequeue } from "./SettlementFrames.ts"
import { Settlements } from "./Settlements.ts"

export class AmqpChannel extends Declarations implements MessagingChannel {
  readonly connection: OpenConnection
  readonly consumers: Consumers
  readonly #driver: DriverChannel
  readonly #settlements: Settlements
  readonly #publisher: Publisher
  readonly #lost = Deferred.makeUnsafe<never, MessagingError>()
  readonly #release: ReadonlyArray<() => void>
  #closing = false
  #closed: MessagingError | undefined
  /** Waits for its end. */
  #whenOver = () => {}

  constructor(connection: OpenConnection) {
    super()
    const { config, driver, output } = connection
    this.connection = connection
    this.#driver = driver.channel(config.maxBodySize, {
      onConfirm: (number, multiple, nacked) => this.#publisher.confirmed(number, multiple, nacked),
      onReturn: (message) =>
        this.#publisher.returned(message.fields.exchange, message.fields.routingKey, message.properties.correlationId),
      onDelivery: (message) => this.consumers.deliver(message),
      onCancel: (tag) => this.#onCancel(tag),
      onClose: (error) => this.#onClose(error)
    })
    const { number } = this.#driver
    this.#settlements = new Settlements({
      ack: (deliveryTag, multiple) => output.write(encodeAck(number, deliveryTag, multiple)),
      requeue: (deliveryTag, multiple) => output.write(encodeRequeue(number, deliveryTag, multiple)),
      reject: (deliveryTag) => output.write(encodeReject(number, deliveryTag)),
      schedule: () => output.beforeFlush(() => this.#settlements.flush())
    })
    this.consumers = new Consumers(number, this.#settlements, connection)
    this.#publisher = new Publisher({
      send: (message, to, mandatory) => {
        driver.sent()
        return writePublish(number, driver.frameMax, message, to, mandatory, output.write)
      },
      blocked: connection.blocked,
      taken: connection.taken
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

  readonly publish = (
    message: Message,
    to: Address,
    options: PublishOptions = {}
  ): Effect.Effect<void, MessagingError> =>
    Effect.callback((resume) =>
      this.publishUnsafe(
        message,
        to,
        options,
        (error) => resume(error === undefined ? Effect.void : Effect.fail(error))
      )
    )

  readonly publishUnsafe = (message: Message, to: Address, options: PublishOptions, onOutcome: OnOutcome): void => {
    const millis = options.deadline === undefined ? 30_000 : Duration.toMillis(options.deadline)
    this.#publisher.publish(message, to, options.mandatory ?? true, millis, onOutcome)
  }

  readonly get = (
    queue: string,
    options: { readonly noAck?: boolean } = {}
  ): Effect.Effect<Option.Option<Delivery>, MessagingError> =>
    Effect.callback((resume) => {
      const noAck = options.noAck ?? false
      const fail = (error: DriverError) => resume(Effect.fail(this.#failure("get", error, undefined)))
      if (this.#closed !== undefined) return resume(Effect.fail(because("get", this.#closed.reason)))
      try {
        this.#driver.get(queue, noAck, (error, message) => {
          if (error !== null) return fail(error)
          if (message === undefined) return resume(Effect.succeed(Option.none()))
          this.#settlements.delivered(message.fields.deliveryTag, noAck)
          resume(Effect.succeed(Option.some(new AmqpDelivery(message, this.#settlements, noAck))))
        })
      } catch (error) {
        fail(asError(error))
      }
    })

  readonly consume = (
    queue: string,
    options: ConsumeOptions
  ): Effect.Effect<Subscription, MessagingError, Scope.Scope> => AmqpSubscription.make(this, queue, options)

  /** Writes the acks that are held back. */
  flush(): void {
    if (this.#closed === undefined) this.#settlements.flush()
  }

  get closed(): MessagingError | undefined {
    return this.#closed
  }

  override rpc(
    operation: string,
    method: Method,
    fields: object,
    expected: Method,
    entity?: string
  ): Effect.Effect<Frame, MessagingError> {
    return Effect.callback((resume) => {
      this.call(
        operation,
        method,
        fields,
        expected,
        entity,
        (error, frame = noFrame) => resume(error === null ? Effect.succeed(frame) : Effect.fail(error))
      )
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
      this.#driver.call(method, fields, expected, (error, frame) => {
        if (error === null) reply(null, frame)
        else reply(this.#failure(operation, error, entity))
      })
    } catch (error) {
      reply(this.#failure(operation, asError(error), entity))
    }
  }

  /** Has the broker confirm what will be published. It answers nothing: this costs no round trip. */
  readonly confirm = (): void => this.#driver.send(methods.ConfirmSelect, { nowait: true })

  /** Flushes the acks, and ends in order when the broker answers in time. */
  readonly close: Effect.Effect<void> = Effect.callback<void>((resume) => {
    if (this.#closed !== undefined) return resume(Effect.void)
    this.#closing = true
    this.#settlements.flush()
    const { connection } = this
    const over = (reason: string) => this.#end(because("channel", new ChannelClosed({ code: 200, detail: reason })))
    // Also when the connection goes meanwhile: then nobody answers.
    this.#whenOver = () => {
      clearTimeout(patience)
      resume(Effect.void)
    }
    const patience = setTimeout(() => {
      connection.unresponsive = true
      over("by us, and the broker did not answer")
    }, connection.closePatience)
    try {
      this.#driver.close(() => over("by us"))
    } catch {
      over("by us")
    }
  })

  #onCancel(tag: string): void {
    const consumer = this.consumers.take(tag)
    if (consumer === undefined) return
    Deferred.doneUnsafe(
      this.#lost,
      Effect.fail(because("consume", new ConsumerCancelled({ queue: consumer.queue })))
    )
  }

  #onClose(error: DriverError | undefined): void {
    const { connection } = this
    const end = (reason: MessagingError, complaint?: Complaint) => {
      this.#end(reason, complaint)
      if (!this.#closing && !connection.closing) Deferred.doneUnsafe(this.#lost, Effect.fail(reason))
    }
    if (error !== undefined) {
      return end(because("channel", fromClosedChannel(error, connection.uri)), complaintOf(error))
    }
    // The connection ends its channels before it says why itself; both happen in one turn.
    queueMicrotask(() =>
      end(
        connection.ended ??
          because("channel", new ConnectionLost({ uri: connection.uri, detail: "the channel was closed" }))
      )
    )
    this.#settlements.close()
  }

  /** `complaint` is the broker's about a message, where that was it. */
  #end(reason: MessagingError, complaint?: Complaint): void {
    if (this.#closed !== undefined) return
    this.#closed = reason
    this.consumers.clear()
    this.#settlements.close()
    this.#publisher.close(complaint === undefined ? reason.reason : new ChannelClosed(complaint), complaint)
    for (const release of this.#release) release()
    this.#whenOver()
  }

  #failure(operation: string, error: DriverError, entity: string | undefined): MessagingError {
    const { uri } = this.connection
    if (typeof error.code === "number") {
      return because(operation, fromDriver(error, entity === undefined ? { uri } : { uri, entity }))
    }
    if (error.name === "FieldTableError" || error instanceof TypeError || error instanceof RangeError) {
      return because(
        operation,
        new Unencodable({ detail: `${entity === undefined ? "" : `${entity}: `}${error.message}` })
      )
    }
    const over: Reason | undefined = this.#closed?.reason ?? this.connection.ended?.reason
    return because(operation, over ?? new ConnectionLost({ uri, detail: "the channel was closed before the reply" }))
  }
}

/** Opens a channel with publisher confirms, and closes it with the scope. A broker that does not answer is not waited for by who is interrupted. */
export const open = (connection: OpenConnection): Effect.Effect<AmqpChannel, MessagingError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.suspend(() => {
      if (connection.ended !== undefined) return Effect.fail(because("openChannel", connection.ended.reason))
      let channel: AmqpChannel
      try {
        channel = new AmqpChannel(connection)
      } catch (error) {
        return Effect.fail(because("openChannel", new ChannelClosed({ code: 504, detail: asError(error).message })))
      }
      return channel.rpc("openChannel", methods.ChannelOpen, { outOfBand: "" }, methods.ChannelOpenOk).pipe(
        Effect.map(() => (channel.confirm(), channel)),
        Effect.onInterrupt(() => channel.close)
      )
    }),
    (channel) => channel.close,
    { interruptible: true }
  )

const complaintOf = ({ code, message, method }: DriverError): Complaint | undefined =>
  method === methods.BasicPublish && typeof code === "number" ? { code, detail: message } : undefined

const noFrame: Frame = { id: 0, channel: 0, fields: {} }

const asError = (error: unknown): DriverError => error instanceof Error ? error : new Error(String(error))
