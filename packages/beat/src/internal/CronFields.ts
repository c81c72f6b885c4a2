/**
 * When the clocks next show a time that a crontab names: Celery's rules
 * (celery/schedules.py, `remaining_delta`) on a clock without a zone. All fields
 * must agree, the two of days too.
 */
import { dayMillis, dayOf, daysIn, floorTo, hourMillis, midnight, minuteMillis, weekdayOf } from "./Wall.ts"

/** Sorted numbers, each field with one at least. */
export interface CronFields {
  readonly minutes: ReadonlyArray<number>
  readonly hours: ReadonlyArray<number>
  readonly daysOfWeek: ReadonlyArray<number>
  readonly daysOfMonth: ReadonlyArray<number>
  readonly months: ReadonlyArray<number>
}

/** 29 February falls on each day of the week within 40 years, also where a century skips one. */
const monthsAhead = 12 * 41

/** The first time after another. `undefined` of a date that never is. */
export const nextWall = (fields: CronFields, wall: number): number | undefined => {
  const today = floorTo(wall, dayMillis)
  if (isDay(fields, today)) {
    const hour = Math.floor((wall - today) / hourMillis)
    const minute = Math.floor((wall - today) / minuteMillis) % 60
    const later = fields.hours.includes(hour) ? above(fields.minutes, minute) : undefined
    if (later !== undefined) return today + hour * hourMillis + later * minuteMillis
    const next = above(fields.hours, hour)
    if (next !== undefined) return today + next * hourMillis + fields.minutes[0]! * minuteMillis
  }
  const day = nextDay(fields, today)
  return day === undefined ? undefined : day + fields.hours[0]! * hourMillis + fields.minutes[0]! * minuteMillis
}

const above = (sorted: ReadonlyArray<number>, value: number): number | undefined =>
  sorted.find((candidate) => candidate > value)

const isDay = (fields: CronFields, today: number): boolean => {
  const { day, month } = dayOf(today)
  return fields.months.includes(month) && fields.daysOfMonth.includes(day) &&
    fields.daysOfWeek.includes(weekdayOf(today))
}

const nextDay = (fields: CronFields, today: number): number | undefined => {
  const start = dayOf(today)
  for (let ahead = 0; ahead < monthsAhead; ahead++) {
    const month = (start.month - 1 + ahead) % 12 + 1
    if (!fields.months.includes(month)) continue
    const year = start.year + Math.floor((start.month - 1 + ahead) / 12)
    const days = daysIn(year, month)
    for (const day of fields.daysOfMonth) {
      if (day > days) break
      const found = midnight(year, month, day)
      if (found > today && fields.daysOfWeek.includes(weekdayOf(found))) return found
    }
  }
  return undefined
}
