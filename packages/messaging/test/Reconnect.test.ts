import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { TestClock } from "effect/testing"
import * as Reconnect from "../src/Reconnect.ts"

const pauses = (count: number) =>
  Effect.gen(function*() {
    const step = yield* Schedule.toStep(Reconnect.schedule)
    const found: Array<number> = []
    for (let i = 0; i < count; i++) found.push(Duration.toMillis((yield* step(0, undefined))[1]))
    return found
  })

describe("Reconnect", () => {
  it.effect("doubles from a quarter of a second to five, a fifth more or less", () =>
    Effect.gen(function*() {
      const found = yield* pauses(2_000)
      for (const [attempt, pause] of found.entries()) {
        const middle = Math.min(5_000, 250 * 2 ** attempt)
        assert.isAtLeast(pause, middle * 0.8)
        assert.isAtMost(pause, middle * 1.2)
      }
    }))

  it.effect("spreads those who have come to the cap", () =>
    Effect.gen(function*() {
      const capped = (yield* pauses(1_000)).slice(10)
      assert.isAbove(capped.filter((pause) => pause > 5_000).length, 300)
      assert.isAbove(capped.filter((pause) => pause < 5_000).length, 300)
    }))

  it.effect("finds a broker that is back within ten seconds, at whatever moment it comes", () =>
    Effect.gen(function*() {
      /** As long as an attempt to connect may take. */
      const attempt = 4_000
      for (const awayFor of [0, 1, 250, 3_000, 20_000, 61_234]) {
        let isBack = false
        let foundAt = 0
        const fiber = yield* Effect.forkChild(
          Effect.sleep(attempt).pipe(
            // What the broker answers is settled when the attempt begins.
            (slow) => Effect.suspend(() => isBack ? Effect.void : Effect.andThen(slow, Effect.fail("away"))),
            Effect.retry(Reconnect.schedule),
            Effect.andThen(Effect.clockWith((clock) => clock.currentTimeMillis)),
            Effect.tap((now) => Effect.sync(() => void (foundAt = now)))
          ),
          { startImmediately: true }
        )
        yield* TestClock.adjust(awayFor)
        isBack = true
        const backAt = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
        yield* TestClock.adjust("10 seconds")
        assert.isDefined(fiber.pollUnsafe(), `away for ${awayFor} ms`)
        assert.isAtMost(foundAt - backAt, 10_000)
      }
    }))
})
