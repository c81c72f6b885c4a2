/**
 * What `ResultReader` does about groups, in every backend: part of
 * `ResultBackendConformance`.
 *
 * @since 0.1.0
 */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { ResultBackend } from "../result/ResultBackend.ts"
import type { ResultError } from "../result/ResultError.ts"
import { ResultReader } from "../result/ResultReader.ts"
import * as ResultRecord from "../result/ResultRecord.ts"
import * as ResultTuple from "../result/ResultTuple.ts"
import { store } from "../result/ResultWriter.ts"

/** Registers one test. */
type Test = (sentence: string, body: Effect.Effect<void, unknown, ResultBackend>) => void

/** Of one that saves groups. */
export const saving = (test: Test): void => {
  const group = ResultTuple.group("g", [
    ResultTuple.task("b", ResultTuple.task("a")),
    ResultTuple.group("ä", [ResultTuple.task("c")], ResultTuple.task("d"))
  ], ResultTuple.task("e"))

  test(
    "saves a group with all that it hangs on, and gives it to whoever asks by its id",
    Effect.gen(function*() {
      const reader = yield* ResultReader
      yield* reader.saveGroup(group)
      assert.deepStrictEqual(yield* reader.restoreGroup("g"), group)
      assert.deepStrictEqual(yield* reader.restoreGroup("g"), group)
    })
  )

  test(
    "knows nothing of a group that was not saved, nor of one that was deleted",
    Effect.gen(function*() {
      const reader = yield* ResultReader
      yield* reader.deleteGroup("g")
      assert.isUndefined(yield* reader.restoreGroup("g"))
      yield* reader.saveGroup(group)
      yield* reader.saveGroup(ResultTuple.group("g", []))
      assert.deepStrictEqual(yield* reader.restoreGroup("g"), ResultTuple.group("g", []))
      yield* reader.deleteGroup("g")
      assert.isUndefined(yield* reader.restoreGroup("g"))
    })
  )

  test(
    "keeps groups and tasks apart, though they have one id",
    Effect.gen(function*() {
      const reader = yield* ResultReader
      yield* reader.saveGroup(group)
      assert.strictEqual(yield* reader.state("g"), "PENDING")
      yield* store(ResultRecord.make("g", "SUCCESS"), { replyTo: undefined, correlationId: "g" })
      yield* reader.deleteGroup("g")
      assert.strictEqual(yield* reader.state("g"), "SUCCESS")
      yield* reader.saveGroup(group)
      yield* reader.forget("g")
      assert.deepStrictEqual(yield* reader.restoreGroup("g"), group)
    })
  )
}

/** Of one that cannot. */
export const refusing = (test: Test): void => {
  test(
    "refuses to save groups, and says what does",
    Effect.gen(function*() {
      const reader = yield* ResultReader
      for (
        const ask of [reader.saveGroup(ResultTuple.group("g", [])), reader.restoreGroup("g"), reader.deleteGroup("g")]
      ) {
        const error = yield* Effect.flip<unknown, ResultError, never>(ask)
        assert.strictEqual(error.reason._tag, "Unsupported")
        assert.include(error.message, reader.uri)
      }
    })
  )
}
