/**
 * A delivery as a consumer's callback sees it: what Kombu calls `Message`.
 *
 * It decodes once, when asked, and is settled once: with `ack`, `reject` or
 * `requeue`. Made by `Consumer`; `make` wraps a delivery that was pulled with
 * `Channel.get`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Result from "effect/Result"
import * as Content from "./Content.ts"
import type { Delivery, Headers, Properties, Settlement } from "./Message.ts"
import { AlreadySettled, because, type MessagingError } from "./MessagingError.ts"

/**
 * What settling came to. `stale`: the channel is gone and the broker delivers
 * the message again, which nobody can change any more. `noAck`: the consumer
 * takes messages without acknowledgement, so there was nothing to settle.
 */
export type Settled = "settled" | "stale" | "noAck"

/** How a message was reached. */
export interface DeliveryInfo {
  readonly consumerTag: string
  readonly deliveryTag: number
  readonly redelivered: boolean
  readonly exchange: string
  readonly routingKey: string
}

/** What a message is read with; one for all messages of a consumer. */
export interface Reading extends Content.DecodeOptions {
  readonly noAck?: boolean | undefined
}

/** A delivery, and how it is read and settled. */
export class IncomingMessage {
  /** As the transport handed it over. */
  readonly delivery: Delivery
  private readonly reading: Reading
  private decoded: Result.Result<unknown, MessagingError> | undefined

  constructor(delivery: Delivery, reading: Reading) {
    this.delivery = delivery
    this.reading = reading
    this.decoded = undefined
  }

  /** The bytes as they came: compressed, if they were sent so. */
  get body(): Uint8Array {
    return this.delivery.body
  }

  get headers(): Headers {
    return this.delivery.headers
  }

  get properties(): Properties {
    return this.delivery.properties
  }

  get contentType(): string | undefined {
    return this.delivery.properties.contentType
  }

  get contentEncoding(): string | undefined {
    return this.delivery.properties.contentEncoding
  }

  get deliveryInfo(): DeliveryInfo {
    const { consumerTag, deliveryTag, exchange, redelivered, routingKey } = this.delivery
    return { consumerTag, deliveryTag, redelivered, exchange, routingKey }
  }

  /** The value in the body, or why there is none. Decoded at the first look. */
  get payload(): Result.Result<unknown, MessagingError> {
    return this.decoded ??= Content.decode(this.delivery, this.reading)
  }

  /** `payload` as an effect: fails with `ContentDisallowed`, `Undecodable` or `TooLarge`, or why the message is not all there. */
  get decode(): Effect.Effect<unknown, MessagingError> {
    return Effect.suspend(() => Effect.fromResult(this.payload))
  }

  /** Whether it was settled, in whichever way. */
  get acknowledged(): boolean {
    return this.delivery.settlement !== undefined
  }

  /** Done with: the broker forgets it. Fails with `AlreadySettled`. */
  get ack(): Effect.Effect<Settled, MessagingError> {
    return Effect.suspend(() => settle(this.delivery, this.reading, "ack"))
  }

  /** Back to its queue, to be delivered again. Fails with `AlreadySettled`. */
  get requeue(): Effect.Effect<Settled, MessagingError> {
    return Effect.suspend(() => settle(this.delivery, this.reading, "requeue"))
  }

  /** Not wanted: it goes to the dead-letter exchange of its queue, if there is one, or back with `requeue`. Fails with `AlreadySettled`. */
  reject(options?: { readonly requeue?: boolean }): Effect.Effect<Settled, MessagingError> {
    return options?.requeue === true
      ? this.requeue
      : Effect.suspend(() => settle(this.delivery, this.reading, "reject"))
  }

  /** Settles it if nobody did; the way out for whoever cleans up. */
  settleIfUnsettled(settlement: Settlement): void {
    if (this.reading.noAck !== true && this.delivery.settlement === undefined) this.delivery.settle(settlement)
  }
}

/** A delivery, and how to read it. */
export const make = (delivery: Delivery, reading: Reading = {}): IncomingMessage =>
  new IncomingMessage(delivery, reading)

const settle = (
  delivery: Delivery,
  reading: Reading,
  settlement: Settlement
): Effect.Effect<Settled, MessagingError> => {
  if (reading.noAck === true) return succeedNoAck
  const outcome = delivery.settle(settlement)
  switch (outcome) {
    case "settled":
      return succeedSettled
    case "stale":
      return succeedStale
    case "already":
      return Effect.fail(because(settlement, new AlreadySettled({ state: delivery.settlement ?? "unknown" })))
  }
}

const succeedSettled = Effect.succeed<Settled>("settled")
const succeedStale = Effect.succeed<Settled>("stale")
const succeedNoAck = Effect.succeed<Settled>("noAck")
