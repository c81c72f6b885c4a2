import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as InSlices from "../../src/state/internal/InSlices.ts"

const numbers = (count: number) => new Set(Array.from({ length: count }, (_, at) => at))

describe("looking through very many", () => {
  it("is done at once where they are few", () => {
    const found = Effect.runSyncExit(InSlices.filter(numbers(250), (n) => n % 100 === 0))
    assert.deepStrictEqual(found, Exit.succeed([0, 100, 200]))
  })

  it.effect("lets others go on, and finds what came meanwhile", () =>
    Effect.gen(function*() {
      const all = numbers(600)
      let looked = 0
      const looking = yield* Effect.forkChild(
        InSlices.filter(all, (n) => (looked++, n >= 599)),
        { startImmediately: true }
      )
      assert.strictEqual(looked, 250)
      all.add(9_999)
      assert.deepStrictEqual(yield* Fiber.join(looking), [599, 9_999])
    }))

  it.effect("looks no further when it has as many as are wanted", () =>
    Effect.gen(function*() {
      let looked = 0
      const found = yield* InSlices.filter(numbers(5_000), (n) => (looked++, n > 10), 3)
      assert.deepStrictEqual(found, [11, 12, 13])
      assert.strictEqual(looked, 14)
    }))
})
