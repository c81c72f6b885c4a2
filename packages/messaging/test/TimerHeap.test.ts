import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { isQuiet } from "../../../test/peers/Quiet.ts"
import { TimerHeap } from "../src/TimerHeap.ts"

/** Bytes in use when all garbage is collected. */
const heapUsed = (): number => {
  setFlagsFromString("--expose-gc")
  runInNewContext("gc")()
  return process.memoryUsage().heapUsed
}

const nothing = () => {}

const drain = (heap: TimerHeap, now = Number.POSITIVE_INFINITY) => {
  const out: Array<{ readonly at: number; readonly priority: number; readonly sequence: number }> = []
  for (let entry = heap.popDue(now); entry !== undefined; entry = heap.popDue(now)) out.push(entry)
  return out
}

describe("TimerHeap", () => {
  it("gives what is due by time, then priority, then age", () => {
    fc.assert(fc.property(
      fc.array(fc.record({ at: fc.integer({ min: 0, max: 20 }), priority: fc.integer({ min: 0, max: 3 }) })),
      (calls) => {
        const heap = new TimerHeap()
        for (const call of calls) heap.enter(call.at, nothing, call.priority)
        const expected = calls.map((call, sequence) => ({ ...call, sequence })).sort((a, b) =>
          a.at - b.at || a.priority - b.priority || a.sequence - b.sequence
        )
        assert.deepStrictEqual(drain(heap).map(({ at, priority, sequence }) => ({ at, priority, sequence })), expected)
      }
    ))
  })

  it("gives what was entered, for its user to call", () => {
    const heap = new TimerHeap<string>()
    heap.enter(2, "b")
    heap.enter(1, "a")
    assert.deepStrictEqual(heap.snapshot().map((entry) => entry.call), ["a", "b"])
  })

  it("never gives a call before its time", () => {
    const heap = new TimerHeap()
    heap.enter(10, nothing)
    assert.isUndefined(heap.popDue(9))
    assert.strictEqual(heap.popDue(10)?.at, 10)
  })

  it("forgets cancelled calls, however many", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(1000), fc.boolean()), { maxLength: 4000, minLength: 1 }), (calls) => {
        const heap = new TimerHeap()
        const entries = calls.map(([at]) => heap.enter(at, nothing))
        entries.forEach((entry, i) => calls[i]![1] && entry.cancel())
        entries.forEach((entry, i) => calls[i]![1] && entry.cancel())
        const kept = calls.filter(([, cancelled]) => !cancelled).map(([at]) => at).sort((a, b) => a - b)
        assert.strictEqual(heap.size, kept.length)
        assert.deepStrictEqual(heap.snapshot().map((entry) => entry.at), kept)
        assert.deepStrictEqual(drain(heap).map((entry) => entry.at), kept)
        assert.strictEqual(heap.size, 0)
      })
    )
  })

  it("does not count a call that is cancelled after it ran", () => {
    const heap = new TimerHeap()
    const first = heap.enter(1, nothing)
    heap.enter(2, nothing)
    heap.popDue(1)
    first.cancel()
    assert.strictEqual(heap.size, 1)
  })

  it("tells when the head is due earlier, and only then", () => {
    const heap = new TimerHeap()
    let woken = 0
    heap.onEarlier = () => void woken++
    heap.enter(5, nothing)
    heap.enter(7, nothing)
    heap.enter(3, nothing)
    heap.enter(3, nothing)
    assert.strictEqual(woken, 2)
  })

  it("forgets everything when cleared", () => {
    const heap = new TimerHeap()
    const entry = heap.enter(5, nothing)
    heap.clear()
    entry.cancel()
    assert.strictEqual(heap.size, 0)
    assert.isUndefined(heap.peek())
  })

  it("takes a million calls in less than a second of processor time, at no more than 150 bytes each", () => {
    const calls = 1_000_000
    const heap = new TimerHeap()
    // Not in order: 7919 is a prime that does not divide the number of calls.
    const at = Float64Array.from({ length: calls }, (_, i) => (i * 7919) % calls)
    const before = heapUsed()
    const began = process.threadCpuUsage()
    for (let i = 0; i < calls; i++) heap.enter(at[i]!, nothing)
    const { system, user } = process.threadCpuUsage(began)
    if (isQuiet) assert.isBelow((user + system) / 1e6, 1)
    assert.isBelow((heapUsed() - before) / calls, 150)
    assert.strictEqual(heap.size, calls)
    for (let i = 0; i < 1000; i++) assert.strictEqual(heap.popDue(calls)?.at, i)
  })
})
