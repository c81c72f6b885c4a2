/**
 * When an interval ends that is kept to the clock: Celery's `relative`
 * (celery/utils/time.py, `remaining`).
 *
 * From a day on, it ends at the midnight of a local day; from an hour on, at the
 * last full hour of the clock within it, from a minute on at the last full minute,
 * below at the last full second.
 */
import { dayMillis, floorTo, hourMillis, minuteMillis } from "./Wall.ts"
import type { Zone } from "./Zone.ts"

/** The end of an interval, in milliseconds, from a start. After it, but for intervals below a second. */
export const alignedEnd = (zone: Zone, start: number, every: number): number => {
  const end = start + every
  if (every >= dayMillis) {
    const local = zone.wallOf(start) + every
    const future = occurrences(zone, local, dayMillis).filter((instant) => instant > start)
    return future.length === 0 ? zone.instantOf(local) : Math.min(...future)
  }
  const unit = every >= hourMillis ? hourMillis : every >= minuteMillis ? minuteMillis : 1000
  const rounded = lastBefore(occurrences(zone, zone.wallOf(end), unit), end)
  if (unit === 1000 || rounded > start) return rounded
  // Clocks that were put back by part of an hour: the next full unit, or the one of the calendar.
  const others = [
    ...occurrences(zone, zone.wallOf(end), unit),
    ...occurrences(zone, zone.wallOf(end) + unit, unit),
    ...occurrences(zone, zone.wallOf(start) + every, unit)
  ].filter((instant) => instant > start)
  return others.length === 0 ? end : lastBefore(others, end)
}

/** Both instants at which the clocks show the full unit at or before a time. */
const occurrences = (zone: Zone, wall: number, unit: number): ReadonlyArray<number> =>
  zone.instantsOf(floorTo(wall, unit))

const lastBefore = (instants: ReadonlyArray<number>, end: number): number => {
  const before = instants.filter((instant) => instant <= end)
  return before.length === 0 ? Math.min(...instants) : Math.max(...before)
}
