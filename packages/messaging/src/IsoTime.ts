/**
 * Times as they stand in messages: ISO-8601 text, written as Python's
 * `isoformat` does and read as tolerantly as its parsers do.
 *
 * @since 0.1.0
 */

/** A day of the calendar. */
export interface DateFields {
  readonly year: number
  /** 1 to 12. */
  readonly month: number
  readonly day: number
}

/** A time of day. */
export interface TimeFields {
  readonly hour: number
  readonly minute: number
  readonly second: number
  readonly microsecond: number
  /** As it stands there: `+02:00`, `Z`; empty when there is none. */
  readonly offset: string
  /** East of UTC; 0 when there is none. */
  readonly offsetMillis: number
}

const date = String.raw`(\d{4})-(\d\d?)-(\d\d?)`
const time = String
  .raw`(\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,15}))?)?(?:\s?(Z|z|[+-]\d\d:?\d\d(?::?\d\d(?:\.\d{1,9})?)?))?`
const datePattern = new RegExp(`^${date}$`)
const timePattern = new RegExp(`^${time}$`)
const pattern = new RegExp(`^${date}(?:[T ]${time})?$`)

const longestText = 64

/** `2024-01-02`: a day in the years 1 to 9999. */
export const readDate = (text: string): DateFields | undefined => {
  const match = datePattern.exec(text)
  return match === null ? undefined : dateFields(match)
}

/** `01:02:03`, with a fraction and an offset where there are any. */
export const readTime = (text: string): TimeFields | undefined => {
  const match = text.length > longestText ? null : timePattern.exec(text)
  return match === null ? undefined : timeFields(match, 1)
}

/** A day and a time of day; a day alone is its midnight. */
export const read = (text: string): DateFields & TimeFields | undefined => {
  const match = text.length > longestText ? null : pattern.exec(text)
  if (match === null) return undefined
  const day = dateFields(match)
  const time = match[4] === undefined ? midnight : timeFields(match, 4)
  return day === undefined || time === undefined ? undefined : { ...day, ...time }
}

/**
 * Milliseconds since the epoch (the fraction kept), or nothing when the text is
 * no time in the years 1 to 9999. A time without offset is UTC, a date is its
 * midnight.
 */
export const parse = (text: string): number | undefined => {
  const match = text.length > longestText ? null : pattern.exec(text)
  if (match === null) return undefined
  const day = dateFields(match)
  const time = match[4] === undefined ? midnight : timeFields(match, 4)
  return day === undefined || time === undefined ? undefined : epochMillis(day, time)
}

/** Whether the text says which offset from UTC it means. */
export const isAware = (text: string): boolean => pattern.exec(text.slice(0, longestText))?.[8] !== undefined

/** Milliseconds since the epoch, the fraction kept. */
export const epochMillis = (day: DateFields, time: TimeFields): number => {
  const { hour, microsecond, minute, offsetMillis, second } = time
  const fraction = microsecond / 1000 - offsetMillis
  // Date.UTC takes the years 0 to 99 for 1900 to 1999: 400 years are a whole number of days, and of leap cycles.
  return day.year < 100
    ? Date.UTC(day.year + 400, day.month - 1, day.day, hour, minute, second) - millisOf400Years + fraction
    : Date.UTC(day.year, day.month - 1, day.day, hour, minute, second) + fraction
}

const dateFields = (match: RegExpExecArray): DateFields | undefined => {
  const year = Number(match[1])
  const month = Number(match[2])
  const day = Number(match[3])
  if (year < 1 || month < 1 || month > 12 || day < 1 || (day > 28 && day > daysInMonth(year, month))) return undefined
  return { year, month, day }
}

/** `first` is the number of the group of the hour. */
const timeFields = (match: RegExpExecArray, first: number): TimeFields | undefined => {
  const hour = Number(match[first])
  const minute = Number(match[first + 1])
  const second = Number(match[first + 2] ?? 0)
  const fraction = match[first + 3]
  const offset = match[first + 4] ?? ""
  const offsetMillis = offset === "" || offset === "Z" || offset === "+00:00" ? 0 : readOffset(offset)
  if (hour > 23 || minute > 59 || second > 59 || offsetMillis === undefined) return undefined
  const microsecond = fraction === undefined ? 0 : Number(fraction.slice(0, 6).padEnd(6, "0"))
  return { hour, minute, second, microsecond, offset, offsetMillis }
}

const midnight: TimeFields = { hour: 0, minute: 0, second: 0, microsecond: 0, offset: "", offsetMillis: 0 }

const offsetPattern = /^([+-])(\d\d):?(\d\d)(?::?(\d\d)(\.\d+)?)?$/

const readOffset = (offset: string): number | undefined => {
  const match = offsetPattern.exec(offset)
  if (match === null) return 0
  const [hours, minutes, seconds] = [Number(match[2]), Number(match[3]), Number(match[4] ?? 0)]
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined
  const millis = ((hours * 60 + minutes) * 60 + seconds) * 1000 + Math.round(Number(match[5] ?? 0) * 1000)
  return match[1] === "-" ? -millis : millis
}

const millisOf400Years = 146_097 * 86_400_000

const daysInMonth = (year: number, month: number): number =>
  month === 2
    ? (year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28)
    : month === 4 || month === 6 || month === 9 || month === 11
    ? 30
    : 31

/**
 * `2026-11-20T23:15:56.922000+00:00`: as Python writes an aware time in UTC,
 * without a fraction when there is none. Times outside the years 1 to 9999 are
 * brought to the nearest one inside.
 */
export const format = (epochMillis: number): string => {
  const millis = Math.min(Math.max(Math.floor(epochMillis), earliest), latest)
  const text = new Date(millis).toISOString()
  return millis % 1000 === 0 ? `${text.slice(0, 19)}+00:00` : `${text.slice(0, 23)}000+00:00`
}

/** Text stays as it is, milliseconds since the epoch are written. */
export const text = (time: string | number | undefined): string | undefined =>
  typeof time === "number" ? format(time) : time

const earliest = -62_135_596_800_000
const latest = 253_402_300_799_999
