import type { Message } from "@celeriac/messaging/Message"
import { NotFound } from "@celeriac/messaging/MessagingError"
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { FieldTableError } from "../src/FieldTable.ts"
import { Publisher } from "../src/internal/Publisher.ts"

const message = (text: string): Message => ({
  body: Buffer.from(text),
  headers: {},
  properties: { correlationId: text }
})

/** A publisher over a wire and a clock that the test moves. */
const rig = (options: ConstructorParameters<typeof Publisher>[1] = {}) => {
  const sent: Array<string> = []
  const outcomes = new Map<string, string>()
  let now = 0
  let tick: (() => void) | undefined
  const wire = { full: false, blocked: undefined as string | undefined, throws: undefined as Error | undefined }
  const publisher = new Publisher({
    send: (message) => {
      if (wire.throws !== undefined) throw wire.throws
      sent.push(Buffer.from(message.body).toString())
      return !wire.full
    },
    blocked: () => wire.blocked
  }, {
    timer: {
      now: () => now,
      every: (_, each) => {
        tick = each
        return () => {
          tick = undefined
        }
      }
    },
    ...options
  })
  return {
    publisher,
    wire,
    sent,
    outcomes,
    ticking: () => tick !== undefined,
    publish: (text: string, exchange = "x", millis = 1000) =>
      publisher.publish(message(text), { exchange, routingKey: text[0] ?? "" }, true, millis, (error) => {
        assert.isFalse(outcomes.has(text), "one outcome each")
        outcomes.set(text, error === undefined ? "confirmed" : error.reason._tag)
      }),
    pass: (millis: number) => {
      now += millis
      tick?.()
    }
  }
}

describe("Publisher", () => {
  it("confirms one by one, out of order and many at once", () => {
    const { outcomes, publish, publisher } = rig()
    for (const text of ["a", "b", "c", "d"]) publish(text)
    publisher.confirmed(2, false, false)
    assert.deepStrictEqual([...outcomes], [["b", "confirmed"]])
    publisher.confirmed(4, true, false)
    assert.deepStrictEqual([...outcomes.keys()], ["b", "a", "c", "d"])
    publish("e")
    publisher.confirmed(5, false, true)
    assert.strictEqual(outcomes.get("e"), "Nacked")
    assert.strictEqual(publisher.underWay, 0)
  })

  it("gives a returned message to the publish that it belongs to", () => {
    const { outcomes, publish, publisher } = rig()
    for (const text of ["a1", "a2", "b1"]) publish(text)
    publisher.returned("x", "a", "a2")
    publisher.confirmed(3, true, false)
    assert.deepStrictEqual([...outcomes], [["a1", "confirmed"], ["a2", "Unroutable"], ["b1", "confirmed"]])
  })

  it("fails with the deadline, and ignores the confirm that comes later", () => {
    const { outcomes, pass, publish, publisher, ticking } = rig()
    publish("a", "x", 100)
    publish("b", "x", 5000)
    pass(99)
    assert.strictEqual(outcomes.size, 0)
    pass(1)
    assert.deepStrictEqual([...outcomes], [["a", "PublishTimedOut"]])
    publisher.confirmed(2, true, false)
    assert.strictEqual(outcomes.get("b"), "confirmed")
    pass(1)
    assert.isFalse(ticking(), "the timer rests when nothing is under way")
  })

  it("holds messages back while the socket is full, and sends them in order", () => {
    const { publish, publisher, sent, wire } = rig()
    wire.full = true
    for (const text of ["a", "b", "c"]) publish(text)
    assert.deepStrictEqual(sent, ["a"])
    publisher.resume()
    assert.deepStrictEqual(sent, ["a", "b"])
    wire.full = false
    publisher.resume()
    assert.deepStrictEqual(sent, ["a", "b", "c"])
  })

  it("never sends what timed out while the broker blocked publishers", () => {
    const { outcomes, pass, publish, publisher, sent, wire } = rig()
    wire.blocked = "low on memory"
    publish("a", "x", 100)
    publish("b", "x", 1000)
    pass(100)
    wire.blocked = undefined
    publisher.resume()
    assert.deepStrictEqual(sent, ["b"])
    publisher.confirmed(1, false, false)
    assert.deepStrictEqual([...outcomes], [["a", "PublishTimedOut"], ["b", "confirmed"]])
  })

  it("bounds what waits, in messages and in bytes", () => {
    const few = rig({ maxWaiting: 2 })
    few.wire.blocked = "disk"
    for (const text of ["a", "b", "c"]) few.publish(text)
    assert.deepStrictEqual([...few.outcomes], [["c", "BufferFull"]])
    const small = rig({ maxWaitingBytes: 10 })
    small.wire.blocked = "disk"
    for (const text of ["a".repeat(8), "b".repeat(8)]) small.publish(text)
    assert.deepStrictEqual([...small.outcomes.values()], ["BufferFull"])
  })

  it("says of each what is known when the channel goes", () => {
    const { outcomes, publish, publisher, wire } = rig()
    publish("a", "there")
    publish("b", "missing")
    wire.blocked = "disk"
    publish("c", "there")
    publisher.close(new NotFound({ detail: "no exchange 'missing' in vhost '/'" }))
    publish("d", "there")
    assert.deepStrictEqual([...outcomes], [["a", "OutcomeUnknown"], ["b", "NotFound"], ["c", "NotFound"], [
      "d",
      "NotFound"
    ]])
  })

  it("refuses what has no form, and goes on", () => {
    const { outcomes, publish, publisher, wire } = rig()
    wire.throws = new FieldTableError("a function has no form")
    publish("a")
    wire.throws = new FieldTableError("over 64 bytes", 64)
    publish("b")
    wire.throws = undefined
    publish("c")
    publisher.confirmed(1, false, false)
    assert.deepStrictEqual([...outcomes], [["a", "Unencodable"], ["b", "TooLarge"], ["c", "confirmed"]])
  })

  it("gives every publish one outcome, whatever happens", () => {
    const event = fc.oneof(
      fc.record({ type: fc.constant("publish" as const), millis: fc.integer({ min: 1, max: 50 }) }),
      fc.record({
        type: fc.constant("confirm" as const),
        back: fc.nat(10),
        multiple: fc.boolean(),
        nack: fc.boolean()
      }),
      fc.record({ type: fc.constant("pass" as const), millis: fc.nat(30) }),
      fc.record({ type: fc.constantFrom("full", "free", "block", "unblock") })
    )
    fc.assert(fc.property(fc.array(event, { maxLength: 120 }), (events) => {
      const { outcomes, pass, publish, publisher, sent, wire } = rig({ maxWaiting: 20 })
      let published = 0
      let confirmed = new Set<number>()
      for (const event of events) {
        switch (event.type) {
          case "publish":
            publish(`m${published++}`, "x", event.millis)
            break
          case "confirm": {
            const number = sent.length - event.back
            if (number < 1 || confirmed.has(number)) break
            publisher.confirmed(number, event.multiple, event.nack)
            for (let n = event.multiple ? 1 : number; n <= number; n++) confirmed = confirmed.add(n)
            break
          }
          case "pass":
            pass(event.millis)
            break
          case "full":
            wire.full = true
            break
          case "free":
            wire.full = false
            publisher.resume()
            break
          case "block":
            wire.blocked = "x"
            break
          default:
            wire.blocked = undefined
            publisher.resume()
        }
        assert.strictEqual(publisher.underWay, published - outcomes.size)
      }
      assert.strictEqual(new Set(sent).size, sent.length, "nothing is sent twice")
      publisher.close(new NotFound({ detail: "gone" }))
      assert.strictEqual(outcomes.size, published)
      for (let n = 1; n <= sent.length; n++) {
        if (!confirmed.has(n)) assert.notStrictEqual(outcomes.get(sent[n - 1] ?? ""), "confirmed")
      }
    }))
  })
})
