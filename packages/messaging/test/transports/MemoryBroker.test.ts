import * as Entity from "@celeriac/messaging/Entity"
import type { Delivery } from "@celeriac/messaging/Message"
import * as Topology from "@celeriac/messaging/Topology"
import { Transport } from "@celeriac/messaging/Transport"
import { MemoryBroker } from "@celeriac/messaging/transports/MemoryBroker"
import * as MemoryTransport from "@celeriac/messaging/transports/MemoryTransport"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import { message, reasonOf, received, setup, textOf, to } from "./fixtures.ts"

describe("MemoryBroker", () => {
  describe("sharing", () => {
    it.effect("transports to one broker see each other's queues", () =>
      Effect.gen(function*() {
        const broker = yield* MemoryTransport.makeBroker({ name: "shared" })
        const open = Effect.gen(function*() {
          const transport = yield* Transport
          assert.strictEqual(transport.uri, "memory://shared")
          return yield* Effect.flatMap(transport.connect(), (connection) => connection.openChannel())
        })
        const worker = yield* Effect.provide(open, MemoryTransport.layer({ broker }))
        const client = yield* Effect.provide(open, MemoryTransport.layer({ broker }))
        yield* worker.declareQueue(Entity.queue("q"))
        const deliveries = yield* received(worker, "q")
        yield* client.publish(message("hello"), to("q"))
        assert.deepStrictEqual(deliveries.map(textOf), ["hello"])
      }))

    it.effect("a layer provides the broker that it leads to", () =>
      Effect.gen(function*() {
        const broker = yield* MemoryBroker
        const transport = yield* Transport
        yield* transport.connect({ name: "by transport" })
        assert.deepStrictEqual(broker.connections().map(({ name }) => name), ["by transport"])
      }).pipe(Effect.provide(MemoryTransport.layer())))

    it.effect("two layers are two brokers", () =>
      Effect.gen(function*() {
        const one = yield* Layer.build(MemoryTransport.layer())
        const other = yield* Layer.build(MemoryTransport.layer())
        assert.notStrictEqual(Context.get(one, MemoryBroker), Context.get(other, MemoryBroker))
      }))
  })

  describe("turns", () => {
    it.effect("never call a consumer from within itself", () =>
      Effect.gen(function*() {
        const { channel } = yield* setup
        let depth = 0
        let deepest = 0
        let count = 0
        yield* channel.consume("q", {
          prefetch: 0,
          onDelivery: (delivery) => {
            deepest = Math.max(deepest, ++depth)
            if (++count < 5000) channel.publishUnsafe(message("again"), to("q"), {}, () => {})
            delivery.settle("ack")
            depth--
          }
        })
        yield* channel.publish(message("first"), to("q"))
        assert.strictEqual(count, 5000)
        assert.strictEqual(deepest, 1)
      }))

    it.effect("hold a chain of publishes, each made when the last was confirmed", () =>
      Effect.gen(function*() {
        const { broker, channel } = yield* setup
        let count = 0
        const next = (): void => {
          if (count++ < 10_000) channel.publishUnsafe(message("x"), to("q"), {}, next)
        }
        next()
        assert.strictEqual(broker.queue("q")?.ready, 10_000)
      }))

    it.live("let the event loop breathe while two consumers feed each other for ever", () =>
      Effect.gen(function*() {
        const { channel } = yield* setup
        let count = 0
        let over = false
        yield* channel.consume("q", {
          prefetch: 0,
          onDelivery: (delivery) => {
            count++
            if (!over) channel.publishUnsafe(message("on and on"), to("q"), {}, () => {})
            delivery.settle("ack")
          }
        })
        yield* channel.publish(message("first"), to("q"))
        yield* Effect.sleep(0)
        const before = count
        yield* Effect.sleep(0)
        over = true
        assert.isAbove(before, 1000)
        assert.isAbove(count, before)
      }))

    it.effect("a consumer that throws loses its channel, and the message comes again", () =>
      Effect.gen(function*() {
        const { broker, channel, connection } = yield* setup
        const doomed = yield* connection.openChannel()
        yield* doomed.consume("q", {
          prefetch: 0,
          onDelivery: () => {
            throw new Error("a bug")
          }
        })
        yield* channel.publish(message("a"), to("q"))
        assert.deepInclude(yield* reasonOf(doomed.lost), { _tag: "ChannelClosed", code: 541 })
        assert.deepInclude(broker.queue("q"), { ready: 1, unacked: 0 })
        const deliveries = yield* received(channel, "q")
        assert.isTrue(deliveries[0]!.redelivered)
      }))
  })

  describe("consumers", () => {
    it.effect("of one channel have each their own prefetch", () =>
      Effect.gen(function*() {
        const { channel } = yield* setup
        yield* channel.declareQueue(Entity.queue("other"))
        const two = yield* received(channel, "q", { prefetch: 2 })
        const three = yield* received(channel, "other", { prefetch: 3 })
        for (let index = 0; index < 5; index++) {
          yield* channel.publish(message("x"), to("q"))
          yield* channel.publish(message("x"), to("other"))
        }
        assert.lengthOf(two, 2)
        assert.lengthOf(three, 3)
      }))

    it.effect("take turns, those without room aside", () =>
      Effect.gen(function*() {
        const { channel } = yield* setup
        const order: Array<string> = []
        for (const [consumerTag, prefetch] of [["a", 2], ["b", 1], ["c", 0]] as const) {
          yield* channel.consume("q", { consumerTag, prefetch, onDelivery: () => order.push(consumerTag) })
        }
        for (let index = 0; index < 7; index++) yield* channel.publish(message("x"), to("q"))
        assert.deepStrictEqual(order, ["a", "b", "c", "a", "c", "c", "c"])
      }))

    it.effect("of a higher priority come first", () =>
      Effect.gen(function*() {
        const { channel } = yield* setup
        const order: Array<string> = []
        for (const [consumerTag, priority] of [["low", 0], ["high", 5]] as const) {
          yield* channel.consume("q", {
            consumerTag,
            prefetch: 2,
            arguments: { "x-priority": priority },
            onDelivery: () => order.push(consumerTag)
          })
        }
        for (let index = 0; index < 3; index++) yield* channel.publish(message("x"), to("q"))
        assert.deepStrictEqual(order, ["high", "high", "low"])
      }))
  })

  describe("time", () => {
    it.effect("ends a message at its time to live and not before", () =>
      Effect.gen(function*() {
        const { broker, channel } = yield* setup
        yield* channel.declareQueue(
          Entity.queue("wait", { messageTtl: "10 seconds", deadLetterExchange: "", deadLetterRoutingKey: "q" })
        )
        const deliveries = yield* received(channel, "q")
        yield* channel.publish(message("a"), to("wait"))
        yield* TestClock.adjust("4 seconds")
        yield* channel.publish(message("b"), to("wait"))
        yield* TestClock.adjust("5999 millis")
        assert.lengthOf(deliveries, 0)
        yield* TestClock.adjust("1 millis")
        assert.deepStrictEqual(deliveries.map(textOf), ["a"])
        yield* TestClock.adjust("4 seconds")
        assert.deepStrictEqual(deliveries.map(textOf), ["a", "b"])
        assert.strictEqual(broker.timers(), 0)
      }))

    it.effect("ends a message behind another only when it gets to the head", () =>
      Effect.gen(function*() {
        const { broker, channel } = yield* setup
        yield* channel.publish(message("stays"), to("q"))
        yield* channel.publish(message("short", { expiration: "10" }), to("q"))
        yield* TestClock.adjust("1 hour")
        assert.strictEqual(broker.queue("q")?.ready, 2)
        yield* channel.get("q", { noAck: true })
        assert.strictEqual((yield* channel.get("q"))._tag, "None")
      }))

    it.effect("of no time at all is enough for a consumer that is there", () =>
      Effect.gen(function*() {
        const { broker, channel } = yield* setup
        const deliveries = yield* received(channel, "q", { prefetch: 1 })
        yield* channel.publish(message("now", { expiration: "0" }), to("q"))
        yield* channel.publish(message("never", { expiration: "0" }), to("q"))
        assert.deepStrictEqual(deliveries.map(textOf), ["now"])
        assert.strictEqual(broker.queue("q")?.ready, 0)
      }))

    it.effect("does not count for what is outstanding, and does again when it comes back", () =>
      Effect.gen(function*() {
        const { broker, channel } = yield* setup
        yield* channel.declareQueue(Entity.queue("wait", { messageTtl: "10 seconds" }))
        yield* channel.publish(message("a"), to("wait"))
        const pulled = yield* channel.get("wait")
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(pulled._tag === "Some" && pulled.value.settle("requeue"), "settled")
        assert.deepInclude(broker.queue("wait"), { ready: 0, unacked: 0 })
      }))

    it.effect("drops a message that would go in circles, unless somebody rejected it on the way", () =>
      Effect.gen(function*() {
        const { broker, channel } = yield* setup
        yield* channel.declareQueue(
          Entity.queue("retry", { messageTtl: "1 seconds", deadLetterExchange: "", deadLetterRoutingKey: "work" })
        )
        yield* channel.declareQueue(Entity.queue("work", { deadLetterExchange: "", deadLetterRoutingKey: "retry" }))
        yield* channel.declareQueue(
          Entity.queue("circle", { messageTtl: "1 seconds", deadLetterExchange: "", deadLetterRoutingKey: "circle" })
        )
        const work = yield* received(channel, "work")
        yield* channel.publish(message("again"), to("work"))
        yield* channel.publish(message("round"), to("circle"))
        for (let round = 0; round < 3; round++) {
          work.at(-1)!.settle("reject")
          yield* TestClock.adjust("1 seconds")
        }
        assert.lengthOf(work, 4)
        const deaths = work.at(-1)!.headers["x-death"]
        assert.deepStrictEqual(
          Array.isArray(deaths) && deaths.map(({ count, queue, reason }) => [queue, reason, count]),
          [["retry", "expired", 3], ["work", "rejected", 3]]
        )
        assert.deepInclude(broker.queue("circle"), { ready: 0 })
      }))

    it.effect("of 2^27 seconds is not too long", () =>
      Effect.gen(function*() {
        const { broker, channel } = yield* setup
        yield* channel.declareQueue(Entity.queue("long", { messageTtl: 2 ** 27 * 1000 }))
        yield* channel.publish(message("a"), to("long"))
        yield* TestClock.adjust((2 ** 27 - 1) * 1000)
        assert.strictEqual(broker.queue("long")?.ready, 1)
        yield* TestClock.adjust(1000)
        assert.strictEqual(broker.queue("long")?.ready, 0)
      }))

    it.effect("ends a queue that nobody used: consumers, declarations and pulls are use", () =>
      Effect.gen(function*() {
        const { broker, channel } = yield* setup
        const queue = Entity.queue("reply", { expires: "10 seconds" })
        yield* channel.declareQueue(queue)
        const scope = yield* Scope.make()
        yield* TestClock.adjust("9 seconds")
        yield* Scope.provide(received(channel, "reply"), scope)
        yield* TestClock.adjust("1 hour")
        assert.isDefined(broker.queue("reply"))
        yield* Scope.close(scope, Exit.void)
        for (const use of [channel.declareQueue(queue), channel.get("reply"), channel.queueState("reply")]) {
          yield* TestClock.adjust("9 seconds")
          yield* use
        }
        yield* TestClock.adjust("9999 millis")
        assert.isDefined(broker.queue("reply"))
        yield* TestClock.adjust("1 millis")
        assert.isUndefined(broker.queue("reply"))
        assert.strictEqual(broker.timers(), 0)
      }))
  })

  describe("refusals", () => {
    it.effect.each<[what: string, tag: string, declare: Entity.Queue]>([
      ["a reserved name", "AccessRefused", Entity.queue("amq.mine")],
      ["a negative time to live", "PreconditionFailed", Entity.queue("n", { arguments: { "x-message-ttl": -1 } })],
      ["a time to live in text", "PreconditionFailed", Entity.queue("n", { arguments: { "x-message-ttl": "1000" } })],
      ["an expiry of nothing", "PreconditionFailed", Entity.queue("n", { arguments: { "x-expires": 0 } })],
      ["too many priorities", "PreconditionFailed", Entity.queue("n", { maxPriority: 256 })],
      ["an unknown overflow", "PreconditionFailed", Entity.queue("n", { arguments: { "x-overflow": "explode" } })],
      ["a dead-letter key alone", "PreconditionFailed", Entity.queue("n", { deadLetterRoutingKey: "k" })]
    ])("%s is refused for a queue", ([, tag, queue]) =>
      Effect.gen(function*() {
        const { broker, channel } = yield* setup
        assert.strictEqual((yield* reasonOf(channel.declareQueue(queue)))?._tag, tag)
        assert.strictEqual(
          (yield* reasonOf(channel.lost))?._tag,
          tag === "AccessRefused" ? "AccessRefused" : "ChannelClosed"
        )
        assert.isUndefined(broker.queue(queue.name))
      }))

    it.effect("a difference is told in RabbitMQ's words", () =>
      Effect.gen(function*() {
        const { channel } = yield* setup
        const reason = yield* reasonOf(channel.declareQueue(Entity.queue("q", { messageTtl: 60_000 })))
        assert.strictEqual(
          reason?._tag === "PreconditionFailed" && reason.detail,
          "PRECONDITION_FAILED - inequivalent arg 'x-message-ttl' for queue 'q' in vhost '/': received '60000' but current is none"
        )
      }))

    it.effect.each(["", "-1", "soon", "1.5", "1e3", "9".repeat(200)])(
      "an expiration of '%s' closes the channel",
      (expiration) =>
        Effect.gen(function*() {
          const { channel } = yield* setup
          const reason = yield* reasonOf(channel.publish(message("x", { expiration }), to("q")))
          assert.strictEqual(reason?._tag, "MessageRefused")
          assert.deepInclude(yield* reasonOf(channel.lost), { code: 406 })
        })
    )
  })

  it.effect("a queue that rejects publishes may dead-letter what it rejects", () =>
    Effect.gen(function*() {
      const { channel } = yield* setup
      const deliveries = yield* received(channel, "q")
      yield* Topology.declareQueue(
        channel,
        Entity.queue("full", {
          maxLengthBytes: 3,
          deadLetterExchange: "",
          deadLetterRoutingKey: "q",
          arguments: { "x-overflow": "reject-publish-dlx" }
        })
      )
      yield* channel.publish(message("abc"), to("full"))
      assert.strictEqual((yield* reasonOf(channel.publish(message("d"), to("full"))))?._tag, "Nacked")
      assert.deepStrictEqual(deliveries.map(textOf), ["d"])
      assert.strictEqual(deliveries[0]!.headers["x-first-death-reason"], "maxlen")
    }))

  it("loses nothing and keeps the order, whatever is done with deliveries and channels", () =>
    fc.assert(fc.asyncProperty(
      fc.array(
        fc.record({
          action: fc.constantFrom("publish", "ack", "requeue", "close", "prefetch"),
          consumer: fc.nat(2),
          which: fc.nat(20)
        }),
        { maxLength: 60 }
      ),
      (steps) =>
        Effect.runPromise(Effect.scoped(Effect.gen(function*() {
          const { broker, channel, connection } = yield* setup
          const acked = new Set<string>()
          let published = 0
          const open = Effect.gen(function*() {
            const scope = yield* Scope.make()
            const outstanding: Array<Delivery> = []
            const own = yield* Scope.provide(connection.openChannel(), scope)
            const subscription = yield* Scope.provide(
              own.consume("q", { prefetch: 3, onDelivery: (delivery) => outstanding.push(delivery) }),
              scope
            )
            return { scope, outstanding, subscription }
          })
          const consumers = [yield* open, yield* open, yield* open]
          for (const { action, consumer, which } of steps) {
            const { outstanding, scope, subscription } = consumers[consumer]!
            if (action === "publish") yield* channel.publish(message(`${published++}`), to("q"))
            else if (action === "prefetch") yield* subscription.setPrefetch(which % 5)
            else if (action === "close") {
              yield* Scope.close(scope, Exit.void)
              for (const delivery of outstanding) assert.strictEqual(delivery.settle("ack"), "stale")
              consumers[consumer] = yield* open
            } else {
              const [delivery] = outstanding.splice(which % (outstanding.length + 1), 1)
              if (delivery !== undefined && delivery.settle(action) === "settled" && action === "ack") {
                acked.add(textOf(delivery))
              }
            }
            const state = broker.queue("q")!
            const held = consumers.reduce((sum, { outstanding }) => sum + outstanding.length, 0)
            assert.strictEqual(state.unacked, held)
            assert.strictEqual(state.ready + held + acked.size, published)
          }
          for (const { scope } of consumers) yield* Scope.close(scope, Exit.void)
          const rest = yield* received(channel, "q")
          const expected = Array.from({ length: published }, (_, index) => `${index}`).filter((text) =>
            !acked.has(text)
          )
          assert.deepStrictEqual(rest.map(textOf), expected)
        })))
    )))

  it.effect("is seen from above", () =>
    Effect.gen(function*() {
      const { broker, channel } = yield* setup
      yield* channel.declareExchange(Entity.exchange("x", { type: "fanout" }))
      yield* channel.bindQueue("q", "x", "k", { a: 1 })
      yield* channel.bindExchange("amq.fanout", "x", "")
      const deliveries = yield* received(channel, "q", { prefetch: 1, consumerTag: "tag" })
      yield* channel.publish(message("a"), to("q"))
      yield* channel.publish(message("b"), to("q"))
      assert.lengthOf(deliveries, 1)
      assert.deepInclude(broker.queue("q"), {
        name: "q",
        ready: 1,
        unacked: 1,
        consumers: [{ tag: "tag", prefetch: 1, outstanding: 1 }]
      })
      assert.deepStrictEqual(broker.bindings(), [
        { source: "x", destination: "q", destinationType: "queue", routingKey: "k", arguments: { a: 1 } },
        { source: "x", destination: "amq.fanout", destinationType: "exchange", routingKey: "", arguments: {} }
      ])
      assert.deepStrictEqual(broker.channels(), [
        { connection: { id: 1, name: "test" }, id: 1, queues: ["q"], unacked: 1 }
      ])
    }))
})
