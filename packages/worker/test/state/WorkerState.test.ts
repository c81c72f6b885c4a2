import { State } from "@celeriac/worker/state/WorkerState"
import { assert, describe, it } from "@effect/vitest"

describe("the state of a worker", () => {
  it("remembers how requests were settled, by id and number of retries", () => {
    const state = new State()
    state.remember("a", 0, "ack")
    state.remember("a", 1, "reject")
    assert.deepStrictEqual(
      [state.recall("a", 0), state.recall("a", 1), state.recall("a", 2), state.recall("b", 0)],
      ["ack", "reject", undefined, undefined]
    )
  })

  it("forgets what goes back to its queue, however long ago it was settled", () => {
    const state = new State()
    state.remember("old", 0, "ack")
    for (let n = 0; n < 6_000; n++) state.remember(String(n), 0, "ack")
    state.remember("young", 0, "ack")
    assert.deepStrictEqual([state.recall("old", 0), state.recall("young", 0)], ["ack", "ack"])
    state.forget("old", 0)
    state.forget("young", 0)
    assert.deepStrictEqual([state.recall("old", 0), state.recall("young", 0)], [undefined, undefined])
  })

  it("remembers 5,000 at least and 10,000 at most", () => {
    const state = new State()
    for (let n = 0; n < 30_000; n++) state.remember(String(n), 0, "ack")
    const remembered = Array.from({ length: 30_000 }, (_, n) => state.recall(String(n), 0)).filter((one) =>
      one !== undefined
    )
    assert.isAtLeast(remembered.length, 5_000)
    assert.isAtMost(remembered.length, 10_000)
    assert.strictEqual(state.recall("29999", 0), "ack")
  })

  it("remembers slots of a scheduler however many other tasks run after them", () => {
    const state = new State()
    state.remember("slot", 0, "ack", true)
    state.remember("task", 0, "ack")
    for (let n = 0; n < 30_000; n++) state.remember(String(n), 0, "ack")
    assert.deepStrictEqual([state.recall("slot", 0), state.recall("task", 0)], ["ack", undefined])
    state.forget("slot", 0)
    assert.strictEqual(state.recall("slot", 0), undefined)
    for (let n = 0; n < 30_000; n++) state.remember(`slot ${n}`, 0, "ack", true)
    const remembered = Array.from({ length: 30_000 }, (_, n) => state.recall(`slot ${n}`, 0)).filter((one) =>
      one !== undefined
    )
    assert.isAtLeast(remembered.length, 5_000)
    assert.isAtMost(remembered.length, 10_000)
  })

  it("has come up once, and counts whole seconds from then on", () => {
    const state = new State()
    assert.deepStrictEqual([state.wasReady, state.stats(9_999).uptime], [false, 0])
    assert.deepStrictEqual([state.ready(10_000), state.ready(20_000), state.wasReady], [true, false, true])
    assert.deepStrictEqual(state.stats(71_999), { total: {}, pid: process.pid, uptime: 61 })
  })
})
