/**
 * How long to wait before what was lost is opened again: the one schedule of
 * everything that heals, `Session` and the worker's Consumer blueprint alike.
 *
 * A quarter of a second, doubling to five seconds, and each pause between
 * 0.8 and 1.2 times that. The cap comes before the jitter: when a broker has
 * been away for long, all who wait for it have come to the cap, and would
 * otherwise knock together. So the longest pause is six seconds, which leaves
 * four for the attempt, of the ten within which a broker that is back is found.
 *
 * | attempt | after a pause of |
 * |---|---|
 * | 1 | 0.20 to 0.30 s |
 * | 2 | 0.40 to 0.60 s |
 * | 3 | 0.80 to 1.20 s |
 * | 4 | 1.60 to 2.40 s |
 * | 5 | 3.20 to 4.80 s |
 * | 6 and more | 4 to 6 s |
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Schedule from "effect/Schedule"

/** Without end. `Schedule.upTo(schedule, { times })` gives up after so many attempts. */
export const schedule: Schedule.Schedule<Duration.Duration> = Schedule.min([
  Schedule.exponential("250 millis"),
  Schedule.spaced("5 seconds")
]).pipe(Schedule.jittered)
