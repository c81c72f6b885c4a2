/** The values of Python's JSON, both ways: random ones of Kombu's own through here and back, and random ones from here through Kombu. */
import { defaults as limits } from "@celeriac/messaging/Limits"
import { json } from "@celeriac/messaging/serializers/Json"
import { assert, describe, it } from "@effect/vitest"
import * as BigDecimal from "effect/BigDecimal"
import * as DateTime from "effect/DateTime"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as fc from "fast-check"
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { ensure } from "../../../../test/peers/ensure.ts"
import { findPython, has } from "../../../../test/peers/Python.ts"
import type * as Codec from "../../src/Codec.ts"
import * as Python from "../../src/Python.ts"
import { PlainDate, PlainDateTime, PlainTime } from "../../src/Python.ts"
import * as Task from "../../src/Task.ts"

ensure(["python"])
const script = fileURLToPath(new URL("values.py", import.meta.url))

interface Answer {
  readonly text: string
  readonly repr: string
  /** Of the members of a dict. */
  readonly types: Readonly<Record<string, string>>
}

const ask = (questions: ReadonlyArray<unknown>): ReadonlyArray<Answer> => {
  const { stderr, stdout, status } = spawnSync(findPython() ?? "python3", [script], {
    input: questions.map((question) => JSON.stringify(question)).join("\n"),
    encoding: "utf8",
    maxBuffer: 2 ** 26,
    timeout: 30_000
  })
  if (status !== 0) throw new Error(stderr)
  return stdout.trimEnd().split("\n").map((line) => JSON.parse(line))
}

const read = (text: string): unknown => json.decode(Buffer.from(text), limits)
const written = (value: unknown): string => Buffer.from(json.encode(value)).toString()

const names = ["a", "žluť", "__proto__", "constructor", "toString", "hasOwnProperty", "0", ""]

const mapped = <A, B>(values: fc.Arbitrary<A>, make: (value: A) => B): fc.Arbitrary<B> => values.map(make)

/** Own members, whatever their names. */
const named = <A>(value: fc.Arbitrary<A>): fc.Arbitrary<Readonly<Record<string, A>>> =>
  mapped(
    fc.array(fc.tuple(fc.constantFrom(...names), value), { maxLength: 4 }),
    (entries) => Object.fromEntries(entries)
  )

const upTo = (max: number) => fc.integer({ min: 0, max })
const day = {
  year: fc.integer({ min: 1, max: 9999 }),
  month: fc.integer({ min: 1, max: 12 }),
  day: fc.integer({ min: 1, max: 28 })
}
const clock = { hour: upTo(23), minute: upTo(59), second: upTo(59), microsecond: upTo(999_999) }
const minutes = fc.integer({ min: -1439, max: 1439 })
const offset = (total: number) => {
  const text = (n: number) => String(n).padStart(2, "0")
  return `${total < 0 ? "-" : "+"}${text(Math.trunc(Math.abs(total) / 60))}:${text(Math.abs(total) % 60)}`
}

/** One parameter of each of Python's types, what Python has it as, and what it may be. */
const kinds = {
  text: [Schema.String, "str", fc.string({ unit: "grapheme" })],
  whole: [Schema.Int, "int", fc.maxSafeInteger()],
  big: [Python.BigInt, "int", fc.bigInt({ min: -(2n ** 300n), max: 2n ** 300n })],
  float: [Python.Float, "float", fc.oneof(fc.double(), mapped(fc.integer(), (n) => n))],
  truth: [Schema.Boolean, "bool", fc.boolean()],
  uuid: [Python.Uuid, "UUID", fc.uuid()],
  decimal: [
    Python.Decimal,
    "Decimal",
    mapped(
      fc.tuple(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.integer({ min: -30, max: 30 })),
      ([value, scale]) => BigDecimal.make(value, scale)
    )
  ],
  bytes: [Python.Bytes, "bytes", fc.uint8Array({ maxLength: 9 })],
  date: [Python.Date, "date", mapped(fc.record(day), (fields) => new PlainDate(fields))],
  time: [
    Python.Time,
    "time",
    mapped(
      fc.record({ ...clock, offset: fc.oneof(fc.constant(""), mapped(minutes, offset)) }),
      (fields) => new PlainTime(fields)
    )
  ],
  naive: [
    Python.NaiveDateTime,
    "datetime",
    mapped(fc.record({ ...day, ...clock }), (fields) => new PlainDateTime(fields))
  ],
  aware: [
    Python.AwareDateTime,
    "datetime",
    mapped(
      fc.tuple(fc.date({ min: new Date("0002-01-01"), max: new Date("9998-12-31"), noInvalidDate: true }), minutes),
      ([date, total]) => DateTime.makeZonedUnsafe(date, { timeZone: DateTime.zoneMakeOffset(total * 60_000) })
    )
  ],
  set: [Python.Set(Schema.Int), "list", mapped(fc.array(fc.maxSafeInteger()), (all) => new Set(all))],
  nested: [
    Schema.Record(Schema.String, Schema.Array(Schema.NullOr(Python.BigInt))),
    "dict",
    named(fc.array(fc.oneof(fc.constant(null), fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }))))
  ]
} as const satisfies Record<string, readonly [Codec.Plain, string, fc.Arbitrary<unknown>]>

type Kinds = typeof kinds
// Each under the name that it has above.
const pick = <I extends 0 | 1 | 2>(i: I) =>
  Object.fromEntries(Object.entries(kinds).map(([name, kind]) => [name, kind[i]])) as {
    readonly [K in keyof Kinds]: Kinds[K][I]
  }

const parameters = pick(0)
const everything = Task.make("everything", { parameters, success: Schema.Struct(parameters) })

// Kombu has written its types since 5.3.
describe.runIf(has("5.3"))("the values of Python's JSON", () => {
  it("come back to Kombu as it wrote them, whatever they are", { timeout: 120_000 }, () => {
    const sent = ask([{ seed: 10, count: 1_000 }])
    const back = ask(sent.map(({ text }) => ({ text: written(read(text)) })))
    assert.deepStrictEqual(back.map(({ repr }) => repr), sent.map(({ repr }) => repr))
  })

  it("go to Kombu as its types, and come back as they were: arguments and results", { timeout: 120_000 }, () => {
    const values = fc.sample(fc.record(pick(2)), { numRuns: 300, seed: 11 })
    const kwargs = values.map((value) => Result.getOrThrow(everything.arguments.encode(value)).kwargs)
    const answers = ask(kwargs.map((encoded) => ({ text: written(encoded) })))
    for (const [i, { text, types }] of answers.entries()) {
      assert.deepStrictEqual(types, pick(1))
      // The caller has read a dict.
      const came = read(text) as Readonly<Record<string, unknown>>
      const bound = Result.getOrThrow(everything.arguments.bind([], came))
      // Two values of one text are one value.
      assert.strictEqual(written(Result.getOrThrow(everything.arguments.encode(bound)).kwargs), written(kwargs[i]))
      const result = Result.getOrThrow(everything.outcome.decodeSuccess(came))
      assert.strictEqual(written(Result.getOrThrow(everything.outcome.encodeSuccess(result))), written(kwargs[i]))
      assert.deepStrictEqual([bound.set, bound.bytes, bound.nested], [
        values[i]!.set,
        values[i]!.bytes,
        values[i]!.nested
      ])
    }
  })
})
