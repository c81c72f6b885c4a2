/**
 * How many slots a pool should have for what it has to do: a pure rule.
 *
 * Celery's grows at once to as many as there are tasks, running and waiting, and
 * shrinks when neither a task has come nor the pool has grown for a while. A rule
 * of your own is another function: `Autoscaler.layer(rule)`.
 *
 * @since 0.1.0
 */

/** Between how many slots. */
export interface Bounds {
  readonly max: number
  readonly min: number
}

/** How things stand. Times are milliseconds. */
export interface Load extends Bounds {
  /** Tasks that run or wait for a slot. */
  readonly qty: number
  /** Slots there are. */
  readonly current: number
  /** Since a task came, or the pool grew. Undefined before either. */
  readonly quietFor: number | undefined
  /** How long it has to be quiet before the pool shrinks. */
  readonly keepalive: number
}

/** How many slots there should be. Beyond the bounds, it is the nearer one. */
export type Rule = (load: Load) => number

/** Celery's. */
export const celery: Rule = ({ current, keepalive, max, min, qty, quietFor }) => {
  if (Math.min(qty, max) > current) return Math.min(qty, max)
  const enough = Math.max(qty, min)
  return enough < current && quietFor !== undefined && quietFor > keepalive ? enough : current
}

/** What a rule says, made to fit: a whole number within the bounds, and one slot at least. */
export const wanted = (rule: Rule, load: Load): number => {
  const slots = Math.floor(rule(load))
  if (Number.isNaN(slots)) return load.current
  return Math.max(1, Math.min(load.max, Math.max(load.min, slots)))
}
