/**
 * Values without parts as Python prints them, and the parts of those that have
 * some: what `PythonRepr` puts together.
 *
 * @since 0.1.0
 */
import * as IsoTime from "@celeriac/messaging/IsoTime"
import * as PythonValue from "@celeriac/messaging/PythonValue"
import * as BigDecimal from "effect/BigDecimal"
import * as DateTime from "effect/DateTime"
import * as Redacted from "effect/Redacted"
import { quoteText } from "./PythonQuote.ts"

/** An object, as JSON has it: a dict. */
export type Members = Readonly<Record<string, unknown>>

/** What has no parts; undefined for text, bytes and what has parts. */
export const scalar = (value: unknown): string | undefined => {
  switch (typeof value) {
    case "number":
      return number(value)
    case "boolean":
      return value ? "True" : "False"
    case "bigint":
      return value.toString()
    case "string":
      return undefined
    case "undefined":
      return "None"
    case "function":
      return `<function ${value.name}>`
    case "symbol":
      return `<${value.toString()}>`
    case "object":
      if (value === null) return "None"
      if (Array.isArray(value)) return undefined
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null ? undefined : special(value)
}

/** Objects that Python has a type for. */
const special = (value: object): string | undefined => {
  if (value instanceof Uint8Array) return undefined
  if (value instanceof Date) {
    return Number.isNaN(value.getTime()) ? "None" : datetime(PythonValue.isoformat(DateTime.makeUnsafe(value)))
  }
  if (DateTime.isDateTime(value)) return datetime(PythonValue.isoformat(value))
  if (value instanceof PythonValue.PlainDateTime) return datetime(value.toString())
  if (value instanceof PythonValue.PlainDate) return `datetime.date(${value.year}, ${value.month}, ${value.day})`
  if (value instanceof PythonValue.PlainTime) {
    return `datetime.time(${value.hour}, ${value.minute}${tail(value.second, value.microsecond)}${zone(value.offset)})`
  }
  if (BigDecimal.isBigDecimal(value)) return `Decimal('${PythonValue.formatDecimal(value)}')`
  if (value instanceof PythonValue.Float) return float(value.value)
  if (value instanceof PythonValue.Uuid) return `UUID('${value.toString()}')`
  if (Redacted.isRedacted(value)) return "'****'"
  if (value instanceof Error) return `${value.name}(${quoteText(value.message)})`
  return undefined
}

export const isList = (parts: ReadonlyArray<unknown> | Members): parts is ReadonlyArray<unknown> => Array.isArray(parts)

/** The parts of what has parts, as JSON has them: each is asked for once. */
export const open = (value: unknown): ReadonlyArray<unknown> | Members => {
  if (Array.isArray(value)) return value
  if (value instanceof Set) return [...value]
  if (value instanceof Map) return Object.fromEntries(value)
  const members = value as Members // values of every other type were printed before
  if (typeof members.toJSON !== "function") return members
  const json: unknown = members.toJSON()
  return typeof json === "object" && json !== null ? json as Members : [json]
}

/**
 * Integers up to 2^53 are Python's, larger ones are floats, and so they are
 * sent. The digits are the shortest in both languages, but not the exponents.
 */
const number = (value: number): string => {
  if (Number.isSafeInteger(value)) return value === 0 ? "0" : String(value)
  return float(value)
}

const float = (value: number): string => {
  if (Number.isNaN(value)) return "nan"
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0"
  const size = Math.abs(value)
  if (size === Infinity) return value > 0 ? "inf" : "-inf"
  if (size >= 1e-4 && size < 1e16) return Number.isInteger(value) ? `${value}.0` : String(value)
  const text = value.toExponential()
  const digits = text.lastIndexOf("e") + 2
  return text.length - digits === 1 ? `${text.slice(0, digits)}0${text.slice(digits)}` : text
}

const datetime = (isoformat: string): string => {
  const fields = IsoTime.read(isoformat)
  if (fields === undefined) return quoteText(isoformat)
  const { day, hour, microsecond, minute, month, offset, second, year } = fields
  return `datetime.datetime(${year}, ${month}, ${day}, ${hour}, ${minute}${tail(second, microsecond)}${zone(offset)})`
}

const tail = (second: number, micros: number): string =>
  micros > 0 ? `, ${second}, ${micros}` : second > 0 ? `, ${second}` : ""

const zone = (offset: string): string => {
  const match = /^([+-])(\d\d):?(\d\d)(?::?(\d\d))?/.exec(offset)
  if (match === null) return offset === "" ? "" : ", tzinfo=datetime.timezone.utc"
  const seconds = Number(match[2]) * 3600 + Number(match[3]) * 60 + Number(match[4] ?? 0)
  if (seconds === 0) return ", tzinfo=datetime.timezone.utc"
  const delta = match[1] === "-" ? `days=-1, seconds=${86_400 - seconds}` : `seconds=${seconds}`
  return `, tzinfo=datetime.timezone(datetime.timedelta(${delta}))`
}
