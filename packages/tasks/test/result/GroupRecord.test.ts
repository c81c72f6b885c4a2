import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import * as fc from "fast-check"
import * as GroupRecord from "../../src/result/GroupRecord.ts"
import { group, task } from "../../src/result/ResultTuple.ts"
import captured from "../fixtures/group-records.json" with { type: "json" }

const groups = [
  group("g", [task("b", task("a")), group("h", [task("c")], task("d"))], task("e")),
  group("0", [])
]

describe("GroupRecord", () => {
  it("is read and written as Celery keeps groups", () => {
    assert.lengthOf(captured, groups.length)
    for (const [index, { id, record }] of captured.entries()) {
      assert.deepStrictEqual(GroupRecord.decode(JSON.parse(record), id), Result.succeed(groups[index]))
      assert.deepStrictEqual<unknown>(GroupRecord.encode(groups[index]!), JSON.parse(record))
    }
  })

  it("is refused when it is of no group, with what was found and where", () => {
    for (
      const value of [null, [], "g", {}, { result: null }, { result: [["a", null], null] }, { result: [["g"], 5] }]
    ) {
      const read = GroupRecord.decode(value, "g")
      assert.isTrue(Result.isFailure(read))
      assert.include(Result.isFailure(read) ? read.failure.message : "", "should be the tuple of a group")
    }
    fc.assert(fc.property(fc.anything(), (value) => {
      GroupRecord.decode(value, "g")
      GroupRecord.decode({ result: value }, "g")
    }))
  })
})
