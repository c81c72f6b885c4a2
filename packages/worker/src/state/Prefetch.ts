/**
 * How many messages a worker may hold that it has not settled: a pure rule.
 *
 * Too few throttles fast tasks: the broker waits for acks before it sends more
 * (16 outstanding no-op tasks reach 0.4 of what a bare loop does). Too many
 * hoards slow ones: they wait here while other workers are idle. So the
 * adaptive rule, which is the default, holds a little over what is running,
 * plus what this worker gets done in a tenth of a second as it has been
 * measured: a thousand no-op tasks, four tasks of a second.
 *
 * A fixed count, Celery's `worker_prefetch_multiplier`, is there for those who
 * want it.
 *
 * @since 0.1.0
 */

export type Prefetch =
  | "adaptive"
  /** Celery's rule: `concurrency` times this; 0 is unlimited. */
  | { readonly multiplier: number }
  /** Exactly this many; 0 is unlimited. */
  | { readonly count: number }

/** Celery's default multiplier: where the adaptive rule starts, and does not go below. */
const baseMultiplier = 4

/** How much work, in milliseconds of what was measured, may wait here. */
const horizonMillis = 100

/** More than this gains nothing: a bare loop is as fast at 1,000 as at 10,000. */
export const ceiling = 1_000

/** AMQP carries the count in 16 bits: beyond, it is unlimited. */
export const highest = 65_535

/** What the consumer starts with. */
export const initial = (policy: Prefetch, concurrency: number): number => {
  if (policy === "adaptive") return Math.min(highest, concurrency * baseMultiplier)
  const count = "count" in policy ? policy.count : concurrency * policy.multiplier
  return count > highest || count < 0 ? 0 : Math.floor(count)
}

/**
 * What the consumer goes on with, given that `settled` messages were settled in
 * the last `millis`. Small changes are not worth a round trip to the broker:
 * it grows by half or more, and shrinks to a quarter or less.
 */
export const next = (
  policy: Prefetch,
  concurrency: number,
  current: number,
  settled: number,
  millis: number
): number => {
  if (policy !== "adaptive" || millis <= 0) return current
  const base = initial(policy, concurrency)
  const wanted = Math.min(
    Math.max(ceiling, base),
    Math.max(base, base + Math.ceil((settled / millis) * horizonMillis))
  )
  if (wanted >= current * 1.5) return wanted
  if (wanted * 4 <= current) return wanted
  return current
}

/** What it goes on with when the pool has `concurrency` slots from now on. A measured count shrinks by measuring again. */
export const resized = (policy: Prefetch, concurrency: number, current: number): number => {
  const base = initial(policy, concurrency)
  return policy === "adaptive" ? Math.max(current, base) : base
}
