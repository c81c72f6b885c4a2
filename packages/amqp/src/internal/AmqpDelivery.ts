/**
 * A message that the broker handed to us: a view of what the driver read,
 * copying nothing, and the way to settle it.
 *
 * @since 0.1.0
 */
import type { Delivery, Headers, Properties, Settlement, SettleOutcome } from "@celeriac/messaging/Message"
import { type Reason, TooLarge, Undecodable } from "@celeriac/messaging/MessagingError"
import { damageOf } from "../FieldTable.ts"
import { condense } from "./CondensedMessage.ts"
import type { DroppedBody } from "./Driver.ts"
import type { RawMessage, RawProperties } from "./DriverFrame.ts"
import type { Settlements } from "./Settlements.ts"

/** Who a delivery is for. */
export interface DeliveryConsumer {
  readonly queue: string
  readonly noAck: boolean
  readonly onDelivery: (delivery: Delivery) => void
  /** One of its deliveries was settled. */
  readonly settled: () => void
}

export class AmqpDelivery implements Delivery {
  #raw: RawMessage
  readonly #settlements: Settlements
  readonly #consumer: DeliveryConsumer | undefined
  #settlement: Settlement | undefined
  #properties: Properties | undefined

  /** `consumer` is told when the delivery is settled; it is settled already when `noAck`. */
  constructor(raw: RawMessage, settlements: Settlements, noAck: boolean, consumer?: DeliveryConsumer) {
    this.#raw = raw
    this.#settlements = settlements
    this.#consumer = consumer
    this.#settlement = noAck ? "ack" : undefined
  }

  get body(): Uint8Array {
    return this.#raw.content
  }

  get headers(): Headers {
    return this.#raw.properties.headers ?? noHeaders
  }

  /** Taken from the driver's when first asked for; a property that was not sent is there, and undefined. */
  get properties(): Properties {
    return this.#properties ??= toProperties(this.#raw.properties)
  }

  get exchange(): string {
    return this.#raw.fields.exchange
  }

  get routingKey(): string {
    return this.#raw.fields.routingKey
  }

  get deliveryTag(): number {
    return this.#raw.fields.deliveryTag
  }

  get consumerTag(): string {
    return this.#raw.fields.consumerTag ?? ""
  }

  get redelivered(): boolean {
    return this.#raw.fields.redelivered
  }

  get isLost(): boolean {
    return this.#settlements.isClosed
  }

  get settlement(): Settlement | undefined {
    return this.#settlement
  }

  /**
   * Why the message is not all there: its body was over the limit and was
   * dropped, or its headers could not be read to their end. Such a message
   * cannot be run: reject it.
   */
  get defect(): Reason | undefined {
    const { properties } = this.#raw
    const { droppedBody } = properties as DroppedBody
    if (droppedBody !== undefined) {
      return new TooLarge({ what: `the body of ${droppedBody.size} bytes`, limit: droppedBody.limit })
    }
    const damage = properties.headers === undefined ? undefined : damageOf(properties.headers)
    return damage === undefined ? undefined : new Undecodable({ detail: `the headers are damaged: ${damage}` })
  }

  condense(): void {
    const condensed = condense(this.#raw)
    if (condensed === undefined) return
    this.#raw = condensed
    this.#properties = undefined
  }

  settle(settlement: Settlement): SettleOutcome {
    if (this.#settlement !== undefined) return "already"
    const outcome = this.#settlements.settle(this.#raw.fields.deliveryTag, settlement)
    if (outcome === "settled") {
      this.#settlement = settlement
      this.#consumer?.settled()
    }
    return outcome
  }
}

const noHeaders: Headers = Object.freeze({})

const toProperties = (raw: RawProperties): Properties =>
  ({
    contentType: raw.contentType,
    contentEncoding: raw.contentEncoding,
    deliveryMode: raw.deliveryMode,
    priority: raw.priority,
    correlationId: raw.correlationId,
    replyTo: raw.replyTo,
    expiration: raw.expiration,
    messageId: raw.messageId,
    timestamp: raw.timestamp,
    type: raw.type,
    userId: raw.userId,
    appId: raw.appId
    // one shape for all, absent or not, is what engines are fast at; and the broker's numbers are what was sent
  }) as Properties
