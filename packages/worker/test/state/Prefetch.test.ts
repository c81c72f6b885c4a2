import * as Prefetch from "@celeriac/worker/state/Prefetch"
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

describe("Prefetch", () => {
  it.each(
    [
      { name: "starts at four for each slot", policy: "adaptive", concurrency: 4, expected: 16 },
      { name: "follows Celery's multiplier", policy: { multiplier: 1 }, concurrency: 10, expected: 10 },
      { name: "is unlimited for a multiplier of 0", policy: { multiplier: 0 }, concurrency: 10, expected: 0 },
      { name: "takes an exact count", policy: { count: 7 }, concurrency: 10, expected: 7 },
      { name: "is unlimited beyond what AMQP can count", policy: { multiplier: 10_000 }, concurrency: 10, expected: 0 }
    ] as const
  )("$name", ({ policy, concurrency, expected }) => {
    assert.strictEqual(Prefetch.initial(policy, concurrency), expected)
  })

  it.each([
    { name: "grows for fast tasks", current: 16, settled: 1000, millis: 100, expected: 1000 },
    {
      name: "holds a tenth of a second of work and what is running",
      current: 16,
      settled: 40,
      millis: 100,
      expected: 56
    },
    { name: "does not grow for slow tasks", current: 16, settled: 4, millis: 1000, expected: 16 },
    { name: "shrinks when tasks turn slow", current: 1000, settled: 4, millis: 1000, expected: 17 },
    { name: "stays where a change would be small", current: 500, settled: 3000, millis: 1000, expected: 500 },
    { name: "waits for a measurement", current: 16, settled: 10, millis: 0, expected: 16 }
  ])("$name", ({ current, settled, millis, expected }) => {
    assert.strictEqual(Prefetch.next("adaptive", 4, current, settled, millis), expected)
  })

  it("never goes below the base or above the ceiling, and settles", () => {
    fc.assert(fc.property(
      fc.integer({ min: 1, max: 200 }),
      fc.integer({ min: 0, max: 100_000 }),
      fc.integer({ min: 1, max: 5000 }),
      (concurrency, settled, millis) => {
        const base = Prefetch.initial("adaptive", concurrency)
        const once = Prefetch.next("adaptive", concurrency, base, settled, millis)
        assert.isAtLeast(once, base)
        assert.isAtMost(once, Math.max(base, Prefetch.ceiling))
        assert.strictEqual(Prefetch.next("adaptive", concurrency, once, settled, millis), once)
      }
    ))
  })

  it.each(
    [
      { name: "grows with the pool", policy: "adaptive", concurrency: 10, current: 4, expected: 40 },
      {
        name: "keeps what was measured when the pool shrinks",
        policy: "adaptive",
        concurrency: 1,
        current: 40,
        expected: 40
      },
      {
        name: "follows the pool by Celery's rule",
        policy: { multiplier: 2 },
        concurrency: 3,
        current: 20,
        expected: 6
      },
      { name: "stays as exact as it was said", policy: { count: 7 }, concurrency: 3, current: 7, expected: 7 }
    ] as const
  )("$name", ({ concurrency, current, expected, policy }) => {
    assert.strictEqual(Prefetch.resized(policy, concurrency, current), expected)
  })

  it("leaves a fixed prefetch alone", () => {
    assert.strictEqual(Prefetch.next({ multiplier: 4 }, 4, 16, 100_000, 100), 16)
  })
})
