import { assert, describe, it } from "@effect/vitest"
import * as BigDecimal from "effect/BigDecimal"
import * as DateTime from "effect/DateTime"
import * as Redacted from "effect/Redacted"
import * as fc from "fast-check"
import { readFileSync } from "node:fs"
import { defaults as limits } from "../src/Limits.ts"
import { MessagingError } from "../src/MessagingError.ts"
import * as PythonValue from "../src/PythonValue.ts"
import * as Json from "../src/serializers/Json.ts"

const captured: ReadonlyArray<{ readonly body: string }> = JSON.parse(
  readFileSync(new URL("./fixtures/task-messages.json", import.meta.url), "utf8")
)

const bytes = (text: string): Uint8Array => Buffer.from(text, "utf8")
const read = (text: string): unknown => Json.json.decode(bytes(text), limits)
const written = (value: unknown): string => Buffer.from(Json.json.encode(value)).toString("utf8")

const refusal = (run: () => unknown): MessagingError => {
  try {
    run()
  } catch (error) {
    if (error instanceof MessagingError) return error
    throw error
  }
  throw new Error("nothing was refused")
}

const refusals: ReadonlyArray<readonly [string, Uint8Array, string]> = [
  ["nothing", bytes(""), "not JSON"],
  ["white space", bytes("  "), "not JSON"],
  ["a text that is not JSON", bytes("hello"), "not JSON"],
  ["a truncated list", bytes("[1, 2"), "not JSON"],
  ["a truncated string", bytes("[\"abc"), "does not end"],
  ["a trailing comma", bytes("[1,]"), "not JSON"],
  ["two values", bytes("[] []"), "extra data"],
  ["a comment", bytes("[1] // one"), "extra data"],
  ["single quotes", bytes("{'a': 1}"), "double quotes"],
  ["a control character in a string", bytes("[NaN, \"a\nb\"]"), "control character"],
  ["a bad escape", bytes("[NaN, \"\\x\"]"), "escape"],
  ["a leading zero", bytes("[01]"), "not JSON"],
  ["a byte order mark", bytes("\ufeff[]"), "not JSON"],
  ["invalid UTF-8", Uint8Array.of(0x22, 0xff, 0x22), "UTF-8"],
  ["an overlong encoding", Uint8Array.of(0x22, 0xc0, 0xaf, 0x22), "UTF-8"],
  ["a surrogate in UTF-8", Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22), "UTF-8"],
  ["an unknown envelope", bytes(`{"__type__": "pickle", "__value__": 1}`), "Unsupported type 'pickle'"],
  ["an envelope whose type is a list", bytes(`{"__type__": [], "__value__": 1}`), "Unsupported type"],
  ["an envelope named like a built-in", bytes(`{"__type__": "constructor", "__value__": 1}`), "Unsupported type"],
  ["a datetime that is none", bytes(`{"__type__": "datetime", "__value__": "2024-02-30T00:00:00"}`), "datetime"],
  ["a datetime that is a number", bytes(`{"__type__": "datetime", "__value__": 1}`), "datetime"],
  ["a decimal that is none", bytes(`{"__type__": "decimal", "__value__": "1,5"}`), "decimal"],
  ["a decimal of too many digits", bytes(`{"__type__": "decimal", "__value__": "${"9".repeat(4301)}"}`), "decimal"],
  ["a uuid that is none", bytes(`{"__type__": "uuid", "__value__": {"hex": "12"}}`), "uuid"],
  ["base64 that is none", bytes(`{"__type__": "base64", "__value__": "abc"}`), "base64"],
  ["an integer of too many digits", bytes(`[${"9".repeat(4301)}]`), "more than 4300 digits"]
]

describe("Json", () => {
  it("reads every extended type as Python sent it, and writes it so again", () => {
    const body = captured.map(({ body }) => body).find((body) => body.includes("__type__"))!
    const value = read(body)
    assert.deepStrictEqual(value, [
      [
        PythonValue.parseDateTime("2024-01-02T03:04:05.000678+00:00"),
        [
          new PythonValue.Uuid({ hex: "00000000000000000000000000000001" }),
          BigDecimal.make(15n, 1),
          Uint8Array.of(0xff, 0),
          Uint8Array.of(97, 98, 99),
          new PythonValue.PlainDate({ year: 2024, month: 1, day: 2 }),
          new PythonValue.PlainTime({ hour: 1, minute: 2, second: 3, microsecond: 0, offset: "" })
        ]
      ],
      {},
      { callbacks: null, errbacks: null, chain: null, chord: null }
    ])
    assert.deepStrictEqual(JSON.parse(written(value)), JSON.parse(body))
  })

  it("reads and writes every captured task body", () => {
    assert.strictEqual(captured.length, 11)
    for (const { body } of captured) assert.deepStrictEqual(JSON.parse(written(read(body))), JSON.parse(body))
  })

  it("writes to the letter what Kombu wrote, white space aside", () => {
    const kombu = readFileSync(new URL("./fixtures/kombu-extended-types.json", import.meta.url), "utf8")
    assert.strictEqual(written(read(kombu)), kombu.replaceAll(", ", ",").replaceAll(": ", ":"))
  })

  for (const [what, body, why] of refusals) {
    it(`refuses ${what}`, () => {
      const error = refusal(() => Json.json.decode(body, limits))
      assert.strictEqual(error.reason._tag, "Undecodable")
      assert.include(error.message, why)
    })
  }

  it("never quotes the body in an error", () => {
    assert.notInclude(refusal(() => read(`{"password": "hunter2", oops}`)).message, "hunter2")
  })

  it("reads and writes bare NaN and infinities", () => {
    assert.deepStrictEqual(read("[NaN, Infinity, -Infinity, \"NaN\"]"), [NaN, Infinity, -Infinity, "NaN"])
    assert.strictEqual(written([NaN, Infinity, -Infinity]), "[NaN,Infinity,-Infinity]")
  })

  it("keeps integers exact", () => {
    assert.deepStrictEqual(
      read("[9007199254740991, 9007199254740993, -12345678901234567890, 1e3, 1.5, -0.5]"),
      [9007199254740991, 9007199254740993n, -12345678901234567890n, 1000, 1.5, -0.5]
    )
    assert.strictEqual(written([12345678901234567890n, -1n]), "[12345678901234567890,-1]")
  })

  it("writes a float that is whole so that it is read as a float", () => {
    assert.strictEqual(written([1e20, 2 ** 60, 1e300]), `[100000000000000000000.0,${2 ** 60}.0,1e+300]`)
    assert.deepStrictEqual(read(written([1e20, 2 ** 60, 1e300])), [1e20, 2 ** 60, 1e300])
  })

  it("takes __proto__ and constructor for data", () => {
    for (const number of ["1", "NaN", "12345678901234567890"]) {
      const value = read(
        `{"__proto__": {"polluted": ${number}}, "constructor": {"prototype": {"polluted": 1}}}`
      ) as object
      assert.deepStrictEqual(Object.keys(value), ["__proto__", "constructor"])
      assert.strictEqual(Object.getPrototypeOf(value), Object.prototype)
      assert.isFalse("polluted" in {})
      assert.include(written(value), `"__proto__":{"polluted":${number}}`)
    }
    const revived = read(`{"__proto__": {"__type__": "date", "__value__": "2024-01-02"}}`) as object
    assert.deepStrictEqual(Object.values(revived), [new PythonValue.PlainDate({ year: 2024, month: 1, day: 2 })])
    assert.strictEqual(Object.getPrototypeOf(revived), Object.prototype)
  })

  it("lets the last of duplicate keys count", () => {
    assert.deepStrictEqual(read(`{"a": 1, "a": 2}`), { a: 2 })
    assert.deepStrictEqual(read(`{"a": 1, "a": NaN}`), { a: NaN })
  })

  it("keeps lone surrogates", () => {
    assert.strictEqual(read(`"\\ud800"`), "\ud800")
    assert.strictEqual(read(written("\ud800")), "\ud800")
  })

  it("takes only exactly two keys for an envelope", () => {
    for (
      const plain of [`{"__type__":"date"}`, `{"__type__":"date","__value__":"x","more":1}`, `{"__value__":1,"a":2}`]
    ) {
      assert.deepStrictEqual(read(plain), JSON.parse(plain))
      assert.deepStrictEqual(JSON.parse(written(JSON.parse(plain))), JSON.parse(plain))
    }
  })

  it("finds envelopes whose keys are written with escapes", () => {
    assert.deepStrictEqual(read(`{"\\u005f_type__": "bytes", "__value__": "a"}`), Uint8Array.of(97))
  })

  it("refuses what is nested too deep, whatever its length", () => {
    for (const depth of [201, 10_000, 100_000]) {
      for (const [open, close] of [["[", "]"], ["{\"a\":", "}"]] as const) {
        for (const inside of ["1", "NaN", "12345678901234567890"]) {
          const error = refusal(() => read(open.repeat(depth) + inside + close.repeat(depth)))
          assert.strictEqual(error.reason._tag, "TooLarge")
          assert.include(error.message, "nesting")
        }
        assert.strictEqual(refusal(() => read(open.repeat(100_000))).reason._tag, "TooLarge")
      }
    }
    assert.doesNotThrow(() => read("[".repeat(200) + "]".repeat(200)))
  })

  it("refuses a long text of too many values", () => {
    for (const [open, item, close] of [["[", "[],", "1]"], ["[", "1,", "1]"], ["{", "\"a\":1,", "\"a\":1}"]] as const) {
      const text = (values: number) => open + item.repeat(values) + close
      const error = refusal(() => read(text(limits.values + 1)))
      assert.strictEqual(error.reason._tag, "TooLarge")
      assert.include(error.message, "number of values")
      assert.doesNotThrow(() => read(text(100_000)))
    }
  })

  it("does not take brackets in strings for nesting", () => {
    const text = JSON.stringify(["\\\"[".repeat(50_000), "{".repeat(50_000)])
    assert.deepStrictEqual(read(text), JSON.parse(text))
  })

  it("writes Date, Map, Set and toJSON as their nearest kin", () => {
    assert.strictEqual(written(new Date(678)), `{"__type__":"datetime","__value__":"1970-01-01T00:00:00.678000+00:00"}`)
    assert.strictEqual(
      written([new Map([["a", 1n]]), new Set([1, 2]), { toJSON: () => ({ b: [NaN] }) }]),
      `[{"a":1},[1,2],{"b":[NaN]}]`
    )
  })

  it("writes undefined as JSON.stringify does, whatever stands beside it", () => {
    assert.strictEqual(written([undefined, { a: undefined, b: 1 }]), `[null,{"b":1}]`)
    assert.strictEqual(written([undefined, { a: undefined, b: 1n }]), `[null,{"b":1}]`)
    assert.strictEqual(written(undefined), "null")
  })

  it("refuses what has no form, and says where it is", () => {
    const cycle: { self?: unknown } = {}
    cycle.self = [cycle]
    const cases: ReadonlyArray<readonly [unknown, string]> = [
      [{ a: [0, { b: () => 1 }] }, "function has no form in JSON (at a[1].b)"],
      [[Symbol("s")], "symbol has no form in JSON (at [0])"],
      [cycle, "contains itself"],
      [{ secret: Redacted.make("hunter2") }, "Redacted value is not sent"],
      [[new Date(NaN)], "invalid Date"],
      [{ error: new Error("x") }, "[object Error] has no form"],
      [new Map([[1, 2]]), "keys of a Map are strings"],
      [{ a: { __type__: "date", __value__: "x" } }, "read as an envelope"],
      [new Float64Array(1), "[object Float64Array] has no form"]
    ]
    for (const [value, why] of cases) {
      const error = refusal(() => Json.json.encode(value))
      assert.strictEqual(error.reason._tag, "Unencodable")
      assert.include(error.message, why)
      assert.notInclude(error.message, "hunter2")
    }
    let deep: unknown = 1
    for (let i = 0; i < 100_000; i++) deep = [deep]
    assert.include(refusal(() => Json.json.encode(deep)).message, "nested deeper than 200")
  })

  it("reads back what it wrote", () => {
    fc.assert(
      fc.property(value, (value) => {
        assert.deepStrictEqual(read(written(value)), value)
      }),
      { numRuns: 500 }
    )
  })

  it("agrees with JSON.parse on plain JSON, and throws nothing else than its own errors on anything", () => {
    fc.assert(fc.property(fc.json(), (text) => {
      assert.deepStrictEqual(read(`[NaN, ${text}]`), [NaN, read(text)])
    }))
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      try {
        Json.json.decode(bytes, limits)
      } catch (error) {
        assert.instanceOf(error, MessagingError)
      }
    }))
    const token = fc.constantFrom(
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      "\"",
      "\\",
      "1",
      "-",
      "NaN",
      "Infinity",
      "e5",
      " ",
      "null",
      "\"a\"",
      "\"__type__\"",
      "\"__value__\""
    )
    fc.assert(
      fc.property(fc.array(token, { maxLength: 20 }), (tokens) => {
        try {
          read(tokens.join(""))
        } catch (error) {
          assert.instanceOf(error, MessagingError)
        }
      }),
      { numRuns: 1000 }
    )
  })

  it("knows types of your own, in an envelope or without", () => {
    class Money {
      readonly cents: number
      constructor(cents: number) {
        this.cents = cents
      }
    }
    const money: Json.JsonType<Money> = {
      type: "money",
      is: (value) => value instanceof Money,
      encode: ({ cents }) => BigDecimal.make(BigInt(cents), 2),
      decode: (value) => new Money(Number(BigDecimal.isBigDecimal(value) ? value.value : NaN))
    }
    const json = Json.make({ types: [money] })
    const sent = json.encode({ price: new Money(1250) })
    assert.strictEqual(
      Buffer.from(sent).toString(),
      `{"price":{"__type__":"money","__value__":{"__type__":"decimal","__value__":"12.50"}}}`
    )
    assert.deepStrictEqual(json.decode(sent, limits), { price: new Money(1250) })
    assert.include(refusal(() => Json.json.decode(sent, limits)).message, "Unsupported type 'money'")

    const flat = Json.make({ types: [{ ...money, type: null, encode: ({ cents }) => cents }] })
    assert.strictEqual(Buffer.from(flat.encode([new Money(1), 2, "x", 3n, true])).toString(), `[1,2,"x",3,true]`)
  })

  it("writes a DateTime as Python's isoformat", () => {
    const zoned = DateTime.makeZonedUnsafe("2024-01-02T03:04:05Z", { timeZone: "Europe/Berlin" })
    assert.strictEqual(written(zoned), `{"__type__":"datetime","__value__":"2024-01-02T04:04:05+01:00"}`)
  })
})

const pythonValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.date({ min: new Date("0001-01-01T00:00:00Z"), max: new Date("9999-12-31T23:59:59Z"), noInvalidDate: true }).map((
    date
  ) => DateTime.makeUnsafe(date)),
  fc.bigInt({ min: 2n ** 53n }),
  fc.bigInt({ max: -(2n ** 53n) }),
  fc.uint8Array({ maxLength: 20 }).map((bytes) => new Uint8Array(bytes)),
  fc.tuple(fc.bigInt(), fc.integer({ min: -2000, max: 2000 })).map(([value, scale]) => BigDecimal.make(value, scale)),
  fc.uuid().map((text) => PythonValue.parseUuid(text)!),
  fc.record({
    year: fc.integer({ min: 1, max: 9999 }),
    month: fc.integer({ min: 1, max: 12 }),
    day: fc.integer({ min: 1, max: 28 })
  })
    .map((fields) => new PythonValue.PlainDate(fields)),
  fc.record({
    hour: fc.integer({ min: 0, max: 23 }),
    minute: fc.integer({ min: 0, max: 59 }),
    second: fc.integer({ min: 0, max: 59 }),
    microsecond: fc.integer({ min: 0, max: 999_999 }),
    offset: fc.constantFrom("", "+00:00", "+05:30", "-08:00")
  }).map((fields) => new PythonValue.PlainTime(fields))
)

// JSON has one zero, and a key of undefined is no key.
const number = fc.double().map((value) => Object.is(value, -0) ? 0 : value)

const isEnvelope = (value: object) => Object.keys(value).length === 2 && "__type__" in value && "__value__" in value

const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constant(null),
    fc.boolean(),
    number,
    fc.integer(),
    fc.string({ unit: "binary" }),
    pythonValue,
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(
      fc.oneof(fc.string(), fc.constantFrom("__proto__", "constructor", "__type__", "__value__", "toString")),
      tie("value"),
      { maxKeys: 4, noNullPrototype: true }
    ).filter((object) => !isEnvelope(object))
  )
})).value
