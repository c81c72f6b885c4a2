/**
 * What a producer and its outbox are told about the way of one message. Users
 * know it as `Producer.SendOptions`.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type { Exchange, Queue } from "../Entity.ts"

/** How one message is sent. */
export interface SendOptions {
  /** Declared before the message is sent, once per connection. What may vanish by itself is declared every time. */
  readonly declare?: ReadonlyArray<Queue | Exchange>
  /** How long until the confirm, waiting for the connection included. Default: the producer's. */
  readonly deadline?: Duration.Input
  /** Fail with `Unroutable` when it reaches no queue. Default true. */
  readonly mandatory?: boolean
  /** Storing it twice does no harm: it may be sent again when the outcome is unknown. Default false. */
  readonly idempotent?: boolean
}
