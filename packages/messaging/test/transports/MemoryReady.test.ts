import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { type Entry, Ready } from "../../src/transports/internal/MemoryReady.ts"

const entry = (position: number, priority = 0, expiresAt = Infinity): Entry => ({
  message: { body: new Uint8Array(position % 7), headers: {}, properties: {} },
  exchange: "",
  routingKey: "",
  position,
  priority,
  expiresAt,
  redelivered: false
})

type Step = { readonly take: number } | { readonly add: number } | { readonly putBack: number }

const steps: fc.Arbitrary<ReadonlyArray<Step>> = fc.array(
  fc.oneof(
    fc.record({ add: fc.nat(3) }),
    fc.record({ take: fc.nat(5) }),
    fc.record({ putBack: fc.nat(5) })
  ),
  { maxLength: 80 }
)

describe("MemoryReady", () => {
  it("is ordered by priority and then by position, whatever is taken and put back", () => {
    fc.assert(fc.property(steps, (steps) => {
      const ready = new Ready(3)
      const model: Array<Entry> = []
      const taken: Array<Entry> = []
      let position = 0
      const insert = (entry: Entry) => {
        ready.insert(entry)
        model.push(entry)
        model.sort((a, b) => b.priority - a.priority || a.position - b.position)
      }
      for (const step of steps) {
        if ("add" in step) insert(entry(position++, step.add))
        else if ("take" in step) {
          for (let count = step.take; count > 0; count--) {
            const expected = model.shift()
            assert.strictEqual(ready.peek(), expected)
            assert.strictEqual(ready.shift(), expected)
            if (expected !== undefined) taken.push(expected)
          }
        } else taken.splice(step.putBack % (taken.length + 1), step.putBack).forEach(insert)
        assert.strictEqual(ready.length, model.length)
        assert.strictEqual(ready.bytes, model.reduce((bytes, { message }) => bytes + message.body.length, 0))
      }
    }))
  })

  it("lets go of what expired at its heads, and says when the next one will", () => {
    const ready = new Ready(1)
    const expired: Array<number> = []
    for (const each of [entry(0, 0, 10), entry(1, 0, 30), entry(2, 0, 5), entry(3, 1, 20)]) ready.insert(each)
    const expire = (now: number) => ready.expire((at) => at <= now, ({ position }) => expired.push(position))
    assert.strictEqual(expire(9), 10)
    assert.strictEqual(expire(10), 20)
    assert.strictEqual(expire(25), 30)
    assert.deepStrictEqual(expired, [0, 3])
    assert.strictEqual(expire(30), Infinity)
    assert.deepStrictEqual(expired, [0, 3, 1, 2])
    assert.strictEqual(ready.length, 0)
  })
})
