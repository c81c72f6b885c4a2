/**
 * Reads queues and hands each message to your code.
 *
 * A consumer is a value that says which queues, and what to do with a message:
 * either `callbacks`, which get the decoded body, or `onMessage`, which gets
 * the message as it came. `consume` sets it to work on a channel, for as long
 * as the scope is open. Source: the guide's chapter on custom message
 * consumers, Kombu's `Consumer`.
 *
 * ```ts
 * const greetings = Consumer.make({
 *   queues: [Entity.queue("custom", { exchange: Entity.exchange("custom"), routingKey: "routing_key" })],
 *   accept: ["json"],
 *   callbacks: [(body, message) => Effect.andThen(Effect.log("Received message", body), message.ack)]
 * })
 * yield* Consumer.consume(channel, greetings)
 * ```
 *
 * No message kills a consumer and none is lost without a word: one that cannot
 * be decoded, that is not all there (`Delivery.defect`), or whose callback fails
 * or dies, is logged and rejected without requeue (a dead-letter exchange gets it). A callback that succeeds without
 * settling keeps the message, to settle it later. When the scope closes,
 * callbacks are interrupted and what they had not settled goes back.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as MutableList from "effect/MutableList"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import { Compressions } from "./Compressions.ts"
import * as Declaration from "./Declaration.ts"
import type { Queue } from "./Entity.ts"
import { IncomingMessage, type Reading } from "./IncomingMessage.ts"
import { Limits } from "./Limits.ts"
import type { Delivery } from "./Message.ts"
import { because, type MessagingError } from "./MessagingError.ts"
import { Serializers } from "./Serializers.ts"
import type { Channel, Subscription } from "./Transport.ts"

/** Queues, and what to do with their messages. `R` is what the callbacks use. */
export interface Consumer<out R = never> {
  readonly queues: ReadonlyArray<Queue>
  readonly settings: ConsumerSettings
  readonly handle: (message: IncomingMessage) => Effect.Effect<unknown, unknown, R>
}

/** How a consumer reads, besides from where and to whom. */
export interface ConsumerSettings {
  /** Which content is decoded: names of serializers or MIME types. Default `["json"]`. */
  readonly accept?: ReadonlyArray<string> | undefined
  /**
   * How many messages each queue may have outstanding, which bounds how many
   * callbacks run at a time. Default 100; 0 is unlimited.
   */
  readonly prefetch?: number | undefined
  /** Take messages without acknowledgement: what is lost is lost, and `prefetch` bounds nothing. Default false. */
  readonly noAck?: boolean | undefined
  /** One message at a time, in the order in which they came, over all queues. Default false. */
  readonly ordered?: boolean | undefined
  /** Declare the queues, their exchanges and bindings first. Default true. */
  readonly declare?: boolean | undefined
  /** Consumer tags become `<tagPrefix>1`, `<tagPrefix>2`. Without one the transport chooses. */
  readonly tagPrefix?: string | undefined
}

/** Gets the decoded body, and the message to settle. */
export type Callback = (body: unknown, message: IncomingMessage) => Effect.Effect<unknown, unknown, any>

/** A consumer that decodes. */
export interface CallbackOptions<Callbacks extends ReadonlyArray<Callback>, D> extends ConsumerSettings {
  readonly queues: ReadonlyArray<Queue>
  /** At least one; called one after the other, until one fails. */
  readonly callbacks: Callbacks
  readonly onMessage?: never | undefined
  /** Instead of rejecting and logging a message that cannot be decoded. It settles the message, or the message is rejected if it fails. */
  readonly onDecodeError?:
    | ((message: IncomingMessage, error: MessagingError) => Effect.Effect<unknown, unknown, D>)
    | undefined
}

/** A consumer that leaves decoding to its callback. */
export interface MessageOptions<R> extends ConsumerSettings {
  readonly queues: ReadonlyArray<Queue>
  /** Gets the message undecoded; `message.decode` decodes it. One that is not all there is rejected before. */
  readonly onMessage: (message: IncomingMessage) => Effect.Effect<unknown, unknown, R>
  readonly callbacks?: never | undefined
  readonly onDecodeError?: never | undefined
}

/** A consumer, with either `callbacks` or `onMessage`. */
export const make: {
  <R>(options: MessageOptions<R>): Consumer<R>
  <const Callbacks extends readonly [Callback, ...ReadonlyArray<Callback>], D = never>(
    options: CallbackOptions<Callbacks, D>
  ): Consumer<Effect.Services<ReturnType<Callbacks[number]>> | D>
} = (options: MessageOptions<unknown> | CallbackOptions<ReadonlyArray<Callback>, unknown>): Consumer<any> => ({
  queues: options.queues,
  settings: options,
  handle: options.onMessage === undefined
    ? decoding(options.callbacks, options.onDecodeError)
    : undecoded(options.onMessage)
})

const undecoded =
  (onMessage: MessageOptions<unknown>["onMessage"]): MessageOptions<unknown>["onMessage"] => (message) => {
    const { defect } = message.delivery
    return defect === undefined ? onMessage(message) : Effect.fail(because("consume", defect))
  }

const decoding = (
  callbacks: ReadonlyArray<Callback>,
  onDecodeError: CallbackOptions<ReadonlyArray<Callback>, unknown>["onDecodeError"]
) =>
(message: IncomingMessage): Effect.Effect<unknown, unknown, any> => {
  const payload = message.payload
  if (Result.isFailure(payload)) {
    return onDecodeError === undefined ? Effect.fail(payload.failure) : onDecodeError(message, payload.failure)
  }
  const body = payload.success
  return callbacks.length === 1
    ? callbacks[0]!(body, message)
    : Effect.forEach(callbacks, (callback) => callback(body, message), { discard: true })
}

/** A consumer at work. */
export interface Consumption {
  /** Stop deliveries from every queue; callbacks under way go on, and can settle. A second call does nothing. */
  readonly cancel: Effect.Effect<void, MessagingError>
  /** Declare and consume another queue; one that is consumed already is left alone. */
  readonly addQueue: (queue: Queue) => Effect.Effect<void, MessagingError>
  readonly cancelByQueue: (name: string) => Effect.Effect<void, MessagingError>
  readonly consumingFrom: (name: string) => boolean
  /** Empty the queues; how many messages went. */
  readonly purge: Effect.Effect<number, MessagingError>
  /** Of every queue. */
  readonly setPrefetch: (prefetch: number) => Effect.Effect<void, MessagingError>
}

/** Declares the queues and consumes them, in this order, until the scope closes. Losing the channel is seen on `channel.lost`. */
export const consume: <R>(
  channel: Channel,
  consumer: Consumer<R>
) => Effect.Effect<Consumption, MessagingError, R | Scope.Scope> = Effect.fnUntraced(
  function*<R>(channel: Channel, { handle, queues, settings }: Consumer<R>) {
    const scope = yield* Scope.Scope
    const reading: Reading = {
      accept: settings.accept ?? ["json"],
      noAck: settings.noAck ?? false,
      limits: yield* Limits,
      serializers: yield* Serializers,
      compressions: yield* Compressions
    }
    let prefetch = settings.prefetch ?? 100
    const dispatch = yield* makeDispatch(handle, reading, settings.ordered ?? false)
    const subscriptions = new Map<string, Subscription>()
    let tags = 0

    const addQueue = Effect.fnUntraced(function*(queue: Queue) {
      if (subscriptions.has(queue.name)) return
      const name = settings.declare === false ? queue.name : (yield* Declaration.declareQueue(channel, queue)).name
      const subscription = yield* Scope.provide(
        channel.consume(name, {
          prefetch,
          noAck: settings.noAck ?? false,
          ...(settings.tagPrefix === undefined ? {} : { consumerTag: `${settings.tagPrefix}${++tags}` }),
          onDelivery: dispatch
        }),
        scope
      )
      subscriptions.set(name, subscription)
    })

    const cancelByQueue = (name: string) =>
      Effect.suspend(() => {
        const subscription = subscriptions.get(name)
        subscriptions.delete(name)
        return subscription === undefined ? Effect.void : subscription.cancel
      })

    yield* Effect.forEach(queues, addQueue, { discard: true })

    const consumption: Consumption = {
      addQueue,
      cancelByQueue,
      cancel: Effect.suspend(() => Effect.forEach(Array.from(subscriptions.keys()), cancelByQueue, { discard: true })),
      consumingFrom: (name) => subscriptions.has(name),
      purge: Effect.suspend(() =>
        Effect.map(
          Effect.forEach(Array.from(subscriptions.keys()), channel.purgeQueue),
          (counts) => counts.reduce((sum, count) => sum + count, 0)
        )
      ),
      setPrefetch: (count) =>
        Effect.suspend(() => {
          prefetch = count
          return Effect.forEach(subscriptions.values(), (subscription) => subscription.setPrefetch(count), {
            discard: true
          })
        })
    }
    return consumption
  }
)

/** From a delivery to the fiber that handles it. */
const makeDispatch = Effect.fnUntraced(function*<R>(
  handle: (message: IncomingMessage) => Effect.Effect<unknown, unknown, R>,
  reading: Reading,
  ordered: boolean
) {
  const run = yield* FiberSet.makeRuntime<R>()
  const waiting = MutableList.make<IncomingMessage>()
  let draining = false
  let closing = false

  const guarded = (message: IncomingMessage): Effect.Effect<void, never, R> =>
    Effect.suspend(() => handle(message)).pipe(
      Effect.asVoid,
      Effect.onError((cause) => {
        if (closing && Cause.hasInterruptsOnly(cause)) {
          return Effect.sync(() => message.settleIfUnsettled("requeue"))
        }
        const fate = message.acknowledged || reading.noAck === true ? "" : ", and is rejected"
        message.settleIfUnsettled("reject")
        const { exchange, routingKey } = message.delivery
        return Effect.logError(
          `a message (exchange '${exchange}', routing key '${routingKey}') could not be handled${fate}`,
          cause
        )
      }),
      Effect.catchCause(() => Effect.void)
    )

  const drain = Effect.whileLoop({
    while: () => (draining = waiting.length > 0),
    body: () => {
      const next = MutableList.take(waiting)
      return next === MutableList.Empty ? Effect.void : guarded(next)
    },
    step: () => {}
  })

  // Added after the fibers' own finalizer, so it runs before they are interrupted.
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      closing = true
      for (const message of MutableList.takeAll(waiting)) message.settleIfUnsettled("requeue")
    })
  )

  return (delivery: Delivery): void => {
    const message = new IncomingMessage(delivery, reading)
    if (closing) {
      message.settleIfUnsettled("requeue")
    } else if (!ordered) {
      run(guarded(message))
    } else {
      MutableList.append(waiting, message)
      if (draining) return
      draining = true
      run(drain)
    }
  }
})
