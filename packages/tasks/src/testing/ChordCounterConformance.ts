/**
 * What the chord counter of a result backend must do, as tests: the part of
 * `ResultBackendConformance` that is about chords.
 *
 * @since 0.1.0
 */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { ChordCounter } from "../result/ChordCounter.ts"
import * as ExceptionRecord from "../result/ExceptionRecord.ts"
import * as ResultRecord from "../result/ResultRecord.ts"

/** Registers one test. */
type Test = (sentence: string, body: Effect.Effect<void, unknown, ChordCounter>) => void

/** Registers what a backend must do that counts. */
export const counting = (test: Test): void => {
  test(
    "gives the parts of a chord, in the order of the group, to who reports the last one",
    Effect.gen(function*() {
      const chords = yield* ChordCounter
      assert.isUndefined(yield* chords.setSize("g", 3))
      assert.isUndefined(yield* chords.count(part(2)))
      assert.isUndefined(yield* chords.count(part(0)))
      assert.deepStrictEqual(resultsOf(yield* chords.count(part(1))), [0, 1, 2])
    })
  )

  test(
    "counts parts before it is told how many there are",
    Effect.gen(function*() {
      const chords = yield* ChordCounter
      assert.isUndefined(yield* chords.count(part(1)))
      assert.isUndefined(yield* chords.count(part(0)))
      assert.deepStrictEqual(resultsOf(yield* chords.setSize("g", 2)), [0, 1])
    })
  )

  test(
    "counts a part once, however often it is reported, and tells the last one again",
    Effect.gen(function*() {
      const chords = yield* ChordCounter
      yield* chords.setSize("g", 2)
      yield* chords.count(part(0))
      assert.isUndefined(yield* chords.count(part(0)))
      assert.deepStrictEqual(resultsOf(yield* chords.count(part(1))), [0, 1])
      assert.isUndefined(yield* chords.count(part(0)))
      assert.deepStrictEqual(resultsOf(yield* chords.count(part(1))), [0, 1])
    })
  )

  test(
    "completes a chord once, when its parts end at the same time",
    Effect.gen(function*() {
      const chords = yield* ChordCounter
      yield* chords.setSize("g", 20)
      const told = yield* Effect.forEach(
        Array.from({ length: 20 }, (_, index) => index),
        (index) => chords.count(part(index)),
        { concurrency: "unbounded" }
      )
      assert.lengthOf(told.filter((records) => records !== undefined), 1)
    })
  )

  test(
    "counts failures as parts, and chords apart",
    Effect.gen(function*() {
      const chords = yield* ChordCounter
      yield* chords.setSize("g", 1)
      yield* chords.setSize("other", 1)
      const record = ResultRecord.make("t0", "FAILURE", { exception: ExceptionRecord.make("ValueError", ["bad"]) })
      const told = yield* chords.count({ groupId: "g", index: 0, record })
      assert.deepStrictEqual(told?.map(({ exception, status }) => [status, exception?.excType]), [[
        "FAILURE",
        "ValueError"
      ]])
      assert.deepStrictEqual(resultsOf(yield* chords.count({ ...part(0), groupId: "other" })), [0])
    })
  )

  test(
    "waits for parts that were added, each once however often it is said",
    Effect.gen(function*() {
      const chords = yield* ChordCounter
      assert(chords.grow !== undefined, "it can grow")
      yield* chords.setSize("g", 2)
      yield* chords.grow("g", "t7")
      yield* chords.grow("g", "t7")
      yield* chords.grow("g", "t8")
      assert.isUndefined(yield* chords.count(part(0)))
      assert.isUndefined(yield* chords.count(part(1)))
      assert.isUndefined(yield* chords.count({ ...part(8), index: 0 }))
      assert.deepStrictEqual(resultsOf(yield* chords.count({ ...part(7), index: 0 }))?.length, 4)
    })
  )

  test(
    "puts parts without a place last",
    Effect.gen(function*() {
      const chords = yield* ChordCounter
      yield* chords.setSize("g", 2)
      yield* chords.count({ ...part(8), index: Infinity })
      assert.deepStrictEqual(resultsOf(yield* chords.count(part(1))), [1, 8])
    })
  )

  test(
    "forgets a chord for good",
    Effect.gen(function*() {
      const chords = yield* ChordCounter
      yield* chords.setSize("g", 1)
      yield* chords.count(part(0))
      yield* chords.forget("g")
      assert.isUndefined(yield* chords.count(part(0)))
      assert.isUndefined(yield* chords.setSize("g", 1))
    })
  )
}

/** Registers what a backend must do with a chord that is sent again, under the ids that it had. */
export const countingAgain = (test: Test): void => {
  test(
    "counts the parts of a chord anew that has ended and is sent again",
    Effect.gen(function*() {
      const chords = yield* ChordCounter
      yield* chords.setSize("g", 1)
      yield* chords.count(part(0))
      yield* chords.forget("g", { last: part(0) })
      yield* chords.setSize("g", 2)
      assert.isUndefined(yield* chords.count(part(0)))
      assert.deepStrictEqual(resultsOf(yield* chords.count(part(1))), [0, 1])
    })
  )

  test(
    "counts a part whose message is new before it is told how many there are this time",
    Effect.gen(function*() {
      const chords = yield* ChordCounter
      yield* chords.setSize("g", 2)
      yield* chords.count(part(0))
      yield* chords.count(part(1))
      yield* chords.forget("g", { last: part(1), hasFailed: true })
      assert.isUndefined(yield* chords.count({ ...part(0), isFirst: true }))
      yield* chords.setSize("g", 2)
      assert.deepStrictEqual(resultsOf(yield* chords.count(part(1))), [0, 1])
    })
  )

  test(
    "does not forget a chord for whoever sent the body of its last run",
    Effect.gen(function*() {
      const chords = yield* ChordCounter
      yield* chords.setSize("g", 1)
      assert.isDefined(yield* chords.count(part(0)))
      yield* chords.setSize("g", 1)
      yield* chords.forget("g", { last: part(0) })
      assert.deepStrictEqual(resultsOf(yield* chords.count(part(0))), [0])
    })
  )
}

/** Registers what a backend must do that cannot count. */
export const refusing = (test: Test): void => {
  test(
    "cannot count the parts of a chord, and names what can",
    Effect.gen(function*() {
      const chords = yield* ChordCounter
      yield* chords.forget("g")
      for (const ask of [chords.setSize("g", 1), chords.count(part(0))]) {
        const error = yield* Effect.flip(ask)
        assert.strictEqual(error.reason._tag, "Unsupported")
        assert.isFalse(error.isRecoverable)
        assert.include(error.message, chords.uri)
        assert.match(error.message, /cannot count the parts of a chord\. Use /)
      }
    })
  )
}

const part = (index: number) => ({
  groupId: "g",
  index,
  record: ResultRecord.make(`t${index}`, "SUCCESS", { result: index, dateDone: 0 })
})

const resultsOf = (records: ReadonlyArray<ResultRecord.ResultRecord> | undefined) =>
  records?.map(({ result }) => result)
