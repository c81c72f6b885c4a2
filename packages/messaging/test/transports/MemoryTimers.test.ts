import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"
import { Timers } from "../../src/transports/internal/MemoryTimers.ts"

const make = Effect.gen(function*() {
  const context = yield* Effect.context<never>()
  const fibers: Array<Fiber.Fiber<void>> = []
  const timers = new Timers(yield* Clock.Clock, (effect) => {
    const fiber = Effect.runForkWith(context)(effect)
    fibers.push(fiber)
    return fiber
  })
  yield* Effect.addFinalizer(() => Effect.sync(() => timers.stop()))
  return { timers, alive: () => fibers.filter((fiber) => fiber.pollUnsafe() === undefined).length }
})

describe("MemoryTimers", () => {
  it.effect("runs what is due, in order of time and then of asking", () =>
    Effect.gen(function*() {
      const { timers } = yield* make
      const ran: Array<string> = []
      timers.after(30, () => ran.push("30"))
      timers.after(10, () => ran.push("10"))
      timers.after(20, () => ran.push("20"))
      timers.after(10, () => ran.push("10 again"))
      yield* TestClock.adjust(9)
      assert.deepStrictEqual(ran, [])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(ran, ["10", "10 again"])
      yield* TestClock.adjust(100)
      assert.deepStrictEqual(ran, ["10", "10 again", "20", "30"])
    }))

  it.effect("has one fiber however much waits, and none when nothing does", () =>
    Effect.gen(function*() {
      const { alive, timers } = yield* make
      assert.strictEqual(alive(), 0)
      const all = Array.from({ length: 1000 }, (_, index) => timers.after(1000 - index, () => {}))
      yield* TestClock.adjust(0)
      assert.strictEqual(alive(), 1)
      for (const timer of all) timers.cancel(timer)
      yield* TestClock.adjust(0)
      assert.strictEqual(alive(), 0)
      assert.strictEqual(timers.size, 0)
      timers.after(5, () => {})
      yield* TestClock.adjust(5)
      assert.strictEqual(alive(), 0)
    }))

  it.effect("runs nothing that was cancelled, and forgets it", () =>
    Effect.gen(function*() {
      const { timers } = yield* make
      const ran: Array<number> = []
      const all = Array.from({ length: 500 }, (_, index) => timers.after(index + 1, () => ran.push(index)))
      for (const [index, timer] of all.entries()) if (index % 100 !== 0) timers.cancel(timer)
      timers.cancel(all[1])
      assert.strictEqual(timers.size, 5)
      yield* TestClock.adjust(1000)
      assert.deepStrictEqual(ran, [0, 100, 200, 300, 400])
    }))

  it.effect("lets a timer set and cancel others", () =>
    Effect.gen(function*() {
      const { alive, timers } = yield* make
      const ran: Array<string> = []
      const doomed = timers.after(20, () => ran.push("doomed"))
      timers.after(10, () => {
        timers.cancel(doomed)
        timers.after(5, () => ran.push("child"))
      })
      yield* TestClock.adjust(15)
      assert.deepStrictEqual(ran, ["child"])
      assert.strictEqual(alive(), 0)
    }))
})
