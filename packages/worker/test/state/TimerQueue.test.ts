import { TimerQueue } from "@celeriac/worker/state/TimerQueue"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

/** Bytes in use when all garbage is collected. */
const heapUsed = (): number => {
  setFlagsFromString("--expose-gc")
  runInNewContext("gc")()
  return process.memoryUsage().heapUsed
}

const drain = (queue: TimerQueue, now = Number.POSITIVE_INFINITY) => {
  const out: Array<{ readonly at: number; readonly priority: number; readonly sequence: number }> = []
  for (let entry = queue.popDue(now); entry !== undefined; entry = queue.popDue(now)) out.push(entry)
  return out
}

describe("TimerQueue", () => {
  it("gives what is due by time, then priority, then age", () => {
    fc.assert(fc.property(
      fc.array(fc.record({ at: fc.integer({ min: 0, max: 20 }), priority: fc.integer({ min: 0, max: 3 }) })),
      (calls) => {
        const queue = new TimerQueue()
        for (const call of calls) queue.enter(call.at, Effect.void, call.priority)
        const expected = calls.map((call, sequence) => ({ ...call, sequence })).sort((a, b) =>
          a.at - b.at || a.priority - b.priority || a.sequence - b.sequence
        )
        assert.deepStrictEqual(drain(queue).map(({ at, priority, sequence }) => ({ at, priority, sequence })), expected)
      }
    ))
  })

  it("never gives a call before its time", () => {
    const queue = new TimerQueue()
    queue.enter(10, Effect.void)
    assert.isUndefined(queue.popDue(9))
    assert.strictEqual(queue.popDue(10)?.at, 10)
  })

  it("forgets cancelled calls, however many", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(1000), fc.boolean()), { maxLength: 4000, minLength: 1 }), (calls) => {
        const queue = new TimerQueue()
        const entries = calls.map(([at]) => queue.enter(at, Effect.void))
        entries.forEach((entry, i) => calls[i]![1] && entry.cancel())
        entries.forEach((entry, i) => calls[i]![1] && entry.cancel())
        const kept = calls.filter(([, cancelled]) => !cancelled).map(([at]) => at).sort((a, b) => a - b)
        assert.strictEqual(queue.size, kept.length)
        assert.deepStrictEqual(queue.snapshot().map((entry) => entry.at), kept)
        assert.deepStrictEqual(drain(queue).map((entry) => entry.at), kept)
        assert.strictEqual(queue.size, 0)
      })
    )
  })

  it("does not count a call that is cancelled after it ran", () => {
    const queue = new TimerQueue()
    const first = queue.enter(1, Effect.void)
    queue.enter(2, Effect.void)
    queue.popDue(1)
    first.cancel()
    assert.strictEqual(queue.size, 1)
  })

  it("tells when the head is due earlier, and only then", () => {
    const queue = new TimerQueue()
    let woken = 0
    queue.onEarlier = () => void woken++
    queue.enter(5, Effect.void)
    queue.enter(7, Effect.void)
    queue.enter(3, Effect.void)
    queue.enter(3, Effect.void)
    assert.strictEqual(woken, 2)
  })

  it("forgets everything when cleared", () => {
    const queue = new TimerQueue()
    const entry = queue.enter(5, Effect.void)
    queue.clear()
    entry.cancel()
    assert.strictEqual(queue.size, 0)
    assert.isUndefined(queue.peek())
  })

  it("takes a million calls in less than a second of processor time, at no more than 150 bytes each", () => {
    const calls = 1_000_000
    const queue = new TimerQueue()
    // Not in order: 7919 is a prime that does not divide the number of calls.
    const at = Float64Array.from({ length: calls }, (_, i) => (i * 7919) % calls)
    const before = heapUsed()
    const began = process.threadCpuUsage()
    for (let i = 0; i < calls; i++) queue.enter(at[i]!, Effect.void)
    const { system, user } = process.threadCpuUsage(began)
    assert.isBelow((user + system) / 1e6, 1)
    assert.isBelow((heapUsed() - before) / calls, 150)
    assert.strictEqual(queue.size, calls)
    for (let i = 0; i < 1000; i++) assert.strictEqual(queue.popDue(calls)?.at, i)
  })
})
