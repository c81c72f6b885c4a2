import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import * as Consumer from "../src/Consumer.ts"
import * as Content from "../src/Content.ts"
import * as Entity from "../src/Entity.ts"
import * as IncomingMessage from "../src/IncomingMessage.ts"
import { defaults, Limits } from "../src/Limits.ts"
import type { Delivery, Message } from "../src/Message.ts"
import { TooLarge } from "../src/MessagingError.ts"
import type { Channel } from "../src/Transport.ts"
import * as MemoryTransport from "../src/transports/MemoryTransport.ts"

const dead = Entity.exchange("dead", { type: "fanout" })
const graveyard = Entity.queue("graveyard", { exchange: dead })
const queue = Entity.queue("custom", {
  exchange: Entity.exchange("custom"),
  routingKey: "routing_key",
  deadLetterExchange: "dead"
})

const message = (value: unknown): Message => Result.getOrThrow(Content.encode(value, { serializer: "json" }))

const garbage: Message = { body: Buffer.from("[1,"), headers: {}, properties: { contentType: "application/json" } }

/** A broker, a channel to it, and a way to send to the queue. */
const setup = Effect.gen(function*() {
  const broker = yield* MemoryTransport.makeBroker()
  const connection = yield* broker.connect()
  const channel = yield* connection.openChannel()
  yield* channel.declareExchange(dead)
  yield* channel.declareQueue(graveyard)
  yield* channel.bindQueue("graveyard", "dead", "")
  const send = (content: Message, to = "custom") => channel.publish(content, { exchange: "", routingKey: to })
  const counts = (name: string) => {
    const info = broker.queue(name)
    return info === undefined ? undefined : [info.ready, info.unacked]
  }
  return { broker, connection, channel, send, counts }
})

/** The channel of a transport that drops the bodies of what it delivers. */
const dropping = (channel: Channel): Channel => ({
  ...channel,
  consume: (queue, options) =>
    channel.consume(queue, { ...options, onDelivery: (delivery) => options.onDelivery(dropped(delivery)) })
})

const dropped = (delivery: Delivery): Delivery => {
  const { consumerTag, deliveryTag, exchange, headers, properties, redelivered, routingKey } = delivery
  return {
    ...{ consumerTag, deliveryTag, exchange, headers, properties, redelivered, routingKey },
    body: new Uint8Array(),
    defect: new TooLarge({ what: "the body of 9 bytes", limit: 5 }),
    get isLost() {
      return delivery.isLost
    },
    get settlement() {
      return delivery.settlement
    },
    settle: (settlement) => delivery.settle(settlement)
  }
}

/** Lets forked callbacks run. */
const settle = TestClock.adjust(0).pipe(Effect.andThen(Effect.yieldNow), Effect.repeat({ times: 5 }))

describe("Consumer", () => {
  it.effect("gives callbacks the decoded body and the message, in their order", () =>
    Effect.gen(function*() {
      const { channel, counts, send } = yield* setup
      const seen: Array<unknown> = []
      yield* Consumer.consume(
        channel,
        Consumer.make({
          queues: [queue],
          accept: ["json"],
          callbacks: [
            (body, message) => Effect.sync(() => seen.push(["first", body, message.deliveryInfo.exchange])),
            (body, message) => Effect.andThen(Effect.sync(() => seen.push(["second", body])), message.ack)
          ]
        })
      )
      yield* send(message({ hello: "world!" }))
      yield* settle
      assert.deepStrictEqual(seen, [["first", { hello: "world!" }, ""], ["second", { hello: "world!" }]])
      assert.deepStrictEqual(counts("custom"), [0, 0])
    }))

  it.effect("gives onMessage the message undecoded", () =>
    Effect.gen(function*() {
      const { channel, counts, send } = yield* setup
      const seen: Array<unknown> = []
      yield* Consumer.consume(
        channel,
        Consumer.make({
          queues: [queue],
          onMessage: (message) =>
            Effect.gen(function*() {
              seen.push(message.body.length, message.contentType, yield* message.decode)
              yield* message.ack
            })
        })
      )
      yield* send(message([1]))
      yield* settle
      assert.deepStrictEqual(seen, [3, "application/json", [1]])
      assert.deepStrictEqual(counts("custom"), [0, 0])
    }))

  it.effect("declares its queues with their bindings, unless told not to", () =>
    Effect.gen(function*() {
      const { broker, channel } = yield* setup
      const onMessage = (message: IncomingMessage.IncomingMessage) => message.ack
      yield* Consumer.consume(channel, Consumer.make({ queues: [queue], onMessage }))
      assert.isTrue(
        broker.bindings().some(({ routingKey, source }) => source === "custom" && routingKey === "routing_key")
      )
      const error = yield* Effect.flip(
        Consumer.consume(channel, Consumer.make({ queues: [Entity.queue("absent")], declare: false, onMessage }))
      )
      assert.strictEqual(error.reason._tag, "NotFound")
    }))

  for (
    const [how, callback] of [
      ["fails", () => Effect.fail("no")],
      ["dies", () => Effect.die(new Error("no"))],
      ["throws", (): Effect.Effect<void> => {
        throw new Error("no")
      }],
      ["is interrupted by itself", () => Effect.interrupt]
    ] as const
  ) {
    it.effect(`rejects a message whose callback ${how}, and goes on`, () =>
      Effect.gen(function*() {
        const { channel, counts, send } = yield* setup
        let calls = 0
        yield* Consumer.consume(
          channel,
          Consumer.make({
            queues: [queue],
            callbacks: [(body, message) =>
              body === "good"
                ? Effect.andThen(message.ack, Effect.sync(() => calls++))
                : callback()]
          })
        )
        yield* send(message("bad"))
        yield* send(message("good"))
        yield* settle
        assert.strictEqual(calls, 1)
        assert.deepStrictEqual(counts("custom"), [0, 0])
        assert.deepStrictEqual(counts("graveyard"), [1, 0])
      }))
  }

  it.effect("rejects what cannot be decoded, and what is not accepted", () =>
    Effect.gen(function*() {
      const { channel, counts, send } = yield* setup
      yield* Consumer.consume(
        channel,
        Consumer.make({
          queues: [queue],
          callbacks: [() => Effect.sync(() => assert.fail("it was called"))]
        })
      )
      yield* send(garbage)
      yield* send({ ...garbage, properties: { contentType: "application/x-python-serialize" } })
      yield* settle
      assert.deepStrictEqual(counts("custom"), [0, 0])
      assert.deepStrictEqual(counts("graveyard"), [2, 0])
    }))

  it.effect("hands what cannot be decoded to onDecodeError, and rejects it if that fails", () =>
    Effect.gen(function*() {
      const { channel, counts, send } = yield* setup
      const seen: Array<string> = []
      yield* Consumer.consume(
        channel,
        Consumer.make({
          queues: [queue],
          callbacks: [() => Effect.void],
          onDecodeError: (message, error) => {
            seen.push(error.reason._tag)
            return seen.length === 1 ? message.ack : Effect.fail("no")
          }
        })
      )
      yield* send(garbage)
      yield* send(garbage)
      yield* settle
      assert.deepStrictEqual(seen, ["Undecodable", "Undecodable"])
      assert.deepStrictEqual(counts("graveyard"), [1, 0])
    }))

  it.effect("rejects what is not all there, and shows it to nobody but onDecodeError", () =>
    Effect.gen(function*() {
      const { channel, counts, send } = yield* setup
      const seen: Array<string> = []
      const see = (what: string) => Effect.sync(() => void seen.push(what))
      const consuming = (consumer: Consumer.Consumer) =>
        Consumer.consume(dropping(channel), consumer).pipe(
          Effect.andThen(send(message([1]))),
          Effect.andThen(settle),
          Effect.scoped
        )
      yield* consuming(Consumer.make({ queues: [queue], onMessage: () => see("onMessage") }))
      assert.deepStrictEqual([seen, counts("graveyard")], [[], [1, 0]])
      yield* consuming(Consumer.make({
        queues: [queue],
        callbacks: [() => see("callback")],
        onDecodeError: (_, { reason }) => Effect.andThen(see(reason._tag), Effect.fail("no"))
      }))
      assert.deepStrictEqual([seen, counts("graveyard")], [["TooLarge"], [2, 0]])
    }))

  it.effect("reads under the limits in force", () =>
    Effect.gen(function*() {
      const { channel, counts, send } = yield* setup
      yield* Consumer.consume(channel, Consumer.make({ queues: [queue], callbacks: [(_, message) => message.ack] }))
        .pipe(
          Effect.provideService(Limits, { ...defaults, bodyBytes: 2 })
        )
      yield* send(message([1]))
      yield* settle
      assert.deepStrictEqual(counts("graveyard"), [1, 0])
    }))

  it.effect("runs no more callbacks at a time than it prefetches", () =>
    Effect.gen(function*() {
      const { channel, counts, send } = yield* setup
      let running = 0
      let most = 0
      const consumption = yield* Consumer.consume(
        channel,
        Consumer.make({
          queues: [queue],
          prefetch: 3,
          onMessage: (message) =>
            Effect.gen(function*() {
              most = Math.max(most, ++running)
              yield* Effect.sleep("1 second")
              running--
              yield* message.ack
            })
        })
      )
      for (let i = 0; i < 10; i++) yield* send(message(i))
      yield* settle
      assert.deepStrictEqual(counts("custom"), [7, 3])
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(most, 3)
      yield* consumption.setPrefetch(5)
      yield* settle
      assert.strictEqual(running, 4)
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(counts("custom"), [0, 0])
    }))

  it.effect("handles one message at a time, in order, when asked to", () =>
    Effect.gen(function*() {
      const { channel, send } = yield* setup
      const seen: Array<unknown> = []
      yield* Consumer.consume(
        channel,
        Consumer.make({
          queues: [queue],
          ordered: true,
          callbacks: [(body, message) =>
            Effect.gen(function*() {
              seen.push(`+${body}`)
              yield* Effect.sleep(body === 0 ? "3 seconds" : "1 second")
              seen.push(`-${body}`)
              yield* message.ack
              if (body === 0) yield* Effect.fail("a failure does not end the line")
            })]
        })
      )
      for (let i = 0; i < 3; i++) yield* send(message(i))
      yield* TestClock.adjust("10 seconds")
      yield* send(message(3))
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(seen, ["+0", "-0", "+1", "-1", "+2", "-2", "+3", "-3"])
    }))

  for (const ordered of [false, true]) {
    it.effect(`gives back what it has not settled when its scope closes (${ordered ? "in order" : "side by side"})`, () =>
      Effect.gen(function*() {
        const { channel, counts, send } = yield* setup
        const interrupted: Array<unknown> = []
        const scope = yield* Scope.make()
        yield* Consumer.consume(
          channel,
          Consumer.make({
            queues: [queue],
            ordered,
            callbacks: [(body) => Effect.onInterrupt(Effect.never, () => Effect.sync(() => interrupted.push(body)))]
          })
        ).pipe(Scope.provide(scope))
        yield* send(message(1))
        yield* send(message(2))
        yield* settle
        assert.deepStrictEqual(counts("custom"), [0, 2])
        yield* Scope.close(scope, Exit.void)
        assert.deepStrictEqual(interrupted, ordered ? [1] : [1, 2])
        assert.deepStrictEqual(counts("custom"), [2, 0])
        assert.deepStrictEqual(counts("graveyard"), [0, 0])
      }))
  }

  it.effect("adds and cancels queues while it works", () =>
    Effect.gen(function*() {
      const { channel, counts, send } = yield* setup
      const seen: Array<unknown> = []
      const consumption = yield* Consumer.consume(
        channel,
        Consumer.make({
          queues: [queue],
          tagPrefix: "mine",
          callbacks: [(body, message) =>
            Effect.andThen(Effect.sync(() => seen.push(`${message.deliveryInfo.consumerTag} ${body}`)), message.ack)]
        })
      )
      const other = Entity.queue("other")
      yield* consumption.addQueue(other)
      yield* consumption.addQueue(other)
      assert.deepStrictEqual([consumption.consumingFrom("custom"), consumption.consumingFrom("other")], [true, true])
      yield* send(message("a"))
      yield* send(message("b"), "other")
      yield* settle
      assert.deepStrictEqual(seen, ["mine1 a", "mine2 b"])

      yield* consumption.cancelByQueue("other")
      yield* consumption.cancelByQueue("other")
      assert.isFalse(consumption.consumingFrom("other"))
      yield* send(message("c"), "other")
      assert.deepStrictEqual(counts("other"), [1, 0])

      yield* consumption.cancel
      yield* consumption.cancel
      yield* send(message("d"))
      assert.deepStrictEqual(counts("custom"), [1, 0])
      assert.strictEqual(seen.length, 2)
    }))

  it.effect("lets a callback settle what it took before the cancel", () =>
    Effect.gen(function*() {
      const { channel, counts, send } = yield* setup
      const go = yield* Deferred.make<void>()
      const consumption = yield* Consumer.consume(
        channel,
        Consumer.make({
          queues: [queue],
          onMessage: (message) => Effect.andThen(Deferred.await(go), message.ack)
        })
      )
      yield* send(message(1))
      yield* settle
      yield* consumption.cancel
      yield* Deferred.succeed(go, undefined)
      yield* settle
      assert.deepStrictEqual(counts("custom"), [0, 0])
    }))

  it.effect("purges its queues", () =>
    Effect.gen(function*() {
      const { channel, counts, send } = yield* setup
      const consumption = yield* Consumer.consume(
        channel,
        Consumer.make({
          queues: [queue],
          prefetch: 1,
          onMessage: () => Effect.never
        })
      )
      for (let i = 0; i < 5; i++) yield* send(message(i))
      assert.strictEqual(yield* consumption.purge, 4)
      assert.deepStrictEqual(counts("custom"), [0, 1])
    }))

  it.effect("settles nothing when messages are taken without acknowledgement", () =>
    Effect.gen(function*() {
      const { channel, counts, send } = yield* setup
      const seen: Array<unknown> = []
      yield* Consumer.consume(
        channel,
        Consumer.make({
          queues: [queue],
          noAck: true,
          onMessage: (message) => Effect.andThen(message.ack, (settled) => Effect.sync(() => seen.push(settled)))
        })
      )
      yield* send(message(1))
      yield* settle
      assert.deepStrictEqual(seen, ["noAck"])
      assert.deepStrictEqual(counts("custom"), [0, 0])
    }))

  it.effect("uses what its callbacks use", () =>
    Effect.gen(function*() {
      const { channel, send } = yield* setup
      const seen: Array<string> = []
      yield* Consumer.consume(channel, greeting(seen)).pipe(
        Effect.provide(Layer.merge(Layer.succeed(Greeting, "hello"), Layer.succeed(Name, "world")))
      )
      yield* send(message(1))
      yield* settle
      assert.deepStrictEqual(seen, ["hello world"])
    }))

  it("does not compile with callbacks and onMessage, with neither, or with no callback", () => {
    const onMessage = (message: IncomingMessage.IncomingMessage) => message.ack
    // @ts-expect-error neither
    const neither = () => Consumer.make({ queues: [queue] })
    // @ts-expect-error both
    const both = () => Consumer.make({ queues: [queue], onMessage, callbacks: [() => Effect.void] })
    // @ts-expect-error none
    const none = () => Consumer.make({ queues: [queue], callbacks: [] })
    // @ts-expect-error onMessage decodes by itself
    const decodes = () => Consumer.make({ queues: [queue], onMessage, onDecodeError: () => Effect.void })
    assert.isTrue([neither, both, none, decodes].every((make) => typeof make === "function"))
  })

  it("does not compile without what its callbacks use", () => {
    const run = (channel: Channel) => {
      const consumed = Consumer.consume(channel, greeting([])).pipe(Effect.scoped, Effect.provideService(Name, "world"))
      // @ts-expect-error Type 'Greeting' is not assignable to type 'never'
      const complete: Effect.Effect<unknown, unknown> = consumed
      return complete
    }
    assert.isFunction(run)
  })
})

class Greeting extends Context.Service<Greeting, string>()("test/Greeting") {}
class Name extends Context.Service<Name, string>()("test/Name") {}

const greeting = (seen: Array<string>) =>
  Consumer.make({
    queues: [queue],
    callbacks: [
      () => Effect.andThen(Greeting, (greeting) => Effect.sync(() => seen.push(greeting))),
      (_, message) =>
        Effect.andThen(
          Name,
          (name) => Effect.andThen(Effect.sync(() => seen.push(`${seen.pop()} ${name}`)), message.ack)
        )
    ]
  })

describe("IncomingMessage", () => {
  const pull = Effect.gen(function*() {
    const { broker, channel, counts, send } = yield* setup
    yield* channel.declareQueue(Entity.queue("custom"))
    yield* send(message([1]))
    const delivery = yield* Effect.fromOption(yield* channel.get("custom"))
    return { broker, counts, message: IncomingMessage.make(delivery) }
  })

  it.effect("is settled once", () =>
    Effect.gen(function*() {
      const { counts, message } = yield* pull
      assert.isFalse(message.acknowledged)
      assert.strictEqual(yield* message.requeue, "settled")
      assert.isTrue(message.acknowledged)
      for (const again of [message.ack, message.requeue, message.reject()]) {
        assert.strictEqual(
          (yield* Effect.flip(again)).message.split(": ").slice(1).join(": "),
          "message already settled: requeue"
        )
      }
      assert.deepStrictEqual(counts("custom"), [1, 0])
    }))

  it.effect("says when the broker will deliver it again whatever we do", () =>
    Effect.gen(function*() {
      const { broker, message } = yield* pull
      broker.faults.dropConnections()
      assert.strictEqual(yield* message.ack, "stale")
    }))

  it.effect("is decoded once", () =>
    Effect.gen(function*() {
      const { message } = yield* pull
      assert.strictEqual(yield* message.decode, yield* message.decode)
      assert.deepStrictEqual(message.payload, Result.succeed([1]))
    }))

  it.effect("rejects with and without requeue", () =>
    Effect.gen(function*() {
      const one = yield* pull
      yield* one.message.reject()
      assert.deepStrictEqual(one.counts("custom"), [0, 0])
      const two = yield* pull
      const fiber = yield* Effect.forkChild(two.message.reject({ requeue: true }))
      assert.strictEqual(yield* Fiber.join(fiber), "settled")
      assert.deepStrictEqual(two.counts("custom"), [1, 0])
    }))
})
