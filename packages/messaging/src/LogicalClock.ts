/**
 * Lamport's logical clock: a counter by which the nodes of a cluster order what
 * they tell each other, without their watches having to agree.
 *
 * Whoever sends (an event, a control command, a reply) counts on by one and
 * sends the number along; whoever hears of a greater number goes on from there.
 * A worker has one for its life. Functions and not effects: it is asked for
 * every event. Source: protocol of events §6, Kombu's `LamportClock`.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"

/** A clock of whole numbers from 0 on. */
export class LogicalClock extends Context.Service<LogicalClock, {
  /** As it stands. */
  readonly value: () => number
  /** One on, for something of our own that is to be sent; as it stands then. */
  readonly forward: () => number
  /** To one behind the later of both, for something that was heard of; as it stands then. What is no time of such a clock is ignored. */
  readonly adjust: (other: number) => number
}>()("@celeriac/messaging/LogicalClock") {}

/**
 * The latest time that is believed: 2^52. Nobody counts that far, and whoever
 * says so would leave no room to count on.
 */
export const latest = 2 ** 52

/** Whether it may have come from such a clock: a whole number from 0 to `latest`. */
export const isTime = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value <= latest

/** A clock that begins at `initial`, 0 by default. */
export const make = (initial = 0): LogicalClock["Service"] => {
  let now = isTime(initial) ? initial : 0
  return {
    value: () => now,
    forward: () => ++now,
    adjust: (other) => isTime(other) ? now = Math.max(now, other) + 1 : now
  }
}

/** A clock of its own. */
export const layer: Layer.Layer<LogicalClock> = Layer.sync(LogicalClock, () => make())
