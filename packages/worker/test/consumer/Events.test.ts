import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import { MemoryBroker } from "@celeriac/messaging/transports/MemoryBroker"
import * as Client from "@celeriac/tasks/Client"
import * as EventDispatcher from "@celeriac/tasks/event/EventDispatcher"
import * as EventSettings from "@celeriac/tasks/event/EventSettings"
import { because, ResultRefused } from "@celeriac/tasks/result/ResultError"
import * as Task from "@celeriac/tasks/Task"
import { Events } from "@celeriac/worker/consumer/Events"
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import { Ear, listening, type Said } from "../events.ts"
import {
  bytes,
  define,
  Doors,
  json,
  publish,
  quiet,
  settled,
  SlowStore,
  surroundings,
  taskMessage
} from "../support.ts"

const add = Task.make("proj.add", { parameters: { x: Schema.Int, y: Schema.Int }, success: Schema.Int })
const AddLive = add.toLayer(({ x, y }) => Effect.succeed(x + y))
const boom = Task.make("proj.boom")
const BoomLive = boom.toLayer(() => Effect.die(new Error("it broke")))
const nap = Task.make("proj.nap", { success: Schema.String })
const NapLive = nap.toLayer(() => Effect.as(Effect.sleep("1500 millis"), "x".repeat(2_000)))
const silent = Task.make("proj.silent", { options: { sendEvents: false } })
const SilentLive = silent.toLayer(() => Effect.void)
const telling = Task.make("proj.telling", { parameters: { done: Schema.Int } })
const TellingLive = telling.toLayer(({ done }, request) => request.sendEvent("task-progress", { done }))
const doors = new Doors()

/** Results are stored when the store is told to. */
const storing = (store: SlowStore) => store.layer

const tasks = [AddLive, BoomLive, NapLive, SilentLive, TellingLive, doors.late]

/** Nothing but what is about tasks. */
const settings = { sendTaskEvents: true, without: ["heart"] as const }

const worker = define({ tasks, settings })

const heard = <E, R>(
  worker: Worker.Definition<E, R>,
  around: Parameters<typeof surroundings>[0] = undefined
) => worker.layer.pipe(Layer.provideMerge(listening), Layer.provideMerge(surroundings(around)))

/** Sends a message of this id and task, and lets all happen that can. */
const send = (id: string, task: string, more: Partial<Parameters<typeof taskMessage>[0]> = {}) =>
  Effect.andThen(publish(taskMessage({ task, id, ...more })), settled)

const common = ["hostname", "utcoffset", "pid", "clock", "timestamp"]

/** What an event says besides what all say. */
const own = (event: Said | undefined): Said =>
  Object.fromEntries(Object.entries(event ?? {}).filter(([name]) => !common.includes(name)))

describe("the events of a task", () => {
  it.effect("are those of Celery: received, started, succeeded", () =>
    Effect.gen(function*() {
      const ear = yield* Ear
      yield* send("1", "proj.add", { args: [1, 2], rootId: "root", parentId: "parent", retries: 2 })
      assert.deepStrictEqual(ear.events().map(own), [
        {
          type: "task-received",
          uuid: "1",
          name: "proj.add",
          args: "(1, 2)",
          kwargs: "{}",
          root_id: "root",
          parent_id: "parent",
          retries: 2,
          eta: null,
          expires: null
        },
        { type: "task-started", uuid: "1" },
        { type: "task-succeeded", uuid: "1", result: "3", runtime: 0 }
      ])
      assert.deepStrictEqual(ear.events().map(({ clock }) => clock), [1, 2, 3])
      assert.deepStrictEqual(ear.events().map(({ hostname }) => hostname), Array(3).fill("celery@test"))
      // One message for the whole turn, which the broker does not keep.
      assert.deepStrictEqual(
        ear.messages.map(({ headers, properties, routingKey }) => [routingKey, headers, properties]),
        [[
          "task.multi",
          { hostname: "celery@test" },
          { ...json, deliveryMode: 1, priority: 0 }
        ]]
      )
    }).pipe(Effect.provide(heard(worker)), Effect.provide(quiet)))

  it.effect("tell how long it ran, and its result cut as Celery cuts it", () =>
    Effect.gen(function*() {
      const ear = yield* Ear
      yield* send("1", "proj.nap")
      yield* TestClock.adjust("1500 millis")
      yield* settled
      const [{ result, runtime } = assert.fail()] = ear.of("task-succeeded")
      assert.deepStrictEqual([runtime, String(result).length], [1.5, 1_029])
    }).pipe(Effect.provide(heard(worker)), Effect.provide(quiet)))

  it.effect("tell of its failure as Python prints it", () =>
    Effect.gen(function*() {
      const ear = yield* Ear
      yield* send("1", "proj.boom")
      const [{ exception, traceback } = assert.fail()] = ear.of("task-failed")
      assert.strictEqual(exception, "Error('it broke')")
      assert.include(String(traceback), "it broke")
      assert.deepStrictEqual(ear.types(), ["task-received", "task-started", "task-failed"])
    }).pipe(Effect.provide(heard(worker)), Effect.provide(quiet)))

  it.effect("tell of one that nobody knows, and of one that came too late, without having received it", () =>
    Effect.gen(function*() {
      const ear = yield* Ear
      yield* TestClock.adjust("1 hour")
      yield* send("1", "proj.unknown")
      yield* send("2", "proj.add", { args: [1, 2], expires: 1_000 })
      assert.deepStrictEqual(ear.events().map(own), [
        { type: "task-failed", uuid: "1", exception: "NotRegistered('proj.unknown')" },
        { type: "task-revoked", uuid: "2", terminated: false, signum: null, expired: true }
      ])
    }).pipe(Effect.provide(heard(worker)), Effect.provide(quiet)))

  it.effect("tell of one that waits for its time when it is received, with the time", () =>
    Effect.gen(function*() {
      const ear = yield* Ear
      yield* send("1", "proj.add", { args: [1, 2], eta: 60_000 })
      assert.include(own(ear.events()[0]), { type: "task-received", eta: "1970-01-01T00:01:00+00:00" })
      yield* TestClock.adjust("1 minute")
      yield* settled
      assert.deepStrictEqual(ear.types(), ["task-received", "task-started", "task-succeeded"])
    }).pipe(Effect.provide(heard(worker)), Effect.provide(quiet)))

  it.effect("have the arguments of a message of version 1, which are printed here", () =>
    Effect.gen(function*() {
      const ear = yield* Ear
      const body = { task: "proj.add", id: "1", args: [1], kwargs: { y: 2 } }
      yield* publish({ body: bytes(JSON.stringify(body)), headers: {}, properties: json })
      yield* settled
      assert.include(own(ear.events()[0]), { args: "(1,)", kwargs: "{'y': 2}" })
    }).pipe(Effect.provide(heard(worker)), Effect.provide(quiet)))

  it.effect("are not sent for a task that says so, and for none of a worker that was not told to", () =>
    Effect.gen(function*() {
      const ear = yield* Ear
      yield* send("1", "proj.silent")
      assert.deepStrictEqual(ear.types(), [])
      yield* Effect.gen(function*() {
        yield* send("2", "proj.add", { args: [1, 2] })
        yield* send("3", "proj.add", { args: [1, 2] })
      }).pipe(Effect.provide(define({ tasks: [AddLive], nodename: "other@test" }).layer))
      assert.deepStrictEqual(ear.of("task-received").map(({ hostname }) => hostname), ["celery@test"])
    }).pipe(Effect.provide(heard(worker)), Effect.provide(quiet)))

  it.effect("can be switched on and off while the worker runs", () => {
    let dispatcher: EventDispatcher.EventDispatcher["Service"] = EventDispatcher.disabled
    const Grab = Bootstep.make("Grab", {
      requires: [Events],
      start: Effect.map(Events, (events) => void (dispatcher = events.dispatcher))
    })
    const custom = define({ tasks, without: ["heart"], steps: { consumer: [Grab] } })
    return Effect.gen(function*() {
      const ear = yield* Ear
      yield* send("1", "proj.add", { args: [1, 2] })
      yield* dispatcher.enable("task")
      yield* send("2", "proj.add", { args: [1, 2] })
      yield* dispatcher.disable("task")
      yield* send("3", "proj.add", { args: [1, 2] })
      assert.deepStrictEqual(ear.events().map(({ uuid }) => uuid), ["2", "2", "2"])
    }).pipe(Effect.provide(heard(custom)), Effect.provide(quiet))
  })

  it.effect("may be one of its own, whether or not the worker tells of its tasks", () =>
    Effect.gen(function*() {
      const ear = yield* Ear
      yield* send("1", "proj.telling", { args: [7] })
      assert.deepStrictEqual(ear.events().map(own), [{ type: "task-progress", uuid: "1", done: 7 }])
    }).pipe(Effect.provide(heard(define({ tasks, without: ["heart"] }))), Effect.provide(quiet)))

  it.effect("tell of a success when it is stored, and of a failure alone where it could not be", () => {
    const store = new SlowStore()
    return Effect.gen(function*() {
      const ear = yield* Ear
      yield* send("1", "proj.add", { args: [1, 2] })
      yield* send("2", "proj.add", { args: [1, 2] })
      assert.deepStrictEqual(ear.of("task-succeeded", "task-failed"), [])
      store.answer()
      store.answer(because("store result", new ResultRefused({ backend: "slow", detail: "no" })))
      yield* settled
      store.answer()
      yield* settled
      assert.deepStrictEqual(ear.of("task-succeeded", "task-failed").map(({ type, uuid }) => [type, uuid]), [
        ["task-succeeded", "1"],
        ["task-failed", "2"]
      ])
    }).pipe(Effect.provide(heard(worker, storing(store))), Effect.provide(quiet))
  })

  it.effect("tell that it was given up when the worker stops cold", () =>
    Effect.gen(function*() {
      const ear = yield* Ear
      yield* Effect.gen(function*() {
        yield* send("1", "gated", { kwargs: { n: 1 } })
        yield* (yield* Worker.Worker).terminate
      }).pipe(Effect.provide(worker.layer))
      assert.deepStrictEqual(ear.types(), ["task-received", "task-started", "task-cancelled"])
    }).pipe(Effect.provide(Layer.provideMerge(listening, surroundings())), Effect.provide(quiet)))

  it.effect("tell of the end of what ran when the worker stops warm", () =>
    Effect.gen(function*() {
      const ear = yield* Ear
      yield* Effect.gen(function*() {
        yield* send("1", "gated", { kwargs: { n: 2 } })
        yield* (yield* Worker.Worker).shutdown
        yield* settled
        doors.open(2)
      }).pipe(Effect.provide(worker.layer))
      assert.deepStrictEqual(ear.types(), ["task-received", "task-started", "task-succeeded"])
    }).pipe(Effect.provide(Layer.provideMerge(listening, surroundings())), Effect.provide(quiet)))
})

describe("events, while the connection is gone", () => {
  it.effect("are kept, and sent in their order when there is one", () =>
    Effect.gen(function*() {
      const ear = yield* Ear
      const broker = yield* MemoryBroker
      yield* send("1", "gated", { kwargs: { n: 11 } })
      broker.faults.refuseConnects("ConnectionLost")
      broker.faults.dropConnections("gone", ({ name }) => name !== "ear")
      yield* settled
      doors.open(11)
      yield* settled
      assert.deepStrictEqual(ear.types(), ["task-received", "task-started"])
      broker.faults.allowConnects()
      yield* TestClock.adjust("10 seconds")
      yield* settled
      // Its message came again meanwhile, and was settled: it ran once.
      assert.deepStrictEqual(ear.types(), ["task-received", "task-started", "task-succeeded"])
    }).pipe(Effect.provide(heard(worker)), Effect.provide(quiet)))

  it.effect("go on over a new channel when the broker closed theirs", () =>
    Effect.gen(function*() {
      const ear = yield* Ear
      const broker = yield* MemoryBroker
      yield* settled
      broker.faults.closeChannels(404, "gone", ({ connection, queues }) =>
        queues.length === 0 && connection.name === "celeriac producer")
      yield* settled
      yield* send("1", "proj.add", { args: [1, 2] })
      yield* TestClock.adjust("10 seconds")
      yield* settled
      assert.deepStrictEqual(ear.types(), ["task-received", "task-started", "task-succeeded"])
    }).pipe(Effect.provide(heard(worker)), Effect.provide(quiet)))

  it.effect("outlive the loss of the consumer's connection", () =>
    Effect.gen(function*() {
      const ear = yield* Ear
      const broker = yield* MemoryBroker
      yield* settled
      broker.faults.dropConnections("gone", ({ name }) => name === "celery@test")
      yield* settled
      yield* TestClock.adjust("10 seconds")
      yield* send("1", "proj.add", { args: [1, 2] })
      assert.deepStrictEqual(ear.types(), ["task-received", "task-started", "task-succeeded"])
      assert.deepStrictEqual(ear.events().map(({ clock }) => clock), [1, 2, 3])
    }).pipe(Effect.provide(heard(worker)), Effect.provide(quiet)))
})

describe("task-sent", () => {
  const sending = Layer.succeed(EventSettings.SendSentEvent, true)

  it.effect("is told by the client that sends the task, if it is to", () =>
    Effect.gen(function*() {
      const ear = yield* Ear
      const client = yield* Client.Client
      yield* client.applyAsync(add, [1, 2], { taskId: "1", eta: new Date(90_000) })
      yield* settled
      const [event] = ear.events()
      assert.deepStrictEqual(own(event), {
        type: "task-sent",
        uuid: "1",
        root_id: "1",
        parent_id: null,
        name: "proj.add",
        args: "(1, 2)",
        kwargs: "{}",
        retries: 0,
        eta: "1970-01-01T00:01:30+00:00",
        expires: null,
        queue: "celery",
        exchange: "",
        routing_key: "celery"
      })
      assert.match(String(event?.["hostname"]), /^gen\d+@/)
      assert.strictEqual(ear.messages[0]?.routingKey, "task.sent")
    }).pipe(
      Effect.provide(Layer.provideMerge(listening, surroundings()).pipe(Layer.provide(sending))),
      Effect.provide(quiet)
    ))

  it.effect("is not told unless it is to be", () =>
    Effect.gen(function*() {
      const ear = yield* Ear
      yield* (yield* Client.Client).delay(add, { x: 1, y: 2 })
      yield* settled
      assert.deepStrictEqual(ear.types(), [])
    }).pipe(Effect.provide(Layer.provideMerge(listening, surroundings())), Effect.provide(quiet)))
})
