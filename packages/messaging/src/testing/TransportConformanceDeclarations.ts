/** Conformance: entities are declared, redeclared, counted, emptied and deleted. */
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Entity from "../Entity.ts"
import * as Topology from "../Topology.ts"
import {
  type Capabilities,
  consumeInto,
  drain,
  eventually,
  exists,
  failsWith,
  message,
  numbers,
  publishAll,
  type Test,
  to
} from "./TransportConformanceKit.ts"

export const declarations = (test: Test, can: Capabilities): void => {
  describe("declarations", () => {
    test("a queue may be declared again as it is", ({ channel, queueName }) =>
      Effect.gen(function*() {
        const queue = Entity.queue(queueName(), { messageTtl: "1 hour", maxLength: 100 })
        assert.deepStrictEqual(yield* channel.declareQueue(queue), {
          name: queue.name,
          messageCount: 0,
          consumerCount: 0
        })
        yield* channel.publish(message("kept"), to(queue.name))
        const again = yield* channel.declareQueue(queue)
        assert.strictEqual(again.messageCount, 1)
      }))

    test("a topology may be applied again", ({ channel, exchangeName, queueName }) =>
      Effect.gen(function*() {
        const exchange = Entity.exchange(exchangeName(), { type: "topic" })
        const queue = Entity.queue(queueName(), { exchange, routingKey: "a.#" })
        yield* Topology.declareQueue(channel, queue)
        yield* Topology.declareQueue(channel, queue)
        yield* channel.publish(message("once"), { exchange: exchange.name, routingKey: "a.b" })
        assert.deepStrictEqual(yield* drain(channel, queue.name), ["once"])
      }))

    test("a queue without a name is given one", ({ channel }) =>
      Effect.gen(function*() {
        const one = yield* channel.declareQueue(Entity.queue("", { autoDelete: true, durable: false }))
        const two = yield* channel.declareQueue(Entity.queue("", { autoDelete: true, durable: false }))
        assert.notStrictEqual(one.name, "")
        assert.notStrictEqual(one.name, two.name)
        yield* channel.publish(message("there"), to(one.name))
        assert.deepStrictEqual(yield* drain(channel, one.name), ["there"])
        yield* channel.deleteQueue(one.name)
        yield* channel.deleteQueue(two.name)
      }))

    test("the state of a queue counts its ready messages and its consumers", ({ channel, queue }) =>
      Effect.gen(function*() {
        const name = yield* queue()
        yield* publishAll(channel, to(name), numbers(4))
        const box = yield* consumeInto(channel, name, { prefetch: 1 })
        yield* box.take
        assert.deepStrictEqual(yield* channel.queueState(name), { name, messageCount: 3, consumerCount: 1 })
      }))

    test("an exchange can be asked for, and is not made by that", ({ channel, exchange, exchangeName, openChannel }) =>
      Effect.gen(function*() {
        yield* channel.checkExchange((yield* exchange({ type: "topic" })).name)
        yield* channel.checkExchange("")
        yield* channel.checkExchange("amq.direct")
        const name = exchangeName()
        yield* failsWith((yield* openChannel()).checkExchange(name), "NotFound")
        yield* failsWith((yield* openChannel()).checkExchange(name), "NotFound")
      }))

    test("purging says how many messages went, and leaves those that are outstanding", ({ channel, queue }) =>
      Effect.gen(function*() {
        const name = yield* queue()
        yield* publishAll(channel, to(name), numbers(3))
        const held = yield* channel.get(name)
        assert.strictEqual(yield* channel.purgeQueue(name), 2)
        assert.strictEqual(held._tag === "Some" && held.value.settle("requeue"), "settled")
        yield* eventually(Effect.map(channel.queueState(name), (state) => state.messageCount === 1))
      }))

    test("deleting a queue says how many messages went", ({ channel, connection, queue }) =>
      Effect.gen(function*() {
        const name = yield* queue()
        yield* publishAll(channel, to(name), numbers(3))
        assert.strictEqual(yield* channel.deleteQueue(name), 3)
        assert.isFalse(yield* exists(connection, name))
      }))

    test("a queue that is declared again after its deletion is new", ({ channel, exchange, queueName }) =>
      Effect.gen(function*() {
        const source = yield* exchange()
        const name = queueName()
        yield* Topology.declareQueue(channel, Entity.queue(name, { exchange: source, routingKey: "k" }))
        yield* channel.deleteQueue(name)
        yield* channel.declareQueue(Entity.queue(name))
        yield* failsWith(channel.publish(message("lost"), { exchange: source.name, routingKey: "k" }), "Unroutable")
      }))

    test("an auto-delete queue goes with its last consumer", ({ channel, connection, queue }) =>
      Effect.gen(function*() {
        const name = yield* queue({ autoDelete: true })
        assert.isTrue(yield* exists(connection, name))
        const one = yield* consumeInto(channel, name)
        const two = yield* consumeInto(channel, name)
        yield* one.subscription.cancel
        assert.isTrue(yield* exists(connection, name))
        yield* two.subscription.cancel
        yield* eventually(Effect.map(exists(connection, name), (there) => !there))
      }))

    test("an auto-delete exchange goes with its last binding", ({ channel, exchange, openChannel, queue }) =>
      Effect.gen(function*() {
        const source = yield* exchange({ autoDelete: true })
        const name = yield* queue()
        yield* channel.bindQueue(name, source.name, "a")
        yield* channel.bindQueue(name, source.name, "b")
        yield* channel.unbindQueue(name, source.name, "a")
        yield* channel.publish(message("still there"), { exchange: source.name, routingKey: "b" })
        yield* channel.unbindQueue(name, source.name, "b")
        const doomed = yield* openChannel()
        yield* failsWith(doomed.publish(message("lost"), { exchange: source.name, routingKey: "b" }), "NotFound")
      }))

    if (can.exclusive) {
      test("an exclusive queue is its connection's alone, and goes with it", ({ connection, queueName, transport }) =>
        Effect.gen(function*() {
          const name = queueName()
          yield* Effect.scoped(Effect.gen(function*() {
            const owner = yield* transport.connect()
            const channel = yield* owner.openChannel()
            yield* channel.declareQueue(Entity.queue(name, { exclusive: true, durable: false }))
            const other = yield* connection.openChannel()
            yield* failsWith(other.queueState(name), "PreconditionFailed")
            assert.strictEqual((yield* channel.queueState(name)).name, name)
          }))
          yield* eventually(Effect.map(exists(connection, name), (there) => !there))
        }))
    }
  })
}
