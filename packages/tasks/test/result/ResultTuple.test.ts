import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import * as fc from "fast-check"
import * as ResultTuple from "../../src/result/ResultTuple.ts"

describe("ResultTuple", () => {
  it("is written as Celery writes tasks and groups", () => {
    const { task, group } = ResultTuple
    const rows: ReadonlyArray<readonly [ResultTuple.ResultTuple, unknown]> = [
      [task("a"), [["a", null], null]],
      [task("b", task("a")), [["b", [["a", null], null]], null]],
      [group("g", [task("a"), task("b")]), [["g", null], [[["a", null], null], [["b", null], null]]]],
      [group("g", [], task("a")), [["g", [["a", null], null]], []]]
    ]
    for (const [tuple, wire] of rows) {
      assert.deepStrictEqual<unknown>(ResultTuple.encode(tuple), wire)
      assert.deepStrictEqual(ResultTuple.decode(wire), tuple)
    }
  })

  it("is read in the older form, without parents", () => {
    assert.deepStrictEqual(
      ResultTuple.decode(["g", [["a", null]]]),
      ResultTuple.group("g", [ResultTuple.task("a")])
    )
  })

  it("is read as it was written, whatever hangs on it", () => {
    const { tree } = fc.letrec<{ readonly tree: ResultTuple.ResultTuple }>((tie) => ({
      tree: fc.record({
        id: fc.string(),
        parent: fc.option(tie("tree"), { nil: undefined, depthSize: "small" }),
        members: fc.option(fc.array(tie("tree"), { maxLength: 3, depthIdentifier: "tree" }), { nil: undefined })
      }, { noNullPrototype: true })
    }))
    fc.assert(fc.property(tree, (tuple) => {
      assert.deepStrictEqual(ResultTuple.decode(ResultTuple.encode(tuple)), tuple)
      assert.deepStrictEqual(ResultTuple.parse(ResultTuple.stringify(tuple)), Result.succeed(tuple))
    }))
  })

  it("is of a chain as long as anybody's", () => {
    let chain = ResultTuple.task("0")
    for (let step = 1; step < 2_000; step++) chain = ResultTuple.task(String(step), chain)
    const text = ResultTuple.stringify(chain)
    const read = ResultTuple.parse(text)
    assert.strictEqual(Result.isSuccess(read) ? ResultTuple.stringify(read.success) : "", text)
  })

  it("is undefined when it is none, or has no end", () => {
    for (const value of [null, "a", [], ["a"], [["a", 1], null], [[1, null], null], [["a", null], [null]]]) {
      assert.isUndefined(ResultTuple.decode(value))
    }
    let deep: unknown = [["a", null], null]
    for (let level = 0; level < 100_000; level++) deep = [["a", deep], null]
    assert.isUndefined(ResultTuple.decode(deep))
    let nested: unknown = [["a", null], null]
    for (let level = 0; level < 100_000; level++) nested = [["a", null], [nested]]
    assert.isUndefined(ResultTuple.decode(nested))
    fc.assert(fc.property(fc.anything(), (value) => {
      ResultTuple.decode(value)
      ResultTuple.decodeAll(value)
    }))
  })
})
