/** Conformance: whoever takes a function out of what has it, as `const { openChannel } = connection`, can call it. */
import { assert, describe } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Entity from "../Entity.ts"
import type { MessagingError } from "../MessagingError.ts"
import { type Capabilities, consumeInto, message, type Test, textOf, to } from "./TransportConformanceKit.ts"

export const functions = (test: Test, can: Capabilities): void => {
  describe("functions", () => {
    test("of a transport and a connection can be taken out of them", ({ transport }) =>
      Effect.gen(function*() {
        const { connect } = transport
        const { blocked, lost, openChannel } = yield* connect({ name: "taken out" })
        assert.isUndefined(blocked())
        yield* Effect.forkScoped(lost)
        const { lost: closed } = yield* openChannel()
        yield* Effect.forkScoped(closed)
      }))

    test("of a channel that declare can be taken out of it", ({ channel, exchangeName, queueName }) =>
      Effect.gen(function*() {
        const { bindExchange, bindQueue, declareExchange, declareQueue, deleteExchange } = channel
        const { deleteQueue, purgeQueue, queueState, unbindQueue } = channel
        const [name, from, into] = [queueName(), exchangeName(), exchangeName()] as const
        yield* declareQueue(Entity.queue(name))
        yield* declareExchange(Entity.exchange(from))
        yield* declareExchange(Entity.exchange(into))
        yield* bindQueue(name, into, "key")
        if (can.exchangeBindings) yield* bindExchange(into, from, "key")
        assert.strictEqual((yield* queueState(name)).messageCount, 0)
        assert.strictEqual(yield* purgeQueue(name), 0)
        yield* unbindQueue(name, into, "key")
        assert.strictEqual(yield* deleteQueue(name), 0)
        yield* deleteExchange(from)
      }))

    test("of a channel that carry messages can be taken out of it", ({ channel, queue }) =>
      Effect.gen(function*() {
        const name = yield* queue()
        const { consume, get, publish, publishUnsafe } = channel
        yield* publish(message("a"), to(name))
        const outcome = yield* Deferred.make<void, MessagingError>()
        publishUnsafe(message("b"), to(name), {}, (error) =>
          Deferred.doneUnsafe(outcome, error === undefined ? Exit.void : Exit.fail(error)))
        yield* Deferred.await(outcome)
        const pulled = yield* get(name)
        if (pulled._tag === "None") {
          return assert.fail("'a' is not there")
        }
        assert.strictEqual(pulled.value.settle("ack"), "settled")
        const { subscription: { cancel, setPrefetch }, take } = yield* consumeInto({ ...channel, consume }, name)
        const delivery = yield* take
        assert.strictEqual(textOf(delivery), "b")
        assert.strictEqual(delivery.settle("ack"), "settled")
        yield* setPrefetch(1)
        yield* cancel
      }))
  })
}
