import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { PassingSet } from "../../src/state/internal/PassingSet.ts"

describe("a set of what comes and goes", () => {
  it("is a set like any other, however often it was renewed", () =>
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 60 }), (pattern) => {
        const ours = new PassingSet<number>()
        const model = new Set<number>()
        for (let round = 0; round < 6_000 / pattern.length; round++) {
          for (const one of pattern) {
            // What is there goes, and what is not comes.
            if (model.delete(one)) assert.isTrue(ours.delete(one))
            else {
              assert.isFalse(ours.delete(one))
              model.add(one)
              ours.add(one)
            }
          }
          assert.deepStrictEqual([...ours.all], [...model])
          assert.strictEqual(ours.size, model.size)
        }
      }),
      { numRuns: 20 }
    ))

  it("is another one after so many additions, and leaves the one before alone", () => {
    const set = new PassingSet<number>()
    const first = set.all
    for (let n = 0; n < 5_000; n++) {
      set.add(n)
      set.delete(n)
    }
    set.add(-1)
    assert.notStrictEqual(set.all, first)
    assert.deepStrictEqual([[...set.all], first.size <= 1], [[-1], true])
  })
})
