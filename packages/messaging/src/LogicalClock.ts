/**
 * A Lamport clock: a number that grows with everything that is sent, and that is
 * never behind what was heard. Source: the specification of events, "clocks".
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"

export class LogicalClock extends Context.Service<LogicalClock, {
  readonly value: () => number
  /** One more. Gives what it is then. */
  readonly forward: () => number
  /** Not behind another: one more than the greater. What is no safe integer of at least 0 changes nothing. */
  readonly adjust: (other: number) => number
}>()("@celeriac/messaging/LogicalClock") {}

export const make = (initial = 0): LogicalClock["Service"] => {
  let value = initial
  return {
    value: () => value,
    forward: () => ++value,
    adjust: (other) => Number.isSafeInteger(other) && other >= 0 ? value = Math.max(value, other) + 1 : value
  }
}

export const layer: Layer.Layer<LogicalClock> = Layer.sync(LogicalClock, () => make())
