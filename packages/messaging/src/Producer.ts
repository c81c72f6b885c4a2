/**
 * Publishes messages, over a connection that heals itself.
 *
 * Used by clients, result backends and steps: whoever sends and does not want
 * to know about connections. There is one connection and one confirm channel,
 * opened at the first use. Every publish ends in one of these ways, within its
 * deadline:
 *
 * * confirmed by the broker;
 * * refused: `Unroutable`, `BufferFull`, `PreconditionFailed` of
 *   something to declare: it was not stored;
 * * not taken, `Nacked`, and not stored: by a full queue that rejects, or by one
 *   that has no leader for a moment. Whoever retries (the default) sends it up to
 *   five times again, over three seconds;
 * * refused for good: `MessageRefused`, `TooLarge`, `NotFound`. The broker
 *   closes the channel because of such a message. It was not stored and is not
 *   sent again; the others on the channel do not notice;
 * * `PublishTimedOut`: says whether it was sent, and why not;
 * * `OutcomeUnknown`: the connection went away before the confirm. It is not
 *   sent again, which might store it twice, unless the caller says that twice
 *   does no harm (`idempotent`);
 * * the connection cannot be made (`AccessRefused` and the like): at once.
 *
 * Messages on one connection keep their order; over a reconnect there is no
 * promise. Source: Kombu's `Producer`, protocol section 1.5.
 *
 * ```ts
 * const producer = yield* Producer.Producer
 * yield* producer.publish({ hello: "world!" }, {
 *   exchange: myExchange, routingKey: "routing_key", declare: [myQueue], retry: true
 * })
 * ```
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import type * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { Compressions } from "./Compressions.ts"
import * as Content from "./Content.ts"
import type { Exchange } from "./Entity.ts"
import * as Link from "./internal/Link.ts"
import * as Outbox from "./internal/Outbox.ts"
import type { SendOptions } from "./internal/SendOptions.ts"
import type { Address, Headers, Message, Properties } from "./Message.ts"
import type { MessagingError } from "./MessagingError.ts"
import * as Reconnect from "./Reconnect.ts"
import { Seals } from "./security/Seal.ts"
import type { Serializer } from "./Serializer.ts"
import { Serializers } from "./Serializers.ts"
import { type Channel, type Connection, Transport } from "./Transport.ts"

export type { SendOptions } from "./internal/SendOptions.ts"

/** Publishes: see the top of the module for how a publish ends. */
export class Producer extends Context.Service<Producer, {
  /**
   * A `Message` goes as it is, with what the options add; any other value is
   * encoded first. Succeeds when the broker has confirmed.
   */
  readonly publish: (content: unknown, options: PublishOptions) => Effect.Effect<void, MessagingError>
  /**
   * `publish` without an effect, for the hot path. While connected it goes
   * straight to the channel; otherwise it waits in the buffer. `onOutcome` is
   * called once, and must not throw.
   */
  readonly publishUnsafe: (
    message: Message,
    to: Address,
    options: SendOptions,
    onOutcome: (error: MessagingError | undefined) => void
  ) => void
  /** The live publishing channel; waits for the connection. */
  readonly channel: Effect.Effect<Channel, MessagingError>
  /** Connects ahead of the first publish. Fails when the first attempt does; a publish makes the next one. */
  readonly connect: Effect.Effect<void, MessagingError>
  /** The live connection, for channels of one's own; waits for it. */
  readonly connection: Effect.Effect<Connection, MessagingError>
}>()("@celeriac/messaging/Producer") {}

/** What is sent where, and how. */
export interface PublishOptions extends SendOptions {
  /** Default: the default exchange, which routes to the queue named by the routing key. */
  readonly exchange?: string | Exchange | undefined
  readonly routingKey?: string | undefined
  /**
   * What to do while the broker cannot be reached, or does not take the message. `true`, the default: wait
   * until the deadline. `false`: fail when the first attempt fails.
   * A policy: so many attempts more.
   */
  readonly retry?: boolean | RetryPolicy | undefined
  /** Left out: a string is sent as text, bytes as data, the rest as JSON. */
  readonly serializer?: string | Serializer | undefined
  readonly compression?: string | undefined
  readonly headers?: Headers | undefined
  readonly priority?: number | undefined
  /** How long the message may wait in a queue. */
  readonly expiration?: Duration.Input | undefined
  /** 1 transient, 2 persistent (the default). */
  readonly deliveryMode?: 1 | 2 | undefined
  /** The others: `correlationId`, `replyTo` and so on. */
  readonly properties?: Properties | undefined
}

/** Kombu's retry policy; the defaults are Kombu's too. */
export interface RetryPolicy {
  /** How many attempts after the first. Default 3; `Infinity` for until the deadline. */
  readonly maxRetries?: number | undefined
  /** The pause before the first of them. Default 0. */
  readonly intervalStart?: Duration.Input | undefined
  /** By how much each pause is longer than the last. Default 0.2 seconds. */
  readonly intervalStep?: Duration.Input | undefined
  /** The longest pause. Default 1 second. */
  readonly intervalMax?: Duration.Input | undefined
}

/** How a producer connects, and how much it keeps meanwhile. */
export interface ProducerOptions {
  /** Of the connection, as the broker's management pages show it. Default `celeriac producer`. */
  readonly name?: string | undefined
  /** Connect at once, and stay connected. Default false: connect when there is something to send. */
  readonly eager?: boolean | undefined
  /** Default 30 seconds. */
  readonly deadline?: Duration.Input | undefined
  /**
   * How many messages may wait for the connection, or for a broker that
   * blocks publishers. Default 10,000.
   */
  readonly buffer?: number | undefined
  /** The pauses between attempts to connect. When they end, who waits is told, and who asks next begins them again. Default: `Reconnect.schedule`. */
  readonly reconnect?: Schedule.Schedule<unknown, MessagingError> | undefined
  /** How long closing waits for outstanding confirms. Default 5 seconds. */
  readonly flush?: Duration.Input | undefined
}

/** A producer that lives as long as the scope. */
export const make: (
  options?: ProducerOptions
) => Effect.Effect<Producer["Service"], never, Transport | Scope.Scope> = Effect.fnUntraced(function*(options = {}) {
  const serializers = yield* Serializers
  const compressions = yield* Compressions
  const seals = yield* Seals
  const deadline = Duration.toMillis(options.deadline ?? "30 seconds")

  const link = yield* Link.make({
    transport: yield* Transport,
    name: options.name ?? "celeriac producer",
    eager: options.eager ?? false,
    reconnect: options.reconnect ?? Reconnect.schedule
  })
  const outbox = yield* Outbox.make(link, { buffer: options.buffer ?? 10_000, flush: options.flush ?? "5 seconds" })

  const send = (
    message: Message,
    to: Address,
    how: SendOptions,
    patient: boolean
  ): Effect.Effect<void, MessagingError> =>
    Effect.callback((resume) => {
      const takeBack = outbox.post(sealed(seals, message), to, how, how.deadline ?? deadline, patient, (error) =>
        resume(error === undefined ? Effect.void : Effect.fail(error)))
      return Effect.sync(takeBack)
    })

  return Producer.of({
    publish: (content, how) =>
      Effect.suspend(() => {
        const message: Result.Result<Message, MessagingError> = isMessage(content)
          ? Result.succeed(content)
          : Content.encode(content, { ...how, serializers, compressions })
        if (Result.isFailure(message)) return Effect.fail(message.failure)
        const whole = describe(message.success, how)
        const to = addressOf(how)
        const retry = how.retry ?? true
        return typeof retry === "object"
          ? retrying((left) => send(whole, to, { ...how, deadline: left }, false), how.deadline ?? deadline, retry, how)
          : send(whole, to, how, retry)
      }),
    publishUnsafe: (message, to, how, onOutcome) => {
      outbox.post(sealed(seals, message), to, how, how.deadline ?? deadline, true, onOutcome)
    },
    channel: Effect.map(outbox.live(true), ({ channel }) => channel),
    connect: Effect.asVoid(outbox.live(false)),
    connection: Effect.map(outbox.live(true), ({ connection }) => connection)
  })
})

/** What is sealed are tasks: results and events say nothing that their bodies do not. */
const sealed = (seals: Seals | undefined, message: Message): Message =>
  seals === undefined || message.headers.task === undefined ? message : seals.tasks.seal(message)

/** Kombu's retry: the attempts are counted, and all of them share the deadline, of which each is told what is left, in milliseconds. */
export const retrying = Effect.fnUntraced(function*(
  attempt: (millis: number) => Effect.Effect<void, MessagingError>,
  deadline: Duration.Input,
  policy: RetryPolicy,
  { idempotent }: Pick<SendOptions, "idempotent"> = {}
) {
  const end = (yield* Clock.currentTimeMillis) + Duration.toMillis(deadline)
  const step = Duration.toMillis(policy.intervalStep ?? 200)
  const longest = Duration.toMillis(policy.intervalMax ?? 1000)
  let pause = Duration.toMillis(policy.intervalStart ?? 0)
  for (let retries = 0;; retries++) {
    const left = Math.max(0, end - (yield* Clock.currentTimeMillis))
    const result = yield* Effect.result(attempt(left))
    if (Result.isSuccess(result)) return
    const { _tag } = result.failure.reason
    const again = _tag === "ConnectionLost" || _tag === "ChannelClosed" || _tag === "Nacked" ||
      (_tag === "OutcomeUnknown" && idempotent === true)
    if (!again || retries >= (policy.maxRetries ?? 3)) return yield* Effect.fail(result.failure)
    yield* Effect.sleep(Math.min(pause, longest))
    pause += step
  }
})

const isMessage = (content: unknown): content is Message =>
  typeof content === "object" && content !== null &&
  "body" in content && content.body instanceof Uint8Array &&
  "headers" in content && typeof content.headers === "object" && content.headers !== null &&
  "properties" in content && typeof content.properties === "object" && content.properties !== null

const describe = ({ body, headers, properties }: Message, how: PublishOptions): Message => ({
  body,
  // The compression is a fact about the body: no header of the caller's hides it.
  headers: how.headers === undefined ? headers : { ...how.headers, ...headers },
  properties: {
    deliveryMode: 2,
    ...properties,
    ...(how.properties === undefined ? {} : given(how.properties)),
    ...(how.deliveryMode === undefined ? {} : { deliveryMode: how.deliveryMode }),
    ...(how.priority === undefined ? {} : { priority: how.priority }),
    ...(how.expiration === undefined
      ? {}
      : { expiration: String(Math.max(0, Math.round(Duration.toMillis(how.expiration)))) })
  }
})

/** Without what is undefined: that is as good as left out. */
const given = <A extends object>(options: A): Partial<A> =>
  // Fewer of the same.
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<A>

const addressOf = ({ exchange = "", routingKey = "" }: PublishOptions): Address => ({
  exchange: typeof exchange === "string" ? exchange : exchange.name,
  routingKey
})

/** A producer over the transport at hand. */
export const layer = (options: ProducerOptions = {}): Layer.Layer<Producer, never, Transport> =>
  Layer.effect(Producer, make(options))
