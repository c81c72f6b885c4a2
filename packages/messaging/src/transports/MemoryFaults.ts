/**
 * Faults on demand: what can go wrong between a worker and its broker, at the
 * moment a test asks for it.
 *
 * Every fault is a function and not an effect, so that it can strike from
 * within a delivery.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type { Address, Message } from "../Message.ts"

/** A connection or a channel, to choose by. */
export interface ConnectionInfo {
  readonly id: number
  /** As given to `connect`. */
  readonly name: string
}

/** A channel, to choose by. */
export interface ChannelInfo {
  readonly connection: ConnectionInfo
  readonly id: number
  /** The queues it consumes. */
  readonly queues: ReadonlyArray<string>
  readonly unacked: number
}

/** What can be made to go wrong. `times` counts from the call on; `which` chooses, everything by default. */
export interface Faults {
  /** Drops every connection, or those chosen; how many. What they held unsettled is in its queue again. */
  readonly dropConnections: (detail?: string, which?: (connection: ConnectionInfo) => boolean) => number
  /** Drops every connection and loses everything that is not durable and persistent. */
  readonly restart: (detail?: string) => void
  /** Closes every channel, or those chosen, with a reply code and text; how many. */
  readonly closeChannels: (code: number, text: string, which?: (channel: ChannelInfo) => boolean) => number
  /** Cancels the consumers of a queue, which stays; how many. */
  readonly cancelConsumers: (queue: string) => number
  /** Puts a message into a queue as it is, as if another client had written it: nothing in it is checked. False without the queue. */
  readonly inject: (queue: string, message: Message) => boolean
  /** Refuses the next connects, or all of them until `allowConnects`. */
  readonly refuseConnects: (reason: "ConnectionLost" | "AccessRefused", times?: number) => void
  readonly allowConnects: () => void
  /**
   * As under a memory or disk alarm: publishes wait. One that waited past its
   * deadline failed with `PublishTimedOut`, and is stored all the same when the
   * alarm ends: bytes that are on their way arrive.
   */
  readonly blockPublishers: (reason: string) => void
  readonly unblockPublishers: () => void
  /** Stores the next messages and says nothing: their publishers wait for their deadline, or the end of the connection. */
  readonly loseConfirms: (times?: number) => void
  /** Stores the next messages and drops the connection before it confirms them: `OutcomeUnknown`. */
  readonly dropOnPublish: (times?: number) => void
  /** Refuses the next messages: `Nacked`. */
  readonly nackPublishes: (times?: number) => void
  /**
   * Refuses the messages that it chooses, for good: closes the channel of each,
   * as over a header that makes no sense. `vaguely`: without saying which
   * message it was, so that all that are under way are suspects.
   */
  readonly refusePublishes: (which: (message: Message, to: Address) => boolean, how?: "clearly" | "vaguely") => void
  /** Refuses larger bodies likewise, in bytes: RabbitMQ's `max_message_size`. */
  readonly limitMessageSize: (bytes: number) => void
  readonly delayConfirms: (by: Duration.Input) => void
  readonly delayDeliveries: (by: Duration.Input) => void
  /** Delivers the next messages, and each of them once more. */
  readonly duplicateDeliveries: (times?: number) => void
  /** Ends every fault that goes on. */
  readonly heal: () => void
}
