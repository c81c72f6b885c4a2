/**
 * Schemas of Python's own types, for the parameters, results and errors of a
 * task that a Python peer calls or runs.
 *
 * ```ts
 * const invoice = Task.make("shop.invoice", {
 *   parameters: { order: Python.Uuid, due: Python.AwareDateTime, total: Python.Decimal },
 *   success: Python.Bytes
 * })
 * ```
 *
 * | Python | here |
 * |---|---|
 * | `uuid.UUID` | `Uuid`: text with hyphens |
 * | `datetime`, aware | `AwareDateTime`: a `DateTime`, with its offset |
 * | `datetime`, naive | `NaiveDateTime`: a `PlainDateTime` |
 * | `date`, `time` | `Date`, `Time`: `PlainDate`, `PlainTime` |
 * | `Decimal` | `Decimal`: a `BigDecimal`, trailing zeros kept |
 * | `bytes` | `Bytes`: a `Uint8Array` |
 * | `float` | `Float`: a number, which stays a `float` where it is whole: `1.0` |
 * | `int` beyond 2^53 | `BigInt`: a `bigint`, of any size |
 * | `set` | `Set`: a `ReadonlySet`, which travels as a list, for Python writes no set |
 *
 * Values are written as Kombu 5.3 and later writes them, and read also from the
 * text that older ones write instead. Python's other types are Effect's own:
 * `int` is `Schema.Int`, `dict` is `Schema.Record`, `None` is `Schema.Null`. Source: protocol section 3.1.
 *
 * @since 0.1.0
 */
import { parseDate, parsePlainDateTime, PlainDate, PlainDateTime, PlainTime } from "@celeriac/messaging/PythonValue"
import * as PythonValue from "@celeriac/messaging/PythonValue"
import type * as Cause from "effect/Cause"
import * as DateTime from "effect/DateTime"
import * as Schema from "effect/Schema"
import type * as Codec from "./Codec.ts"
import * as PythonException from "./internal/PythonException.ts"
import * as Variadic from "./internal/Variadic.ts"
import * as WireType from "./internal/WireType.ts"

export { PlainDate, PlainDateTime, PlainTime }

const isUuid = (value: unknown): value is string =>
  typeof value === "string" && /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(value)

const declare = <A>(is: (value: unknown) => value is A, wire: WireType.WireType<A>): Schema.declare<A> =>
  Schema.declare(is, { expected: wire.expected, [WireType.annotation]: wire })

/** `uuid.UUID`: `crypto.randomUUID()`, in lower case as Python prints it. */
export const Uuid: Schema.declare<string> = declare(isUuid, {
  kind: "uuid",
  expected: "a UUID with hyphens, in lower case",
  write: PythonValue.parseUuid,
  read: (wire) => wire instanceof PythonValue.Uuid ? wire.toString() : undefined,
  readText: (text) => PythonValue.parseUuid(text)?.toString()
})

const isAware = (value: unknown): value is DateTime.DateTime =>
  DateTime.isDateTime(value) && !(DateTime.isZoned(value) && DateTime.isTimeZoneNamed(value.zone)) &&
  WireType.hasPythonForm(value)

/**
 * An aware `datetime.datetime`, of any offset. A time of day in a named zone has
 * its offset set first (`DateTime.setZoneOffset`): Python would lose the name.
 * Microseconds stay with the value that came, and arrive when it is passed on.
 */
export const AwareDateTime: Schema.declare<DateTime.DateTime> = declare(isAware, {
  kind: "datetime",
  expected: "an aware datetime, of UTC or a fixed offset, in the years 1 to 9999",
  write: (value) => value,
  read: (wire) => DateTime.isDateTime(wire) && PythonValue.toPlainDateTime(wire) === undefined ? wire : undefined,
  readText: (text) => parsePlainDateTime(text) === undefined ? PythonValue.parseDateTime(text) : undefined
})

/** A naive `datetime.datetime`: what a calendar and a clock show, of no zone. */
export const NaiveDateTime: Schema.declare<PlainDateTime> = declare(
  (value): value is PlainDateTime =>
    value instanceof PlainDateTime && parsePlainDateTime(value.toString())?.toString() === value.toString(),
  {
    kind: "datetime",
    expected: "a naive datetime, without an offset",
    write: (value) => value,
    read: (wire) =>
      DateTime.isDateTime(wire)
        ? PythonValue.toPlainDateTime(wire)
        : wire instanceof PlainDateTime
        ? wire
        : undefined,
    readText: parsePlainDateTime
  }
)

/** `datetime.date`. */
const PythonDate: Schema.declare<PlainDate> = declare(
  (value): value is PlainDate => value instanceof PlainDate && parseDate(value.toString()) !== undefined,
  {
    kind: "date",
    expected: "a date",
    write: (value) => value,
    read: (wire) => wire instanceof PlainDate ? wire : undefined,
    // Older ones write its midnight.
    readText: (text) => parseDate(text.replace(/T00:00:00$/, ""))
  }
)

/** `datetime.time`. */
const PythonTime: Schema.declare<PlainTime> = declare(
  (value): value is PlainTime =>
    value instanceof PlainTime && PythonValue.parseTime(value.toString())?.toString() === value.toString(),
  {
    kind: "time",
    expected: "a time of day",
    write: (value) => value,
    read: (wire) => wire instanceof PlainTime ? wire : undefined,
    readText: PythonValue.parseTime
  }
)

/** A `set`, or a `frozenset`: Python makes one of the list that arrives, `set(ids)`, and sends `list(ids)`. */
const PythonSet = <Item extends Schema.Constraint>(item: Item): Schema.$ReadonlySet<Item> => Schema.ReadonlySet(item)

/** `decimal.Decimal`, exactly; not `NaN`, nor an infinity. */
export const Decimal: typeof Schema.BigDecimal = Schema.BigDecimal

/** `int` of any size. `Schema.Int` is for those up to 2^53, which JavaScript's numbers have exactly. */
export const BigInt: typeof Schema.BigInt = Schema.BigInt

/**
 * `float`. A number that is whole is written as `1.0`: Python takes `1` for an
 * `int`, which `isinstance(x, float)`, msgpack and a column of a database tell
 * apart. Read is any number, and an `int` where a number has it exactly.
 */
export const Float: Schema.declare<number> = declare((value): value is number => typeof value === "number", {
  kind: "number",
  expected: "a number",
  write: (value) => Number.isSafeInteger(value) ? new PythonValue.Float({ value }) : value,
  read: (wire) => {
    if (typeof wire !== "bigint") return typeof wire === "number" ? wire : undefined
    const value = Number(wire)
    return Number.isFinite(value) && globalThis.BigInt(value) === wire ? value : undefined
  }
})

/** `bytes`. Kombu before 5.3 does not send any. */
export const Bytes: typeof Schema.Uint8Array = Schema.Uint8Array

/** A parameter that takes what is left of the positional arguments: Python's `*args`, under a name of its own. */
export interface Args<Item extends Codec.Plain> extends Schema.$Array<Item>, Variadic.Variadic<"args"> {}

/**
 * `*args`: as many as are given, each of this schema. The parameters written
 * behind it are given by keyword only, as in Python.
 *
 * ```ts
 * const total = Task.make("shop.total", {
 *   parameters: { currency: Schema.String, prices: Python.Args(Schema.Int) } // def total(currency, *prices)
 * })
 * client.delay(total, ["EUR", 1, 2, 3])
 * client.delay(total, { currency: "EUR", prices: [1, 2, 3] })
 * ```
 */
export const Args = <Item extends Codec.Plain>(item: Item): Args<Item> =>
  Schema.Array(item).annotate({ [Variadic.annotation]: "args" }) as Args<Item> // the annotation is the mark

/** A parameter that takes what is left of the keywords: Python's `**kwargs`, under a name of its own. */
export interface Kwargs<Item extends Codec.Plain>
  extends Schema.$Record<typeof Schema.String, Item>, Variadic.Variadic<"kwargs">
{}

/** `**kwargs`: every keyword that is no parameter's, each of this schema. It is the last parameter. */
export const Kwargs = <Item extends Codec.Plain>(item: Item): Kwargs<Item> =>
  Schema.Record(Schema.String, item).annotate({ [Variadic.annotation]: "kwargs" }) as Kwargs<Item> // the annotation is the mark

/**
 * A declared error that Python has a class for: it crosses as an exception of
 * that class, its fields being what it is made with, in order, and comes back
 * as itself.
 *
 * ```ts
 * class PaymentFailed extends Python.Exception<PaymentFailed>()("myapp.errors", "PaymentFailed", {
 *   order: Schema.String,
 *   code: Schema.Int
 * }) {}
 *
 * const pay = Task.make("shop.pay", { error: PaymentFailed })
 * ```
 *
 * That is `raise PaymentFailed("A-7", 402)` of `myapp/errors.py`, whichever of
 * the two languages the worker is written in. Python's `args` are what counts:
 * its class hands them all to `super().__init__`, as exceptions that travel have
 * to. Source: protocol §7.1.
 */
export const Exception = <Self = never>() =>
<const Type extends string, const Fields extends Schema.Struct.Fields>(
  module: string,
  type: Type,
  fields: Fields
): [Self] extends [never] ? "Python.Exception needs the class itself: Python.Exception<MyError>()(...)"
  : Schema.Class<Self, Schema.TaggedStruct<Type, Fields>, Cause.YieldableError> =>
  PythonException.make(module, type, fields)

export { PythonDate as Date, PythonSet as Set, PythonTime as Time }
