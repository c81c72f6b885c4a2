/**
 * A consumer at the broker, whose prefetch can be changed while it runs.
 *
 * Prefetch is asked for per consumer, which every kind of queue honours. It
 * holds for consumers that start afterwards, so a change starts a second
 * consumer of the same queue under a fresh tag and cancels the first one;
 * what the first one has outstanding can still be settled.
 *
 * @since 0.1.0
 */
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import type { ConsumeOptions, Subscription } from "@celeriac/messaging/Transport"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import type { AmqpChannel } from "./AmqpChannel.ts"
import { methods } from "./Driver.ts"

export const make = (
  channel: AmqpChannel,
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

class AmqpSubscription implements Subscription {
  readonly #channel: AmqpChannel
  readonly #queue: string
  readonly #options: ConsumeOptions
  /** Changes of prefetch, and the end, one after the other. */
  readonly #turn = Semaphore.makeUnsafe(1)
  #consumerTag: string
  #prefetch: number
  #changes = 0
  #cancelled = false

  constructor(channel: AmqpChannel, queue: string, options: ConsumeOptions) {
    this.#channel = channel
    this.#queue = queue
    this.#options = options
    this.#consumerTag = options.consumerTag ?? channel.nextTag()
    this.#prefetch = atMost16Bits(options.prefetch)
  }

  get consumerTag(): string {
    return this.#consumerTag
  }

  get start(): Effect.Effect<void, MessagingError> {
    return this.#consume(this.#consumerTag, this.#prefetch)
  }

  get cancel(): Effect.Effect<void, MessagingError> {
    return this.#turn.withPermit(Effect.suspend(() => {
      if (this.#cancelled) return Effect.void
      this.#cancelled = true
      if (this.#channel.closed !== undefined) return Effect.void
      return this.#cancel(this.#consumerTag)
    }))
  }

  readonly setPrefetch = (prefetch: number): Effect.Effect<void, MessagingError> =>
    this.#turn.withPermit(Effect.uninterruptible(Effect.suspend(() => {
      const wanted = atMost16Bits(prefetch)
      if (this.#cancelled || wanted === this.#prefetch) return Effect.void
      const old = this.#consumerTag
      const fresh = this.#options.consumerTag === undefined
        ? this.#channel.nextTag()
        : `${this.#options.consumerTag}.${++this.#changes}`
      // an exclusive consumer tolerates no second one, not even ours
      const steps = this.#options.exclusive === true
        ? Effect.andThen(this.#cancel(old), this.#consume(fresh, wanted))
        : Effect.andThen(this.#consume(fresh, wanted), this.#cancel(old))
      this.#consumerTag = fresh
      this.#prefetch = wanted
      return steps
    })))

  /** Both methods are sent together: no other consumer's prefetch comes between them. */
  #consume(consumerTag: string, prefetch: number): Effect.Effect<void, MessagingError> {
    const { arguments: args = {}, exclusive = false, noAck = false, onDelivery } = this.#options
    return Effect.callback<void, MessagingError>((resume) => {
      const channel = this.#channel
      const queue = this.#queue
      const qos = { prefetchCount: prefetch, prefetchSize: 0, global: false }
      channel.call("consume", methods.BasicQos, qos, methods.BasicQosOk, undefined, (error) => {
        if (error !== null) resume(Effect.fail(error))
      })
      if (channel.closed !== undefined) return
      channel.register(consumerTag, { queue, noAck, onDelivery })
      const fields = { queue, consumerTag, noAck, exclusive, arguments: args }
      channel.call("consume", methods.BasicConsume, fields, methods.BasicConsumeOk, undefined, (error) => {
        if (error !== null) channel.unregister(consumerTag)
        resume(error === null ? Effect.void : Effect.fail(error))
      })
    })
  }

  #cancel(consumerTag: string): Effect.Effect<void, MessagingError> {
    return Effect.suspend(() => {
      this.#channel.flush()
      return Effect.map(
        this.#channel.rpc("cancel", methods.BasicCancel, { consumerTag, nowait: false }, methods.BasicCancelOk),
        () => this.#channel.unregister(consumerTag)
      )
    })
  }
}

/** AMQP has 16 bits for it, and 0 is unlimited, as it is to Celery. */
const atMost16Bits = (prefetch: number): number => prefetch > 65_535 || prefetch < 0 ? 0 : Math.trunc(prefetch)
