/** Conformance: messages are pushed and pulled, in order, no more at once than asked for. */
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import {
  type Capabilities,
  consumeInto,
  drain,
  eventually,
  failsWith,
  message,
  numbers,
  publishAll,
  type Test,
  textOf,
  to
} from "./TransportConformanceKit.ts"

export const deliveries = (test: Test, can: Capabilities): void => {
  describe("deliveries", () => {
    test("pulling takes one message after the other, then none", ({ channel, queue }) =>
      Effect.gen(function*() {
        const name = yield* queue()
        yield* publishAll(channel, to(name), ["a", "b"])
        for (const expected of ["a", "b"]) {
          const pulled = yield* channel.get(name)
          if (pulled._tag === "None") return assert.fail(`'${expected}' is not there`)
          assert.strictEqual(textOf(pulled.value), expected)
          assert.strictEqual(pulled.value.settle("ack"), "settled")
        }
        assert.strictEqual((yield* channel.get(name))._tag, "None")
      }))

    test("a consumer is handed what waits and what comes, in order", ({ channel, queue }) =>
      Effect.gen(function*() {
        const name = yield* queue()
        yield* publishAll(channel, to(name), ["0", "1", "2"])
        const box = yield* consumeInto(channel, name, { prefetch: 0 })
        yield* publishAll(channel, to(name), ["3", "4"])
        const all = yield* box.takeN(5)
        assert.deepStrictEqual(all.map(textOf), numbers(5))
        assert.isTrue(all.every((delivery) => delivery.consumerTag === box.subscription.consumerTag))
        assert.isTrue(all.every((delivery) => !delivery.redelivered))
        assert.strictEqual(new Set(all.map((delivery) => delivery.deliveryTag)).size, 5)
      }))

    test("consumer tags are those asked for, or made up", ({ channel, queue, queueName }) =>
      Effect.gen(function*() {
        const name = yield* queue()
        const tag = `tag-${queueName()}`
        const named = yield* consumeInto(channel, name, { consumerTag: tag })
        const other = yield* consumeInto(channel, name)
        assert.strictEqual(named.subscription.consumerTag, tag)
        assert.notStrictEqual(other.subscription.consumerTag, "")
      }))

    test("no more are outstanding than the prefetch says", ({ channel, queue }) =>
      Effect.gen(function*() {
        const name = yield* queue()
        yield* publishAll(channel, to(name), numbers(8))
        const box = yield* consumeInto(channel, name, { prefetch: 3 })
        const first = yield* box.takeN(3)
        assert.strictEqual((yield* channel.queueState(name)).messageCount, 5)
        assert.strictEqual(box.received.length, 3)
        first[1]!.settle("ack")
        assert.strictEqual(textOf(yield* box.take), "3")
        assert.strictEqual((yield* channel.queueState(name)).messageCount, 4)
        assert.strictEqual(box.received.length, 4)
      }))

    test("raising the prefetch hands out more at once", ({ channel, queue }) =>
      Effect.gen(function*() {
        const name = yield* queue()
        yield* publishAll(channel, to(name), numbers(6))
        const box = yield* consumeInto(channel, name, { prefetch: 1 })
        yield* box.take
        yield* box.subscription.setPrefetch(4)
        assert.deepStrictEqual((yield* box.takeN(3)).map(textOf), ["1", "2", "3"])
        yield* box.subscription.setPrefetch(0)
        assert.deepStrictEqual((yield* box.takeN(2)).map(textOf), ["4", "5"])
      }))

    test("lowering the prefetch hands out fewer, once enough is settled", ({ channel, queue }) =>
      Effect.gen(function*() {
        const name = yield* queue()
        yield* publishAll(channel, to(name), numbers(12))
        const box = yield* consumeInto(channel, name, { prefetch: 4 })
        const held = yield* box.takeN(4)
        yield* box.subscription.setPrefetch(2)
        for (const delivery of held) delivery.settle("ack")
        for (let settled = 4; settled < 8; settled++) (yield* box.take).settle("ack")
        assert.deepStrictEqual((yield* box.takeN(2)).map(textOf), ["8", "9"])
        assert.strictEqual((yield* channel.queueState(name)).messageCount, 2)
        assert.strictEqual(box.received.length, 10)
      }))

    if (can.exactPrefetch) {
      test("a change of the prefetch counts what is outstanding already", ({ channel, queue }) =>
        Effect.gen(function*() {
          const name = yield* queue()
          yield* publishAll(channel, to(name), numbers(10))
          const box = yield* consumeInto(channel, name, { prefetch: 2 })
          yield* box.takeN(2)
          yield* box.subscription.setPrefetch(4)
          const held = [...box.received, ...(yield* box.takeN(2))]
          assert.strictEqual((yield* channel.queueState(name)).messageCount, 6)
          yield* box.subscription.setPrefetch(2)
          held[0]!.settle("ack")
          held[1]!.settle("ack")
          assert.strictEqual((yield* channel.queueState(name)).messageCount, 6)
          assert.strictEqual(box.received.length, 4)
          held[2]!.settle("ack")
          assert.strictEqual(textOf(yield* box.take), "4")
          assert.strictEqual((yield* channel.queueState(name)).messageCount, 5)
          assert.strictEqual(box.received.length, 5)
        }))
    }

    test("without acknowledgements everything comes at once and nothing comes back", ({ connection, channel, queue }) =>
      Effect.gen(function*() {
        const name = yield* queue()
        yield* publishAll(channel, to(name), numbers(10))
        yield* Effect.scoped(Effect.gen(function*() {
          const other = yield* connection.openChannel()
          const box = yield* consumeInto(other, name, { prefetch: 1, noAck: true })
          const all = yield* box.takeN(10)
          assert.isTrue(all.every((delivery) => delivery.settle("requeue") === "already"))
        }))
        assert.strictEqual((yield* channel.queueState(name)).messageCount, 0)
      }))

    test("consumers of one queue share its messages", ({ channel, openChannel, queue }) =>
      Effect.gen(function*() {
        const name = yield* queue()
        const one = yield* consumeInto(channel, name, { prefetch: 1 })
        const two = yield* consumeInto(yield* openChannel(), name, { prefetch: 1 })
        yield* publishAll(channel, to(name), ["a", "b"])
        const shared = [textOf(yield* one.take), textOf(yield* two.take)]
        assert.deepStrictEqual(shared.sort(), ["a", "b"])
      }))

    test("an exclusive consumer shares with nobody", ({ channel, openChannel, queue }) =>
      Effect.gen(function*() {
        const name = yield* queue()
        yield* consumeInto(channel, name, { exclusive: true })
        yield* failsWith(consumeInto(yield* openChannel(), name), "ChannelClosed")
      }))

    test("cancelling ends deliveries, and what is outstanding can still be settled", ({ channel, queue }) =>
      Effect.gen(function*() {
        const name = yield* queue()
        yield* publishAll(channel, to(name), ["a", "b"])
        const box = yield* consumeInto(channel, name)
        const [a, b] = yield* box.takeN(2)
        yield* box.subscription.cancel
        yield* box.subscription.cancel
        yield* publishAll(channel, to(name), ["c"])
        assert.deepStrictEqual(yield* channel.queueState(name), { name, messageCount: 1, consumerCount: 0 })
        assert.strictEqual(a!.settle("ack"), "settled")
        assert.strictEqual(b!.settle("requeue"), "settled")
        yield* eventually(Effect.map(channel.queueState(name), (state) => state.messageCount === 2))
        assert.deepStrictEqual(yield* drain(channel, name), ["b", "c"])
        assert.strictEqual(box.received.length, 2)
      }))

    test("closing the scope of a subscription cancels it", ({ channel, queue }) =>
      Effect.gen(function*() {
        const name = yield* queue()
        const scope = yield* Scope.make()
        yield* Scope.provide(consumeInto(channel, name), scope)
        assert.strictEqual((yield* channel.queueState(name)).consumerCount, 1)
        yield* Scope.close(scope, Exit.void)
        assert.strictEqual((yield* channel.queueState(name)).consumerCount, 0)
        yield* channel.publish(message("waits"), to(name))
        assert.deepStrictEqual(yield* drain(channel, name), ["waits"])
      }))
  })
}
