/** Conformance: bodies, headers and properties arrive as they were sent. */
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type { Headers, Message, Properties } from "../Message.ts"
import { type Capabilities, type Kit, message, present, type Test, to } from "./TransportConformanceKit.ts"

const headers: Headers = {
  text: "text",
  empty: "",
  unicode: "žluťoučký kůň 馬 🐎 \u0000 \u2028",
  long: "x".repeat(70_000),
  zero: 0,
  ints: [1, -1, 127, 128, -128, -129, 255, 256, 300, 32767, 32768, -32768, -32769, 65535, 65536],
  wide: [2 ** 31 - 1, 2 ** 31, -(2 ** 31), -(2 ** 31) - 1, 2 ** 32, 2 ** 40, -(2 ** 40), Number.MAX_SAFE_INTEGER],
  floats: [0.5, -1.25, 1e-9, 1.7976931348623157e308, 1795216560.25],
  yes: true,
  no: false,
  none: null,
  nothing: [],
  emptyTable: {},
  nested: [[1, ["two", [null]]], { three: { four: [5, { six: 300 }] } }, false],
  timelimit: [300, null]
}

const properties = (userId: string): Properties => ({
  contentType: "application/json",
  contentEncoding: "utf-8",
  deliveryMode: 2,
  priority: 3,
  correlationId: "6a1d2c3e",
  replyTo: "reply-queue",
  expiration: "3600000",
  messageId: "message-1",
  timestamp: 1_795_216_560,
  type: "kind",
  userId,
  appId: "conformance"
})

export const values = (test: Test, can: Capabilities): void => {
  const there = (kit: Kit, sent: Message) =>
    Effect.gen(function*() {
      const name = yield* kit.queue()
      yield* kit.channel.publish(sent, to(name))
      const pulled = yield* kit.channel.get(name, { noAck: true })
      if (pulled._tag === "None") return assert.fail("the message is not there")
      return pulled.value
    })

  describe("values", () => {
    test("header values arrive equal, whatever their width or depth", (kit) =>
      Effect.gen(function*() {
        const received = yield* there(kit, message("x", { headers }))
        for (const key of Object.keys(headers)) {
          assert.deepStrictEqual(received.headers[key], headers[key], `header '${key}'`)
        }
        assert.sameMembers(Object.keys(received.headers), Object.keys(headers))
      }))

    test("headers arrive as the wire has them, and as they were when they were sent", (kit) =>
      Effect.gen(function*() {
        const name = yield* kit.queue()
        const nested = { text: "sent" }
        const body = new Uint8Array([1, 2])
        yield* kit.channel.publish(
          {
            ...message("", {
              headers: {
                day: new Date(1_700_000_000_999),
                big: 5n,
                bigger: 2n ** 60n,
                nothing: undefined,
                list: [undefined],
                bytes: Buffer.from([1]),
                nested
              }
            }),
            body
          },
          to(name)
        )
        nested.text = "changed"
        body[0] = 9
        const pulled = Option.getOrThrow(yield* kit.channel.get(name, { noAck: true }))
        assert.deepStrictEqual({ ...pulled.headers }, {
          day: new Date(1_700_000_000_000),
          big: 5,
          bigger: 2n ** 60n,
          list: [null],
          bytes: new Uint8Array([1]),
          nested: { text: "sent" }
        })
        assert.deepStrictEqual(Array.from(pulled.body), [1, 2])
      }))

    test("what has no form on the wire is refused, and the channel stays", (kit) =>
      Effect.gen(function*() {
        const name = yield* kit.queue()
        const cycle: Record<string, unknown> = {}
        cycle["self"] = cycle
        const unsendable: ReadonlyArray<readonly [string, Partial<Message>, string]> = [
          ["Unencodable", { headers: { on: () => 1 } }, "a function has no form in headers or arguments"],
          ["Unencodable", { headers: { big: 2n ** 70n } }, "does not fit in 64 bits"],
          ["Unencodable", { headers: { day: new Date(-1) } }, "a date before 1970"],
          ["Unencodable", { headers: cycle }, "nest deeper than 64 levels"],
          ["Unencodable", { headers: { ["x".repeat(256)]: 1 } }, "is longer than 255 bytes"],
          ["Unencodable", { properties: { correlationId: "x".repeat(256) } }, "the correlation id '"],
          ["TooLarge", { headers: { long: "x".repeat(140_000) } }, "the size of the headers is over the limit"]
        ]
        for (const [tag, part, why] of unsendable) {
          const sent = yield* Effect.result(kit.channel.publish({ ...message("x"), ...part }, to(name)))
          const error = Option.getOrThrow(Result.getFailure(sent))
          assert.strictEqual(error.reason._tag, tag, why)
          assert.include(error.message, why)
        }
        yield* kit.channel.publish(message("x"), to(name))
        assert.strictEqual((yield* kit.channel.queueState(name)).messageCount, 1)
      }))

    test("every property arrives equal", (kit) =>
      Effect.gen(function*() {
        const sent = properties(can.userId)
        const received = yield* there(kit, message("x", { properties: sent }))
        assert.deepStrictEqual(present(received.properties), sent)
      }))

    test("what was not sent does not arrive", (kit) =>
      Effect.gen(function*() {
        const received = yield* there(kit, message("x"))
        assert.deepStrictEqual(present(received.properties), {})
        assert.deepStrictEqual({ ...received.headers }, {})
      }))

    test("a body may be empty", (kit) =>
      Effect.gen(function*() {
        const received = yield* there(kit, message(""))
        assert.strictEqual(received.body.length, 0)
      }))

    test("a body of a megabyte arrives whole", (kit) =>
      Effect.gen(function*() {
        const body = new Uint8Array(2 ** 20).map((_, index) => (index * 31) & 255)
        const received = yield* there(kit, { ...message(""), body })
        assert.strictEqual(received.body.length, body.length)
        assert.isTrue(received.body.every((byte, index) => byte === body[index]))
      }))
  })
}
