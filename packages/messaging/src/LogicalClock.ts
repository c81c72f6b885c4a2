/**
 * A Lamport clock: counts what happens, and never runs behind what it hears of.
 *
 * A worker has one for its life; it stamps its events, its replies and what it
 * asks of others. Source: Kombu's `clocks`, events section 3.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"

export class LogicalClock extends Context.Service<LogicalClock, {
  readonly value: () => number
  /** One more; gives the new value. */
  readonly forward: () => number
  /** Past what another clock said; gives the new value. What is no whole number of at least 0 is not listened to. */
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
