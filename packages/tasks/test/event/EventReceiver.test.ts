import * as LogicalClock from "@celeriac/messaging/LogicalClock"
import * as Producer from "@celeriac/messaging/Producer"
import { Transport } from "@celeriac/messaging/Transport"
import { MemoryBroker } from "@celeriac/messaging/transports/MemoryBroker"
import * as MemoryTransport from "@celeriac/messaging/transports/MemoryTransport"
import type * as Event from "@celeriac/tasks/event/Event"
import * as EventDispatcher from "@celeriac/tasks/event/EventDispatcher"
import * as EventReceiver from "@celeriac/tasks/event/EventReceiver"
import * as EventSettings from "@celeriac/tasks/event/EventSettings"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"

const around = Producer.layer().pipe(
  Layer.provideMerge(Layer.fresh(MemoryTransport.layer)),
  Layer.provideMerge(Logger.layer([]))
)

const channel = Effect.gen(function*() {
  return yield* (yield* (yield* Transport).connect({ name: "ear" })).openChannel()
})

/** What others publish, whatever it is; heard when this succeeds. */
const tell = Effect.fnUntraced(function*(body: unknown, routingKey = "task.multi") {
  const { publish } = yield* Producer.Producer
  const written = typeof body === "string" ? Buffer.from(body) : body
  const properties = typeof body === "string" ? { contentType: "application/json", contentEncoding: "utf-8" } : {}
  yield* publish(written, { exchange: "celeryev", routingKey, mandatory: false, properties })
  yield* Effect.yieldNow
})

const beat = (more: object = {}) => ({ type: "worker-heartbeat", hostname: "w1@h", timestamp: 5, ...more })

describe("EventReceiver.consume", () => {
  it.effect("declares what Celery 5.7 does: the exchange, and a queue that belongs to its connection", () =>
    Effect.gen(function*() {
      yield* EventReceiver.consume(yield* channel, () => {}, { nodeId: "me", routingKey: "worker.#" })
      const broker = yield* MemoryBroker
      const { declaration } = broker.queue("celeryev.me") ?? assert.fail()
      assert.deepInclude(declaration, { durable: false, exclusive: true, autoDelete: true })
      assert.deepStrictEqual(declaration.arguments, { "x-expires": 60_000, "x-message-ttl": 5_000 })
      assert.deepInclude(broker.exchanges(), {
        ...{ name: "celeryev", type: "topic", durable: true },
        ...{ autoDelete: false, arguments: {} }
      })
      const bound = broker.bindings().filter(({ source }) => source === "celeryev")
      assert.deepStrictEqual(bound.map(({ routingKey }) => routingKey), ["worker.#"])
    }).pipe(Effect.scoped, Effect.provide(around)))

  it.effect("declares a queue that stays, where that is asked for", () =>
    Effect.gen(function*() {
      yield* EventReceiver.consume(yield* channel, () => {}, { nodeId: "me" })
      const { declaration } = (yield* MemoryBroker).queue("celeryev.me") ?? assert.fail()
      assert.deepInclude(declaration, { durable: true, exclusive: false, autoDelete: false })
    }).pipe(
      Effect.scoped,
      Effect.provide(around),
      Effect.provideService(EventSettings.EventQueueDurable, true)
    ))

  it.effect("hears single events and lists of them, and when they came in", () =>
    Effect.gen(function*() {
      const heard: Array<Event.Heard> = []
      yield* EventReceiver.consume(yield* channel, (event) => void heard.push(event))
      yield* TestClock.setTime(7_500)
      yield* tell(beat({ clock: 3 }), "worker.heartbeat")
      yield* tell([beat({ freq: 2 }), { ...beat(), type: "task-started", uuid: "1" }])
      assert.deepStrictEqual(heard.map(({ _tag, localReceived, timestamp }) => [_tag, timestamp, localReceived]), [
        ["WorkerHeartbeat", 5, 7.5],
        ["WorkerHeartbeat", 5, 7.5],
        ["TaskStarted", 5, 7.5]
      ])
    }).pipe(Effect.scoped, Effect.provide(around)))

  it.effect("counts what is malformed, and hears the rest", () =>
    Effect.gen(function*() {
      const heard: Array<string> = []
      const why: Array<string> = []
      const receiver = yield* EventReceiver.consume(
        yield* channel,
        (event) => {
          heard.push(event.type)
          if (event.hostname === "bad@h") throw new Error("cannot bear it")
        },
        { onMalformed: (what) => void why.push(what) }
      )
      yield* tell([1, beat(), { ...beat(), timestamp: "x" }, beat({ hostname: "bad@h" }), beat()])
      yield* tell("{not json")
      yield* tell(Buffer.from([1, 2, 3]))
      yield* tell("[[[]]]")
      assert.deepStrictEqual(receiver.counts(), { received: 3, malformed: 5 })
      assert.lengthOf(heard, 3)
      assert.include(why, "whoever hears of events threw: Error: cannot bear it")
      assert.lengthOf(why, 6)
    }).pipe(Effect.scoped, Effect.provide(around)))

  it.effect("sets a clock by what it hears, as Celery does", () =>
    Effect.gen(function*() {
      const clock = LogicalClock.make(10)
      const heard: Array<number | undefined> = []
      yield* EventReceiver.consume(yield* channel, (event) => void heard.push(event.clock), { clock })
      yield* tell(beat({ clock: 100 }))
      assert.strictEqual(clock.value(), 101)
      // A client's clock means nothing, and one that is not there is ours.
      yield* tell({ ...beat({ clock: 5_000 }), type: "task-sent", uuid: "1" })
      yield* tell(beat({ clock: null }))
      assert.deepStrictEqual([heard, clock.value()], [[100, 100, 103], 103])
    }).pipe(Effect.scoped, Effect.provide(around)))

  it.effect("moves times by the zone of the sender only where that is asked for", () =>
    Effect.gen(function*() {
      const asIs: Array<number> = []
      const moved: Array<number> = []
      const hours = new Date(0).getTimezoneOffset() / 60
      yield* EventReceiver.consume(yield* channel, ({ timestamp }) => void asIs.push(timestamp))
      yield* EventReceiver.consume(yield* channel, ({ timestamp }) => void moved.push(timestamp), { localize: true })
      yield* tell(beat({ timestamp: 50_000, utcoffset: hours - 2 }))
      assert.deepStrictEqual([asIs, moved], [[50_000], [57_200]])
    }).pipe(Effect.scoped, Effect.provide(around)))
})

describe("EventReceiver.stream", () => {
  it.effect("hears over a connection of its own, asks nodes to speak when it is ready, and heals", () => {
    const asked: Array<string> = []
    return Effect.gen(function*() {
      const broker = yield* MemoryBroker
      const reading = yield* EventReceiver.stream({ onReady: Effect.sync(() => void asked.push("heartbeat")) }).pipe(
        Stream.take(2),
        Stream.runCollect,
        Effect.forkChild
      )
      yield* TestClock.adjust("1 second")
      yield* tell(beat({ clock: 1 }))
      broker.faults.dropConnections("gone", ({ name }) => name === "celeriac events")
      yield* TestClock.adjust("10 seconds")
      yield* tell(beat({ clock: 2 }))
      const heard = yield* Fiber.join(reading)
      assert.deepStrictEqual(heard.map(({ clock }) => clock), [1, 2])
      assert.deepStrictEqual(asked, ["heartbeat", "heartbeat"])
    }).pipe(Effect.provide(around))
  })

  it.effect("drops the oldest for who reads too slowly, and says how many", () => {
    let dropped = 0
    return Effect.gen(function*() {
      const options = { buffer: 3, onDropped: (count: number) => void (dropped += count) }
      const reading = yield* EventReceiver.stream(options).pipe(
        Stream.mapEffect(({ clock }) => Effect.as(Effect.sleep("1 hour"), clock)),
        Stream.take(4),
        Stream.runCollect,
        Effect.forkChild
      )
      yield* TestClock.adjust("1 second")
      yield* tell(beat({ clock: 0 }))
      yield* TestClock.adjust("1 second")
      yield* tell(Array.from({ length: 10 }, (_, n) => beat({ clock: n + 1 })))
      yield* TestClock.adjust("5 hours")
      assert.deepStrictEqual([yield* Fiber.join(reading), dropped], [[0, 8, 9, 10], 7])
    }).pipe(Effect.provide(around))
  })
})

describe("EventDispatcher and EventReceiver", () => {
  it.effect("understand each other", () =>
    Effect.gen(function*() {
      const heard: Array<Event.Heard> = []
      yield* EventReceiver.consume(yield* channel, (event) => void heard.push(event))
      const dispatcher = yield* EventDispatcher.makeClient({ hostname: "gen1@h", clock: LogicalClock.make() })
      dispatcher.send("task-revoked", { uuid: "1", terminated: true, signum: "SIGTERM", expired: false })
      dispatcher.send("worker-elect", { id: "e", topic: "task", action: { a: [1] }, cver: 1 })
      yield* TestClock.adjust("1 second")
      const [revoked, elect] = heard
      assert.deepInclude(revoked, {
        _tag: "TaskRevoked",
        uuid: "1",
        terminated: true,
        signum: "SIGTERM",
        expired: false
      })
      assert.deepInclude(elect, { _tag: "WorkerElect", id: "e", topic: "task", action: { a: [1] }, cver: 1, clock: 2 })
    }).pipe(Effect.scoped, Effect.provide(around)))
})
