/** Conformance: every delivery is settled exactly once, and what is not settled comes back. */
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import type { Delivery } from "../Message.ts"
import type { MessagingError } from "../MessagingError.ts"
import type { Channel } from "../Transport.ts"
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

const pull = (channel: Channel, queue: string): Effect.Effect<Delivery, MessagingError> =>
  Effect.map(channel.get(queue), Option.getOrThrowWith(() => new Error("the queue is empty")))

export const settlement = (test: Test, can: Capabilities): void => {
  describe("settlement", () => {
    test("a delivery is settled once", ({ channel, queue }) =>
      Effect.gen(function*() {
        const name = yield* queue()
        yield* publishAll(channel, to(name), ["a", "b"])
        const first = yield* pull(channel, name)
        assert.strictEqual(first.settlement, undefined)
        assert.strictEqual(first.settle("ack"), "settled")
        assert.strictEqual(first.settlement, "ack")
        assert.strictEqual(first.settle("ack"), "already")
        assert.strictEqual(first.settle("requeue"), "already")
        assert.strictEqual(first.settlement, "ack")
        // The channel is none the worse for it.
        assert.strictEqual(textOf(yield* pull(channel, name)), "b")
      }))

    test("a settlement after the channel closed is stale, and the message comes again", ({ channel, connection, queue }) =>
      Effect.gen(function*() {
        const name = yield* queue()
        yield* publishAll(channel, to(name), ["a", "b"])
        const scope = yield* Scope.make()
        const other = yield* Scope.provide(connection.openChannel(), scope)
        const acked = yield* pull(other, name)
        const held = yield* pull(other, name)
        acked.settle("ack")
        yield* Scope.close(scope, Exit.void)
        assert.isTrue(held.isLost)
        assert.strictEqual(held.settle("ack"), "stale")
        assert.strictEqual(held.settlement, undefined)
        assert.strictEqual(acked.settle("ack"), "already")
        yield* eventually(Effect.map(channel.queueState(name), (state) => state.messageCount === 1))
        const again = yield* pull(channel, name)
        assert.strictEqual(textOf(again), "b")
        assert.isTrue(again.redelivered)
      }))

    test("a requeued message keeps its place and says that it was delivered before", ({ channel, queue }) =>
      Effect.gen(function*() {
        const name = yield* queue()
        yield* publishAll(channel, to(name), ["a", "b", "c"])
        const [a, b] = [yield* pull(channel, name), yield* pull(channel, name)]
        assert.strictEqual(b.settle("requeue"), "settled")
        assert.strictEqual(a.settle("requeue"), "settled")
        yield* eventually(Effect.map(channel.queueState(name), (state) => state.messageCount === 3))
        const again = [yield* pull(channel, name), yield* pull(channel, name), yield* pull(channel, name)]
        assert.deepStrictEqual(again.map(textOf), ["a", "b", "c"])
        assert.deepStrictEqual(again.map((delivery) => delivery.redelivered), [true, true, false])
      }))

    test("a requeued message is handed to the consumer again", ({ channel, queue }) =>
      Effect.gen(function*() {
        const name = yield* queue()
        const box = yield* consumeInto(channel, name, { prefetch: 1 })
        yield* channel.publish(message("again"), to(name))
        const first = yield* box.take
        first.settle("requeue")
        const second = yield* box.take
        assert.strictEqual(textOf(second), "again")
        assert.isTrue(second.redelivered)
        assert.notStrictEqual(second.deliveryTag, first.deliveryTag)
        assert.strictEqual(second.settle("ack"), "settled")
      }))

    test("a rejected message is gone", ({ channel, queue }) =>
      Effect.gen(function*() {
        const name = yield* queue()
        yield* publishAll(channel, to(name), ["a", "b"])
        const a = yield* pull(channel, name)
        assert.strictEqual(a.settle("reject"), "settled")
        assert.deepStrictEqual(yield* drain(channel, name), ["b"])
      }))

    test("what a closed channel held comes back in order", ({ channel, connection, queue }) =>
      Effect.gen(function*() {
        const name = yield* queue()
        yield* publishAll(channel, to(name), numbers(6))
        yield* Effect.scoped(Effect.gen(function*() {
          const other = yield* connection.openChannel()
          const box = yield* consumeInto(other, name, { prefetch: 4 })
          const held = yield* box.takeN(4)
          held[1]!.settle("ack")
          yield* box.take
        }))
        yield* eventually(Effect.map(channel.queueState(name), (state) => state.messageCount === 5))
        const box = yield* consumeInto(channel, name, { prefetch: 0 })
        const again = yield* box.takeN(5)
        assert.deepStrictEqual(again.map(textOf), ["0", "2", "3", "4", "5"])
        assert.deepStrictEqual(again.map((delivery) => delivery.redelivered), [true, true, true, true, false])
      }))

    test("what a closed connection held comes back", ({ channel, queue, transport }) =>
      Effect.gen(function*() {
        const name = yield* queue()
        yield* publishAll(channel, to(name), numbers(3))
        const held = yield* Effect.scoped(Effect.gen(function*() {
          const connection = yield* transport.connect()
          const box = yield* consumeInto(yield* connection.openChannel(), name, { prefetch: 2 })
          return yield* box.takeN(2)
        }))
        assert.deepStrictEqual(held.map((delivery) => delivery.settle("ack")), ["stale", "stale"])
        yield* eventually(Effect.map(channel.queueState(name), (state) => state.messageCount === 3))
        assert.deepStrictEqual(yield* drain(channel, name), numbers(3))
      }))

    if (can.deadLetters) {
      test("a rejected message goes to the dead-letter exchange, and says why", ({ channel, exchange, queue }) =>
        Effect.gen(function*() {
          const dead = yield* exchange({ type: "fanout" })
          const grave = yield* queue({ exchange: dead })
          const name = yield* queue({ deadLetterExchange: dead.name })
          yield* channel.publish(message("bad", { headers: { kept: "yes" } }), to(name))
          const bad = yield* pull(channel, name)
          bad.settle("reject")
          const box = yield* consumeInto(channel, grave)
          const letter = yield* box.take
          assert.strictEqual(textOf(letter), "bad")
          assert.strictEqual(letter.exchange, dead.name)
          assert.strictEqual(letter.routingKey, name)
          assert.deepInclude(letter.headers, {
            kept: "yes",
            "x-first-death-reason": "rejected",
            "x-first-death-queue": name,
            "x-first-death-exchange": ""
          })
          const deaths = deathsOf(letter)
          assert.lengthOf(deaths, 1)
          assert.deepInclude(deaths[0], {
            reason: "rejected",
            queue: name,
            exchange: "",
            "routing-keys": [name],
            count: 1
          })
        }))

      test("a dead-letter routing key replaces the message's", ({ channel, queue }) =>
        Effect.gen(function*() {
          const grave = yield* queue()
          const name = yield* queue({ deadLetterExchange: "", deadLetterRoutingKey: grave })
          yield* channel.publish(message("bad"), to(name))
          const bad = yield* pull(channel, name)
          bad.settle("reject")
          const box = yield* consumeInto(channel, grave)
          assert.strictEqual((yield* box.take).routingKey, grave)
        }))
    }
  })
}
