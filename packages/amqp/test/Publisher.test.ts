import type { Message } from "@celeriac/messaging/Message"
import { ChannelClosed } from "@celeriac/messaging/MessagingError"
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { FieldTableError } from "../src/FieldTable.ts"
import { Publisher } from "../src/internal/Publisher.ts"
import { Taken } from "../src/internal/Taken.ts"

const message = (text: string): Message => ({
  body: Buffer.from(text),
  headers: {},
  properties: { correlationId: text }
})

/** A publisher over a wire and a clock that the test moves, to a broker that is known to have the exchanges `x` and `there`. */
const rig = (options: ConstructorParameters<typeof Publisher>[1] = {}) => {
  const sent: Array<string> = []
  const outcomes = new Map<string, string>()
  const suspects: Array<string> = []
  let now = 0
  let tick: (() => void) | undefined
  const wire = { full: false, blocked: undefined as string | undefined, throws: undefined as Error | undefined }
  const taken = new Taken({ bytes: Infinity })
  for (const exchange of ["x", "there"]) taken.confirmed(0, exchange, undefined)
  const publisher = new Publisher({
    taken,
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
  const publishMessage = (message: Message, exchange = "x", millis = 1000) => {
    const text = Buffer.from(message.body).toString()
    publisher.publish(message, { exchange, routingKey: text[0] ?? "" }, true, millis, (error) => {
      assert.isFalse(outcomes.has(text), "one outcome each")
      outcomes.set(text, error === undefined ? "confirmed" : error.reason._tag)
      if (error?.reason._tag === "OutcomeUnknown" && error.reason.isSuspect) suspects.push(text)
    })
  }
  return {
    publisher,
    wire,
    sent,
    outcomes,
    suspects,
    ticking: () => tick !== undefined,
    publishMessage,
    publish: (text: string, exchange = "x", millis = 1000) => publishMessage(message(text), exchange, millis),
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
    publish("b", "there")
    publisher.confirmed(1, false, false)
    wire.blocked = "disk"
    publish("c", "there")
    publisher.close(new ChannelClosed({ code: 504, detail: "over" }))
    publish("d", "there")
    assert.deepStrictEqual([...outcomes], [["a", "confirmed"], ["b", "OutcomeUnknown"], ["c", "ChannelClosed"], [
      "d",
      "ChannelClosed"
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
      publisher.close(new ChannelClosed({ code: 504, detail: "gone" }))
      assert.strictEqual(outcomes.size, published)
      for (let n = 1; n <= sent.length; n++) {
        if (!confirmed.has(n)) assert.notStrictEqual(outcomes.get(sent[n - 1] ?? ""), "confirmed")
      }
    }))
  })
})

describe("A message that the broker closes the channel for", () => {
  const refuse = ({ publisher }: ReturnType<typeof rig>, code: number, detail: string) =>
    publisher.close(new ChannelClosed({ code, detail }), { code, detail })

  const missing = "NOT_FOUND - no exchange 'missing' in vhost '/'"

  it("is not sent before all that were sent before it are confirmed, and what follows waits behind it", () => {
    const { outcomes, publish, publisher, sent } = rig()
    publish("a")
    publish("b", "new")
    publish("c")
    assert.deepStrictEqual(sent, ["a"])
    publisher.confirmed(1, false, false)
    assert.deepStrictEqual(sent, ["a", "b", "c"])
    publisher.confirmed(3, true, false)
    publish("d", "new")
    publish("e", "new")
    assert.deepStrictEqual(sent, ["a", "b", "c", "d", "e"])
    assert.deepStrictEqual([...outcomes.keys()], ["a", "b", "c"])
  })

  it("waits for the confirms of others a second at most", () => {
    const { pass, publish, sent } = rig()
    publish("stuck", "x", 10_000)
    publish("new", "new", 10_000)
    pass(999)
    assert.deepStrictEqual(sent, ["stuck"])
    pass(1)
    assert.deepStrictEqual(sent, ["stuck", "new"])
  })

  it("can be told that it waited when its deadline passes", () => {
    const { outcomes, pass, publish, sent } = rig()
    publish("stuck", "x", 10_000)
    publish("new", "new", 500)
    publish("next", "x", 10_000)
    pass(500)
    assert.deepStrictEqual([...outcomes], [["new", "PublishTimedOut"]])
    assert.deepStrictEqual(sent, ["stuck", "next"])
  })

  it("ends alone: what was sent after it was not looked at, and what waits was not sent", () => {
    const it = rig()
    it.publish("big".repeat(50_000))
    for (const text of ["a", "b"]) it.publish(text)
    refuse(it, 406, "PRECONDITION_FAILED - message size 150000 is larger than configured max size 140000")
    assert.deepStrictEqual([...it.outcomes.values()], ["TooLarge", "ChannelClosed", "ChannelClosed"])
    assert.deepStrictEqual(it.suspects, [])
  })

  it("leaves what was sent before it of unknown outcome, when it could not wait for that", () => {
    const it = rig()
    it.publish("stuck", "x", 10_000)
    it.publish("new", "missing", 10_000)
    it.pass(1_000)
    it.publish("after", "x", 10_000)
    refuse(it, 404, missing)
    assert.deepStrictEqual([...it.outcomes], [
      ["stuck", "OutcomeUnknown"],
      ["new", "NotFound"],
      ["after", "ChannelClosed"]
    ])
    assert.deepStrictEqual(it.suspects, [])
  })

  it("is found by what the broker says of it", () => {
    const cases: ReadonlyArray<readonly [detail: string, culprit: Partial<Message>]> = [
      [
        "PRECONDITION_FAILED - user_id property set to 'bob' but authenticated user was 'guest'",
        { properties: { userId: "bob" } }
      ],
      ["PRECONDITION_FAILED - invalid expiration 'soon': no_integer", { properties: { expiration: "soon" } }],
      [
        "PRECONDITION_FAILED - invalid message: {unacceptable_type_in_header,\"CC\",byte}",
        { headers: { CC: 5 } }
      ]
    ]
    for (const [detail, culprit] of cases) {
      const it = rig()
      it.publishMessage({ ...message("it"), ...culprit })
      for (const text of ["a", "b"]) it.publish(text)
      refuse(it, 406, detail)
      assert.deepStrictEqual([...it.outcomes], [["it", "MessageRefused"], ["a", "ChannelClosed"], [
        "b",
        "ChannelClosed"
      ]])
    }
  })

  it("takes with it those that wait for the same exchange", () => {
    const it = rig()
    for (const [text, exchange] of [["a", "missing"], ["b", "missing"], ["c", "x"]] as const) it.publish(text, exchange)
    assert.deepStrictEqual(it.sent, ["a"])
    refuse(it, 404, missing)
    assert.deepStrictEqual([...it.outcomes], [["a", "NotFound"], ["b", "NotFound"], ["c", "ChannelClosed"]])
  })

  it("may be one of several where an exchange was there a moment ago: the last of them was not stored", () => {
    const it = rig()
    for (const [text, exchange] of [["a", "x"], ["b", "there"], ["c", "x"], ["d", "there"], ["e", "x"]] as const) {
      it.publish(text, exchange)
    }
    refuse(it, 403, "ACCESS_REFUSED - access to exchange 'there' in vhost '/' refused for user 'guest'")
    assert.deepStrictEqual([...it.outcomes], [
      ["a", "OutcomeUnknown"],
      ["b", "OutcomeUnknown"],
      ["c", "OutcomeUnknown"],
      ["d", "MessageRefused"],
      ["e", "ChannelClosed"]
    ])
    assert.deepStrictEqual(it.suspects, ["b"])
  })

  it("may be any when the broker does not say, and is known when it is the only one", () => {
    const several = rig()
    for (const text of ["a", "b"]) several.publish(text)
    refuse(several, 406, "PRECONDITION_FAILED - we do not like it")
    assert.deepStrictEqual(several.suspects, ["a", "b"])
    const one = rig()
    one.publish("a")
    refuse(one, 406, "PRECONDITION_FAILED - we do not like it")
    assert.deepStrictEqual([...one.outcomes], [["a", "MessageRefused"]])
  })

  it("is not sent again: what is known to be too large is refused at once", () => {
    const taken = new Taken({ bytes: 3 })
    const sent: Array<string> = []
    const publisher = new Publisher({ taken, send: () => sent.push("sent") > 0, blocked: () => undefined })
    const outcomes: Array<string | undefined> = []
    const publish = (text: string) =>
      publisher.publish(message(text), { exchange: "", routingKey: "q" }, true, 1000, (error) => {
        outcomes.push(error?.message)
      })
    publish("1234")
    publish("123")
    publisher.confirmed(1, false, false)
    assert.deepStrictEqual(outcomes, ["publish: the message of 4 bytes is over the limit of 3", undefined])
    assert.strictEqual(sent.length, 1)
  })
})
