/**
 * A message as it travels: encoded bytes and what describes them.
 *
 * Used by everything above a `Transport`. What it means (a task, a result, an
 * event) is the business of the package that reads it.
 *
 * @since 0.1.0
 */
import type { Reason } from "./MessagingError.ts"

/** AMQP basic properties, in camelCase. Absent means not sent. */
export interface Properties {
  readonly contentType?: string | undefined
  readonly contentEncoding?: string | undefined
  /** 1 transient, 2 persistent. */
  readonly deliveryMode?: 1 | 2 | undefined
  readonly priority?: number | undefined
  readonly correlationId?: string | undefined
  readonly replyTo?: string | undefined
  /** Milliseconds, as decimal text: AMQP's own form. */
  readonly expiration?: string | undefined
  readonly messageId?: string | undefined
  /** Seconds since the epoch. */
  readonly timestamp?: number | undefined
  readonly type?: string | undefined
  readonly userId?: string | undefined
  readonly appId?: string | undefined
}

/** Application headers. Integers keep being integers for Python peers; see `@celeriac/amqp/FieldTable`. */
export type Headers = Readonly<Record<string, unknown>>

/** Bytes, and what describes them. */
export interface Message {
  readonly body: Uint8Array
  readonly headers: Headers
  readonly properties: Properties
}

/** Where a message is published to. */
export interface Address {
  /** The empty name is the default exchange: it routes to the queue named by the routing key. */
  readonly exchange: string
  readonly routingKey: string
}

/** How a delivery is settled. `reject` gives it to the dead-letter exchange, if any; `requeue` back to its queue. */
export type Settlement = "ack" | "reject" | "requeue"

/**
 * What became of a settlement: `settled`, or `already` (a second time), or
 * `stale` (its channel is gone: the broker will deliver the message again).
 */
export type SettleOutcome = "settled" | "already" | "stale"

/** A message handed to us, to be settled exactly once. */
export interface Delivery extends Message, Address {
  /** Unique within its channel. */
  readonly deliveryTag: number
  /** Empty for a delivery that was pulled with `get`. */
  readonly consumerTag: string
  readonly redelivered: boolean
  /**
   * Why the message is not all there: the transport dropped a body over its
   * limit (`TooLarge`; `body` is empty) or could not read the headers to their
   * end (`Undecodable`). `Content.decode` fails with it, `Consumer` rejects it.
   */
  readonly defect?: Reason | undefined
  /** Its channel is gone: the broker delivers the message again, unless it heard how it was settled. */
  readonly isLost: boolean
  /** How it was settled so far. One that needs no acknowledgement (`noAck`) comes as `ack`. */
  readonly settlement: Settlement | undefined
  /**
   * Settles it. A function and not an effect: the hot path calls it once per
   * message, and it neither waits nor fails. Transports may coalesce acks and
   * flush them at the end of the turn.
   */
  readonly settle: (settlement: Settlement) => SettleOutcome
  /**
   * It will be kept for long: from now on it takes as little memory as it can,
   * and is read again when it is looked at. A transport that holds its messages
   * anyway has none.
   */
  readonly condense?: (() => void) | undefined
}
