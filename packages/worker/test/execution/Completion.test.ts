/**
 * The one promise of `Completion`: whatever happens, and in whatever order,
 * each delivery is settled exactly once or left to the broker, and never before
 * what came of it is stored and what follows it is published.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import { type Answer, beside, follower, type Options, ran, type Step, World } from "./World.ts"

const index = fc.nat(7)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ _tag: "deliver" } as const) },
  { weight: 2, arbitrary: fc.constantFrom({ _tag: "stray" } as const, { _tag: "lose" } as const) },
  { weight: 3, arbitrary: fc.constant({ _tag: "tick" } as const) },
  { weight: 5, arbitrary: fc.record({ _tag: fc.constant("end" as const), index, outcome: fc.constantFrom(...ran) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      _tag: fc.constant("answer" as const),
      index,
      how: fc.constantFrom("well" as const, "badly" as const, "unencodable" as const)
    })
  },
  {
    weight: 5,
    arbitrary: fc.record({
      _tag: fc.constant("answerPublish" as const),
      index,
      how: fc.constantFrom<Answer>("well", "well", "badly", "refused", "unencodable")
    })
  }
)

const options: fc.Arbitrary<Options> = fc.record({
  acksLate: fc.boolean(),
  acksOnFailureOrTimeout: fc.boolean(),
  ignoreResult: fc.boolean(),
  follows: fc.nat(3)
})

describe("whatever becomes of runs, of what follows them, the store and the connection, and whenever the worker stops", () => {
  it.effect("each delivery is settled once or left to the broker, never before its record and what follows it are safe, and no run is repeated", () =>
    Effect.gen(function*() {
      const clock = yield* Clock.Clock
      fc.assert(
        fc.property(
          options,
          fc.constantFrom(follower, beside),
          fc.array(step, { maxLength: 60 }),
          fc.boolean(),
          (options, next, steps, closesEarly) => {
            const world = new World(clock, options, { next })
            steps.forEach((step, i) => {
              if (closesEarly && i === 40) world.do({ _tag: "close" })
              world.do(step)
            })
            world.stop()
            assert.deepStrictEqual(world.complaints, [])
            for (const { heard, isLost } of world.deliveries) {
              // One that was lost may have been settled before.
              if (isLost) assert.isAtMost(heard.length, 1)
              else assert.strictEqual(heard.length, 1)
            }
            assert.deepStrictEqual(Array.from(world.starts.values()).filter((starts) => starts > 1), [])
            assert.deepStrictEqual([world.outstanding, world.state.requests.size, world.state.active.size], [0, 0, 0])
          }
        ),
        { numRuns: 2_000 }
      )
    }))
})

describe("results that are kept", () => {
  it.effect("hold back new work when there are as many as there is room for, in number or in bytes, and no longer", () =>
    Effect.gen(function*() {
      const clock = yield* Clock.Clock
      const world = new World(clock, { acksLate: true, acksOnFailureOrTimeout: true, ignoreResult: false, follows: 0 })
      for (let n = 0; n < 1_000; n++) {
        world.deliver(`task ${n}`)
        world.end(0, { _tag: "Success", result: n, isSealed: false })
        assert.isFalse(world.pool.isPaused)
        world.answer(0, "badly")
      }
      assert.isTrue(world.pool.isPaused)
      world.tick()
      world.answer(0, "well")
      assert.isFalse(world.pool.isPaused)

      const heavy = "x".repeat(40 * 1024 * 1024)
      const large = new World(clock, { acksLate: true, acksOnFailureOrTimeout: true, ignoreResult: false, follows: 0 })
      for (const id of ["a", "b"]) {
        large.deliver(id)
        large.end(0, { _tag: "Success", result: heavy, isSealed: false })
        large.answer(0, "badly")
        assert.strictEqual(large.pool.isPaused, id === "b")
      }
    }))
})
