import * as Entity from "@celeriac/messaging/Entity"
import * as Topology from "@celeriac/messaging/Topology"
import { Transport } from "@celeriac/messaging/Transport"
import * as MemoryTransport from "@celeriac/messaging/transports/MemoryTransport"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { TestClock } from "effect/testing"
import * as Migration from "../src/cli/broker/Migration.ts"

type Broker = Transport["Service"]

const broker = Effect.map(
  Layer.build(Layer.fresh(MemoryTransport.layer())),
  (context) => Effect.runSync(Effect.provide(Transport, context))
)

const channelOf = (broker: Broker) => Effect.flatMap(broker.connect(), (connection) => connection.openChannel())

const message = (id: string, task = "t.a") => ({
  body: new TextEncoder().encode(`[["${id}"], {}, {}]`),
  headers: { id, task, lang: "py", mine: [1, "x"] },
  properties: {
    contentType: "application/json",
    contentEncoding: "utf-8",
    deliveryMode: 2,
    priority: 3,
    correlationId: id
  }
} as const)

/** What the queue has, in order. */
const drained = (broker: Broker, queue: string) =>
  Effect.scoped(Effect.gen(function*() {
    const channel = yield* channelOf(broker)
    const all = []
    for (;;) {
      const delivery = yield* channel.get(queue, { noAck: true })
      if (Option.isNone(delivery)) return all
      all.push(delivery.value)
    }
  }))

const setup = Effect.gen(function*() {
  const [source, destination] = [yield* broker, yield* broker]
  const channel = yield* channelOf(source)
  yield* Topology.declareQueue(channel, Entity.direct("old"))
  const send = (...messages: ReadonlyArray<ReturnType<typeof message>>) =>
    Effect.forEach(messages, (one) => channel.publish(one, { exchange: "old", routingKey: "old" }))
  const told: Array<string> = []
  const migrate = (options: Partial<Migration.Options> = {}) =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(Migration.migrate(source, destination, {
        queues: new Map([["old", "new"]]),
        tasks: new Set(),
        limit: undefined,
        timeout: 1000,
        forever: false,
        acknowledge: true,
        onMigrated: ({ count, id, task, total }) =>
          Effect.sync(() => void told.push(`${count}/${total} ${task}[${id}]`)),
        ...options
      }))
      yield* TestClock.adjust("1 seconds")
      yield* TestClock.adjust("1 seconds")
      return yield* Fiber.join(fiber)
    })
  return { source, destination, send, migrate, told }
})

describe("a migration", () => {
  it.effect("moves what waits, in its order and as it came, into the queue of the new name", () =>
    Effect.gen(function*() {
      const { destination, migrate, send, source, told } = yield* setup
      yield* send(message("1"), message("2", "t.b"), message("3"))
      assert.strictEqual(yield* migrate(), 3)
      assert.deepStrictEqual(told, ["1/3 t.a[1]", "2/3 t.b[2]", "3/3 t.a[3]"])
      const there = yield* drained(destination, "new")
      assert.deepStrictEqual(there.map(({ headers }) => headers["id"]), ["1", "2", "3"])
      const { body, exchange, headers, properties, routingKey } = there[1]!
      assert.deepStrictEqual<object>({ body, headers, properties }, message("2", "t.b"))
      assert.deepStrictEqual([exchange, routingKey], ["new", "new"])
      assert.deepStrictEqual(yield* drained(source, "old"), [])
    }).pipe(Effect.scoped))

  it.effect("copies without acknowledging, and takes of each no more than it was asked to", () =>
    Effect.gen(function*() {
      const { destination, migrate, send, source, told } = yield* setup
      yield* send(message("1"), message("2", "t.b"), message("3"), message("4"))
      assert.strictEqual(yield* migrate({ acknowledge: false, tasks: new Set(["t.a"]), limit: 2 }), 2)
      assert.deepStrictEqual(told, ["1/4 t.a[1]", "2/4 t.a[3]"])
      const ids = (all: ReadonlyArray<{ readonly headers: Readonly<Record<string, unknown>> }>) =>
        all.map(({ headers }) => headers["id"])
      assert.deepStrictEqual(ids(yield* drained(destination, "new")), ["1", "3"])
      assert.deepStrictEqual(ids(yield* drained(source, "old")), ["1", "2", "3", "4"])
      yield* send(message("5"), message("6", "t.b"), message("7"))
      assert.strictEqual(yield* migrate({ tasks: new Set(["t.a"]), limit: 1 }), 1)
      assert.deepStrictEqual(ids(yield* drained(source, "old")), ["6", "7"])
    }).pipe(Effect.scoped))

  it.effect("of a queue that is not there says so", () =>
    Effect.gen(function*() {
      const { migrate } = yield* setup
      const error = yield* Effect.flip(migrate({ queues: new Map([["nosuch", "new"]]) }))
      assert.match(error.message, /^migrate: there is no queue 'nosuch' on memory:\/\//)
    }).pipe(Effect.scoped))

  it.effect("goes on forever where it is to, with what comes later", () =>
    Effect.gen(function*() {
      const { destination, migrate, send, told } = yield* setup
      const running = yield* Effect.forkChild(migrate({ forever: true }))
      yield* TestClock.adjust("1 hour")
      yield* send(message("late"))
      yield* TestClock.adjust("1 seconds")
      assert.deepStrictEqual([told, running.pollUnsafe()], [["1/0 t.a[late]"], undefined])
      assert.strictEqual((yield* drained(destination, "new")).length, 1)
      yield* Fiber.interrupt(running)
    }).pipe(Effect.scoped))
})
