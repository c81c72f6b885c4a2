/** A schedule that RabbitMQ alone keeps. */
import * as AmqpTransport from "@celeriac/amqp/AmqpTransport"
import * as Entity from "@celeriac/messaging/Entity"
import { Transport } from "@celeriac/messaging/Transport"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { randomUUID } from "node:crypto"
import { afterAll } from "vitest"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import { until } from "../../../../test/peers/Process.ts"
import * as QueueStore from "../../src/stores/QueueStore.ts"
import * as ScheduleStoreConformance from "../../src/testing/ScheduleStoreConformance.ts"

const url = brokerUrl()
const transport = AmqpTransport.layer({ url, heartbeat: "2 seconds" })

const channel = Effect.gen(function*() {
  const context = yield* Layer.build(transport)
  const connection = yield* Context.get(context, Transport).connect()
  return yield* connection.openChannel()
}).pipe(Effect.orDie)

const drop = (queue: string) =>
  Effect.scoped(
    Effect.flatMap(channel, (channel) =>
      Effect.forEach([queue, `${queue}.aside`], (name) =>
        Effect.ignore(channel.deleteQueue(name)), { discard: true }))
  )

const newQueue = Effect.acquireRelease(Effect.sync(() => `beat-${randomUUID()}`), drop)

const open = (queue: string) =>
  Effect.flatMap(Layer.build(transport), (context) => Effect.provide(QueueStore.make({ queue }), context)).pipe(
    Effect.orDie
  )

const made: Array<string> = []

ScheduleStoreConformance.suite("QueueStore", () => {
  const queue = `beat-${randomUUID()}`
  made.push(queue)
  return open(queue)
}, {
  damage: () => {
    const queue = `beat-${randomUUID()}`
    made.push(queue)
    const put = (content: object) =>
      Effect.flatMap(channel, (channel) =>
        channel.publish(
          { body: new TextEncoder().encode(JSON.stringify(content)), headers: {}, properties: {} },
          { exchange: "", routingKey: queue }
        ))
    return {
      open: open(queue),
      // What is behind the message is read first.
      spoil: Effect.andThen(
        Effect.flatMap(open(queue), ({ read }) => read),
        put({
          format: 1,
          version: 1000,
          revision: 9,
          changes: { said: { enabled: "no" }, kept: { entry: ScheduleStoreConformance.entry, enabled: false } },
          progress: { come: ["soon"], said: [2000, 4] }
        })
      ),
      aside: Effect.map(messagesIn(`${queue}.aside`), (count) => Array.from({ length: count }, String)),
      renew: put({ format: 2, progress: {} })
    }
  }
})

afterAll(() => Effect.runPromise(Effect.forEach(made, drop, { discard: true })))

const messagesIn = (queue: string) =>
  Effect.scoped(
    Effect.flatMap(channel, (channel) => Effect.map(channel.queueState(queue), (state) => state.messageCount))
  )

/** So many lie there, once what was sent is there and what was read is back or gone. */
const comesTo = (queue: string, count: number) =>
  Effect.promise(() =>
    until(`${count} messages in ${queue}`, async () => await Effect.runPromise(messagesIn(queue)) === count)
  )

describe("a schedule in a queue", () => {
  it.live("is one message again, whenever it was read", () =>
    Effect.gen(function*() {
      const queue = yield* newQueue
      const store = yield* open(queue)
      for (let last = 1; last <= 50; last++) yield* store.advance([["a", { last, count: last }]])
      assert.deepStrictEqual((yield* store.read).progress.get("a"), { last: 50, count: 50 })
      yield* comesTo(queue, 1)
    }).pipe(Effect.scoped))

  it.live("is changed by many at once, of which none undoes what another has done", () =>
    Effect.gen(function*() {
      const queue = yield* newQueue
      const stores = yield* Effect.all([open(queue), open(queue), open(queue)])
      yield* Effect.all(
        stores.flatMap((store, n) =>
          Array.from({ length: 5 }, (_, k) =>
            Effect.andThen(
              store.advance([[`e${n}`, { last: k, count: k }]]),
              store.change("said", (change) => ({ run: `${change?.run ?? ""}${n}` }))
            ))
        ),
        { concurrency: "unbounded" }
      )
      const { changes, progress } = yield* stores[0]!.read
      assert.strictEqual(Array.from(changes.get("said")!.run!).sort().join(""), "000001111122222")
      assert.deepStrictEqual(Array.from(progress.values(), ({ last }) => last), [4, 4, 4])
    }).pipe(Effect.scoped), 120_000)

  it.live("sets aside what it cannot read, and goes on with the rest", () =>
    Effect.gen(function*() {
      const queue = yield* newQueue
      const store = yield* open(queue)
      yield* store.change("a", () => ({ enabled: false }))
      const spoil = yield* channel
      yield* spoil.publish(
        { body: new TextEncoder().encode("{\"version\": 9, "), headers: {}, properties: {} },
        { exchange: "", routingKey: queue }
      )
      assert.deepStrictEqual(Array.from((yield* store.read).changes.keys()), ["a"])
      yield* comesTo(`${queue}.aside`, 1)
    }).pipe(Effect.scoped, Effect.provide(Logger.layer([]))))

  it.live("of a newer version is left as it is, and that is said", () =>
    Effect.gen(function*() {
      const queue = yield* newQueue
      const writing = yield* channel
      const store = yield* open(queue)
      yield* store.read
      yield* writing.publish(
        { body: new TextEncoder().encode("{\"format\":2,\"progress\":{}}"), headers: {}, properties: {} },
        { exchange: "", routingKey: queue }
      )
      const error = yield* Effect.flip(store.read)
      assert.strictEqual(
        error.message,
        `the schedule in the queue ${queue}: it was written by a newer version (its format is 2, known is 1): upgrade`
      )
      yield* comesTo(queue, 2)
    }).pipe(Effect.scoped))

  it.live("goes on after whoever read it was cut off", () =>
    Effect.gen(function*() {
      const queue = yield* newQueue
      const store = yield* open(queue)
      yield* store.change("a", () => ({ enabled: false }))
      // Somebody who has all of it, and never says more.
      const [has, isOver] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const held = yield* Effect.forkChild(Effect.scoped(Effect.gen(function*() {
        const other = yield* channel
        yield* other.consume(queue, { prefetch: 0, onDelivery: () => Deferred.doneUnsafe(has, Exit.void) })
        yield* Deferred.await(isOver)
      })))
      yield* Deferred.await(has)
      const reading = yield* Effect.forkChild(store.read)
      yield* Effect.sleep("300 millis")
      assert.isUndefined(reading.pollUnsafe())
      yield* Deferred.succeed(isOver, undefined)
      yield* Fiber.join(held)
      assert.deepStrictEqual(Array.from((yield* Fiber.join(reading)).changes.keys()), ["a"])
    }).pipe(Effect.scoped))

  it.live("says what a user may not declare", () =>
    Effect.gen(function*() {
      const queue = yield* newQueue
      const other = yield* channel
      yield* other.declareQueue(Entity.queue(queue))
      const error = yield* Effect.flip((yield* open(queue)).read)
      assert.match(error.message, /the schedule in the queue beat-.*inequivalent arg.*Give it another name/)
    }).pipe(Effect.scoped, Effect.provide(Logger.layer([]))))
})
