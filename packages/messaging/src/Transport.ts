/**
 * The seam between messaging and a broker.
 *
 * A transport opens connections, a connection opens channels, and a channel
 * does the work. Each is scoped: closing the scope closes the thing. Implement
 * this module to support a new broker, then run
 * `testing/TransportConformance.suite` against the implementation.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { Arguments, Exchange, ExchangeType, Queue } from "./Entity.ts"
import type { Address, Delivery, Message } from "./Message.ts"
import type { MessagingError } from "./MessagingError.ts"

/** Opens connections to a broker. */
export class Transport extends Context.Service<Transport, {
  /** `amqp`, `memory`, ... as seen in logs and `inspect stats`. */
  readonly driver: string
  /** Where it connects to, without the password. */
  readonly uri: string
  /** The exchange types the broker routes; `fanout` is what remote control and gossip need. */
  readonly exchangeTypes: ReadonlySet<ExchangeType>
  readonly connect: (options?: ConnectOptions) => Effect.Effect<Connection, MessagingError, Scope.Scope>
}>()("@celeriac/messaging/Transport") {}

/** What a connection is called. */
export interface ConnectOptions {
  /** Shown by the broker's management pages. */
  readonly name?: string | undefined
}

/** What both sides agreed on, and where else could have been connected to. */
export interface ConnectionTerms {
  /** Seconds between heartbeats; 0 without. */
  readonly heartbeat: number
  /** How long connecting may take, in seconds. */
  readonly connectTimeout: number
  readonly isEncrypted: boolean
  /** `PLAIN`, `EXTERNAL`. */
  readonly loginMethod: string
  /** How the next of several brokers is chosen. */
  readonly failover: string
  /** The others of the failover list, without their passwords. */
  readonly alternates: ReadonlyArray<string>
  /** Who answers, as it says: `RabbitMQ`, `3.13.7`. */
  readonly server?: { readonly product: string; readonly version: string } | undefined
}

/** An open connection. */
export interface Connection {
  /** Where we are connected (the member of a failover list), without the password. */
  readonly uri: string
  readonly openChannel: () => Effect.Effect<Channel, MessagingError, Scope.Scope>
  /** Never succeeds; fails when the broker goes away. Closing the scope ourselves is no loss. */
  readonly lost: Effect.Effect<never, MessagingError>
  /** Why the broker blocks publishers at the moment (memory or disk alarm), if it does. */
  readonly blocked: () => string | undefined
  /** How it is connected, for `inspect stats`. */
  readonly terms?: ConnectionTerms | undefined
}

/** How one message is published. */
export interface PublishOptions {
  /** Fail with `Unroutable` when the message reaches no queue. Default true. */
  readonly mandatory?: boolean | undefined
  /** How long to wait for the confirm before failing with `PublishTimedOut`. Default 30 seconds. */
  readonly deadline?: Duration.Input | undefined
}

/** How a queue is consumed, and who gets the messages. */
export interface ConsumeOptions {
  /** How many deliveries may be outstanding; 0 is unlimited. */
  readonly prefetch: number
  /** The broker forgets a message once it is sent: nothing to settle. Default false. */
  readonly noAck?: boolean | undefined
  readonly exclusive?: boolean | undefined
  readonly consumerTag?: string | undefined
  readonly arguments?: Arguments | undefined
  /**
   * Called once per message, in order, synchronously; the first call may come
   * before `consume` has returned. It must not throw. Look at `defect` before
   * the rest of a delivery: `Content.decode` does.
   */
  readonly onDelivery: (delivery: Delivery) => void
}

/** A consumer at the broker. Closing the scope it was made in cancels it. */
export interface Subscription {
  readonly consumerTag: string
  /** Stop deliveries; what is outstanding can still be settled. A second call does nothing. */
  readonly cancel: Effect.Effect<void, MessagingError>
  /** Change how many deliveries may be outstanding. */
  readonly setPrefetch: (prefetch: number) => Effect.Effect<void, MessagingError>
}

/** A queue at one moment: messages that nobody holds, and consumers. */
export interface QueueState {
  readonly name: string
  readonly messageCount: number
  readonly consumerCount: number
}

/**
 * A channel of a connection. Operations on one channel take effect in the
 * order they are made.
 */
export interface Channel {
  readonly declareExchange: (exchange: Exchange) => Effect.Effect<void, MessagingError>
  /** Succeeds when an exchange of this name exists; fails with `NotFound` (and closes the channel) when it does not. */
  readonly checkExchange: (exchange: string) => Effect.Effect<void, MessagingError>
  /** Declares the queue alone; `Topology.declareQueue` also declares and binds its exchanges. An empty name asks the broker for one. */
  readonly declareQueue: (queue: Queue) => Effect.Effect<QueueState, MessagingError>
  /** The state of a queue that exists; fails with `NotFound` (and closes the channel) when it does not. */
  readonly queueState: (queue: string) => Effect.Effect<QueueState, MessagingError>
  readonly bindQueue: (
    queue: string,
    exchange: string,
    routingKey: string,
    args?: Arguments
  ) => Effect.Effect<void, MessagingError>
  readonly unbindQueue: (
    queue: string,
    exchange: string,
    routingKey: string,
    args?: Arguments
  ) => Effect.Effect<void, MessagingError>
  readonly bindExchange: (
    destination: string,
    source: string,
    routingKey: string,
    args?: Arguments
  ) => Effect.Effect<void, MessagingError>
  /** How many messages went. */
  readonly purgeQueue: (queue: string) => Effect.Effect<number, MessagingError>
  readonly deleteQueue: (queue: string) => Effect.Effect<number, MessagingError>
  readonly deleteExchange: (exchange: string) => Effect.Effect<void, MessagingError>

  /**
   * Succeeds when the broker has confirmed that it took the message. What a
   * failure says about sending it again:
   *
   * * `ChannelClosed`, `ConnectionLost`: never sent, safe to send again;
   * * `OutcomeUnknown`: sent, and the channel went before the confirm. It may
   *   have been stored, and sending it again may store it twice;
   * * `PublishTimedOut`: never sent when it has `unsent`, else not known;
   * * `Unroutable`, `Nacked`: the broker did not store it;
   * * `MessageRefused`, `TooLarge`, `NotFound`: neither, and it closed the
   *   channel because of this message, unless that was known before it was
   *   sent. What was sent after it is `ChannelClosed`, for the broker did not
   *   look at it; what was sent before it, and not confirmed, `OutcomeUnknown`;
   * * `BufferFull`, `Unencodable`: never sent, for a reason of ours.
   */
  readonly publish: (
    message: Message,
    to: Address,
    options?: PublishOptions
  ) => Effect.Effect<void, MessagingError>

  /**
   * `publish` without an effect, for the hot path: `onOutcome` is called once,
   * with nothing or with the error, maybe before this returns. It must not
   * throw. Any number may be under way. When it is called with nothing, or with
   * `Unroutable`, nobody reads the message any more: its body may be written over.
   */
  readonly publishUnsafe: (
    message: Message,
    to: Address,
    options: PublishOptions,
    onOutcome: (error: MessagingError | undefined) => void
  ) => void

  /** Pull one message, if there is one. */
  readonly get: (queue: string, options?: { readonly noAck?: boolean }) => Effect.Effect<
    Option.Option<Delivery>,
    MessagingError
  >

  /** Push: deliveries are handed to `onDelivery` until the subscription is cancelled or its scope closed. */
  readonly consume: (
    queue: string,
    options: ConsumeOptions
  ) => Effect.Effect<Subscription, MessagingError, Scope.Scope>

  /**
   * Never succeeds; fails when the broker closed the channel (`ChannelClosed`,
   * whatever the code: a new channel may do), cancelled one of its consumers
   * (`ConsumerCancelled`), or the connection is gone (`ConnectionLost`).
   * Whoever asks late is told too. Closing the scope ourselves is no loss.
   */
  readonly lost: Effect.Effect<never, MessagingError>
}
