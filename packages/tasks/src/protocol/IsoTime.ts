/**
 * Times as they stand in messages: ISO-8601 text, written as Python's
 * `isoformat` does and read as tolerantly as its parsers do.
 *
 * @since 0.1.0
 */

const pattern =
  /^(\d{4})-(\d\d?)-(\d\d?)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s?(Z|z|([+-])(\d\d):?(\d\d)(?::?(\d\d)(?:\.\d{1,9})?)?)?)?$/

const longestText = 64

/**
 * Milliseconds since the epoch (the fraction kept), or nothing when the text is
 * no time in the years 1 to 9999. A time without offset is UTC, a date is its
 * midnight.
 */
export const parse = (text: string): number | undefined => {
  const match = text.length > longestText ? null : pattern.exec(text)
  if (match === null) return undefined
  const millis = localMillis(match)
  if (millis === undefined) return undefined
  if (match[9] === undefined) return millis
  const hours = Number(match[10])
  const minutes = Number(match[11])
  const seconds = match[12] === undefined ? 0 : Number(match[12])
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined
  const offset = ((hours * 60 + minutes) * 60 + seconds) * 1000
  return match[9] === "-" ? millis + offset : millis - offset
}

/** Whether the text says which offset from UTC it means. */
export const isAware = (text: string): boolean => pattern.exec(text.slice(0, longestText))?.[8] !== undefined

const localMillis = (match: RegExpExecArray): number | undefined => {
  const year = Number(match[1])
  const month = Number(match[2])
  const day = Number(match[3])
  const hour = match[4] === undefined ? 0 : Number(match[4])
  const minute = match[5] === undefined ? 0 : Number(match[5])
  const second = match[6] === undefined ? 0 : Number(match[6])
  if (year < 1 || month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59) return undefined
  if (day > 28 && day > daysInMonth(year, month)) return undefined
  const fraction = match[7] === undefined ? 0 : Number(`0.${match[7]}`) * 1000
  // Date.UTC takes the years 0 to 99 for 1900 to 1999: 400 years are a whole number of days, and of leap cycles.
  return year < 100
    ? Date.UTC(year + 400, month - 1, day, hour, minute, second) - millisOf400Years + fraction
    : Date.UTC(year, month - 1, day, hour, minute, second) + fraction
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
