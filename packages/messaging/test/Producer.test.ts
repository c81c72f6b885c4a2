import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import * as Content from "../src/Content.ts"
import * as Entity from "../src/Entity.ts"
import type { Message } from "../src/Message.ts"
import type { MessagingError } from "../src/MessagingError.ts"
import * as Producer from "../src/Producer.ts"
import { Transport } from "../src/Transport.ts"
import type { MemoryBroker } from "../src/transports/MemoryBroker.ts"
import * as MemoryTransport from "../src/transports/MemoryTransport.ts"

const queue = Entity.queue("custom", { exchange: Entity.exchange("custom"), routingKey: "routing_key" })

const message = (value: unknown): Message => Result.getOrThrow(Content.encode(value, { serializer: "json" }))

type Broker = MemoryBroker["Service"]

/** A producer to a broker of its own, which has one queue, `q`. */
const setup = Effect.fnUntraced(function*(options: Producer.ProducerOptions = {}) {
  const broker = yield* MemoryTransport.makeBroker()
  const connection = yield* broker.connect({ name: "test" })
  const channel = yield* connection.openChannel()
  yield* channel.declareQueue(Entity.queue("q"))
  const scope = yield* Scope.fork(yield* Scope.Scope)
  const producer = yield* Producer.make(options).pipe(
    Effect.provide(MemoryTransport.layer({ broker })),
    Scope.provide(scope)
  )
  return { broker, producer, scope }
})

const drop = (broker: Broker) => broker.faults.dropConnections("reset", ({ name }) => name !== "test")

const connections = (broker: Broker) => broker.connections().filter(({ name }) => name !== "test").length

const ready = (broker: Broker, name = "q") => broker.queue(name)?.ready

/** The messages of a queue, taken out of it. */
const taken = (broker: Broker, name = "q") =>
  Effect.scoped(Effect.gen(function*() {
    const connection = yield* broker.connect({ name: "test" })
    const channel = yield* connection.openChannel()
    const bodies: Array<unknown> = []
    for (;;) {
      const next = yield* channel.get(name, { noAck: true })
      if (Option.isNone(next)) return bodies
      bodies.push(Result.getOrThrow(Content.decode(next.value)))
    }
  }))

/** Starts it, and lets it get as far as it can without the clock. */
const started = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(effect, { startImmediately: true })
    yield* TestClock.adjust(0)
    return fiber
  })

const reasonOf = (exit: Exit.Exit<unknown, MessagingError>) => {
  const error = Exit.getCause(exit).pipe(Option.map((cause) => cause.reasons[0]), Option.getOrThrow)
  return error?._tag === "Fail" ? error.error.reason : assert.fail(`no failure: ${String(exit)}`)
}

describe("Producer.publish", () => {
  it.effect("sends a value, as the guide does: serializer, exchange, declare, retry", () =>
    Effect.gen(function*() {
      const { broker, producer } = yield* setup()
      yield* producer.publish({ hello: "world!" }, {
        serializer: "json",
        exchange: queue.bindings[0]!.exchange,
        routingKey: "routing_key",
        declare: [queue],
        retry: true
      })
      assert.deepStrictEqual(yield* taken(broker, "custom"), [{ hello: "world!" }])
    }))

  it.effect("describes what it sends", () =>
    Effect.gen(function*() {
      const { broker, producer } = yield* setup()
      const channel = yield* (yield* broker.connect({ name: "test" })).openChannel()
      yield* producer.publish([1], {
        routingKey: "q",
        compression: "gzip",
        headers: { my: "h", compression: "lie" },
        priority: 5,
        expiration: "2 minutes",
        properties: { correlationId: "c", replyTo: "r", deliveryMode: undefined }
      })
      const sent = yield* Effect.fromOption(yield* channel.get("q"))
      assert.deepStrictEqual(sent.headers, { my: "h", compression: "application/x-gzip" })
      assert.deepStrictEqual(sent.properties, {
        contentType: "application/json",
        contentEncoding: "utf-8",
        deliveryMode: 2,
        correlationId: "c",
        replyTo: "r",
        priority: 5,
        expiration: "120000"
      })
      assert.deepStrictEqual(Content.decode(sent), Result.succeed([1]))

      yield* producer.publish("hi", { routingKey: "q", deliveryMode: 1 })
      const text = yield* Effect.fromOption(yield* channel.get("q"))
      assert.deepStrictEqual(text.properties, { contentType: "text/plain", contentEncoding: "utf-8", deliveryMode: 1 })
    }))

  it.effect("sends a message as it is", () =>
    Effect.gen(function*() {
      const { broker, producer } = yield* setup()
      yield* producer.publish({ ...message([1]), headers: { task: "add" } }, { routingKey: "q" })
      assert.deepStrictEqual(yield* taken(broker), [[1]])
    }))

  it.effect("fails for a value that has no form, before anything is sent", () =>
    Effect.gen(function*() {
      const { broker, producer } = yield* setup()
      const error = yield* Effect.flip(producer.publish({ f: () => 1 }, { routingKey: "q" }))
      assert.strictEqual(error.reason._tag, "Unencodable")
      assert.strictEqual(connections(broker), 0)
    }))

  it.effect("says what was refused", () =>
    Effect.gen(function*() {
      const { broker, producer } = yield* setup()
      const tag = (options: Producer.PublishOptions) =>
        Effect.map(Effect.flip(producer.publish(1, options)), ({ reason }) => reason._tag)
      assert.strictEqual(yield* tag({ routingKey: "nowhere" }), "Unroutable")
      assert.strictEqual(yield* tag({ exchange: "nowhere", routingKey: "q" }), "NotFound")
      yield* producer.publish(1, { routingKey: "nowhere", mandatory: false })
      broker.faults.nackPublishes(1)
      assert.strictEqual(yield* tag({ routingKey: "q", retry: false }), "Nacked")
      yield* producer.publish(1, { routingKey: "q" })
      assert.strictEqual(ready(broker), 1)
      assert.strictEqual(connections(broker), 1)
    }))

  it.effect("sends again, a few times, what the broker did not take", () =>
    Effect.gen(function*() {
      const { broker, producer } = yield* setup()
      yield* producer.connect
      const publish = (options: Partial<Producer.PublishOptions> = {}) =>
        started(Effect.result(producer.publish(1, { routingKey: "q", ...options })))
      const said = (fiber: Fiber.Fiber<Result.Result<void, MessagingError>>) =>
        Effect.map(
          Fiber.join(fiber),
          Result.match({ onSuccess: () => "taken", onFailure: ({ reason }) => reason._tag })
        )

      broker.faults.nackPublishes(5)
      const late = yield* publish()
      yield* TestClock.adjust("3099 millis")
      assert.deepStrictEqual([late.pollUnsafe(), ready(broker)], [undefined, 0])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual([yield* said(late), ready(broker)], ["taken", 1])

      broker.faults.nackPublishes()
      const never = yield* publish()
      const brief = yield* publish({ deadline: "250 millis" })
      const counted = yield* publish({ retry: { maxRetries: 2, intervalStart: 0 } })
      yield* TestClock.adjust("100 millis")
      assert.strictEqual(yield* said(brief), "Nacked")
      yield* TestClock.adjust("100 millis")
      assert.strictEqual(yield* said(counted), "Nacked")
      yield* TestClock.adjust("2899 millis")
      assert.isUndefined(never.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* said(never), "Nacked")
      assert.strictEqual(ready(broker), 1)
    }))

  it.effect("sends no more what nobody wants to be sent, and ends what is not taken when it closes", () =>
    Effect.gen(function*() {
      const { broker, producer, scope } = yield* setup()
      yield* producer.connect
      broker.faults.nackPublishes(2)
      const given = yield* started(producer.publish(1, { routingKey: "q" }))
      const kept = yield* started(Effect.flip(producer.publish(1, { routingKey: "q" })))
      yield* Fiber.interrupt(given)
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(closing)
      assert.strictEqual((yield* Fiber.join(kept)).reason._tag, "Nacked")
      assert.strictEqual(ready(broker), 0)
    }))

  it.effect("connects at the first use, or at once when eager", () =>
    Effect.gen(function*() {
      const lazy = yield* setup()
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(connections(lazy.broker), 0)
      yield* lazy.producer.publish(1, { routingKey: "q" })
      yield* lazy.producer.publish(2, { routingKey: "q" })
      assert.strictEqual(connections(lazy.broker), 1)

      const eager = yield* setup({ eager: true })
      yield* TestClock.adjust(0)
      assert.strictEqual(connections(eager.broker), 1)
      drop(eager.broker)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(connections(eager.broker), 1)
    }))

  it.effect("does not connect again while nobody waits", () =>
    Effect.gen(function*() {
      const { broker, producer } = yield* setup()
      yield* producer.publish(1, { routingKey: "q" })
      drop(broker)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(connections(broker), 0)
      yield* producer.publish(2, { routingKey: "q" })
      assert.deepStrictEqual(yield* taken(broker), [1, 2])
    }))

  it.effect("waits for a broker that is away, until the deadline", () =>
    Effect.gen(function*() {
      const { broker, producer } = yield* setup()
      broker.faults.refuseConnects("ConnectionLost")
      const patient = yield* started(producer.publish(1, { routingKey: "q", deadline: "1 minute" }))
      const hasty = yield* started(Effect.exit(producer.publish(2, { routingKey: "q", deadline: "5 seconds" })))
      yield* TestClock.adjust("5 seconds")
      const reason = reasonOf(yield* Fiber.join(hasty))
      assert.strictEqual(reason._tag, "PublishTimedOut")
      assert.strictEqual(
        reason.message,
        "could not send within 5 s: connection refused at memory://local (to exchange '', routing key 'q': not stored)"
      )
      broker.faults.allowConnects()
      yield* TestClock.adjust("6 seconds")
      yield* Fiber.join(patient)
      assert.deepStrictEqual(yield* taken(broker), [1])
    }))

  it.effect("fails at the first failure to connect, without retry", () =>
    Effect.gen(function*() {
      const { broker, producer } = yield* setup()
      broker.faults.refuseConnects("ConnectionLost")
      const error = yield* Effect.flip(producer.publish(1, { routingKey: "q", retry: false }))
      assert.strictEqual(error.reason._tag, "ConnectionLost")
    }))

  it.effect("counts its attempts, with a policy", () =>
    Effect.gen(function*() {
      const { broker, producer } = yield* setup()
      broker.faults.refuseConnects("ConnectionLost", 4)
      const fails = yield* started(Effect.exit(producer.publish(1, { routingKey: "q", retry: {} })))
      yield* TestClock.adjust("20 seconds")
      assert.strictEqual(reasonOf(yield* Fiber.join(fails))._tag, "ConnectionLost")
      broker.faults.refuseConnects("ConnectionLost", 3)
      const succeeds = yield* started(producer.publish(2, { routingKey: "q", retry: { maxRetries: 3 } }))
      yield* TestClock.adjust("20 seconds")
      yield* Fiber.join(succeeds)
      assert.deepStrictEqual(yield* taken(broker), [2])
    }))

  it.effect("fails at once for everybody when the configuration is wrong, and tries again when asked again", () =>
    Effect.gen(function*() {
      const { broker, producer } = yield* setup()
      broker.faults.refuseConnects("AccessRefused")
      const exits = yield* Effect.all([
        Effect.exit(producer.publish(1, { routingKey: "q" })),
        Effect.exit(producer.publish(2, { routingKey: "q", retry: {} })),
        Effect.exit(producer.channel)
      ], { concurrency: "unbounded" })
      assert.deepStrictEqual(exits.map((exit) => reasonOf(exit)._tag), [
        "AccessRefused",
        "AccessRefused",
        "AccessRefused"
      ])
      broker.faults.allowConnects()
      const fiber = yield* started(producer.publish(3, { routingKey: "q" }))
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(fiber)
    }))

  it.effect("tells who waits when its schedule ends, and begins again when asked again", () =>
    Effect.gen(function*() {
      const { broker, producer } = yield* setup({ reconnect: Schedule.recurs(2), eager: true })
      broker.faults.refuseConnects("ConnectionLost")
      const first = yield* started(Effect.exit(producer.publish(1, { routingKey: "q" })))
      assert.strictEqual(reasonOf(yield* Fiber.join(first))._tag, "ConnectionLost")
      yield* TestClock.adjust("1 minute")
      broker.faults.allowConnects()
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(connections(broker), 0)
      yield* producer.publish(2, { routingKey: "q" })
      assert.deepStrictEqual(yield* taken(broker), [2])
    }))

  it.effect("connects ahead when it is asked to, and to nothing before", () =>
    Effect.gen(function*() {
      const { broker, producer } = yield* setup()
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(connections(broker), 0)
      yield* producer.connect
      assert.strictEqual(connections(broker), 1)
      yield* producer.publish(1, { routingKey: "q" })
      assert.strictEqual(connections(broker), 1)
    }))

  it.effect("tells who asked it to connect of the first failure, and tries again when there is something to send", () =>
    Effect.gen(function*() {
      const { broker, producer } = yield* setup()
      broker.faults.refuseConnects("ConnectionLost", 1)
      assert.strictEqual((yield* Effect.flip(producer.connect)).reason._tag, "ConnectionLost")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(connections(broker), 0)
      yield* producer.publish(1, { routingKey: "q" })
      assert.deepStrictEqual(yield* taken(broker), [1])
    }))

  it.effect("outlives a transport that throws", () =>
    Effect.gen(function*() {
      const broker = yield* MemoryTransport.makeBroker()
      const working = yield* Effect.provide(Transport, MemoryTransport.layer({ broker }))
      let isBroken = true
      const transport = Transport.of({
        ...working,
        connect: (options) => {
          if (isBroken) throw new Error("a transport of somebody's")
          return working.connect(options)
        }
      })
      const producer = yield* Producer.make({ eager: true }).pipe(Effect.provideService(Transport, transport))
      const error = yield* Effect.flip(producer.publish(1, { routingKey: "q" }))
      assert.include(error.message, "a transport of somebody's")
      isBroken = false
      yield* producer.publish(2, { routingKey: "q", declare: [Entity.queue("q")] })
      assert.strictEqual(ready(broker), 1)
    }))

  it.effect("says that the outcome is unknown when the connection goes before the confirm, and does not send again", () =>
    Effect.gen(function*() {
      const { broker, producer } = yield* setup()
      broker.faults.dropOnPublish()
      const error = yield* Effect.flip(producer.publish(1, { routingKey: "q" }))
      assert.strictEqual(error.reason._tag, "OutcomeUnknown")
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* taken(broker), [1])
    }))

  it.effect("sends again when that does no harm", () =>
    Effect.gen(function*() {
      const { broker, producer } = yield* setup()
      broker.faults.dropOnPublish()
      const fiber = yield* started(producer.publish(1, { routingKey: "q", idempotent: true }))
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(yield* taken(broker), [1, 1])
    }))

  it.effect("sends an idempotent message again under a policy too", () =>
    Effect.gen(function*() {
      const { broker, producer } = yield* setup()
      broker.faults.dropOnPublish(2)
      const fiber = yield* started(producer.publish(1, { routingKey: "q", idempotent: true, retry: { maxRetries: 2 } }))
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(yield* taken(broker), [1, 1, 1])
    }))

  it.effect("fails within its deadline while the broker blocks publishers, and says why", () =>
    Effect.gen(function*() {
      const { broker, producer } = yield* setup()
      yield* producer.channel
      broker.faults.blockPublishers("low on memory")
      const fiber = yield* started(Effect.exit(producer.publish(1, { routingKey: "q", deadline: "2 seconds" })))
      yield* TestClock.adjust("2 seconds")
      const reason = reasonOf(yield* Fiber.join(fiber))
      assert.strictEqual(reason._tag, "PublishTimedOut")
      assert.include(reason.message, "low on memory")
    }))

  it.effect("declares once per connection, and what may vanish every time", () =>
    Effect.gen(function*() {
      const { broker, producer } = yield* setup()
      const lasting = { routingKey: "custom", declare: [queue] }
      const fleeting = { routingKey: "fleeting", declare: [Entity.queue("fleeting", { expires: "1 minute" })] }
      yield* producer.publish(1, lasting)
      yield* producer.publish(1, fleeting)
      const channel = yield* (yield* broker.connect({ name: "test" })).openChannel()
      yield* channel.deleteQueue("custom")
      yield* channel.deleteQueue("fleeting")
      yield* producer.publish(2, fleeting)
      const error = yield* Effect.flip(producer.publish(2, { ...lasting, declare: [{ ...queue }] }))
      assert.strictEqual(error.reason._tag, "Unroutable")
      drop(broker)
      const fiber = yield* started(producer.publish(3, lasting))
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(yield* taken(broker, "custom"), [3])
    }))

  it.effect("lets a declaration that is refused fail its own publish alone", () =>
    Effect.gen(function*() {
      const { broker, producer } = yield* setup()
      const before = yield* producer.channel
      broker.faults.delayConfirms("1 second")
      const others = yield* started(producer.publish(1, { routingKey: "q" }))
      const error = yield* Effect.flip(producer.publish(2, {
        routingKey: "q",
        declare: [Entity.queue("q", { messageTtl: "1 second" })]
      }))
      assert.strictEqual(error.reason._tag, "PreconditionFailed")
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(others)
      broker.faults.heal()
      yield* producer.publish(3, { routingKey: "q", declare: [Entity.queue("q")] })
      assert.strictEqual(yield* producer.channel, before)
      assert.deepStrictEqual(yield* taken(broker), [1, 3])
    }))

  it.effect("keeps the order of one connection, while something is declared too", () =>
    Effect.gen(function*() {
      const { broker, producer } = yield* setup()
      yield* Effect.forEach(
        Array.from({ length: 50 }, (_, index) => index),
        (index) => producer.publish(index, { routingKey: "custom", declare: [queue] }),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(yield* taken(broker, "custom"), Array.from({ length: 50 }, (_, index) => index))
    }))

  it.effect("waits no more when it is interrupted", () =>
    Effect.gen(function*() {
      const { broker, producer } = yield* setup()
      broker.faults.refuseConnects("ConnectionLost")
      const fiber = yield* started(producer.publish(1, { routingKey: "q" }))
      yield* Fiber.interrupt(fiber)
      broker.faults.allowConnects()
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(ready(broker), 0)
    }))
})

describe("A message that the broker refuses for good", () => {
  const bodies = Array.from({ length: 6 }, (_, index) => index)
  const isBad = (message: Message) => Result.getOrThrow(Content.decode(message)) === 3

  /** Six messages that are under way at once, of which the broker refuses one. */
  const sendAll = (producer: Producer.Producer["Service"], options: Producer.SendOptions = {}) =>
    Effect.all(
      bodies.map((body) =>
        Effect.map(
          Effect.result(producer.publish(body, { routingKey: "q", ...options })),
          (result) => Result.isSuccess(result) ? "confirmed" : result.failure.reason._tag
        )
      ),
      { concurrency: "unbounded" }
    )

  const among = (others: string, bad: string) => bodies.map((body) => body === 3 ? bad : others)

  it.effect("is told why, at once, and is not sent again", () =>
    Effect.gen(function*() {
      const { broker, producer } = yield* setup()
      broker.faults.limitMessageSize(1000)
      const error = yield* Effect.flip(producer.publish("x".repeat(2000), { routingKey: "q", idempotent: true }))
      assert.strictEqual(error.message, "publish: the message of 2000 bytes is over the limit of 1000")
      assert.isTrue(error.isRefusal)
      yield* producer.publish("small", { routingKey: "q" })
      assert.deepStrictEqual(yield* taken(broker), ["small"])
      assert.strictEqual(connections(broker), 1)
    }))

  it.effect("leaves the others alone", () =>
    Effect.gen(function*() {
      const { broker, producer } = yield* setup()
      broker.faults.refusePublishes(isBad)
      const outcomes = yield* started(sendAll(producer))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* Fiber.join(outcomes), among("confirmed", "MessageRefused"))
      assert.deepStrictEqual(yield* taken(broker), [0, 1, 2, 4, 5])
      assert.strictEqual(connections(broker), 1)
    }))

  it.effect("is found among those that were under way, each sent by itself, when the broker does not say which it was", () =>
    Effect.gen(function*() {
      const { broker, producer } = yield* setup()
      yield* producer.channel
      broker.faults.refusePublishes(isBad, "vaguely")
      broker.faults.delayConfirms("10 millis")
      const outcomes = yield* started(sendAll(producer, { idempotent: true }))
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(yield* Fiber.join(outcomes), among("confirmed", "MessageRefused"))
      // What was before it is stored twice, which does no harm, and it not at all.
      assert.deepStrictEqual((yield* taken(broker)).toSorted(), [0, 0, 1, 1, 2, 2, 4, 5])
      assert.strictEqual(connections(broker), 1)
      assert.strictEqual(broker.channels().filter(({ connection }) => connection.name !== "test").length, 1)
    }))

  it.effect("leaves suspects of unknown outcome that must not be stored twice", () =>
    Effect.gen(function*() {
      const { broker, producer } = yield* setup()
      yield* producer.channel
      broker.faults.refusePublishes(isBad, "vaguely")
      broker.faults.delayConfirms("10 millis")
      const outcomes = yield* started(sendAll(producer))
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(yield* Fiber.join(outcomes), [
        ...["OutcomeUnknown", "OutcomeUnknown", "OutcomeUnknown", "OutcomeUnknown"],
        ...["confirmed", "confirmed"]
      ])
      assert.deepStrictEqual(yield* taken(broker), [0, 1, 2, 4, 5])
    }))

  it.effect("does not keep a suspect past its deadline", () =>
    Effect.gen(function*() {
      const { broker, producer } = yield* setup()
      yield* producer.channel
      broker.faults.refusePublishes(isBad, "vaguely")
      broker.faults.delayConfirms("1 hour")
      const outcomes = yield* started(sendAll(producer, { idempotent: true, deadline: "5 seconds" }))
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(yield* Fiber.join(outcomes), among("PublishTimedOut", "PublishTimedOut"))
    }))

  it.effect("is found over the next connection when that one is lost", () =>
    Effect.gen(function*() {
      const { broker, producer } = yield* setup()
      yield* producer.channel
      broker.faults.refusePublishes(isBad, "vaguely")
      broker.faults.delayConfirms("1 hour")
      const outcomes = yield* started(sendAll(producer, { idempotent: true }))
      yield* TestClock.adjust("1 second")
      broker.faults.delayConfirms(0)
      drop(broker)
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(yield* Fiber.join(outcomes), among("confirmed", "MessageRefused"))
    }))
})

describe("Producer.publishUnsafe", () => {
  const outcomes = (producer: Producer.Producer["Service"], count: number, options: Producer.SendOptions = {}) => {
    const seen: Array<string> = []
    for (let i = 0; i < count; i++) {
      producer.publishUnsafe(
        message(i),
        { exchange: "", routingKey: "q" },
        options,
        (error) => seen.push(error === undefined ? "confirmed" : error.reason._tag)
      )
    }
    return seen
  }

  it.effect("goes straight to the channel while connected", () =>
    Effect.gen(function*() {
      const { broker, producer } = yield* setup()
      yield* producer.channel
      assert.deepStrictEqual(outcomes(producer, 2), ["confirmed", "confirmed"])
      assert.strictEqual(ready(broker), 2)
    }))

  it.effect("keeps messages for the connection, in order, up to the bound", () =>
    Effect.gen(function*() {
      const { broker, producer } = yield* setup({ buffer: 3 })
      const seen = outcomes(producer, 5)
      assert.deepStrictEqual(seen, ["BufferFull", "BufferFull"])
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(seen.slice(2), ["confirmed", "confirmed", "confirmed"])
      assert.deepStrictEqual(yield* taken(broker), [0, 1, 2])
    }))

  it.effect("keeps no more than the bound for a broker that blocks publishers", () =>
    Effect.gen(function*() {
      const { broker, producer } = yield* setup({ buffer: 3 })
      yield* producer.channel
      broker.faults.blockPublishers("low on disk")
      const seen = outcomes(producer, 5, { deadline: "1 second" })
      assert.deepStrictEqual(seen, ["BufferFull", "BufferFull"])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(seen.slice(2), ["PublishTimedOut", "PublishTimedOut", "PublishTimedOut"])
    }))

  it.effect("gives up at the deadline of each", () =>
    Effect.gen(function*() {
      const { broker, producer } = yield* setup()
      broker.faults.refuseConnects("ConnectionLost")
      const late = outcomes(producer, 1, { deadline: "20 seconds" })
      const early = outcomes(producer, 1, { deadline: "1 second" })
      yield* TestClock.adjust("1100 millis")
      assert.deepStrictEqual([early, late], [["PublishTimedOut"], []])
      yield* TestClock.adjust("19 seconds")
      assert.deepStrictEqual(late, ["PublishTimedOut"])
    }))

  it.effect("has one outcome for each, whatever happens to the connection", () =>
    Effect.gen(function*() {
      const { broker, producer } = yield* setup()
      yield* producer.channel
      broker.faults.loseConfirms(10)
      const unknown = outcomes(producer, 10)
      drop(broker)
      assert.deepStrictEqual(unknown, Array.from({ length: 10 }, () => "OutcomeUnknown"))
      const kept = outcomes(producer, 10)
      assert.deepStrictEqual(kept, [])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(kept, Array.from({ length: 10 }, () => "confirmed"))
      assert.strictEqual(ready(broker), 20)
    }))

  it.effect("opens a new channel when a publish closes the old one, and the connection stays", () =>
    Effect.gen(function*() {
      const { broker, producer } = yield* setup()
      const before = yield* producer.channel
      const connection = broker.connections().find(({ name }) => name !== "test")
      broker.faults.closeChannels(406, "PRECONDITION_FAILED", ({ connection }) => connection.name !== "test")
      const kept = outcomes(producer, 1)
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(kept, ["confirmed"])
      assert.notStrictEqual(yield* producer.channel, before)
      assert.deepStrictEqual(broker.connections().filter(({ name }) => name !== "test"), [connection])
    }))
})

describe("Producer over a flapping connection", () => {
  it.effect("gives every publish one outcome, and loses none that was confirmed", () =>
    Effect.gen(function*() {
      const { broker, producer } = yield* setup({ reconnect: Schedule.spaced("100 millis") })
      const seen = new Map<number, string>()
      let posted = 0
      for (let round = 0; round < 50; round++) {
        if (round % 3 === 0) broker.faults.dropOnPublish(1)
        if (round % 5 === 0) broker.faults.refuseConnects("ConnectionLost", 2)
        for (let i = 0; i < 7; i++) {
          const id = posted++
          producer.publishUnsafe(message(id), { exchange: "", routingKey: "q" }, {}, (error) => {
            assert.isFalse(seen.has(id), `a second outcome for ${id}`)
            seen.set(id, error === undefined ? "confirmed" : error.reason._tag)
          })
        }
        if (round % 4 === 0) drop(broker)
        yield* TestClock.adjust("700 millis")
      }
      broker.faults.heal()
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(seen.size, posted)
      const stored = yield* taken(broker)
      assert.strictEqual(new Set(stored).size, stored.length, "something was stored twice")
      for (const [id, outcome] of seen) {
        assert.include(["confirmed", "OutcomeUnknown"], outcome)
        if (outcome === "confirmed") assert.include(stored, id)
      }
      assert.isAbove(Array.from(seen.values()).filter((outcome) => outcome === "OutcomeUnknown").length, 5)
    }))
})

describe("Producer, when its scope closes", () => {
  it.effect("waits for outstanding confirms", () =>
    Effect.gen(function*() {
      const { broker, producer, scope } = yield* setup()
      yield* producer.channel
      broker.faults.delayConfirms("2 seconds")
      const publishing = yield* started(producer.publish(1, { routingKey: "q" }))
      const closing = yield* started(Scope.close(scope, Exit.void))
      const refused = yield* Effect.flip(producer.publish(2, { routingKey: "q" }))
      assert.include(refused.message, "the producer is closed")
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(publishing)
      yield* Fiber.join(closing)
      assert.strictEqual(connections(broker), 0)
    }))

  it.effect("sends what still waits for the connection", () =>
    Effect.gen(function*() {
      const { broker, producer, scope } = yield* setup()
      broker.faults.refuseConnects("ConnectionLost", 2)
      const publishing = yield* started(producer.publish(1, { routingKey: "q" }))
      const closing = yield* started(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(closing)
      yield* Fiber.join(publishing)
      assert.strictEqual(ready(broker), 1)
    }))

  it.effect("ends with the last message that waits, and not when a clock says so", () =>
    Effect.gen(function*() {
      const broker = yield* MemoryTransport.makeBroker()
      const transport = yield* Effect.provide(Transport, MemoryTransport.layer({ broker }))
      const gate = yield* Deferred.make<void>()
      const scope = yield* Scope.fork(yield* Scope.Scope)
      const producer = yield* Producer.make().pipe(
        Effect.provideService(Transport, {
          ...transport,
          connect: (options) => Effect.andThen(Deferred.await(gate), transport.connect(options))
        }),
        Scope.provide(scope)
      )
      const declare = [Entity.queue("q")]
      const publishing = yield* started(producer.publish(1, { routingKey: "q", declare }))
      const forgotten = yield* started(producer.publish(2, { routingKey: "q", declare }))
      const closing = yield* started(Scope.close(scope, Exit.void))
      yield* Fiber.interrupt(forgotten)
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(closing)
      yield* Fiber.join(publishing)
      assert.deepStrictEqual(yield* taken(broker), [1])
    }))

  it.effect("waits no longer than the bound, and leaves nobody without an outcome", () =>
    Effect.gen(function*() {
      const { broker, producer, scope } = yield* setup()
      yield* producer.channel
      broker.faults.loseConfirms()
      const publishing = yield* started(Effect.exit(producer.publish(1, { routingKey: "q" })))
      const closing = yield* started(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(closing)
      assert.strictEqual(reasonOf(yield* Fiber.join(publishing))._tag, "OutcomeUnknown")

      const away = yield* setup({ flush: "1 second" })
      away.broker.faults.refuseConnects("ConnectionLost")
      const waiting = yield* started(Effect.exit(away.producer.publish(1, { routingKey: "q" })))
      const ending = yield* started(Scope.close(away.scope, Exit.void))
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(ending)
      assert.include(reasonOf(yield* Fiber.join(waiting)).message, "the producer is closed")
    }))
})

describe("Producer.layer()", () => {
  const program = Effect.andThen(
    Producer.Producer,
    (producer) => producer.publish(1, { routingKey: "q", declare: [Entity.queue("q")] })
  )

  it.effect("provides the producer over the transport at hand", () =>
    program.pipe(Effect.provide(Producer.layer()), Effect.provide(MemoryTransport.layer())))

  it.effect("takes options", () =>
    program.pipe(
      Effect.provide(Producer.layer({ name: "mine", buffer: 1 })),
      Effect.provide(MemoryTransport.layer())
    ))

  it("does not compile without a transport", () => {
    // @ts-expect-error Type 'Transport' is not assignable to type 'never'
    const complete: Effect.Effect<void, MessagingError> = program.pipe(Effect.provide(Producer.layer()))
    assert.isDefined(complete)
  })
})
