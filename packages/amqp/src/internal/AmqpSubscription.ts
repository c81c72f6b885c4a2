/**
 * A consumer at the broker, whose prefetch can be changed while it runs.
 *
 * Prefetch is asked for per consumer, which every kind of queue honours, and
 * holds for consumers that start afterwards. A change starts a second consumer
 * of the same queue under a fresh tag and cancels the first; what the first has
 * outstanding can still be settled, but the broker no longer counts it. So it
 * is counted here, in generations: what has outlived a change is taken off the
 * next grant, a change that the present grant covers is only remembered, and
 * when old deliveries are settled and leave too little, the grant is renewed.
 * At no time are more outstanding than were wanted plus the previous grant.
 *
 * @since 0.1.0
 */
import type { Delivery } from "@celeriac/messaging/Message"
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import type { ConsumeOptions, Subscription } from "@celeriac/messaging/Transport"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import type { DeliveryConsumer } from "./AmqpDelivery.ts"
import type { Consumers } from "./Consumers.ts"
import type { Declarations } from "./Declarations.ts"
import { type Method, methods } from "./Methods.ts"

/** The channel that is consumed on. */
interface Channel extends Pick<Declarations, "rpc"> {
  readonly consumers: Consumers
  /** Why it is over, if it is. */
  readonly closed: MessagingError | undefined
  /** Sends a method now, behind those that wait for their reply. */
  readonly call: (
    operation: string,
    method: Method,
    fields: object,
    expected: Method,
    entity: string | undefined,
    reply: (error: MessagingError | null) => void
  ) => void
  /** Writes the acks that are held back. */
  readonly flush: () => void
}

export const make = (
  channel: Channel,
  queue: string,
  options: ConsumeOptions
): Effect.Effect<Subscription, MessagingError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.suspend(() => {
      const subscription = new AmqpSubscription(channel, queue, options)
      return Effect.as(subscription.start, subscription)
    }),
    (subscription) => Effect.ignore(subscription.cancel)
  )

/** A consumer as the broker knows it. */
class Generation implements DeliveryConsumer {
  readonly queue: string
  readonly noAck: boolean
  readonly tag: string
  /** Its prefetch; 0 is unlimited. */
  readonly granted: number
  readonly #deliver: (delivery: Delivery) => void
  readonly #count: (generation: Generation, change: 1 | -1) => void
  outstanding = 0

  constructor(
    queue: string,
    tag: string,
    granted: number,
    options: ConsumeOptions,
    count: (generation: Generation, change: 1 | -1) => void
  ) {
    this.queue = queue
    this.tag = tag
    this.granted = granted
    this.noAck = options.noAck ?? false
    this.#deliver = options.onDelivery
    this.#count = count
  }

  onDelivery(delivery: Delivery): void {
    if (!this.noAck) {
      this.outstanding++
      this.#count(this, 1)
    }
    this.#deliver(delivery)
  }

  settled(): void {
    this.outstanding--
    this.#count(this, -1)
  }
}

/** How long to gather settlements of old deliveries before the grant is renewed, in ms. */
const RenewalDelay = 250

/** A broker that does not answer for so long is left to itself: whoever stops does not wait for it. */
const CancelTimeout = "2 seconds"

class AmqpSubscription implements Subscription {
  readonly #channel: Channel
  readonly #queue: string
  readonly #options: ConsumeOptions
  /** Changes of prefetch, and the end, one after the other. */
  readonly #turn = Semaphore.makeUnsafe(1)
  #wanted: number
  #current: Generation
  /** Outstanding of earlier generations. */
  #older = 0
  #changes = 0
  #renewal: NodeJS.Timeout | undefined
  #cancelled = false

  constructor(channel: Channel, queue: string, options: ConsumeOptions) {
    this.#channel = channel
    this.#queue = queue
    this.#options = options
    this.#wanted = atMost16Bits(options.prefetch)
    this.#current = this.#generation(options.consumerTag ?? channel.consumers.nextTag(), this.#wanted)
  }

  get consumerTag(): string {
    return this.#current.tag
  }

  get start(): Effect.Effect<void, MessagingError> {
    return this.#consume(this.#current)
  }

  get cancel(): Effect.Effect<void, MessagingError> {
    const cancelling = this.#turn.withPermit(Effect.suspend(() => {
      if (this.#cancelled) return Effect.void
      this.#cancelled = true
      clearTimeout(this.#renewal)
      if (this.#channel.closed !== undefined) return Effect.void
      return this.#cancel(this.#current)
    }))
    // Also in a finalizer, and also behind a change of prefetch that nobody answers.
    return Effect.asVoid(Effect.timeoutOption(Effect.interruptible(cancelling), CancelTimeout))
  }

  readonly setPrefetch = (prefetch: number): Effect.Effect<void, MessagingError> => {
    this.#wanted = atMost16Bits(prefetch)
    return this.#adjust
  }

  /** Makes the grant what is wanted, unless it covers that. */
  get #adjust(): Effect.Effect<void, MessagingError> {
    return this.#turn.withPermit(Effect.uninterruptible(Effect.suspend(() => {
      if (this.#cancelled || this.#isCovered()) return Effect.void
      const old = this.#current
      const tag = this.#options.consumerTag === undefined
        ? this.#channel.consumers.nextTag()
        : `${this.#options.consumerTag}.${++this.#changes}`
      const fresh = this.#generation(tag, this.#wanted === 0 ? 0 : Math.max(1, this.#wanted - this.#older))
      // deliveries that come between count for the old one until it is cancelled
      this.#current = fresh
      this.#older += old.outstanding
      // an exclusive consumer tolerates no second one, not even ours
      return this.#options.exclusive === true
        ? Effect.andThen(this.#cancel(old), this.#consume(fresh))
        : Effect.andThen(this.#consume(fresh), this.#cancel(old))
    })))
  }

  #isCovered(): boolean {
    const { granted } = this.#current
    if (this.#wanted === granted) return true
    return this.#wanted !== 0 && granted !== 0 && granted <= this.#wanted && granted + this.#older >= this.#wanted
  }

  #generation(tag: string, granted: number): Generation {
    return new Generation(this.#queue, tag, granted, this.#options, (generation, change) => {
      if (generation === this.#current) return
      this.#older += change
      const { granted } = this.#current
      if (granted === 0 || granted + this.#older >= this.#wanted || this.#renewal !== undefined || this.#cancelled) {
        return
      }
      this.#renewal = setTimeout(() => {
        this.#renewal = undefined
        // it fails only when the channel is gone, which the channel says itself
        Effect.runFork(Effect.ignore(this.#adjust))
      }, RenewalDelay)
    })
  }

  /** Both methods are sent together: no other consumer's prefetch comes between them. One is enough where nothing has limited the channel. */
  #consume(generation: Generation): Effect.Effect<void, MessagingError> {
    return Effect.callback<void, MessagingError>((resume) => {
      const channel = this.#channel
      const { arguments: args = {}, exclusive = false } = this.#options
      const { granted, noAck, queue, tag } = generation
      if (granted > 0) channel.consumers.isLimited = true
      if (channel.consumers.isLimited) {
        channel.call(
          "consume",
          methods.BasicQos,
          { prefetchCount: granted, prefetchSize: 0, global: false },
          methods.BasicQosOk,
          undefined,
          (error) => {
            if (error !== null) resume(Effect.fail(error))
          }
        )
      }
      channel.consumers.register(tag, generation)
      channel.call(
        "consume",
        methods.BasicConsume,
        { queue, consumerTag: tag, noAck, exclusive, arguments: args },
        methods.BasicConsumeOk,
        undefined,
        (error) => {
          if (error !== null) channel.consumers.take(tag)
          resume(error === null ? Effect.void : Effect.fail(error))
        }
      )
    })
  }

  #cancel({ tag }: Generation): Effect.Effect<void, MessagingError> {
    return Effect.suspend(() => {
      this.#channel.flush()
      return Effect.map(
        this.#channel.rpc("cancel", methods.BasicCancel, { consumerTag: tag, nowait: false }, methods.BasicCancelOk),
        () => this.#channel.consumers.take(tag)
      )
    })
  }
}

/** AMQP has 16 bits for it, and 0 is unlimited, as it is to Celery. */
const atMost16Bits = (prefetch: number): number => prefetch > 65_535 || prefetch < 0 ? 0 : Math.trunc(prefetch)
