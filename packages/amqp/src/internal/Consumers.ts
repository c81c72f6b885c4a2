/**
 * Who consumes on a channel, by consumer tag: each delivery goes to the one it
 * is meant for.
 */
import { AmqpDelivery, type DeliveryConsumer } from "./AmqpDelivery.ts"
import type { RawMessage } from "./DriverFrame.ts"
import type { Settlements } from "./Settlements.ts"

/** Who is told of what goes wrong. */
interface Reporter {
  readonly report: (what: string, error: unknown) => void
}

export class Consumers {
  readonly #channel: number
  readonly #settlements: Settlements
  readonly #reporter: Reporter
  readonly #byTag = new Map<string, DeliveryConsumer>()
  #tags = 0
  /** A prefetch was asked for here: until it is changed, those who consume later have it too. */
  isLimited = false

  constructor(channel: number, settlements: Settlements, reporter: Reporter) {
    this.#channel = channel
    this.#settlements = settlements
    this.#reporter = reporter
  }

  /** A consumer tag that nobody on this channel has. */
  nextTag(): string {
    return `celeriac.${this.#channel}.${++this.#tags}`
  }

  /** Deliveries of `tag` go to `consumer` from now on. */
  register(tag: string, consumer: DeliveryConsumer): void {
    this.#byTag.set(tag, consumer)
  }

  /** Who had this tag. */
  take(tag: string): DeliveryConsumer | undefined {
    const consumer = this.#byTag.get(tag)
    this.#byTag.delete(tag)
    return consumer
  }

  clear(): void {
    this.#byTag.clear()
  }

  deliver(raw: RawMessage): void {
    const { consumerTag = "", deliveryTag } = raw.fields
    const consumer = this.#byTag.get(consumerTag)
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
      this.#reporter.report(`the consumer of queue '${consumer.queue}' failed on a delivery, which is rejected`, error)
      delivery.settle("reject")
    }
  }
}
