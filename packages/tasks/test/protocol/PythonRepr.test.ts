import * as Content from "@celeriac/messaging/Content"
import { assert, describe, it } from "@effect/vitest"
import * as BigDecimal from "effect/BigDecimal"
import * as DateTime from "effect/DateTime"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as fc from "fast-check"
import { readFileSync } from "node:fs"
import * as PythonRepr from "../../src/protocol/PythonRepr.ts"

interface Table {
  readonly values: ReadonlyArray<{
    readonly value: unknown
    readonly length: number
    readonly levels: number
    readonly safe: string
    readonly repr?: string
  }>
  readonly args: ReadonlyArray<{ readonly value: ReadonlyArray<unknown>; readonly safe: string }>
}

// Read as a message is, so that large integers and Python's types arrive as they would.
const table = Result.getOrThrow(Content.decode({
  body: readFileSync(new URL("../fixtures/python-repr.json", import.meta.url)),
  headers: {},
  properties: { contentType: "application/json", contentEncoding: "utf-8" }
})) as Table

describe("PythonRepr", () => {
  it("prints what Celery prints", () => {
    for (const { value, length, levels, safe } of table.values) {
      assert.strictEqual(PythonRepr.safe(value, { maxLength: length, maxLevels: levels }), safe)
    }
  })

  it("prints what Python prints", () => {
    let compared = 0
    for (const { value, repr } of table.values) {
      if (repr === undefined) continue
      compared++
      assert.strictEqual(PythonRepr.repr(value), repr)
    }
    assert.isAbove(compared, 300)
  })

  it("prints positional arguments as a tuple", () => {
    for (const { value, safe } of table.args) assert.strictEqual(PythonRepr.args(value), safe)
    assert.strictEqual(PythonRepr.args([]), "()")
    assert.strictEqual(PythonRepr.args(["it's"]), "('it\\'s',)")
    assert.strictEqual(PythonRepr.kwargs({ a: 1, b: undefined, c: [true] }), "{'a': 1, 'c': [True]}")
  })

  it("prints values as they are sent", () => {
    const rows: ReadonlyArray<readonly [unknown, string]> = [
      [1, "1"],
      [1.5, "1.5"],
      [-0, "0"],
      [1e16, "1e+16"],
      [2 ** 53, "9007199254740992.0"],
      [NaN, "nan"],
      [-Infinity, "-inf"],
      [123n, "123"],
      [undefined, "None"],
      [
        new Date(Date.UTC(2024, 0, 2, 3, 4, 5, 6)),
        "datetime.datetime(2024, 1, 2, 3, 4, 5, 6000, tzinfo=datetime.timezone.utc)"
      ],
      [
        DateTime.makeUnsafe("2024-01-02T03:04:00Z"),
        "datetime.datetime(2024, 1, 2, 3, 4, tzinfo=datetime.timezone.utc)"
      ],
      [BigDecimal.fromStringUnsafe("1.50"), "Decimal('1.50')"],
      [new Set([1, 2]), "[1, 2]"],
      [new Map([["a", 1]]), "{'a': 1}"],
      [{ toJSON: () => [1] }, "[1]"]
    ]
    for (const [value, text] of rows) {
      assert.strictEqual(PythonRepr.safe(value), text)
      assert.strictEqual(PythonRepr.repr(value), text)
    }
  })

  it("keeps what is redacted to itself", () => {
    const secret = { user: "u", password: Redacted.make("hunter2") }
    assert.strictEqual(PythonRepr.kwargs(secret), "{'user': 'u', 'password': '****'}")
    assert.strictEqual(PythonRepr.repr(secret), "{'user': 'u', 'password': '****'}")
  })

  it("prints a value that contains itself, down to the last level", () => {
    const self: Array<unknown> = []
    self.push(self)
    assert.strictEqual(PythonRepr.safe(self), "[[[[...]]]]")
    assert.isBelow(PythonRepr.repr(self).length, 200)
  })

  it("asks a getter once, and survives one that throws", () => {
    let asked = 0
    const counting = {
      get a() {
        return ++asked
      }
    }
    assert.strictEqual(PythonRepr.safe(counting), "{'a': 1}")
    const throwing = {
      get a(): never {
        throw new Error("no")
      }
    }
    const trap = new Proxy({}, {
      ownKeys: () => {
        throw new Error("no")
      }
    })
    for (const hostile of [throwing, trap, [throwing]]) {
      assert.strictEqual(PythonRepr.safe(hostile), "<unrepresentable>")
      assert.strictEqual(PythonRepr.repr(hostile), "<unrepresentable>")
    }
  })

  it("stays bounded, and never throws", () => {
    fc.assert(fc.property(
      fc.anything({
        withBigInt: true,
        withDate: true,
        withMap: true,
        withNullPrototype: true,
        withSet: true,
        withTypedArray: true
      }),
      fc.integer({ min: 1, max: 200 }),
      (value, maxLength) => {
        // Past the limit: a token begun before it, its quotes and escapes, and the brackets due.
        assert.isAtMost(PythonRepr.safe(value, { maxLength }).length, maxLength * 8 + 64)
        PythonRepr.repr(value)
      }
    ))
    assert.isBelow(PythonRepr.repr(Array.from({ length: 1e6 }, (_, index) => index)).length, 9000)
    assert.isBelow(PythonRepr.args([Array.from({ length: 1e6 }, (_, index) => index)]).length, 1100)
  })
})
