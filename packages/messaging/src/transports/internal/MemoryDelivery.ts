/**
 * A message of the in-memory broker in somebody's hands.
 *
 * @since 0.1.0
 */
import type { Delivery, Headers, Properties, Settlement, SettleOutcome } from "../../Message.ts"
import type { MemoryQueue } from "./MemoryQueue.ts"
import type { Entry } from "./MemoryReady.ts"

/** Who has a delivery, and how many more. */
interface Holder {
  readonly tag: string
  /** Handed over and not settled. */
  outstanding: number
}

/** Who settles deliveries: the channel they were handed over on. */
interface Settler {
  /** Why it is closed, if it is. */
  readonly closed: unknown
  readonly settle: (delivery: MemoryDelivery, settlement: Settlement) => SettleOutcome
}

export class MemoryDelivery implements Delivery {
  readonly body: Uint8Array
  readonly headers: Headers
  readonly properties: Properties
  readonly exchange: string
  readonly routingKey: string
  readonly deliveryTag: number
  readonly consumerTag: string
  readonly redelivered: boolean
  settlement: Settlement | undefined
  readonly entry: Entry
  readonly queue: MemoryQueue
  /** Undefined for a delivery that was pulled. */
  readonly consumer: Holder | undefined
  private readonly settler: Settler

  constructor(
    settler: Settler,
    queue: MemoryQueue,
    entry: Entry,
    deliveryTag: number,
    consumer: Holder | undefined,
    noAck: boolean
  ) {
    const { message } = entry
    this.body = message.body
    this.headers = message.headers
    this.properties = message.properties
    this.exchange = entry.exchange
    this.routingKey = entry.routingKey
    this.deliveryTag = deliveryTag
    this.consumerTag = consumer === undefined ? "" : consumer.tag
    this.redelivered = entry.redelivered
    this.settlement = noAck ? "ack" : undefined
    this.entry = entry
    this.queue = queue
    this.consumer = consumer
    this.settler = settler
  }

  get isLost(): boolean {
    return this.settler.closed !== undefined
  }

  settle(settlement: Settlement): SettleOutcome {
    return this.settlement === undefined ? this.settler.settle(this, settlement) : "already"
  }
}
