/**
 * What a result backend must do that keeps marks: a part of
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
    "changes marks one at a time, if it keeps any",
    Effect.gen(function*() {
      const { marks } = yield* ResultWriter
      if (marks === undefined) return
      const exchange = (was: string, becomes: string) => marks.exchange("__proto__", was, becomes, 60_000)
      assert.strictEqual(yield* marks.read("__proto__"), "")
      assert.strictEqual(yield* exchange("somebody", "me"), "")
      assert.isUndefined(yield* exchange("", "me"))
      // Whoever did not hear that it is his asks again.
      assert.isUndefined(yield* exchange("", "me"))
      assert.strictEqual(yield* exchange("", "you"), "me")
      assert.strictEqual(yield* marks.read("__proto__"), "me")
      assert.isUndefined(yield* exchange("me", "done"))
      assert.strictEqual(yield* exchange("me", ""), "done")
      assert.isUndefined(yield* exchange("done", ""))
      assert.strictEqual(yield* marks.read("__proto__"), "")
      const all = Array.from({ length: 20 }, (_, index) => marks.exchange("one", "", `${index}`, 60_000))
      const answers = yield* Effect.all(all, { concurrency: "unbounded" })
      assert.lengthOf(answers.filter((there) => there === undefined), 1)
      // Of another name nothing was said.
      assert.isUndefined(yield* marks.exchange("other", "", "x", 60_000))
    })
  )
}
