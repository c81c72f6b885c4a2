/** Conformance: messages and queues that expire, overflow, or go first. Tests wait for the dead letter, not for time. */
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Entity from "../Entity.ts"
import {
  type Capabilities,
  consumeInto,
  deathsOf,
  drain,
  eventually,
  message,
  numbers,
  publishAll,
  type Test,
  textOf,
  to
} from "./TransportConformanceKit.ts"

export const expiry = (test: Test, can: Capabilities): void => {
  describe("expiry", () => {
    if (can.deadLetters) {
      test("a message that outlives its queue's time to live is dead-lettered", ({ channel, queue }) =>
        Effect.gen(function*() {
          const grave = yield* queue()
          const name = yield* queue({ messageTtl: "50 millis", deadLetterExchange: "", deadLetterRoutingKey: grave })
          const box = yield* consumeInto(channel, grave)
          yield* publishAll(channel, to(name), ["a", "b"])
          const letters = yield* box.takeN(2)
          assert.deepStrictEqual(letters.map(textOf), ["a", "b"])
          assert.deepInclude(deathsOf(letters[0]!)[0], {
            reason: "expired",
            queue: name,
            count: 1,
            "routing-keys": [name]
          })
          assert.strictEqual((yield* channel.queueState(name)).messageCount, 0)
        }))

      test("a message that outlives its own expiration is dead-lettered without it", ({ channel, queue }) =>
        Effect.gen(function*() {
          const grave = yield* queue()
          const name = yield* queue({ deadLetterExchange: "", deadLetterRoutingKey: grave })
          const box = yield* consumeInto(channel, grave)
          yield* channel.publish(message("short", { properties: { expiration: "50" } }), to(name))
          yield* channel.publish(message("long", { properties: { expiration: "3600000" } }), to(name))
          const letter = yield* box.take
          assert.strictEqual(textOf(letter), "short")
          assert.isUndefined(letter.properties.expiration)
          assert.deepInclude(deathsOf(letter)[0], { reason: "expired", "original-expiration": "50" })
          assert.deepStrictEqual(yield* drain(channel, name), ["long"])
        }))

      test("a message waits in one queue after the other, and remembers each", ({ channel, queue, queueName }) =>
        Effect.gen(function*() {
          const end = yield* queue()
          const second = yield* queue({ messageTtl: "20 millis", deadLetterExchange: "", deadLetterRoutingKey: end })
          const first = queueName()
          yield* channel.declareQueue(
            Entity.queue(first, { messageTtl: "20 millis", deadLetterExchange: "", deadLetterRoutingKey: second })
          )
          const box = yield* consumeInto(channel, end)
          yield* channel.publish(message("far"), to(first))
          const letter = yield* box.take
          assert.deepStrictEqual(deathsOf(letter).map((death) => death.queue), [second, first])
          assert.strictEqual(letter.headers["x-first-death-queue"], first)
        }))

      test("a queue that is full lets go of its oldest message", ({ channel, queue }) =>
        Effect.gen(function*() {
          const grave = yield* queue()
          const name = yield* queue({ maxLength: 2, deadLetterExchange: "", deadLetterRoutingKey: grave })
          const box = yield* consumeInto(channel, grave)
          yield* publishAll(channel, to(name), ["a", "b", "c"])
          const letter = yield* box.take
          assert.strictEqual(textOf(letter), "a")
          assert.strictEqual(letter.headers["x-first-death-reason"], "maxlen")
          assert.deepStrictEqual(yield* drain(channel, name), ["b", "c"])
        }))
    }

    if (can.expiry) {
      test("a queue that nobody uses goes", ({ channel, queue }) =>
        Effect.gen(function*() {
          const name = yield* queue({ expires: "50 millis" })
          // Publishing does not count as use, asking for its state does.
          yield* eventually(
            channel.publish(message("x"), to(name)).pipe(
              Effect.as(false),
              Effect.catchIf((error) => error.reason._tag === "Unroutable", () => Effect.succeed(true))
            )
          )
        }))
    }

    if (can.priorities) {
      test("the higher priority goes first, and the older of two equals", ({ channel, queue }) =>
        Effect.gen(function*() {
          const name = yield* queue({ maxPriority: 9 })
          const priorities = [1, 5, undefined, 9, 5, 200, 0]
          for (const [index, priority] of priorities.entries()) {
            const properties = priority === undefined ? {} : { priority }
            yield* channel.publish(message(`${index}`, { properties }), to(name))
          }
          assert.deepStrictEqual(yield* drain(channel, name), ["3", "5", "1", "4", "0", "2", "6"])
        }))

      test("a queue without priorities keeps the order of arrival", ({ channel, queue }) =>
        Effect.gen(function*() {
          const name = yield* queue()
          for (const [index, priority] of [0, 9, 5].entries()) {
            yield* channel.publish(message(`${index}`, { properties: { priority } }), to(name))
          }
          assert.deepStrictEqual(yield* drain(channel, name), numbers(3))
        }))
    }
  })
}
