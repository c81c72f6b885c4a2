/** Conformance: bodies, headers and properties arrive as they were sent. */
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
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
