/**
 * Values that Python's JSON carries and JavaScript has no word for, and the
 * texts in which they travel.
 *
 * | Python | here |
 * |---|---|
 * | `datetime` | `DateTime.DateTime` of Effect; a naive one is written from a `PlainDateTime` too |
 * | `date`, `time` | `PlainDate`, `PlainTime` |
 * | `Decimal` | `BigDecimal` of Effect, trailing zeros kept |
 * | `UUID` | `Uuid` |
 * | `float` that is a whole number | `Float`: a number alone would be written as an `int` |
 *
 * A `DateTime` counts milliseconds and is always aware; Python's `datetime`
 * counts microseconds and may be naive (which Celery reads as UTC). What a
 * `DateTime` has no place for is remembered beside the very value that was
 * parsed: `isoformat` gives back the text that came, so a value that is passed
 * on arrives as it was sent. A value computed from it has its own text.
 *
 * @since 0.1.0
 */
import * as BigDecimal from "effect/BigDecimal"
import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as IsoTime from "./IsoTime.ts"

/** Python's `datetime.date`: a day of the calendar, of no zone. */
export class PlainDate extends Data.Class<{
  readonly year: number
  /** 1 to 12. */
  readonly month: number
  readonly day: number
}> {
  /** `2024-01-02`. */
  override toString(): string {
    return `${digits(this.year, 4)}-${digits(this.month, 2)}-${digits(this.day, 2)}`
  }
  toJSON(): string {
    return this.toString()
  }
}

/** Python's `datetime.time`: a time of day. */
export class PlainTime extends Data.Class<{
  readonly hour: number
  readonly minute: number
  readonly second: number
  readonly microsecond: number
  /** `+02:00`; empty when naive. */
  readonly offset: string
}> {
  /** `01:02:03`, `01:02:03.000678+02:00`. */
  override toString(): string {
    const micros = this.microsecond === 0 ? "" : `.${digits(this.microsecond, 6)}`
    return `${digits(this.hour, 2)}:${digits(this.minute, 2)}:${digits(this.second, 2)}${micros}${this.offset}`
  }
  toJSON(): string {
    return this.toString()
  }
}

/** Python's naive `datetime.datetime`: what a calendar and a clock show, of no zone. */
export class PlainDateTime extends Data.Class<{
  readonly year: number
  /** 1 to 12. */
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  readonly microsecond: number
}> {
  /** `2024-01-02T03:04:05.000678`. */
  override toString(): string {
    return `${new PlainDate(this)}T${new PlainTime({ ...this, offset: "" })}`
  }
  toJSON(): string {
    return this.toString()
  }
}

/** Python's `uuid.UUID`. A class, so that it is sent on as a UUID and not as a text. */
export class Uuid extends Data.Class<{
  /** 32 hexadecimal digits in lower case. */
  readonly hex: string
}> {
  /** With hyphens. */
  override toString(): string {
    return this.hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5")
  }
  toJSON(): string {
    return this.toString()
  }
}

/** Python's `float`, whatever its value: written as `1.0`, where a number is written as `1`. What is read is a number. */
export class Float extends Data.Class<{ readonly value: number }> {
  /** As Python's JSON has it. */
  override toString(): string {
    const { value } = this
    const text = Object.is(value, -0) ? "-0" : String(value)
    return Number.isInteger(value) && !text.includes("e") ? `${text}.0` : text
  }
  toJSON(): number {
    return this.value
  }
}

/** Reads what Python's `UUID(hex=...)` reads: hyphens, braces and a `urn:uuid:` do not count. */
export const parseUuid = (text: string): Uuid | undefined => {
  // The longest form has 45 characters; a hostile one may have millions.
  if (text.length > 64) return undefined
  const hex = text.replace(/urn:|uuid:/g, "").replace(/^[{}]+|[{}]+$/g, "").replaceAll("-", "").toLowerCase()
  return /^[0-9a-f]{32}$/.test(hex) ? new Uuid({ hex }) : undefined
}

/** Whether it travels as a type of Python's beyond JSON's own. */
export const isPythonValue = (value: object): boolean =>
  value instanceof Uint8Array || value instanceof Uuid || value instanceof Float || value instanceof PlainDate ||
  value instanceof PlainTime || value instanceof PlainDateTime || DateTime.isDateTime(value) ||
  BigDecimal.isBigDecimal(value)

/** `2024-01-02`. */
export const parseDate = (text: string): PlainDate | undefined => {
  const day = IsoTime.readDate(text)
  return day === undefined ? undefined : new PlainDate(day)
}

/** `01:02:03`, with microseconds and an offset where there are any. */
export const parseTime = (text: string): PlainTime | undefined => {
  const time = IsoTime.readTime(text)
  if (time === undefined) return undefined
  const { hour, microsecond, minute, offset, second } = time
  return new PlainTime({ hour, minute, second, microsecond, offset: /^z$/i.test(offset) ? "+00:00" : offset })
}

/** The texts of parsed values which say more than the value does. */
const texts = new WeakMap<DateTime.DateTime, string>()

/** Reads Python's `datetime.isoformat()`; a naive one is taken for UTC. */
export const parseDateTime = (text: string): DateTime.DateTime | undefined => {
  const fields = IsoTime.read(text)
  if (fields === undefined) return undefined
  const microsecond = fields.microsecond - fields.microsecond % 1000
  const millis = IsoTime.epochMillis(fields, { ...fields, microsecond })
  const value: DateTime.DateTime = fields.offsetMillis === 0
    ? DateTime.makeUnsafe(millis)
    : DateTime.makeZonedUnsafe(millis, { timeZone: DateTime.zoneMakeOffset(fields.offsetMillis) })
  if (isoformat(value) !== text) texts.set(value, text)
  return value
}

/** A naive `datetime.isoformat()`; nothing when it has an offset. */
export const parsePlainDateTime = (text: string): PlainDateTime | undefined => {
  const fields = IsoTime.read(text)
  if (fields === undefined || fields.offset !== "") return undefined
  const { day, hour, microsecond, minute, month, second, year } = fields
  return new PlainDateTime({ year, month, day, hour, minute, second, microsecond })
}

/** What was parsed without an offset, as what it was; nothing for every other value. */
export const toPlainDateTime = (value: DateTime.DateTime): PlainDateTime | undefined => {
  const text = texts.get(value)
  return text === undefined ? undefined : parsePlainDateTime(text)
}

/** As Python's `datetime.isoformat()`: `2024-01-02T03:04:05.678000+00:00`; exactly what was parsed, for a parsed value. */
export const isoformat = (value: DateTime.DateTime): string => {
  const text = texts.get(value)
  if (text !== undefined) return text
  const offset = DateTime.isZoned(value) ? DateTime.zonedOffset(value) : 0
  const local = new Date(value.epochMilliseconds + offset).toISOString()
  const fraction = local.endsWith(".000Z") ? "" : `${local.slice(-5, -1)}000`
  return `${local.slice(0, -5)}${fraction}${offsetText(offset)}`
}

const offsetText = (offset: number): string => {
  const seconds = Math.floor(Math.abs(offset) / 1000)
  const rest = seconds % 60
  return `${offset < 0 ? "-" : "+"}${digits(Math.floor(seconds / 3600), 2)}:${
    digits(Math.floor(seconds / 60) % 60, 2)
  }` +
    (rest === 0 ? "" : `:${digits(rest, 2)}`)
}

const digits = (value: number, width: number): string => String(value).padStart(width, "0")

/** As many digits as Python turns into an integer, and as large an exponent; more is an attack on whoever does the arithmetic. */
export const maxDigits = 4300

/** Parsed zeros that had a sign, which a `BigDecimal` has no place for. */
const negativeZeros = new WeakSet<BigDecimal.BigDecimal>()

/**
 * Reads `str(Decimal)`. `NaN` and the infinities, which `BigDecimal` does not
 * have, become numbers.
 */
export const parseDecimal = (text: string): BigDecimal.BigDecimal | number | undefined => {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,15}))?$/.exec(text)
  if (match === null) return special(text)
  const fraction = match[3] ?? ""
  const all = match[2]! + fraction
  if (all.length === 0 || all.length > maxDigits) return undefined
  if (Math.abs(Number(match[4] ?? 0)) > maxDigits) return undefined
  const digits = BigInt(all)
  const value = BigDecimal.make(match[1] === "-" ? -digits : digits, fraction.length - Number(match[4] ?? 0))
  if (match[1] === "-" && digits === 0n) negativeZeros.add(value)
  return value
}

const special = (text: string): number | undefined => {
  const match = /^([+-]?)(?:(s?nan)\d*|inf(?:inity)?)$/i.exec(text)
  return match === null ? undefined : match[2] !== undefined ? NaN : match[1] === "-" ? -Infinity : Infinity
}

/** As `str(Decimal)`: trailing zeros stay, and an exponent keeps the text short. */
export const formatDecimal = (value: BigDecimal.BigDecimal): string => {
  const sign = value.value < 0n || negativeZeros.has(value) ? "-" : ""
  const all = (value.value < 0n ? -value.value : value.value).toString()
  const point = all.length - value.scale
  if (value.scale < 0 || point <= -6) {
    const exponent = point - 1
    return `${sign}${all[0]}${all.length > 1 ? `.${all.slice(1)}` : ""}E${exponent < 0 ? "" : "+"}${exponent}`
  }
  if (value.scale === 0) return sign + all
  return point > 0
    ? `${sign}${all.slice(0, point)}.${all.slice(point)}`
    : `${sign}0.${"0".repeat(-point)}${all}`
}
