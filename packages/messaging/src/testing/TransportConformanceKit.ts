/**
 * What the conformance tests have at hand: a connection, a channel, entities
 * with names of their own that are deleted afterwards, and an inbox.
 *
 * @since 0.1.0
 */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Entity from "../Entity.ts"
import type { Address, Delivery, Message, Properties } from "../Message.ts"
import type { MessagingError, Reason } from "../MessagingError.ts"
import * as Topology from "../Topology.ts"
import { type Channel, type Connection, type ConsumeOptions, type Subscription, Transport } from "../Transport.ts"

/** What the transport under test can do. Everything is expected unless switched off. */
export interface Capabilities {
  /** Queues with `x-max-priority`. */
  readonly priorities: boolean
  /** `x-dead-letter-exchange`, and what it rests on: message TTL, length limits. */
  readonly deadLetters: boolean
  /** Queues that belong to a connection. */
  readonly exclusive: boolean
  /** `x-expires`. */
  readonly expiry: boolean
  /** Exchanges bound to exchanges, and `alternate-exchange`. */
  readonly exchangeBindings: boolean
  /** `setPrefetch` counts what is outstanding already; without, that comes on top until it is settled. */
  readonly exactPrefetch: boolean
  /** Written into the `userId` property, which brokers check against the connection's user. */
  readonly userId: string
}

export interface Options extends Partial<Capabilities> {
  readonly layer: Layer.Layer<Transport, unknown>
  /** Of each test, in milliseconds: it ends what hangs. Default two minutes. */
  readonly timeout?: number | undefined
}

export const capabilitiesOf = (options: Options): Capabilities => ({
  priorities: options.priorities ?? true,
  deadLetters: options.deadLetters ?? true,
  exclusive: options.exclusive ?? true,
  expiry: options.expiry ?? true,
  exchangeBindings: options.exchangeBindings ?? true,
  exactPrefetch: options.exactPrefetch ?? true,
  userId: options.userId ?? "guest"
})

export interface Kit {
  readonly transport: Transport["Service"]
  readonly connection: Connection
  /** A channel of `connection`. */
  readonly channel: Channel
  readonly openChannel: () => Effect.Effect<Channel, MessagingError, Scope.Scope>
  /** A name that nobody else uses. Whatever is called so is deleted after the test. */
  readonly queueName: () => string
  readonly exchangeName: () => string
  /** Declares a queue with its exchanges and bindings; its name. */
  readonly queue: (options?: Entity.QueueOptions) => Effect.Effect<string, MessagingError>
  readonly exchange: (
    options?: Partial<Omit<Entity.Exchange, "name">>
  ) => Effect.Effect<Entity.Exchange, MessagingError>
}

/** Registers one test of every transport. */
export type Test = (name: string, body: (kit: Kit) => Effect.Effect<unknown, MessagingError, Scope.Scope>) => void

/** Tests run on the live clock, since a broker's time is real. */
export const tester = (options: Options): Test => (name, body) =>
  it.live(
    name,
    () => Effect.flatMap(makeKit, body).pipe(Effect.scoped, Effect.provide(options.layer, { local: true })),
    options.timeout ?? 120_000
  )

const makeKit: Effect.Effect<Kit, MessagingError, Transport | Scope.Scope> = Effect.gen(function*() {
  const transport = yield* Transport
  const run = (yield* Random.nextIntBetween(0, 2 ** 48)).toString(36)
  const queues: Array<string> = []
  const exchanges: Array<string> = []
  yield* Effect.addFinalizer(() => removeAll(transport, queues, exchanges))
  const connection = yield* transport.connect({ name: "conformance" })
  const channel = yield* connection.openChannel()
  const queueName = () => {
    const name = `conformance.${run}.q${queues.length}`
    queues.push(name)
    return name
  }
  const exchangeName = () => {
    const name = `conformance.${run}.x${exchanges.length}`
    exchanges.push(name)
    return name
  }
  return {
    transport,
    connection,
    channel,
    openChannel: () => connection.openChannel(),
    queueName,
    exchangeName,
    queue: (options) =>
      Effect.map(Topology.declareQueue(channel, Entity.queue(queueName(), options)), (state) => state.name),
    exchange: (options) => {
      const exchange = Entity.exchange(exchangeName(), options)
      return Effect.as(channel.declareExchange(exchange), exchange)
    }
  }
})

/** A channel each: deleting what is locked or gone may close it. */
const removeAll = (
  transport: Transport["Service"],
  queues: ReadonlyArray<string>,
  exchanges: ReadonlyArray<string>
): Effect.Effect<void> =>
  Effect.gen(function*() {
    const connection = yield* transport.connect({ name: "conformance cleanup" })
    const each = (remove: (channel: Channel) => Effect.Effect<unknown, MessagingError>) =>
      connection.openChannel().pipe(Effect.flatMap(remove), Effect.scoped, Effect.ignore)
    for (const queue of queues) yield* each((channel) => channel.deleteQueue(queue))
    for (const exchange of exchanges) yield* each((channel) => channel.deleteExchange(exchange))
  }).pipe(Effect.scoped, Effect.ignore)

// What tests send and read

const encoder = new TextEncoder()
const decoder = new TextDecoder()

export const message = (
  text: string,
  options: { readonly headers?: Message["headers"]; readonly properties?: Properties } = {}
): Message => ({
  body: encoder.encode(text),
  headers: options.headers ?? {},
  properties: options.properties ?? {}
})

export const textOf = (message: Message): string => decoder.decode(message.body)

/** Straight to a queue. */
export const to = (queue: string): Address => ({ exchange: "", routingKey: queue })

/** What the broker sent along, without the properties that are spelled but absent. */
export const present = (properties: Properties): Properties =>
  Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined))

/** The `x-death` entries of a dead letter, newest first. */
export const deathsOf = (letter: Message): ReadonlyArray<Record<string, unknown>> => {
  const deaths = letter.headers["x-death"]
  if (!Array.isArray(deaths)) assert.fail(`x-death is not a list: ${typeof deaths}`)
  return deaths
}

export const publishAll = (channel: Channel, address: Address, texts: ReadonlyArray<string>) =>
  Effect.forEach(texts, (text) => channel.publish(message(text), address), { discard: true })

/** The bodies waiting in a queue, taken out of it. */
export const drain: (
  channel: Channel,
  queue: string
) => Effect.Effect<ReadonlyArray<string>, MessagingError> = Effect.fnUntraced(function*(channel, queue) {
  const texts: Array<string> = []
  while (true) {
    const pulled = yield* channel.get(queue, { noAck: true })
    if (pulled._tag === "None") return texts
    texts.push(textOf(pulled.value))
  }
})

export const numbers = (count: number): ReadonlyArray<string> => Array.from({ length: count }, (_, index) => `${index}`)

// Deliveries

interface Inbox {
  readonly onDelivery: (delivery: Delivery) => void
  /** All that came so far. */
  readonly received: ReadonlyArray<Delivery>
  readonly take: Effect.Effect<Delivery>
  readonly takeN: (count: number) => Effect.Effect<ReadonlyArray<Delivery>>
}

const inbox: Effect.Effect<Inbox> = Effect.gen(function*() {
  const queue = yield* Queue.unbounded<Delivery>()
  const received: Array<Delivery> = []
  const take = Queue.take(queue).pipe(
    Effect.timeoutOrElse({
      duration: "100 seconds",
      orElse: () => Effect.die(new Error(`no delivery came within 100 seconds; ${received.length} had come before`))
    })
  )
  return {
    onDelivery: (delivery) => {
      received.push(delivery)
      Queue.offerUnsafe(queue, delivery)
    },
    received,
    take,
    takeN: (count) => Effect.replicateEffect(take, count)
  }
})

/** Consumes into a new inbox, five outstanding unless said otherwise. */
export const consumeInto: (
  channel: Channel,
  queue: string,
  options?: Partial<Omit<ConsumeOptions, "onDelivery">>
) => Effect.Effect<Inbox & { readonly subscription: Subscription }, MessagingError, Scope.Scope> = Effect.fnUntraced(
  function*(channel, queue, options) {
    const box = yield* inbox
    const subscription = yield* channel.consume(queue, { prefetch: 5, ...options, onDelivery: box.onDelivery })
    return { ...box, subscription }
  }
)

// Assertions

/** Fails the test unless the effect fails for one of these reasons. */
export const failsWith = <A, R>(
  effect: Effect.Effect<A, MessagingError, R>,
  ...tags: ReadonlyArray<Reason["_tag"]>
): Effect.Effect<Reason, never, R> =>
  Effect.map(Effect.result(effect), (result) => {
    if (Result.isSuccess(result)) assert.fail(`expected a failure with ${tags.join(" or ")}, but it succeeded`)
    const { reason } = result.failure
    assert.include(tags, reason._tag, reason.message)
    return reason
  })

/** Asks again and again until it holds. The time limit of the test bounds it. */
export const eventually = <R>(
  condition: Effect.Effect<boolean, MessagingError, R>
): Effect.Effect<void, MessagingError, R> =>
  Effect.asVoid(
    Effect.repeat(condition, { until: (holds: boolean) => holds, schedule: Schedule.spaced("10 millis") })
  )

/** Whether a queue is there, locked or not, asked on a channel of its own: asking for one that is not there closes it. */
export const exists = (connection: Connection, queue: string): Effect.Effect<boolean, MessagingError> =>
  connection.openChannel().pipe(
    Effect.flatMap((channel) => channel.queueState(queue)),
    Effect.as(true),
    Effect.catchIf((error) => error.reason._tag === "NotFound", () => Effect.succeed(false)),
    Effect.catchIf((error) => error.reason._tag === "PreconditionFailed", () => Effect.succeed(true)),
    Effect.scoped
  )
