import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Result from "effect/Result"
import * as fc from "fast-check"
import { createRequire } from "node:module"
import * as FieldTable from "../src/FieldTable.ts"
import * as Amqplib from "../src/internal/Amqplib.ts"

const require = createRequire(import.meta.url)

const encode = (table: object): Buffer => {
  const buffer = Buffer.alloc(1 << 20)
  return Buffer.from(buffer.subarray(0, FieldTable.encodeTable(buffer, table, 0)))
}

const through = (table: object): Record<string, unknown> => FieldTable.decodeFields(encode(table).subarray(4))

/** Where a table with the one field `k` has the tag of its value. */
const tagOf = (value: unknown): string => String.fromCharCode(encode({ k: value })[6]!)

const field = (tag: string, bytes: ReadonlyArray<number>): Buffer => Buffer.from([1, 0x6b, tag.charCodeAt(0), ...bytes])

const scalar = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.boolean(),
  fc.constant(null),
  fc.integer(),
  fc.maxSafeInteger(),
  // whole numbers beyond 2^53 come back as bigint
  fc.double({ noNaN: true }).filter((n) =>
    !Object.is(n, -0) && (!Number.isInteger(n) || Number.isSafeInteger(n) || Math.abs(n) > 2 ** 63)
  ),
  fc.uint8Array().map((bytes) => new Uint8Array(bytes)),
  fc.date({ min: new Date(0), max: new Date(8.64e15), noInvalidDate: true }).map((date) =>
    new Date(Math.trunc(date.getTime() / 1000) * 1000)
  )
)

const name = fc.string({ maxLength: 60 }).filter((key) => Buffer.byteLength(key) < 256)

const table = fc.letrec<{ value: unknown; table: Record<string, unknown> }>((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, scalar, fc.array(tie("value"), { maxLength: 5 }), tie("table")),
  table: fc.dictionary(name, tie("value"), { maxKeys: 8, noNullPrototype: true })
})).table

describe("FieldTable", () => {
  it("brings back what it wrote", () => {
    fc.assert(fc.property(table, (table) => {
      const back = through(table)
      assert.isUndefined(FieldTable.damageOf(back))
      assert.deepStrictEqual(back, table)
    }))
  })

  it("loses nothing of a whole number beyond 2^53", () => {
    fc.assert(fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (n) => {
      assert.strictEqual(BigInt(through({ n })["n"] as bigint), n)
    }))
    assert.strictEqual(through({ n: 2 ** 60 })["n"], 2n ** 60n)
  })

  const tags: ReadonlyArray<readonly [unknown, string]> = [
    [0, "I"],
    [127, "I"],
    [300, "I"],
    [-300, "I"],
    [2147483647, "I"],
    [2147483648, "l"],
    [-2147483648, "I"],
    [-2147483649, "L"],
    [Number.MAX_SAFE_INTEGER, "l"],
    [2 ** 63, "d"],
    [1.5, "d"],
    [NaN, "d"],
    [5n, "I"],
    [2n ** 62n, "l"],
    ["text", "S"],
    [true, "t"],
    [null, "V"],
    [[1], "A"],
    [{}, "F"],
    [new Uint8Array(3), "x"],
    [new Date(0), "T"],
    [DateTime.makeUnsafe("2026-11-20T00:00:00Z"), "T"]
  ]
  for (const [value, tag] of tags) {
    it(`writes ${typeof value === "bigint" ? `${value}n` : Object.is(value, NaN) ? "NaN" : JSON.stringify(value)} as ${tag}`, () => {
      assert.strictEqual(tagOf(value), tag)
    })
  }

  const read: ReadonlyArray<readonly [string, ReadonlyArray<number>, unknown]> = [
    ["b", [0xff], -1],
    ["B", [0xff], 255],
    ["s", [0x01, 0x2c], 300],
    ["U", [0xff, 0xfe], -2],
    ["u", [0xff, 0xfe], 65534],
    ["I", [0xff, 0xff, 0xff, 0xff], -1],
    ["i", [0xff, 0xff, 0xff, 0xff], 4294967295],
    ["l", [0, 0, 0, 1, 0, 0, 0, 0], 4294967296],
    ["L", [0xff, 0xff, 0xff, 0xfe, 0, 0, 0, 0], -8589934592],
    ["l", [0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 9223372036854775807n],
    ["f", [0x3f, 0xc0, 0, 0], 1.5],
    ["D", [2, 0, 0, 0x30, 0x39], 123.45],
    ["T", [0, 0, 0, 0, 0, 0, 0, 60], new Date(60_000)],
    ["T", [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 2 ** 64],
    ["t", [2], true],
    ["x", [0, 0, 0, 2, 7, 8], new Uint8Array([7, 8])]
  ]
  for (const [tag, bytes, expected] of read) {
    it(`reads ${tag} ${bytes.join(" ")}`, () => {
      assert.deepStrictEqual(FieldTable.decodeFields(field(tag, bytes)), { k: expected })
    })
  }

  it("has no other way to name a type: a field '!' is a field", () => {
    assert.deepStrictEqual(through({ k: { "!": "int", value: 1 } }), { k: { "!": "int", value: 1 } })
  })

  it("leaves out what is undefined, and what is inherited", () => {
    assert.deepStrictEqual(through(Object.assign(Object.create({ inherited: 1 }), { a: undefined, b: 1 })), { b: 1 })
  })

  it("keeps a field called __proto__ to itself", () => {
    const back = FieldTable.decodeFields(
      Buffer.concat([Buffer.from([9]), Buffer.from("__proto__F"), Buffer.from([0, 0, 0, 4]), field("t", [1])])
    )
    assert.strictEqual(Object.getPrototypeOf(back), Object.prototype)
    assert.deepStrictEqual(Object.keys(back), ["__proto__"])
    assert.isUndefined((back as { readonly k?: unknown }).k)
  })

  it("keeps what came before a type that it does not know, and says so", () => {
    const back = FieldTable.decodeFields(Buffer.concat([field("t", [1]), Buffer.from([1, 0x6c, 0x7a, 1, 2, 3])]))
    assert.deepStrictEqual({ ...back }, { k: true })
    assert.include(FieldTable.damageOf(back), "0x7a")
  })

  it("goes on after a nested table that is broken", () => {
    const broken = Buffer.from([1, 0x6e, 0x46, 0, 0, 0, 4, 1, 0x71, 0x7a, 0])
    const back = FieldTable.decodeFields(Buffer.concat([broken, field("t", [1])]))
    assert.deepStrictEqual({ ...back }, { n: {}, k: true })
    assert.isDefined(FieldTable.damageOf(back))
  })

  it("never throws, whatever it reads", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      FieldTable.decodeFields(Buffer.from(bytes))
    }))
    fc.assert(fc.property(table, fc.nat(), fc.nat(255), (table, at, byte) => {
      const bytes = Buffer.from(encode(table).subarray(4))
      if (bytes.length > 0) bytes[at % bytes.length] = byte
      FieldTable.decodeFields(bytes)
      FieldTable.decodeFields(bytes.subarray(0, at % (bytes.length + 1)))
    }))
  })

  it("stops at tables that nest without end, both ways", () => {
    let bytes = Buffer.alloc(0)
    for (let i = 0; i < 5000; i++) {
      const head = Buffer.from([1, 0x6b, 0x46, 0, 0, 0, 0])
      head.writeUInt32BE(bytes.length, 3)
      bytes = Buffer.concat([head, bytes])
    }
    assert.include(FieldTable.damageOf(FieldTable.decodeFields(bytes)), "nests deeper")
    const circle: Record<string, unknown> = {}
    circle["self"] = circle
    assert.throws(() => encode(circle), FieldTable.FieldTableError, "nest deeper")
  })

  it("refuses what has no form, and what does not fit", () => {
    assert.throws(() => encode({ f: () => 1 }), FieldTable.FieldTableError, "function")
    assert.throws(() => encode({ n: 2n ** 63n }), FieldTable.FieldTableError, "64 bits")
    assert.throws(() => encode({ ["k".repeat(256)]: 1 }), FieldTable.FieldTableError, "255 bytes")
    assert.throws(() => encode({ d: new Date(-1) }), FieldTable.FieldTableError, "1970")
    const small = Buffer.alloc(64)
    for (
      const value of ["x".repeat(100), "é".repeat(31), new Uint8Array(60), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]]
    ) {
      assert.throws(() => FieldTable.encodeTable(small, { value }, 0), FieldTable.FieldTableError, "64 bytes")
    }
  })

  it("is what our driver uses, and the application's own amqplib is as it was", () => {
    const before = require("amqplib")
    assert.isTrue(Result.isSuccess(Amqplib.load()))
    assert.strictEqual(require("amqplib"), before)
    const codec = require(require.resolve("amqplib").replace("channel_api.js", "lib/codec.js"))
    const buffer = Buffer.alloc(64)
    const size = codec.encodeTable(buffer, { k: 300 }, 0)
    assert.strictEqual(String.fromCharCode(buffer.subarray(0, size)[6]!), "s")
  })
})
