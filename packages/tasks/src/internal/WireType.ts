/**
 * Types that the wire has a word for beyond JSON's own, such as Python's
 * `datetime`, and how their values are written and read.
 *
 * `Wire` puts them where a schema has a value of one; `Python` declares more.
 * Read is also the text that older peers write in their place, where nothing
 * else in the schema is text.
 *
 * @since 0.1.0
 */
import * as IsoTime from "@celeriac/messaging/IsoTime"
import * as PythonValue from "@celeriac/messaging/PythonValue"
import * as BigDecimal from "effect/BigDecimal"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaTransformation from "effect/SchemaTransformation"

/** What JSON, with Python's types, tells apart by itself. */
type Kind = "null" | "boolean" | "number" | "text" | "bytes" | "date" | "datetime" | "decimal" | "time" | "uuid"

/** A type, and its form on the wire. */
export interface WireType<in out A> {
  readonly kind: Kind
  /** In words, for a refusal: `a datetime`. */
  readonly expected: string
  /** Undefined is: too much of it for any reader. */
  readonly write: (value: A) => unknown
  /** Undefined is: it is none. */
  readonly read: (wire: unknown) => A | undefined
  /** The same, from what Kombu up to 5.2 writes. */
  readonly readText?: (text: string) => A | undefined
}

/** Where a declaration says its own `WireType`. */
export const annotation = "@celeriac/tasks/WireType"

const kinds = "@celeriac/tasks/WireType/kinds"

/** What the wire's side of a type reads; undefined when `ast` is none. */
export const kindsOf = (ast: SchemaAST.AST): ReadonlyArray<Kind> | undefined =>
  // `toSchema` alone annotates so.
  ast.annotations?.[kinds] as ReadonlyArray<Kind> | undefined

/** `strict` reads no text. */
export const toSchema = <A>(type: WireType<A>, to: SchemaAST.AST, strict: boolean): SchemaAST.AST => {
  const { expected, read, write } = type
  const readText = strict ? undefined : type.readText
  const from = Schema.Any.annotate({ [kinds]: readText === undefined ? [type.kind] : [type.kind, "text"] })
  const refuse = (value: unknown, options: SchemaAST.ParseOptions) =>
    Effect.fail(new SchemaIssue.InvalidValue({ expected }, value, options))
  return SchemaAST.decodeTo(
    from.ast,
    to,
    SchemaTransformation.transformEffect<A, unknown>({
      decode: (wire, options) => {
        const value = typeof wire === "string" ? readText?.(wire) : read(wire)
        return value === undefined ? refuse(wire, options) : Effect.succeed(value)
      },
      encode: (value, options) => {
        const wire = write(value)
        return wire === undefined ? refuse(value, options) : Effect.succeed(wire)
      }
    })
  )
}

const mostDigits = 10n ** BigInt(PythonValue.maxDigits)

const toBigInt = (wire: unknown): bigint | undefined =>
  typeof wire === "bigint" ? wire : Number.isSafeInteger(wire) ? BigInt(wire as number) : undefined

export const integer: WireType<bigint> = {
  kind: "number",
  expected: `an integer of at most ${PythonValue.maxDigits} digits`,
  write: (value) => value < mostDigits && value > -mostDigits ? value : undefined,
  read: toBigInt
}

/** The one integer. */
export const integerLiteral = (literal: bigint): WireType<bigint> => ({
  kind: "number",
  expected: String(literal),
  write: (value) => value,
  read: (wire) => toBigInt(wire) === literal ? literal : undefined
})

const isInPythonsYears = (millis: number): boolean => millis >= -62_135_596_800_000 && millis <= 253_402_300_799_999

/** In whole seconds, and less than a day. */
const isPythonsOffset = (millis: number): boolean => millis % 1000 === 0 && Math.abs(millis) < 86_400_000

/** Whether Python could have it as an aware `datetime`. */
export const hasPythonForm = (value: DateTime.DateTime): boolean => {
  const offset = DateTime.isZoned(value) ? DateTime.zonedOffset(value) : 0
  return isInPythonsYears(value.epochMilliseconds + offset) && isPythonsOffset(offset)
}

const textToMillis = (text: string): number | undefined => {
  const millis = IsoTime.parse(text)
  return millis === undefined ? undefined : Math.floor(millis)
}

const date: WireType<Date> = {
  kind: "datetime",
  expected: "a datetime in the years 1 to 9999",
  write: (value) => isInPythonsYears(value.getTime()) ? DateTime.makeUnsafe(value) : undefined,
  read: (wire) => DateTime.isDateTime(wire) ? new Date(wire.epochMilliseconds) : undefined,
  readText: (text) => {
    const millis = textToMillis(text)
    return millis === undefined ? undefined : new Date(millis)
  }
}

const utc: WireType<DateTime.Utc> = {
  kind: "datetime",
  expected: date.expected,
  write: (value) => hasPythonForm(value) ? value : undefined,
  // The very value, where it can be: its microseconds are remembered.
  read: (wire) => DateTime.isDateTime(wire) ? DateTime.isUtc(wire) ? wire : DateTime.toUtc(wire) : undefined,
  readText: (text) => {
    const value = PythonValue.parseDateTime(text)
    return value === undefined ? undefined : DateTime.toUtc(value)
  }
}

/** A zone of a fixed offset is Python's; a named one, which Python's `datetime` loses on the way, stays text. */
const zoned: WireType<DateTime.Zoned> = {
  kind: "datetime",
  expected: `${date.expected}, with a zone`,
  write: (value) =>
    !hasPythonForm(value)
      ? undefined
      : DateTime.isTimeZoneNamed(value.zone)
      ? zonedText(value, value.zone)
      : value,
  read: (wire) => DateTime.isDateTime(wire) ? withOffset(wire) : undefined,
  readText: (text) => {
    const named = DateTime.makeZonedFromString(text)
    if (named._tag === "Some") return named.value
    const value = PythonValue.parseDateTime(text)
    return value === undefined ? undefined : withOffset(value)
  }
}

/** The offsets of zones had seconds once, which the text has no place for: then it says the time in UTC. */
const zonedText = (value: DateTime.Zoned, zone: DateTime.TimeZone.Named): string =>
  value.epochMilliseconds >= firstWholeMinutes
    ? DateTime.formatIsoZoned(value)
    : `${DateTime.formatIso(value)}[${zone.id}]`

/** 1973: Liberia was the last to give them up. */
const firstWholeMinutes = Date.UTC(1973, 0)

const withOffset = (value: DateTime.DateTime): DateTime.Zoned =>
  DateTime.isZoned(value) ? value : DateTime.setZoneOffset(value, 0)

const decimal: WireType<BigDecimal.BigDecimal> = {
  kind: "decimal",
  expected: `a decimal of at most ${PythonValue.maxDigits} digits`,
  write: (value) => readDecimal(PythonValue.formatDecimal(value)) === undefined ? undefined : value,
  read: (wire) => {
    if (BigDecimal.isBigDecimal(wire)) return wire
    const integer = toBigInt(wire)
    return integer === undefined ? undefined : BigDecimal.fromBigInt(integer)
  },
  readText: (text) => readDecimal(text)
}

const readDecimal = (text: string): BigDecimal.BigDecimal | undefined => {
  const value = PythonValue.parseDecimal(text)
  return typeof value === "number" ? undefined : value
}

const bytes: WireType<Uint8Array> = {
  kind: "bytes",
  expected: "bytes",
  write: (value) => value,
  read: (wire) => wire instanceof Uint8Array ? wire : undefined
}

/** Effect's own schemas, by what they are represented as. */
export const effects: ReadonlyMap<unknown, WireType<any>> = new Map<unknown, WireType<any>>([
  ["effect/schema/Date", date],
  ["effect/schema/DateTimeUtc", utc],
  ["effect/schema/DateTimeZoned", zoned],
  ["effect/schema/BigDecimal", decimal],
  ["effect/schema/Uint8Array", bytes]
])
