/** Which of the slots that were not sent in time are sent all the same. */
import type { Schedule } from "../Schedule.ts"

export interface Missed {
  /** How many, the newest ones. */
  readonly limit: number
  /** Milliseconds after which a slot is not sent any more. */
  readonly within: number
}

/** What a schedule says; it throws when that is not later. */
export const nextOf = (schedule: Schedule, after: number): number | undefined => {
  const next = schedule.next(after)
  if (next === undefined || next > after) return next
  throw new Error(`after ${after} it gave ${next}, which is not later`)
}

export interface Due {
  /** What is to be sent, in order. */
  readonly slots: ReadonlyArray<number>
  /** The newest slot that has come, whether it is sent or not: what the next one counts from. */
  readonly last: number
}

/** Looks at the slots after `last`, up to now. `undefined`: none has come. */
export const due = (schedule: Schedule, last: number, now: number, missed: Missed): Due | undefined => {
  const first = nextOf(schedule, last)
  if (first === undefined || first > now) return undefined
  const slots = newest(schedule, first, now, missed.limit)
  const oldest = now - missed.within
  return { slots: slots.filter((slot) => slot >= oldest), last: slots.at(-1)! }
}

/** The last slots up to now, of those from `first` on: at least one. */
const newest = (schedule: Schedule, first: number, now: number, limit: number): ReadonlyArray<number> => {
  const { every } = schedule
  if (every !== undefined) {
    const count = Math.floor((now - first) / every)
    const from = Math.max(0, count - limit + 1)
    return Array.from({ length: count - from + 1 }, (_, index) => first + (from + index) * every)
  }
  const second = nextOf(schedule, first)
  if (second === undefined || second > now) return [first]
  // What comes after an instant is asked of the schedule, not counted: so the search begins as late as it may.
  for (let span = (second - first) * limit * 2;; span *= 2) {
    const from = now - span
    const slots = from <= second ? following(schedule, first, now, limit) : after(schedule, from, now, limit)
    if (slots.length >= limit || from <= second) return slots
  }
}

const after = (schedule: Schedule, from: number, now: number, limit: number): ReadonlyArray<number> => {
  const next = nextOf(schedule, from)
  return next === undefined || next > now ? [] : following(schedule, next, now, limit)
}

const following = (schedule: Schedule, first: number, now: number, limit: number): ReadonlyArray<number> => {
  let slots = [first]
  for (;;) {
    const next = nextOf(schedule, slots.at(-1)!)
    if (next === undefined || next > now) return slots.slice(-limit)
    slots.push(next)
    if (slots.length > 2 * limit + 64) slots = slots.slice(-limit)
  }
}
