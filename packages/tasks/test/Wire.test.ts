/** What the definition of a task lets through comes back from the wire as it was; what does not is refused there. */
import { defaults } from "@celeriac/messaging/Limits"
import { json } from "@celeriac/messaging/serializers/Json"
import * as Python from "@celeriac/tasks/Python"
import * as Task from "@celeriac/tasks/Task"
import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

type Plain = Schema.Codec<any, any>

const pick = (...values: ReadonlyArray<any>) =>
  Arbitrary.map(Arbitrary.schema(Schema.Literals(values.map((_, index) => index))), (index) => values[index])

const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))

/** The same JSON with Python's spaces, and ASCII alone. */
const asPythonWrites = (text: string): string =>
  text.replace(/"(?:[^"\\]|\\.)*"|[,:]/g, (token) =>
    token.length === 1
      ? `${token} `
      : token.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`))

const overTheWire = (value: unknown): any =>
  json.decode(Buffer.from(asPythonWrites(Buffer.from(json.encode(value)).toString("utf8"))), defaults)

/** What a handler gets of `value`, and what a caller gets of it as a result; undefined when it was refused before it was sent. */
const travelled = (schema: Plain, value: unknown): ReadonlyArray<unknown> | undefined => {
  const task = Task.make("t", { parameters: { value: schema }, success: schema })
  const sent = task.arguments.encode([value])
  if (Result.isFailure(sent)) return undefined
  const [args, result] = overTheWire([sent.success.args, Result.getOrThrow(task.outcome.encodeSuccess(value))])
  return [
    (Result.getOrThrow(task.bind(args, {})) as { readonly value: unknown }).value,
    Result.getOrThrow(task.outcome.decodeSuccess(result))
  ]
}

const survives = (schema: Plain, value: unknown): void => {
  const isSame = Schema.toEquivalence(schema)
  const arrived = travelled(schema, value)
  if (arrived === undefined) return
  for (const there of arrived) {
    if (!isSame(there, value)) assert.deepStrictEqual(there, value)
  }
}

/** One `Schema.BigInt` is enough to bring a schema of anything into another form. */
interface Tree {
  readonly size: bigint
  readonly leaves: ReadonlyArray<Tree>
}
const Tree: Schema.Codec<Tree> = Schema.Struct({
  size: Schema.BigInt,
  leaves: Schema.Array(Schema.suspend((): Schema.Codec<Tree> => Tree))
})

class Order extends Schema.Class<Order>("Order")({ id: Schema.BigInt, at: Schema.DateTimeUtc }) {}

const leaves: Readonly<Record<string, Plain>> = {
  BigInt: Schema.BigInt,
  "Literal of a bigint": Schema.Literal(5n),
  Date: Schema.Date,
  DateTimeUtc: Schema.DateTimeUtc,
  DateTimeZoned: Schema.DateTimeZoned,
  BigDecimal: Schema.BigDecimal,
  Uint8Array: Schema.Uint8Array,
  Duration: Schema.Duration,
  URL: Schema.URL,
  UndefinedOr: Schema.UndefinedOr(Schema.String),
  Undefined: Schema.Undefined,
  Number: Schema.Number,
  String: Schema.String,
  NullOr: Schema.NullOr(Schema.BigInt),
  Order,
  RegExp: Schema.RegExp,
  UndefinedOrBigInt: Schema.Struct({ a: Schema.UndefinedOr(Schema.BigInt), b: Schema.optional(Schema.BigInt) }),
  "a Date or text": Schema.Union([Schema.Date, Schema.String]),
  "a Date or text, inside": Schema.Union([Schema.Struct({ a: Schema.Date }), Schema.Struct({ a: Schema.String })]),
  "members that a tag tells apart": Schema.Union([
    Schema.TaggedStruct("A", { a: Schema.BigInt }),
    Schema.TaggedStruct("B", { a: Schema.Number })
  ]),
  "members of other properties": Schema.Union([
    Schema.Struct({ a: Schema.BigInt }),
    Schema.Struct({ b: Schema.Number })
  ]),
  "tuples of other lengths": Schema.Union([
    Schema.Tuple([Schema.BigInt]),
    Schema.Tuple([Schema.Number, Schema.Number])
  ]),
  "a tuple with an optional end": Schema.Tuple([Schema.BigInt, Schema.optionalKey(Schema.Date)])
}

const around = (schema: Plain): Readonly<Record<string, Plain>> => ({
  itself: schema,
  "a struct of it": Schema.Struct({ inner: schema, also: Schema.optionalKey(schema) }),
  "a list of it": Schema.Array(schema),
  "a record of it": Schema.Record(Schema.String.check(Schema.isPattern(/^[a-zé]*$/)), schema),
  "a map of it": Schema.ReadonlyMap(Schema.String, schema),
  "a map by it": Schema.ReadonlyMap(schema, Schema.Date),
  "a set of it": Schema.ReadonlySet(schema),
  "an option of it": Schema.Option(schema),
  "a result of it": Schema.Result(schema, schema)
})

const digits = (value: number, width: number): string => String(value).padStart(width, "0")

/** Values of the types that `Python` declares. */
const pythons: ReadonlyArray<readonly [name: string, schema: Plain, values: Arbitrary.Arbitrary<any>]> = [
  [
    "Uuid",
    Python.Uuid,
    Arbitrary.schema(
      Schema.String.check(Schema.isPattern(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/))
    )
  ],
  [
    "AwareDateTime",
    Python.AwareDateTime,
    Arbitrary.map(
      Arbitrary.schema(Schema.Tuple([between(-62_135_510_400_000, 253_402_214_400_000), between(-86_399, 86_399)])),
      ([millis, seconds]) =>
        seconds % 3 === 0 ? DateTime.makeUnsafe(millis) : DateTime.makeZonedUnsafe(millis, { timeZone: seconds * 1000 })
    )
  ],
  [
    "NaiveDateTime",
    Python.NaiveDateTime,
    Arbitrary.map(
      Arbitrary.schema(
        Schema.Tuple([between(1, 9999), between(1, 12), between(1, 28), between(0, 59), between(0, 999_999)])
      ),
      ([year, month, day, minute, microsecond]) =>
        new Python.PlainDateTime({ year, month, day, hour: minute % 24, minute, second: 59 - minute, microsecond })
    )
  ],
  [
    "Date",
    Python.Date,
    Arbitrary.map(
      Arbitrary.schema(Schema.Tuple([between(1, 9999), between(1, 12), between(1, 28)])),
      ([year, month, day]) => new Python.PlainDate({ year, month, day })
    )
  ],
  [
    "Time",
    Python.Time,
    Arbitrary.map(
      Arbitrary.schema(Schema.Tuple([between(0, 23), between(0, 59), between(0, 999_999)])),
      ([hour, minute, microsecond]) =>
        new Python.PlainTime({
          hour,
          minute,
          second: 0,
          microsecond,
          offset: minute < 30 ? "" : `+05:${digits(minute, 2)}`
        })
    )
  ],
  ["Decimal", Python.Decimal, Arbitrary.schema(Schema.BigDecimal)],
  ["Bytes", Python.Bytes, Arbitrary.schema(Schema.Uint8Array)],
  ["Set", Python.Set(Schema.BigInt), Arbitrary.schema(Schema.ReadonlySet(Schema.BigInt))]
]

class OutOfStock extends Schema.TaggedError<OutOfStock>()("OutOfStock", {
  left: Schema.BigInt,
  until: Schema.UndefinedOr(Schema.Date),
  by: Schema.Option(Schema.URL)
}) {}

describe("The wire", () => {
  for (const [name, leaf] of Object.entries(leaves)) {
    for (const [place, schema] of Object.entries(around(leaf))) {
      it.prop(`gives back ${name}: ${place}`, { value: schema }, ({ value }) => survives(schema, value), {
        arbitrary: { runs: 20 }
      })
    }
  }

  it("gives back a time from when the offsets of zones had seconds", () => {
    for (
      const [at, zone] of [["1883-11-18T17:00:00Z", "America/New_York"], ["1971-05-01T00:00:00Z", "Africa/Monrovia"]]
    ) {
      const value = DateTime.makeZonedUnsafe(at!, { timeZone: zone! })
      const seen = (travelled(Schema.DateTimeZoned, value) ?? []).map((there) =>
        `${DateTime.makeUnsafe(there as DateTime.Zoned).epochMilliseconds} ${(there as DateTime.Zoned).zone}`
      )
      const same = `${value.epochMilliseconds} ${value.zone}`
      assert.deepStrictEqual(seen, [same, same])
    }
  })

  for (const [name, schema, value] of pythons) {
    it.prop(`gives back Python.${name}`, { value }, ({ value }) => {
      assert.isDefined(travelled(schema, value))
      survives(schema, value)
      survives(Schema.Array(schema), [value])
      survives(Schema.Struct({ inner: Schema.Option(schema) }), { inner: Option.some(value) })
    }, { arbitrary: { runs: 50 } })
  }

  it.prop("gives back a declared error", {
    error: pick(
      new OutOfStock({ left: 5n, until: undefined, by: Option.none() }),
      new OutOfStock({ left: 2n ** 70n, until: new Date(5), by: Option.some(new URL("http://shop/tea")) })
    )
  }, ({ error }) => {
    const { outcome } = Task.make("t", { error: OutOfStock })
    assert.deepStrictEqual(outcome.decodeError(overTheWire(outcome.encodeError(error)))?.error, error)
  })

  it("writes what Python has a type for as that type", () => {
    const { arguments: { encode } } = Task.make("t", {
      parameters: {
        big: Schema.BigInt,
        day: Schema.Date,
        ids: Schema.ReadonlySet(Schema.Int),
        nothing: Schema.UndefinedOr(Schema.Int),
        id: Python.Uuid,
        naive: Python.NaiveDateTime
      }
    })
    const sent = Result.getOrThrow(encode({
      big: 5n,
      day: new Date(5),
      ids: new Set([1, 2]),
      nothing: undefined,
      id: "0d4bd3c3-9d5b-4b8e-8d0e-0f6d3d0c1a2b",
      naive: new Python.PlainDateTime({ year: 2024, month: 1, day: 2, hour: 3, minute: 4, second: 5, microsecond: 678 })
    }))
    assert.deepStrictEqual(JSON.parse(Buffer.from(json.encode(sent.kwargs)).toString()), {
      big: 5,
      day: { __type__: "datetime", __value__: "1970-01-01T00:00:00.005000+00:00" },
      ids: [1, 2],
      nothing: null,
      id: { __type__: "uuid", __value__: { hex: "0d4bd3c39d5b4b8e8d0e0f6d3d0c1a2b" } },
      naive: { __type__: "datetime", __value__: "2024-01-02T03:04:05.000678" }
    })
  })

  it("leaves out what is undefined where null means something else", () => {
    const schema = Schema.Struct({ a: Schema.optional(Schema.NullOr(Schema.BigInt)) })
    for (
      const [sent, arrived] of [[{ a: undefined }, {}], [{}, {}], [{ a: null }, { a: null }], [{ a: 5n }, { a: 5n }]]
    ) {
      assert.deepStrictEqual(travelled(schema, sent), [arrived, arrived])
    }
  })

  it("leaves a schema alone that JSON has all parts of", () => {
    const { bind } = Task.make("t", { parameters: { x: Schema.Struct({ a: Schema.NullOr(Schema.Int) }) } })
    assert.deepStrictEqual(bind([{ a: 1 }], {}), Result.succeed({ x: { a: 1 } }))
  })

  it("says of a value that is no good which it is", () => {
    const { arguments: { encode }, bind } = Task.make("t", { parameters: { at: Schema.Struct({ day: Schema.Date }) } })
    assert.include(
      String(Result.getFailure(encode({ at: { day: new Date(8.64e15) } }))),
      `t() argument 'at': Expected a datetime in the years 1 to 9999, got +275760-09-13T00:00:00.000Z at ["day"]`
    )
    assert.include(
      String(Result.getFailure(bind([{ day: "yesterday" }], {}))),
      `t() argument 'at': Expected a datetime in the years 1 to 9999, got "yesterday" at ["day"]`
    )
  })
})

describe("The wire, from Python", () => {
  const read = (schema: Plain, wire: string): unknown => {
    const { bind } = Task.make("t", { parameters: { value: schema } })
    const bound = bind(json.decode(Buffer.from(`[${wire}]`), defaults) as ReadonlyArray<unknown>, {})
    return Result.isFailure(bound) ? bound.failure.message : (bound.success as { readonly value: unknown }).value
  }
  const envelope = (type: string, value: string) => `{"__type__": "${type}", "__value__": ${JSON.stringify(value)}}`

  /** What Kombu 5.3 writes, what 5.2 writes, and what it is. */
  const texts: ReadonlyArray<readonly [Plain, string, string, unknown]> = [
    [Schema.Date, "datetime", "2024-01-02T03:04:05.678000+02:00", new Date("2024-01-02T01:04:05.678Z")],
    [Schema.Date, "datetime", "2024-01-02T03:04:05", new Date("2024-01-02T03:04:05Z")],
    [Schema.DateTimeUtc, "datetime", "2024-01-02T03:04:05-05:30", DateTime.makeUnsafe("2024-01-02T08:34:05Z")],
    [
      Python.AwareDateTime,
      "datetime",
      "2024-01-02T03:04:05+02:00",
      DateTime.makeZonedUnsafe(Date.UTC(2024, 0, 2, 1, 4, 5), { timeZone: 7_200_000 })
    ],
    [Python.AwareDateTime, "datetime", "2024-01-02T03:04:05Z", DateTime.makeUnsafe("2024-01-02T03:04:05Z")],
    [
      Python.NaiveDateTime,
      "datetime",
      "2024-01-02T03:04:05.000678",
      new Python.PlainDateTime({ year: 2024, month: 1, day: 2, hour: 3, minute: 4, second: 5, microsecond: 678 })
    ],
    [Python.Uuid, "uuid", "0d4bd3c3-9d5b-4b8e-8d0e-0f6d3d0c1a2b", "0d4bd3c3-9d5b-4b8e-8d0e-0f6d3d0c1a2b"],
    [Python.Date, "date", "2024-01-02", new Python.PlainDate({ year: 2024, month: 1, day: 2 })]
  ]

  it("reads the envelope of Kombu 5.3 and the text of 5.2 alike", () => {
    for (const [schema, type, text, value] of texts) {
      assert.deepStrictEqual(read(schema, envelope(type, text)), value, text)
      assert.deepStrictEqual(read(schema, JSON.stringify(text)), value, text)
    }
    const day = new Python.PlainDate({ year: 2024, month: 1, day: 2 })
    assert.deepStrictEqual(read(Python.Date, `"2024-01-02T00:00:00"`), day)
    for (const price of [envelope("decimal", "1.50"), `"1.50"`]) {
      assert.strictEqual(
        String(json.encode(read(Python.Decimal, price))),
        String(json.encode(read(Python.Decimal, `"1.50"`)))
      )
    }
  })

  it("passes microseconds on as they came", () => {
    const aware = read(Python.AwareDateTime, envelope("datetime", "2024-01-02T03:04:05.000678+02:00"))
    const { outcome } = Task.make("t", { success: Python.AwareDateTime })
    assert.include(
      Buffer.from(json.encode(Result.getOrThrow(outcome.encodeSuccess(aware)))).toString(),
      "2024-01-02T03:04:05.000678+02:00"
    )
  })

  it("keeps the aware and the naive apart", () => {
    assert.include(read(Python.AwareDateTime, envelope("datetime", "2024-01-02T03:04:05")), "an aware datetime")
    assert.include(read(Python.AwareDateTime, `"2024-01-02T03:04:05"`), "an aware datetime")
    assert.include(read(Python.NaiveDateTime, envelope("datetime", "2024-01-02T03:04:05+00:00")), "a naive datetime")
    assert.include(read(Python.NaiveDateTime, `"2024-01-02T03:04:05Z"`), "a naive datetime")
  })

  it("takes an integer for a decimal, and a list for a set", () => {
    assert.strictEqual(String(read(Python.Decimal, "5")), String(read(Python.Decimal, `"5"`)))
    assert.deepStrictEqual(read(Python.Set(Schema.Int), "[1, 2, 2]"), new Set([1, 2]))
  })

  it("says what it expected", () => {
    assert.strictEqual(
      read(Python.Uuid, `"42"`),
      `t() argument 'value': Expected a UUID with hyphens, in lower case, got "42"`
    )
    assert.strictEqual(
      read(Schema.BigInt, "1.5"),
      "t() argument 'value': Expected an integer of at most 4300 digits, got 1.5"
    )
  })
})

describe("A definition", () => {
  const refusals: ReadonlyArray<readonly [Plain, string]> = [
    [Schema.instanceOf(WeakRef), "has no form that a message could carry. Say which with Schema.decodeTo"],
    [Schema.Redacted(Schema.String), "a Schema.Redacted is not sent. Schema.RedactedFromValue is"],
    [Schema.File, "a File is read asynchronously, which a task cannot wait for"],
    [Schema.Struct({ [Symbol.for("key")]: Schema.Int }), "a property named by Symbol(key) is not sent"],
    [Schema.NullishOr(Schema.String), "Null and Undefined look the same in a message"],
    [Schema.Union([Schema.Number, Schema.BigInt]), "Number and BigInt look the same in a message"],
    [Schema.Union([Schema.URL, Schema.String]), "URL and String look the same in a message"],
    [Schema.Union([Schema.Date, Schema.DateTimeUtc]), "look the same in a message"],
    [
      Schema.Union([Schema.Struct({ a: Schema.BigInt }), Schema.Struct({ a: Schema.Number })]),
      "look the same in a message, so a reader of the union could not tell them apart"
    ]
  ]

  for (const [schema, why] of refusals) {
    it(`is refused: ${why}`, () => {
      assert.throws(() => Task.make("t", { parameters: { x: schema } }), `task 't': parameter 'x': `)
      assert.throws(() => Task.make("t", { parameters: { x: Schema.Array(schema) } }), why)
      assert.throws(() => Task.make("t", { success: schema }), "task 't': its result: ")
      assert.throws(
        () => Task.make("t", { error: Schema.TaggedStruct("E", { inner: schema }) }),
        `its declared error: ["inner"]: `
      )
    })
  }
})
