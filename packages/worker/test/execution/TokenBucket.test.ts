import { TokenBucket } from "@celeriac/worker/execution/RateLimit"
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

class Hand {
  now = 1_800_000_000_000
  readonly currentTimeMillisUnsafe = () => this.now
}

const make = (rate: number, capacity?: number) => {
  const clock = new Hand()
  return { clock, bucket: new TokenBucket(rate, clock, capacity) }
}

describe("a bucket of tokens", () => {
  it("is full at first, and holds no more than it holds", () => {
    const { bucket, clock } = make(10)
    clock.now += 3_600_000
    assert.deepStrictEqual([bucket.expectedTime(1), bucket.canConsume(1), bucket.canConsume(1)], [0, true, false])
    assert.strictEqual(bucket.expectedTime(1), 0.1)
    clock.now += 99
    assert.deepStrictEqual([bucket.canConsume(1), Math.round(bucket.expectedTime(1) * 1_000)], [false, 1])
    clock.now += 1
    assert.deepStrictEqual([bucket.canConsume(1), bucket.canConsume(1)], [true, false])
  })

  it("gives parts of tokens, and several, when it holds them; more than it holds there will never be", () => {
    const { bucket, clock } = make(2, 3)
    assert.deepStrictEqual([bucket.canConsume(4), bucket.expectedTime(4)], [false, Infinity])
    assert.deepStrictEqual([bucket.canConsume(2), bucket.canConsume(0.5), bucket.canConsume(1)], [true, true, false])
    assert.strictEqual(bucket.expectedTime(1), 0.25)
    clock.now += 250
    assert.isTrue(bucket.canConsume(1))
  })

  it("lets nobody through more often than its rate says, and whoever asks when it is told to exactly as often", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 5_000, noNaN: true }), fc.integer({ min: 1, max: 300 }), (rate, n) => {
        const { bucket, clock } = make(rate)
        const from = clock.now
        for (let i = 0; i < n; i++) {
          let asked = 0
          while (!bucket.canConsume(1)) {
            assert.isBelow(asked++, 2)
            clock.now += Math.max(1, Math.ceil(bucket.expectedTime(1) * 1_000 - 1e-6))
          }
        }
        const due = (n - 1) * 1_000 / rate
        assert.isAtLeast(clock.now - from, Math.floor(due - 1e-3))
        assert.isAtMost(clock.now - from, Math.ceil(due) + 1)
      })
    )
  })

  it("never gives more than its rate in any stretch of time, however it is asked", () => {
    fc.assert(fc.property(
      fc.integer({ min: 1, max: 100 }),
      fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 100 }),
      (rate, pauses) => {
        const { bucket, clock } = make(rate)
        const taken: Array<number> = []
        for (const pause of pauses) {
          clock.now += pause
          if (bucket.canConsume(1)) taken.push(clock.now)
        }
        for (let i = 0; i < taken.length; i++) {
          for (let j = i + 1; j < taken.length; j++) {
            // A clock of whole milliseconds may be late by one.
            assert.isAtLeast(taken[j]! - taken[i]! + 1, (j - i) * 1_000 / rate)
          }
        }
      }
    ))
  })
})
