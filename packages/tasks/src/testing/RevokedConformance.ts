/**
 * What a result backend must do that keeps which tasks are revoked: a part of
 * `ResultBackendConformance`.
 *
 * @since 0.1.0
 */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { ResultBackend } from "../result/ResultBackend.ts"
import { ResultWriter } from "../result/ResultWriter.ts"

/** Registers one test. */
type Test = (sentence: string, body: Effect.Effect<void, unknown, ResultBackend>) => void

export const keeping = (test: Test): void => {
  test(
    "keeps what was revoked for those who were away, if it keeps anything",
    Effect.gen(function*() {
      const { noteRevoked, revoked } = yield* ResultWriter
      if (noteRevoked === undefined || revoked === undefined) {
        return assert.isTrue(noteRevoked === undefined && revoked === undefined)
      }
      assert.deepStrictEqual(yield* revoked, [])
      yield* noteRevoked([])
      yield* noteRevoked(["1", "__proto__"])
      yield* noteRevoked(Array.from({ length: 2_500 }, (_, index) => `many ${index}`))
      yield* noteRevoked(["1"])
      const ids = yield* revoked
      assert.strictEqual(new Set(ids).size, 2_502)
      assert.includeMembers([...ids], ["1", "__proto__", "many 2499"])
    })
  )
}
