import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { InFlight } from "../src/InFlight.ts"

describe("InFlight", () => {
  it.effect("is idle at once when nothing is under way", () =>
    Effect.gen(function*() {
      const inFlight = new InFlight()
      yield* inFlight.idle
      inFlight.begin()
      inFlight.end()
      yield* inFlight.idle
    }))

  it.effect("wakes all who wait when the last one ends, and lets them wait again", () =>
    Effect.gen(function*() {
      const inFlight = new InFlight()
      for (let round = 0; round < 2; round++) {
        inFlight.begin()
        inFlight.begin()
        const waiting = yield* Effect.forEach([1, 2], () => Effect.forkChild(inFlight.idle, { startImmediately: true }))
        inFlight.end()
        yield* Effect.yieldNow
        assert.deepStrictEqual([inFlight.count, waiting[0]!.pollUnsafe()], [1, undefined])
        inFlight.end()
        yield* Effect.forEach(waiting, Fiber.join)
      }
    }))
})
