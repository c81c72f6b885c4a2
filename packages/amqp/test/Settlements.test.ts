import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { Settlements } from "../src/internal/Settlements.ts"

/** A broker that is strict about tags: what it says would close the channel throws here. */
const broker = (noAck: ReadonlySet<number> = new Set()) => {
  const outstanding = new Set<number>()
  const log: Array<string> = []
  let scheduled = 0
  /** What the broker was told of each. */
  const told = new Map<number, string>()
  const take = (what: string) => (tag: number, multiple = false) => {
    log.push(`${what} ${multiple ? "≤" : ""}${tag}`)
    if (!outstanding.has(tag)) throw new Error(`unknown delivery tag ${tag}`)
    for (const other of multiple ? [...outstanding] : [tag]) {
      if (other > tag) continue
      outstanding.delete(other)
      told.set(other, what)
    }
  }
  const settlements = new Settlements({
    ack: take("ack"),
    requeue: take("requeue"),
    reject: (tag) => take("reject")(tag),
    schedule: () => scheduled++
  })
  let next = 1
  const deliver = (count: number) => {
    for (let i = 0; i < count; i++, next++) {
      if (!noAck.has(next)) outstanding.add(next)
      settlements.delivered(next, noAck.has(next))
    }
  }
  return { settlements, outstanding, told, log, deliver, scheduled: () => scheduled }
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

  it("requeues a run in one frame too, behind the acks before it", () => {
    const { deliver, log, settlements } = broker()
    deliver(9)
    for (const tag of [1, 2]) settlements.settle(tag, "ack")
    for (const tag of [3, 4, 5, 7]) settlements.settle(tag, "requeue")
    settlements.settle(9, "ack")
    settlements.flush()
    assert.deepStrictEqual(log, ["ack ≤2", "requeue ≤5", "requeue 7", "ack 9"])
  })

  it("writes rejections at once", () => {
    const { deliver, log, settlements } = broker()
    deliver(3)
    settlements.settle(1, "ack")
    settlements.settle(2, "reject")
    settlements.settle(3, "requeue")
    assert.deepStrictEqual(log, ["reject 2"])
    settlements.flush()
    assert.deepStrictEqual(log.slice(1), ["ack 1", "requeue 3"])
  })

  it("takes no more room for many that come and go while a few stay", () => {
    const { deliver, log, outstanding, settlements } = broker()
    deliver(3)
    settlements.settle(2, "ack")
    for (let tag = 4; tag <= 200_003; tag++) {
      deliver(1)
      settlements.settle(tag, "ack")
      if (tag % 100 === 3) settlements.flush()
    }
    settlements.flush()
    assert.deepStrictEqual([...outstanding], [1, 3])
    assert.isAtMost(settlements.room, 131_072)
    settlements.settle(3, "requeue")
    assert.strictEqual(log.at(-1), "requeue 3")
    deliver(4)
    settlements.settle(200_004, "ack")
    settlements.settle(200_005, "ack")
    settlements.flush()
    assert.deepStrictEqual(log.slice(-2), ["ack 200004", "ack 200005"])
    settlements.settle(1, "ack")
    settlements.settle(200_006, "ack")
    settlements.settle(200_007, "ack")
    settlements.flush()
    assert.deepStrictEqual(log.slice(-2), ["ack 1", "ack ≤200007"])
    assert.strictEqual(settlements.outstanding, 0)
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
      const { deliver, outstanding, settlements, told } = broker(new Set(noAck))
      const said = new Map<number, string>()
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
          said.set(tag, as)
        }
        if (flush) {
          settlements.flush()
          assert.deepStrictEqual([...outstanding].sort((a, b) => a - b), [...open].sort((a, b) => a - b))
        }
        assert.strictEqual(settlements.outstanding, open.length)
      }
      settlements.flush()
      assert.deepStrictEqual(new Map([...told].sort(([a], [b]) => a - b)), new Map([...said].sort(([a], [b]) => a - b)))
    }))
  })
})
