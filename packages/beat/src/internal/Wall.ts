/** The calendar of a clock on a wall: years, months and days of a count of milliseconds, without a zone. */

export const minuteMillis = 60_000
export const hourMillis = 3_600_000
export const dayMillis = 86_400_000

/** A date in Gregory's calendar; months from 1. */
interface Day {
  readonly year: number
  readonly month: number
  readonly day: number
}

export const dayOf = (wall: number): Day => {
  const date = new Date(wall)
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() }
}

/** Midnight of a date. */
export const midnight = (year: number, month: number, day: number): number => Date.UTC(year, month - 1, day)

/** 0 is Sunday, as crontab counts. */
export const weekdayOf = (wall: number): number => (((Math.floor(wall / dayMillis) + 4) % 7) + 7) % 7

export const daysIn = (year: number, month: number): number => new Date(Date.UTC(year, month, 0)).getUTCDate()

/** The last full unit at or before a time. */
export const floorTo = (wall: number, unit: number): number => Math.floor(wall / unit) * unit
