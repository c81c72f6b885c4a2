import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { Settlements } from "../src/internal/Settlements.ts"

/** A broker that is strict about tags: what it says would close the channel throws here. */
const broker = (noAck: ReadonlySet<number> = new Set()) => {
  const outstanding = new Set<number>()
  const log: Array<string> = []
  let scheduled = 0
  const settlements = new Settlements({
    ack: (tag, multiple) => {
      log.push(multiple ? `ack ≤${tag}` : `ack ${tag}`)
      if (!outstanding.has(tag)) throw new Error(`unknown delivery tag ${tag}`)
      if (multiple) { for (const other of [...outstanding]) if (other <= tag) outstanding.delete(other) }
      else outstanding.delete(tag)
    },
    reject: (tag, requeue) => {
      log.push(`${requeue ? "requeue" : "reject"} ${tag}`)
      if (!outstanding.delete(tag)) throw new Error(`unknown delivery tag ${tag}`)
    },
    schedule: () => scheduled++
  })
  let next = 1
  const deliver = (count: number) => {
    for (let i = 0; i < count; i++, next++) {
      if (!noAck.has(next)) outstanding.add(next)
      settlements.delivered(next, noAck.has(next))
    }
  }
  return { settlements, outstanding, log, deliver, scheduled: () => scheduled }
}

describe("Settlements", () => {
  it("acks a run from the oldest on in one frame, and asks for one flush", () => {
    const { deliver, log, scheduled, settlements } = broker()
    deliver(5)
    for (const tag of [2, 1, 3]) settlements.settle(tag, "ack")
    assert.deepStrictEqual(log, [])
    settlements.flush()
    assert.deepStrictEqual(log, ["ack ≤3"])
    assert.strictEqual(scheduled(), 1)
  })

  it("acks one by one what has something older outstanding", () => {
    const { deliver, log, settlements } = broker()
    deliver(5)
    for (const tag of [1, 5, 3]) settlements.settle(tag, "ack")
    settlements.flush()
    assert.deepStrictEqual(log, ["ack 1", "ack 5", "ack 3"])
    settlements.settle(2, "ack")
    settlements.settle(4, "ack")
    settlements.flush()
    assert.deepStrictEqual(log.slice(3), ["ack ≤4"])
  })

  it("writes rejections and requeues at once", () => {
    const { deliver, log, settlements } = broker()
    deliver(3)
    settlements.settle(1, "ack")
    settlements.settle(2, "reject")
    settlements.settle(3, "requeue")
    assert.deepStrictEqual(log, ["reject 2", "requeue 3"])
    settlements.flush()
    assert.deepStrictEqual(log.slice(2), ["ack 1"])
  })

  it("writes nothing for a channel that is gone", () => {
    const { deliver, log, settlements } = broker()
    deliver(2)
    settlements.settle(1, "ack")
    settlements.close()
    assert.strictEqual(settlements.settle(2, "ack"), "stale")
    settlements.flush()
    assert.deepStrictEqual(log, [])
  })

  it("settles everything exactly once, in whatever order and turns it is settled", () => {
    const step = fc.record({
      deliver: fc.nat(100),
      settle: fc.array(
        fc.record({
          pick: fc.nat(),
          as: fc.constantFrom("ack", "ack", "ack", "reject", "requeue") as fc.Arbitrary<"ack">
        }),
        { maxLength: 80 }
      ),
      flush: fc.boolean()
    })
    fc.assert(fc.property(fc.array(step, { maxLength: 30 }), fc.uniqueArray(fc.nat(400)), (steps, noAck) => {
      const { deliver, outstanding, settlements } = broker(new Set(noAck))
      const open: Array<number> = []
      let seen = 0
      for (const { deliver: count, flush, settle } of steps) {
        deliver(count)
        for (let tag = seen + 1; tag <= seen + count; tag++) if (!noAck.includes(tag)) open.push(tag)
        seen += count
        for (const { as, pick } of settle) {
          if (open.length === 0) break
          const [tag = 0] = open.splice(pick % open.length, 1)
          assert.strictEqual(settlements.settle(tag, as), "settled")
        }
        if (flush) {
          settlements.flush()
          assert.deepStrictEqual([...outstanding].sort((a, b) => a - b), [...open].sort((a, b) => a - b))
        }
        assert.strictEqual(settlements.outstanding, open.length)
      }
    }))
  })
})
