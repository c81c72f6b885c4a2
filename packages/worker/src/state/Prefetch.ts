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
const highest = 65_535

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

/** What is asked for beside the rule, or instead of it. */
export interface Asked {
  readonly more: number
  readonly instead: number | undefined
}

/** What is wanted in the end. What is unlimited stays so, and one message may always come. */
export const ask = (wanted: number, { instead, more }: Asked): number => {
  const base = instead ?? wanted
  return base === 0 ? 0 : Math.max(1, base + more)
}

/** What of a queue is held until it is due, or has come by channels that consume no more. */
export interface Outstanding {
  readonly heldHere: number
  readonly heldElsewhere: number
  /** Came by those channels, and is not held. */
  readonly busy: number
  /** So many may be held at most. */
  readonly most: number | undefined
}

/** What the broker is told for a channel. What is held is outstanding, but must not keep others from coming: unless it is too much. */
export const target = (wanted: number, { busy, heldElsewhere, heldHere, most = Infinity }: Outstanding): number => {
  if (wanted === 0) return 0
  const held = heldHere + heldElsewhere
  const free = Math.max(1, wanted - busy)
  const room = Math.max(0, most - held)
  return Math.min(highest, Math.max(1, heldHere + (held === 0 ? free : Math.min(free, room))))
}
