/** Conformance: what is refused, what is lost by it, and what is not. */
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Entity from "../Entity.ts"
import type { MessagingError } from "../MessagingError.ts"
import type { Channel } from "../Transport.ts"
import { consumeInto, drain, failsWith, type Kit, message, type Test, to } from "./TransportConformanceKit.ts"

export const failures = (test: Test): void => {
  /** The operation closes its channel; the connection, and its other channels, go on. */
  const closesTheChannel = (
    kit: Kit,
    code: number,
    reason: "NotFound" | "PreconditionFailed",
    operation: (channel: Channel) => Effect.Effect<unknown, MessagingError, Scope.Scope>
  ) =>
    Effect.gen(function*() {
      const name = yield* kit.queue()
      const bystander = yield* consumeInto(kit.channel, name)
      const doomed = yield* kit.openChannel()
      const lost = yield* Effect.forkScoped(failsWith(doomed.lost, "ChannelClosed"))
      yield* failsWith(operation(doomed), reason)
      const closed = yield* Fiber.join(lost)
      assert.deepInclude(closed, { code })
      yield* failsWith(doomed.queueState(name), "ChannelClosed")
      yield* failsWith(doomed.publish(message("late"), to(name)), "ChannelClosed")
      yield* (yield* kit.openChannel()).publish(message("fine"), to(name))
      assert.strictEqual((yield* bystander.take).settle("ack"), "settled")
    })

  describe("failures", () => {
    test("asking for a queue that is not there closes the channel alone", (kit) =>
      closesTheChannel(kit, 404, "NotFound", (channel) => channel.queueState(kit.queueName())))

    test("consuming a queue that is not there closes the channel alone", (kit) =>
      closesTheChannel(kit, 404, "NotFound", (channel) => consumeInto(channel, kit.queueName())))

    test("binding to an exchange that is not there closes the channel alone", (kit) =>
      Effect.flatMap(
        kit.queue(),
        (name) => closesTheChannel(kit, 404, "NotFound", (channel) => channel.bindQueue(name, kit.exchangeName(), ""))
      ))

    test("publishing to an exchange that is not there closes the channel alone", (kit) =>
      closesTheChannel(
        kit,
        404,
        "NotFound",
        (channel) => channel.publish(message("x"), { exchange: kit.exchangeName(), routingKey: "" })
      ))

    test("declaring a queue otherwise than it is closes the channel alone", (kit) =>
      Effect.flatMap(kit.queue({ durable: true }), (name) =>
        closesTheChannel(
          kit,
          406,
          "PreconditionFailed",
          (channel) => channel.declareQueue(Entity.queue(name, { messageTtl: "1 minute" }))
        )))

    test("declaring an exchange otherwise than it is closes the channel alone", (kit) =>
      Effect.flatMap(kit.exchange({ type: "direct" }), ({ name }) =>
        closesTheChannel(
          kit,
          406,
          "PreconditionFailed",
          (channel) => channel.declareExchange(Entity.exchange(name, { type: "topic" }))
        )))

    test("deliveries of a channel that was closed are stale, and come again", ({ channel, openChannel, queue, queueName }) =>
      Effect.gen(function*() {
        const name = yield* queue()
        yield* channel.publish(message("again"), to(name))
        const doomed = yield* openChannel()
        const box = yield* consumeInto(doomed, name)
        const held = yield* box.take
        yield* failsWith(doomed.queueState(queueName()), "NotFound")
        assert.isTrue(held.isLost)
        assert.strictEqual(held.settle("ack"), "stale")
        const other = yield* consumeInto(channel, name)
        assert.isTrue((yield* other.take).redelivered)
      }))

    test("deleting its queue cancels a consumer, and its channel says so", ({ channel, openChannel, queue }) =>
      Effect.gen(function*() {
        const name = yield* queue()
        const watching = yield* openChannel()
        yield* consumeInto(watching, name)
        const lost = yield* Effect.forkScoped(failsWith(watching.lost, "ConsumerCancelled"))
        yield* channel.deleteQueue(name)
        assert.deepInclude(yield* Fiber.join(lost), { queue: name })
      }))

    test("the loss is there for whoever asks late", ({ openChannel, queueName }) =>
      Effect.gen(function*() {
        const doomed = yield* openChannel()
        yield* failsWith(doomed.queueState(queueName()), "NotFound")
        yield* failsWith(doomed.lost, "ChannelClosed")
      }))

    test("closing it ourselves is no loss", ({ queue, channel, transport }) =>
      Effect.gen(function*() {
        const name = yield* queue()
        const scope = yield* Scope.make()
        const connection = yield* Scope.provide(transport.connect(), scope)
        const ours = yield* Scope.provide(connection.openChannel(), scope)
        const inner = yield* Scope.make()
        yield* Scope.provide(consumeInto(ours, name), inner)
        const watchers = [
          yield* Effect.forkScoped(connection.lost),
          yield* Effect.forkScoped(ours.lost)
        ]
        yield* Scope.close(inner, Exit.void)
        yield* Scope.close(scope, Exit.void)
        yield* channel.publish(message("later"), to(name))
        assert.deepStrictEqual(watchers.map((watcher) => watcher.pollUnsafe()), [undefined, undefined])
      }))

    test("a channel that we closed does nothing more", ({ channel, connection, queue }) =>
      Effect.gen(function*() {
        const name = yield* queue()
        const scope = yield* Scope.make()
        const closed = yield* Scope.provide(connection.openChannel(), scope)
        yield* Scope.close(scope, Exit.void)
        yield* failsWith(closed.publish(message("late"), to(name)), "ChannelClosed")
        yield* failsWith(closed.get(name), "ChannelClosed")
        assert.deepStrictEqual(yield* drain(channel, name), [])
      }))
  })
}
