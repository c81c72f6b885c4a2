/**
 * A message that the broker handed to us: a view of what the driver read,
 * copying nothing, and the way to settle it.
 *
 * @since 0.1.0
 */
import type { Delivery, Headers, Properties, SettleOutcome, Settlement } from "@celeriac/messaging/Message"
import { type Reason, TooLarge, Undecodable } from "@celeriac/messaging/MessagingError"
import type { RawMessage, RawProperties } from "./Driver.ts"
import { damageOf } from "./FieldTable.ts"
import type { Settlements } from "./Settlements.ts"

/** What the channel adds to the properties of a message whose body it dropped. */
export interface DroppedBody {
  readonly droppedBody?: { readonly size: number; readonly limit: number }
}

export class AmqpDelivery implements Delivery {
  readonly #raw: RawMessage
  readonly #settlements: Settlements
  #settlement: Settlement | undefined

  constructor(raw: RawMessage, settlements: Settlements, noAck: boolean) {
    this.#raw = raw
    this.#settlements = settlements
    this.#settlement = noAck ? "ack" : undefined
  }

  get body(): Uint8Array {
    return this.#raw.content
  }

  get headers(): Headers {
    return this.#raw.properties.headers ?? noHeaders
  }

  /** As the driver made them: a property that was not sent is there, and undefined. */
  get properties(): Properties {
    return asProperties(this.#raw.properties)
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

  settle(settlement: Settlement): SettleOutcome {
    if (this.#settlement !== undefined) return "already"
    this.#settlement = settlement
    return this.#settlements.settle(this.#raw.fields.deliveryTag, settlement)
  }
}

const noHeaders: Headers = Object.freeze({})

/** The broker's bytes are not typed: priority, delivery mode and so on are what was sent. */
const asProperties = (raw: RawProperties): Properties => raw as Properties
