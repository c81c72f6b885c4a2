import * as LogicalClock from "@celeriac/messaging/LogicalClock"
import type { Message } from "@celeriac/messaging/Message"
import {
  because,
  BufferFull,
  ChannelClosed,
  ConnectionLost,
  type MessagingError,
  OutcomeUnknown
} from "@celeriac/messaging/MessagingError"
import * as EventDispatcher from "@celeriac/tasks/event/EventDispatcher"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"

type Sent = Readonly<Record<string, unknown>>

/** A broker that answers when it is told to. */
class Broker {
  readonly messages: Array<
    { readonly routingKey: string; readonly events: ReadonlyArray<Sent>; readonly message: Message }
  > = []
  readonly waiting: Array<(error?: MessagingError) => void> = []
  readonly flushes: Array<() => void> = []
  isSlow = false

  readonly outlet: EventDispatcher.Outlet = {
    publish: (message, { exchange, routingKey }, onOutcome) => {
      assert.strictEqual(exchange, "celeryev")
      const body: Sent | ReadonlyArray<Sent> = JSON.parse(Buffer.from(message.body).toString())
      const events = Array.isArray(body) ? body : [body]
      if (this.isSlow) {
        return void this.waiting.push((error) => {
          if (error === undefined) this.messages.push({ routingKey, events, message })
          onOutcome(error)
        })
      }
      this.messages.push({ routingKey, events, message })
      onOutcome(undefined)
    },
    soon: (flush) => void this.flushes.push(flush)
  }

  readonly endTurn = (): void => {
    for (const flush of this.flushes.splice(0)) flush()
  }

  readonly answer = (error?: MessagingError): void => {
    for (const answer of this.waiting.splice(0)) answer(error)
  }

  get said(): ReadonlyArray<string> {
    return this.messages.map(({ events, routingKey }) =>
      `${routingKey}: ${events.map(({ type, uuid }) => uuid ?? type).join(" ")}`
    )
  }
}

const make = (options: Partial<EventDispatcher.Options> = {}) =>
  EventDispatcher.make({ hostname: "celery@test", clock: LogicalClock.make(), ...options })

const lost = because("publish", new ConnectionLost({ uri: "memory://local", detail: "gone" }))
const closed = because("publish", new ChannelClosed({ code: 320, detail: "gone" }))
const unknown = because(
  "publish",
  new OutcomeUnknown({ exchange: "celeryev", routingKey: "task.multi", detail: "gone" })
)

const start = (dispatcher: EventDispatcher.EventDispatcher["Service"], ...ids: ReadonlyArray<number>) => {
  for (const id of ids) dispatcher.send("task-started", { uuid: String(id) })
}

const upTo = (count: number, from = 1) => Array.from({ length: count }, (_, index) => from + index)

describe("EventDispatcher", () => {
  it.effect("sends what every event says, and what this one says, as Celery does", () =>
    Effect.gen(function*() {
      const broker = new Broker()
      const clock = LogicalClock.make(41)
      const dispatcher = yield* make({ clock })
      dispatcher.attach(broker.outlet)
      yield* TestClock.setTime(1_795_216_556_538)
      dispatcher.send("worker-heartbeat", { freq: 2, active: 0, processed: 3, loadavg: [0.5, 0.25, 0], swIdent: "x" })
      const [{ events, message, routingKey } = assert.fail()] = broker.messages
      assert.strictEqual(routingKey, "worker.heartbeat")
      assert.deepStrictEqual(events, [{
        hostname: "celery@test",
        utcoffset: new Date(1_795_216_556_538).getTimezoneOffset() / 60,
        pid: process.pid,
        clock: 42,
        freq: 2,
        active: 0,
        processed: 3,
        loadavg: [0.5, 0.25, 0],
        sw_ident: "x",
        timestamp: 1_795_216_556.538,
        type: "worker-heartbeat"
      }])
      assert.deepStrictEqual(message.headers, { hostname: "celery@test" })
      assert.deepStrictEqual(message.properties, {
        contentType: "application/json",
        contentEncoding: "utf-8",
        deliveryMode: 1,
        priority: 0
      })
    }))

  it.effect("puts events of tasks together until the end of the turn, or until there are 200", () =>
    Effect.gen(function*() {
      const broker = new Broker()
      const dispatcher = yield* make()
      dispatcher.attach(broker.outlet)
      start(dispatcher, ...upTo(202))
      assert.deepStrictEqual(broker.messages.map(({ events }) => events.length), [200])
      dispatcher.send("worker-elect-ack", { id: "1" })
      broker.endTurn()
      assert.deepStrictEqual(broker.said.slice(1), ["task.multi: 201 202", "worker.elect.ack: worker-elect-ack"])
      broker.endTurn()
      assert.lengthOf(broker.messages, 3)
    }))

  it.effect("sends what a node tells of itself behind what it told of tasks before: in the order of their clocks", () =>
    Effect.gen(function*() {
      const broker = new Broker()
      const dispatcher = yield* make()
      dispatcher.attach(broker.outlet)
      start(dispatcher, 1, 2)
      dispatcher.send("worker-heartbeat", {})
      start(dispatcher, 3)
      broker.endTurn()
      assert.deepStrictEqual(broker.said, [
        "task.multi: 1 2",
        "worker.heartbeat: worker-heartbeat",
        "task.multi: 3"
      ])
      const clocks = broker.messages.flatMap(({ events }) => events.map(({ clock }) => Number(clock)))
      assert.deepStrictEqual(clocks, clocks.toSorted((one, other) => one - other))
    }))

  it.effect("sends the groups that are enabled, and tells who wants to know", () =>
    Effect.gen(function*() {
      const broker = new Broker()
      const heard: Array<string> = []
      const troubles: Array<string> = []
      const dispatcher = yield* make({ groups: ["worker"], onTrouble: (what) => void troubles.push(what) })
      dispatcher.attach(broker.outlet)
      dispatcher.onEnabled(() => {
        throw new Error("deaf")
      })
      const unregister = dispatcher.onEnabled((group) => void heard.push(`+${group}`))
      dispatcher.onDisabled((group) => void heard.push(`-${group}`))
      start(dispatcher, 1)
      assert.isFalse(dispatcher.enabled("task"))
      assert.deepStrictEqual([yield* dispatcher.enable("task"), yield* dispatcher.enable("task")], [true, false])
      start(dispatcher, 2)
      assert.deepStrictEqual([yield* dispatcher.disable("task"), yield* dispatcher.disable("task")], [true, false])
      start(dispatcher, 3)
      dispatcher.send("task-progress", { uuid: "4" }, { always: true })
      unregister()
      yield* dispatcher.enable("task")
      broker.endTurn()
      assert.deepStrictEqual(broker.said, ["task.multi: 2 4"])
      assert.deepStrictEqual(heard, ["+task", "-task"])
      assert.deepStrictEqual(troubles, Array(2).fill("a listener of the event dispatcher threw: Error: deaf"))
    }))

  it.effect("keeps events while there is no connection, and sends them in their order when there is one", () =>
    Effect.gen(function*() {
      const broker = new Broker()
      const dispatcher = yield* make()
      start(dispatcher, 1, 2)
      const detach = dispatcher.attach(broker.outlet)
      start(dispatcher, 3)
      detach()
      broker.endTurn()
      start(dispatcher, ...upTo(200, 4))
      dispatcher.send("worker-heartbeat", {})
      assert.deepStrictEqual(broker.said, ["task.multi: 1 2"])
      dispatcher.attach(broker.outlet)
      assert.deepStrictEqual(broker.messages.slice(1).map(({ events, routingKey }) => [routingKey, events.length]), [
        ["task.multi", 200],
        ["task.multi", 1],
        ["worker.heartbeat", 1]
      ])
      const ids = broker.messages.flatMap(({ events }) => events).flatMap(({ uuid }) => uuid ?? [])
      assert.deepStrictEqual(ids, upTo(203).map(String))
    }))

  it.effect("sends again what never left, in its order, and not what may have arrived", () =>
    Effect.gen(function*() {
      const broker = new Broker()
      const dispatcher = yield* make()
      broker.isSlow = true
      const detach = dispatcher.attach(broker.outlet)
      for (const [id, error] of [[1, lost], [2, unknown], [3, closed]] as const) {
        start(dispatcher, id)
        broker.endTurn()
        if (id === 1) start(dispatcher, 10)
        broker.waiting[broker.waiting.length - 1] = ((answer) => () => answer(error))(broker.waiting.at(-1)!)
      }
      start(dispatcher, 4)
      detach()
      broker.answer()
      broker.isSlow = false
      dispatcher.attach(broker.outlet)
      assert.deepStrictEqual(broker.said, ["task.multi: 1", "task.multi: 3", "task.multi: 4"])
    }))

  it.effect("drops the oldest when there are too many, and says how many", () =>
    Effect.gen(function*() {
      const broker = new Broker()
      const troubles: Array<string> = []
      const limits = { events: 3, bytes: 100_000 }
      const dispatcher = yield* make({ groups: ["shop"], limits, onTrouble: (what) => void troubles.push(what) })
      for (const id of upTo(5)) dispatcher.send("shop-opened", { uuid: id })
      dispatcher.attach(broker.outlet)
      assert.deepStrictEqual(broker.said, ["shop.opened: 3", "shop.opened: 4", "shop.opened: 5"])
      assert.deepStrictEqual(troubles, ["2 events were dropped, for there was no way to send them"])
    }))

  it.effect("keeps no more bytes than it may, neither without a broker nor for one that takes nothing", () =>
    Effect.gen(function*() {
      const broker = new Broker()
      broker.isSlow = true
      const dispatcher = yield* make({ groups: ["shop"], limits: { events: 1_000_000, bytes: 10_000 } })
      dispatcher.attach(broker.outlet)
      for (const id of upTo(100)) dispatcher.send("shop-opened", { uuid: id, what: "x".repeat(1_000) })
      const underWay = broker.waiting.length
      assert.isAtMost(underWay, 10)
      broker.isSlow = false
      broker.answer()
      const ids = broker.messages.map(({ events }) => events[0]?.["uuid"])
      // What was under way, and what was sent last.
      assert.includeMembers(ids, upTo(underWay))
      assert.isAtMost(ids.length, underWay + 10)
      assert.include(ids, 100)
    }))

  it.effect("never throws: what has no form is told of, and the next goes", () =>
    Effect.gen(function*() {
      const broker = new Broker()
      const troubles: Array<string> = []
      const dispatcher = yield* make({ onTrouble: (what) => void troubles.push(what) })
      dispatcher.attach(broker.outlet)
      dispatcher.send("task-progress", { uuid: "1", how: () => 1 })
      start(dispatcher, 2)
      broker.endTurn()
      assert.deepStrictEqual(broker.said, ["task.multi: 2"])
      assert.deepStrictEqual(troubles, [
        "an event of type task-progress could not be sent: MessagingError: encode: Can't encode: a function has no form in JSON (at how)"
      ])
    }))

  it.effect("is flushed when the broker has what was sent", () =>
    Effect.gen(function*() {
      const broker = new Broker()
      broker.isSlow = true
      const dispatcher = yield* make()
      yield* dispatcher.flush
      dispatcher.attach(broker.outlet)
      start(dispatcher, 1)
      const flushing = yield* Effect.forkChild(dispatcher.flush, { startImmediately: true })
      assert.lengthOf(broker.waiting, 1)
      assert.isUndefined(flushing.pollUnsafe())
      broker.answer(because("publish", new BufferFull({ limit: 1, unit: "messages" })))
      yield* Fiber.join(flushing)
    }))
})
