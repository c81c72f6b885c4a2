import * as Entity from "@celeriac/messaging/Entity"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"
import { message, reasonOf, received, setup, textOf, to } from "./fixtures.ts"

describe("MemoryFaults", () => {
  describe("connections", () => {
    it.effect("are dropped with a reason, and what they held is in its queue again", () =>
      Effect.gen(function*() {
        const { broker, channel, connection } = yield* setup
        const held = yield* received(channel, "q")
        yield* channel.publish(message("a"), to("q"))
        assert.strictEqual(broker.faults.dropConnections("cable cut"), 1)

        const lost = yield* reasonOf(connection.lost)
        assert.deepInclude(lost, { _tag: "ConnectionLost", uri: "memory://local", detail: "cable cut" })
        assert.strictEqual((yield* reasonOf(channel.lost))?._tag, "ConnectionLost")
        assert.strictEqual((yield* reasonOf(channel.publish(message("b"), to("q"))))?._tag, "ConnectionLost")
        assert.strictEqual((yield* reasonOf(Effect.scoped(connection.openChannel())))?._tag, "ConnectionLost")
        assert.strictEqual(held[0]!.settle("ack"), "stale")
        assert.deepInclude(broker.queue("q"), { ready: 1, unacked: 0, consumers: [] })
        assert.deepStrictEqual(broker.connections(), [])
      }))

    it.effect("are chosen by name", () =>
      Effect.gen(function*() {
        const { broker, channel } = yield* setup
        const other = yield* broker.connect({ name: "other" })
        assert.strictEqual(broker.faults.dropConnections(undefined, ({ name }) => name === "other"), 1)
        assert.strictEqual((yield* reasonOf(other.lost))?._tag, "ConnectionLost")
        yield* channel.publish(message("fine"), to("q"))
      }))

    it.effect("are refused a number of times", () =>
      Effect.gen(function*() {
        const { broker } = yield* setup
        broker.faults.refuseConnects("ConnectionLost", 2)
        const connect = Effect.scoped(broker.connect())
        assert.strictEqual((yield* reasonOf(connect))?._tag, "ConnectionLost")
        assert.strictEqual((yield* reasonOf(connect))?._tag, "ConnectionLost")
        assert.isUndefined(yield* reasonOf(connect))
      }))

    it.effect("are refused until they are allowed", () =>
      Effect.gen(function*() {
        const { broker } = yield* setup
        broker.faults.refuseConnects("AccessRefused")
        const connect = Effect.scoped(broker.connect())
        for (let attempt = 0; attempt < 5; attempt++) {
          assert.strictEqual((yield* reasonOf(connect))?._tag, "AccessRefused")
        }
        broker.faults.allowConnects()
        assert.isUndefined(yield* reasonOf(connect))
      }))

    it.effect("may be dropped from within a delivery", () =>
      Effect.gen(function*() {
        const { broker, channel } = yield* setup
        let deliveries = 0
        yield* channel.consume("q", {
          prefetch: 0,
          onDelivery: () => {
            deliveries++
            broker.faults.dropConnections()
          }
        })
        assert.strictEqual((yield* reasonOf(channel.publish(message("a"), to("q"))))?._tag, undefined)
        assert.strictEqual(deliveries, 1)
        assert.deepInclude(broker.queue("q"), { ready: 1, unacked: 0 })
      }))
  })

  it.effect("a restart keeps what is durable and persistent", () =>
    Effect.gen(function*() {
      const { broker, channel, connection } = yield* setup
      yield* channel.declareExchange(Entity.exchange("transient", { durable: false }))
      yield* channel.declareExchange(Entity.exchange("durable"))
      yield* channel.declareQueue(Entity.queue("fleeting", { durable: false }))
      yield* channel.publish(message("persistent", { deliveryMode: 2 }), to("q"))
      yield* channel.publish(message("lost", { deliveryMode: 1 }), to("q"))
      yield* channel.publish(message("lost too"), to("q"))
      broker.faults.restart()

      assert.strictEqual((yield* reasonOf(connection.lost))?._tag, "ConnectionLost")
      assert.deepStrictEqual(broker.queues().map(({ name, ready }) => ({ name, ready })), [{ name: "q", ready: 1 }])
      const names = broker.exchanges().map(({ name }) => name)
      assert.include(names, "durable")
      assert.notInclude(names, "transient")
      assert.include(names, "amq.topic")
    }))

  it.effect("a channel is closed with a code, and others go on", () =>
    Effect.gen(function*() {
      const { broker, channel, connection } = yield* setup
      const doomed = yield* connection.openChannel()
      yield* received(doomed, "q")
      const closed = broker.faults.closeChannels(
        406,
        "PRECONDITION_FAILED - delivery acknowledgement on channel 2 timed out",
        ({ queues }) => queues.includes("q")
      )
      assert.strictEqual(closed, 1)
      assert.deepInclude(yield* reasonOf(doomed.lost), { _tag: "ChannelClosed", code: 406 })
      yield* channel.publish(message("fine"), to("q"))
      assert.strictEqual(broker.queue("q")?.ready, 1)
    }))

  it.effect("a consumer is cancelled, and its queue stays", () =>
    Effect.gen(function*() {
      const { broker, channel } = yield* setup
      const deliveries = yield* received(channel, "q")
      assert.strictEqual(broker.faults.cancelConsumers("q"), 1)
      assert.deepInclude(yield* reasonOf(channel.lost), { _tag: "ConsumerCancelled", queue: "q" })
      yield* channel.publish(message("waits"), to("q"))
      assert.lengthOf(deliveries, 0)
      assert.deepInclude(broker.queue("q"), { ready: 1, consumers: [] })
    }))

  describe("publishers", () => {
    it.effect("wait while they are blocked, until their deadline", () =>
      Effect.gen(function*() {
        const { broker, channel, connection } = yield* setup
        broker.faults.blockPublishers("low on memory")
        assert.strictEqual(connection.blocked(), "low on memory")
        const publish = yield* Effect.forkChild(
          reasonOf(channel.publish(message("late"), to("q"), { deadline: "5 seconds" }))
        )
        yield* TestClock.adjust("4999 millis")
        assert.isUndefined(publish.pollUnsafe())
        yield* TestClock.adjust("1 millis")
        assert.deepInclude(yield* Fiber.join(publish), {
          _tag: "PublishTimedOut",
          millis: 5000,
          blocked: "low on memory",
          exchange: "",
          routingKey: "q"
        })
        assert.strictEqual(broker.queue("q")?.ready, 0)
        broker.faults.unblockPublishers()
        assert.isUndefined(connection.blocked())
        assert.strictEqual(broker.queue("q")?.ready, 1)
      }))

    it.effect("go on in order when the alarm ends", () =>
      Effect.gen(function*() {
        const { broker, channel } = yield* setup
        const deliveries = yield* received(channel, "q")
        broker.faults.blockPublishers("low on disk")
        const publishes = yield* Effect.forkChild(Effect.all(
          ["a", "b", "c"].map((text) => channel.publish(message(text), to("q"))),
          { concurrency: "unbounded" }
        ))
        yield* TestClock.adjust("29 seconds")
        broker.faults.unblockPublishers()
        yield* Fiber.join(publishes)
        assert.deepStrictEqual(deliveries.map(textOf), ["a", "b", "c"])
        assert.strictEqual(broker.timers(), 0)
      }))

    it.effect("do not know what became of a message whose confirm is lost", () =>
      Effect.gen(function*() {
        const { broker, channel } = yield* setup
        broker.faults.loseConfirms(2)
        const waiting = yield* Effect.forkChild(reasonOf(channel.publish(message("a"), to("q"))))
        const dropped = yield* Effect.forkChild(
          reasonOf(channel.publish(message("b"), to("q"), { deadline: "1 minute" }))
        )
        yield* TestClock.adjust("30 seconds")
        assert.deepInclude(yield* Fiber.join(waiting), { _tag: "PublishTimedOut", millis: 30_000, blocked: null })
        assert.isUndefined(dropped.pollUnsafe())
        broker.faults.dropConnections("gone")
        assert.deepInclude(yield* Fiber.join(dropped), { _tag: "OutcomeUnknown", exchange: "", routingKey: "q" })
        assert.strictEqual(broker.queue("q")?.ready, 2)
      }))

    it.effect("lose the connection between the message and its confirm", () =>
      Effect.gen(function*() {
        const { broker, channel, connection } = yield* setup
        broker.faults.dropOnPublish()
        assert.strictEqual((yield* reasonOf(channel.publish(message("a"), to("q"))))?._tag, "OutcomeUnknown")
        assert.strictEqual((yield* reasonOf(connection.lost))?._tag, "ConnectionLost")
        assert.strictEqual(broker.queue("q")?.ready, 1)
      }))

    it.effect("are refused a number of times", () =>
      Effect.gen(function*() {
        const { broker, channel } = yield* setup
        broker.faults.nackPublishes(1)
        assert.strictEqual((yield* reasonOf(channel.publish(message("a"), to("q"))))?._tag, "Nacked")
        assert.isUndefined(yield* reasonOf(channel.publish(message("b"), to("q"))))
        assert.strictEqual(broker.queue("q")?.ready, 1)
      }))

    it.effect("get their confirms late, the message being there at once", () =>
      Effect.gen(function*() {
        const { broker, channel } = yield* setup
        broker.faults.delayConfirms("2 seconds")
        const publish = yield* Effect.forkChild(channel.publish(message("a"), to("q")))
        yield* TestClock.adjust("1 seconds")
        assert.strictEqual(broker.queue("q")?.ready, 1)
        assert.isUndefined(publish.pollUnsafe())
        yield* TestClock.adjust("1 seconds")
        yield* Fiber.join(publish)
      }))

    it.effect("are told once, also when the channel closes under them", () =>
      Effect.gen(function*() {
        const { broker, channel } = yield* setup
        const outcomes: Array<string | undefined> = []
        broker.faults.delayConfirms("1 seconds")
        channel.publishUnsafe(message("a"), to("q"), {}, (error) => outcomes.push(error?.reason._tag))
        channel.publishUnsafe(message("b"), { exchange: "none", routingKey: "" }, {}, (error) =>
          outcomes.push(error?.reason._tag))
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(outcomes, ["OutcomeUnknown", "NotFound"])
      }))
  })

  describe("deliveries", () => {
    it.effect("come late, in order", () =>
      Effect.gen(function*() {
        const { broker, channel } = yield* setup
        broker.faults.delayDeliveries("1 seconds")
        const deliveries = yield* received(channel, "q")
        yield* channel.publish(message("a"), to("q"))
        yield* channel.publish(message("b"), to("q"))
        assert.lengthOf(deliveries, 0)
        assert.strictEqual(broker.queue("q")?.unacked, 2)
        yield* TestClock.adjust("1 seconds")
        assert.deepStrictEqual(deliveries.map(textOf), ["a", "b"])
        assert.strictEqual(deliveries[0]!.settle("ack"), "settled")
      }))

    it.effect("that are under way when their consumer is cancelled go back", () =>
      Effect.gen(function*() {
        const { broker, channel } = yield* setup
        broker.faults.delayDeliveries("1 seconds")
        const deliveries: Array<string> = []
        const subscription = yield* channel.consume("q", {
          prefetch: 0,
          onDelivery: (delivery) => deliveries.push(textOf(delivery))
        })
        yield* channel.publish(message("a"), to("q"))
        yield* subscription.cancel
        yield* TestClock.adjust("1 seconds")
        assert.deepStrictEqual(deliveries, [])
        assert.deepInclude(broker.queue("q"), { ready: 1, unacked: 0 })
      }))

    it.effect("come twice", () =>
      Effect.gen(function*() {
        const { broker, channel } = yield* setup
        broker.faults.duplicateDeliveries()
        const deliveries = yield* received(channel, "q")
        yield* channel.publish(message("a"), to("q"))
        yield* channel.publish(message("b"), to("q"))
        assert.deepStrictEqual(deliveries.map(textOf), ["a", "a", "b"])
        assert.deepStrictEqual(deliveries.map(({ redelivered }) => redelivered), [false, true, false])
        assert.deepStrictEqual(deliveries.map((delivery) => delivery.settle("ack")), ["settled", "settled", "settled"])
        assert.deepInclude(broker.queue("q"), { ready: 0, unacked: 0 })
      }))
  })

  it.effect("healing ends them all", () =>
    Effect.gen(function*() {
      const { broker, channel } = yield* setup
      broker.faults.blockPublishers("alarm")
      const held = yield* Effect.forkChild(channel.publish(message("held"), to("q")))
      yield* TestClock.adjust(0)
      broker.faults.refuseConnects("ConnectionLost")
      broker.faults.loseConfirms()
      broker.faults.nackPublishes()
      broker.faults.delayConfirms("1 hour")
      broker.faults.delayDeliveries("1 hour")
      broker.faults.duplicateDeliveries(10)
      broker.faults.heal()
      yield* Fiber.join(held)
      yield* Effect.scoped(broker.connect())
      const deliveries = yield* received(channel, "q")
      yield* channel.publish(message("fine"), to("q"))
      assert.deepStrictEqual(deliveries.map(textOf), ["held", "fine"])
      assert.strictEqual(broker.timers(), 0)
    }))

  it.effect("takes a message that no client could send, as it is", () =>
    Effect.gen(function*() {
      const { broker, channel } = yield* setup
      const headers = { on: () => 1, big: 2n ** 70n }
      assert.isTrue(broker.faults.inject("q", { ...message("a"), headers }))
      assert.isFalse(broker.faults.inject("unknown", message("a")))
      const held = yield* received(channel, "q")
      assert.strictEqual(held[0]!.headers, headers)
    }))
})
