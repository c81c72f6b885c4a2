import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import { BootstepError } from "@celeriac/bootsteps/BootstepError"
import * as Entity from "@celeriac/messaging/Entity"
import * as Topology from "@celeriac/messaging/Topology"
import { MemoryBroker } from "@celeriac/messaging/transports/MemoryBroker"
import * as Client from "@celeriac/tasks/Client"
import * as TaskQueues from "@celeriac/tasks/Queues"
import * as Settings from "@celeriac/tasks/Settings"
import * as Task from "@celeriac/tasks/Task"
import * as TaskTopology from "@celeriac/tasks/TaskTopology"
import * as WorkerDirect from "@celeriac/tasks/WorkerDirect"
import { Queues } from "@celeriac/worker/boot/Queues"
import { UnknownQueue } from "@celeriac/worker/state/WorkerError"
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { TestClock } from "effect/testing"
import {
  counts,
  define,
  Doors,
  Lines,
  publish,
  quiet,
  running,
  settled,
  surroundings,
  taskMessage
} from "../support.ts"

const plain = Task.make("plain")
const PlainLive = plain.toLayer(() => Effect.void)

/** A worker whose `Queues` a test can get at. */
const withQueues = (
  queues?: ReadonlyArray<string>,
  task: Doors["late"] | typeof PlainLive = PlainLive,
  concurrency = 2
) => {
  const found = Deferred.makeUnsafe<Queues["Service"]>()
  const Grab = Bootstep.make("Grab", {
    requires: [Queues],
    start: Effect.flatMap(Queues, (queues) => Deferred.succeed(found, queues))
  })
  return {
    queues: Deferred.await(found),
    worker: define({
      tasks: [task],
      concurrency,
      ...(queues === undefined ? {} : { queues }),
      steps: { worker: [Grab] }
    })
  }
}

/** Those of tasks: not the one of remote control. */
const ofTasks = (name: string) => !name.endsWith(".pidbox")

/** Which queues have a consumer. */
const consumed = Effect.map(
  MemoryBroker,
  (broker) =>
    broker.queues().filter(({ consumers }) => consumers.length > 0).map(({ name }) => name).filter(ofTasks).sort()
)

const configured = Layer.succeed(TaskQueues.Configured, [Entity.queue("video"), Entity.queue("image")])

describe("Queues", () => {
  it.effect("are the default one when nothing is said", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* consumed, ["celery"])
    }).pipe(Effect.provide(running(withQueues().worker))))

  it.effect("are the default one and all that are configured", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* consumed, ["celery", "image", "video"])
    }).pipe(Effect.provide(running(withQueues().worker).pipe(Layer.provide(configured)))))

  it.effect("are those without the ones that are excluded", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* consumed, ["image"])
    }).pipe(
      Effect.provide(
        running(withQueues().worker.with({ excludeQueues: ["celery", "video"] })).pipe(Layer.provide(configured))
      )
    ))

  it.effect("are that of the worker alone too, where it has one", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* consumed, ["celery@test.dq2", "video"])
      const client = yield* Client.Client
      const sent = yield* client.applyAsync(plain, {}, WorkerDirect.to("celery@test"))
      assert.isUndefined(yield* sent.get())
      const bindings = (yield* MemoryBroker).bindings().filter(({ source }) => source === "C.dq2")
      assert.deepStrictEqual(bindings.map(({ destination, routingKey }) => [destination, routingKey]), [
        ["celery@test.dq2", "celery@test"]
      ])
    }).pipe(
      Effect.provide(running(withQueues(["video"]).worker.with({ direct: true })).pipe(Layer.provide(configured)))
    ))

  it.effect("are one for each worker, of what is sent to all", () =>
    Effect.gen(function*() {
      const ran: Array<string> = []
      const up = Effect.fnUntraced(function*(nodename: string) {
        const handler = plain.toLayer(() => Effect.sync(() => void ran.push(nodename)))
        const built = yield* Layer.build(Layer.fresh(define({ tasks: [handler], nodename, queues: ["news"] }).layer))
        const worker = Context.get(built, Worker.Worker)
        yield* Effect.addFinalizer(() => worker.terminate)
        return worker
      })
      yield* up("one@host")
      const two = yield* up("two@host")
      const client = yield* Client.Client
      const broker = yield* MemoryBroker
      yield* client.applyAsync(plain, {}, { queue: "news", ignoreResult: true })
      yield* settled
      assert.sameMembers(ran, ["one@host", "two@host"])
      const own = () => broker.queues().map(({ name }) => name).filter((name) => name.startsWith("bcast."))
      assert.lengthOf(own(), 2, "the client has none")
      yield* two.shutdown
      yield* two.awaitShutdown
      assert.lengthOf(own(), 1, "it goes with its worker")
    }).pipe(
      Effect.scoped,
      Effect.provide(
        surroundings().pipe(Layer.provideMerge(Layer.succeed(TaskQueues.Configured, [Entity.broadcast("news")])))
      )
    ))

  it.effect("are those that are asked for, and no others", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* consumed, ["made as needed", "video"])
    }).pipe(Effect.provide(running(withQueues(["video", "made as needed"]).worker).pipe(Layer.provide(configured)))))

  it.effect("are declared as clients declare them, priorities included", () =>
    Effect.gen(function*() {
      const broker = yield* MemoryBroker
      assert.deepStrictEqual(
        broker.queues().filter(({ name }) => ofTasks(name)).map((
          { declaration, name }
        ) => [name, declaration.arguments]).sort(),
        ["celery", "image", "video"].map((name) => [name, { "x-max-priority": 10 }])
      )
    }).pipe(Effect.provide(
      running(withQueues().worker).pipe(
        Layer.provide(Layer.mergeAll(configured, Layer.succeed(Settings.QueueMaxPriority, 10)))
      )
    )))

  it.effect("that are not configured stop the worker by name, when queues are not made as needed", () =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(Effect.scoped(Layer.build(withQueues(["video", "audio"]).worker.layer)))
      const reason = Exit.isFailure(exit) ? exit.cause.reasons[0] : undefined
      const error = reason?._tag === "Fail" ? reason.error : undefined
      assert.instanceOf(error, BootstepError)
      assert.instanceOf(error?.reason, UnknownQueue)
      assert.strictEqual(
        error?.message,
        "Bootstep 'Queues' of blueprint 'Worker' failed while starting: queue 'audio' is not configured. " +
          "List it in Queues.Configured, or let queues be made as needed (Settings.CreateMissingQueues)"
      )
    }).pipe(
      Effect.provide(
        surroundings().pipe(
          Layer.provideMerge(Layer.mergeAll(configured, Layer.succeed(Settings.CreateMissingQueues, false)))
        )
      ),
      Effect.provide(quiet)
    ))

  it.effect("may be added and cancelled while the worker runs, and stay so after a reconnect", () => {
    const { queues: get, worker } = withQueues()
    const lines = new Lines()
    return Effect.gen(function*() {
      const queues = yield* get
      const { faults } = yield* MemoryBroker
      const reconnect = Effect.gen(function*() {
        faults.dropConnections("lost", ({ name }) => name === "celery@test")
        yield* settled
        yield* TestClock.adjust("6 seconds")
        yield* settled
      })
      yield* queues.add("video")
      yield* queues.add("video")
      yield* queues.add(Entity.queue("described", { durable: false }))
      yield* settled
      assert.deepStrictEqual(yield* consumed, ["celery", "described", "video"])
      yield* reconnect
      assert.deepStrictEqual(yield* consumed, ["celery", "described", "video"])
      assert.isTrue(yield* queues.cancel("celery"))
      assert.isFalse(yield* queues.cancel("celery"))
      yield* settled
      assert.deepStrictEqual(yield* consumed, ["described", "video"])
      yield* reconnect
      assert.deepStrictEqual(yield* consumed, ["described", "video"])
      yield* queues.add("celery")
      yield* settled
      yield* publish(taskMessage({ task: "plain", id: "a" }))
      yield* settled
      assert.deepStrictEqual(yield* counts(), [0, 0])
      const told = lines.of("Info").filter((text) => /consuming from|Canceling/.test(text))
      assert.deepStrictEqual(told, [
        "Started consuming from video",
        "Started consuming from described",
        "Canceling queue celery",
        "Started consuming from celery"
      ])
    }).pipe(Effect.provide(running(worker)), Effect.provide(lines.layer))
  })

  it.effect("that cannot be consumed at run time are told of and tried again, as long as they are selected", () => {
    const { queues: get, worker } = withQueues()
    const lines = new Lines()
    const complaints = () =>
      lines.of("Error").filter((text) => /^Cannot consume from video: .* Trying again$/.test(text))
    return Effect.gen(function*() {
      const queues = yield* get
      const broker = yield* MemoryBroker
      const rival = yield* (yield* broker.connect()).openChannel()
      yield* rival.declareQueue(Entity.queue("video", { maxLength: 1 }))
      yield* queues.add("video")
      yield* settled
      assert.deepStrictEqual([yield* consumed, complaints().length], [["celery"], 1])
      yield* TestClock.adjust("20 seconds")
      yield* settled
      const some = complaints().length
      assert.isAbove(some, 3)
      // Others come and go meanwhile.
      yield* queues.add("image")
      yield* settled
      assert.deepStrictEqual(yield* consumed, ["celery", "image"])

      yield* queues.cancel("video")
      yield* settled
      const before = complaints().length
      yield* TestClock.adjust("20 seconds")
      yield* settled
      assert.strictEqual(complaints().length, before)

      yield* queues.add("video")
      yield* settled
      yield* rival.deleteQueue("video")
      yield* TestClock.adjust("6 seconds")
      yield* settled
      assert.deepStrictEqual(yield* consumed, ["celery", "image", "video"])
      assert.isTrue(lines.has("Started consuming from video"))
    }).pipe(Effect.provide(running(worker)), Effect.provide(lines.layer))
  })

  it.effect("that are cancelled wait for what they brought, and for nothing else", () => {
    const doors = new Doors()
    const { queues: get, worker } = withQueues(["celery", "video"], doors.late)
    const channels = Effect.map(
      MemoryBroker,
      (broker) => broker.channels().flatMap(({ queues }) => queues).filter(ofTasks).sort()
    )
    const open = Effect.map(MemoryBroker, (broker) => broker.channels().length)
    const send = (n: number, queue: string) =>
      publish(taskMessage({ task: "gated", id: String(n), kwargs: { n } }), queue)
    return Effect.gen(function*() {
      const queues = yield* get
      yield* send(1, "celery")
      yield* send(2, "video")
      yield* send(3, "celery")
      yield* send(4, "video")
      yield* settled
      const before = yield* open
      assert.deepStrictEqual([doors.started, yield* channels], [[1, 2], ["celery", "video"]])
      yield* queues.cancel("video")
      yield* settled
      // What waited goes back, of this queue alone; the channel is still needed.
      assert.deepStrictEqual([yield* counts("video"), yield* counts()], [[1, 1], [0, 2]])
      assert.strictEqual(yield* open, before)
      doors.open(2)
      yield* settled
      assert.deepStrictEqual([yield* counts("video"), doors.started], [[1, 0], [1, 2, 3]])
      assert.strictEqual(yield* open, before - 1)
      doors.open(1, 3)
      yield* settled
      assert.deepStrictEqual(yield* counts(), [0, 0])
    }).pipe(Effect.provide(running(worker)), Effect.provide(quiet))
  })

  it.effect("give back a request that is to run when it comes again, though one of its id was run here", () => {
    const doors = new Doors()
    const { queues: get, worker } = withQueues(["celery"], doors.early, 1)
    const send = (n: number, id: string) => publish(taskMessage({ task: "gated", id, kwargs: { n } }))
    return Effect.gen(function*() {
      const queues = yield* get
      yield* send(1, "same")
      doors.open(1)
      yield* settled
      yield* send(2, "other")
      yield* send(3, "same")
      yield* settled
      assert.deepStrictEqual(doors.started, [1, 2])
      yield* queues.cancel("celery")
      yield* settled
      assert.deepStrictEqual(yield* counts(), [1, 0])
      yield* queues.add("celery")
      doors.open(2, 3)
      yield* settled
      assert.deepStrictEqual([doors.started, yield* counts()], [[1, 2, 3], [0, 0]])
    }).pipe(Effect.provide(running(worker)), Effect.provide(quiet))
  })

  it.effect("that are cancelled let what runs finish and settle, and give back what is held for its time", () => {
    const doors = new Doors()
    const found = Deferred.makeUnsafe<Queues["Service"]>()
    const Grab = Bootstep.make("Grab", {
      requires: [Queues],
      start: Effect.flatMap(Queues, (queues) => Deferred.succeed(found, queues))
    })
    return Effect.gen(function*() {
      const queues = yield* Deferred.await(found)
      yield* publish(taskMessage({ task: "gated", id: "1", kwargs: { n: 1 } }))
      yield* publish(taskMessage({ task: "gated", id: "2", kwargs: { n: 2 }, eta: 60_000 }))
      yield* settled
      yield* queues.cancel("celery")
      yield* settled
      assert.deepStrictEqual(yield* counts(), [1, 1])
      doors.open(1)
      yield* settled
      assert.deepStrictEqual(yield* counts(), [1, 0])
      assert.deepStrictEqual(doors.started, [1])
    }).pipe(
      Effect.provide(running(define({ tasks: [doors.late], steps: { worker: [Grab] } }))),
      Effect.provide(quiet)
    )
  })

  it.effect("are not declared where nothing is, and what is missing is told of", () =>
    Effect.gen(function*() {
      const broker = yield* MemoryBroker
      const worker = withQueues(["video"]).worker.with({ settings: { declareTopology: false } })
      const error = yield* Effect.flip(Effect.scoped(Layer.build(Layer.fresh(worker.layer))))
      assert.match(
        error.message,
        /queue 'video' is not there, and this worker declares nothing \(declareTopology\)\. Create it with a user who may/
      )
      assert.deepStrictEqual(broker.queues(), [])
      const client = yield* Client.Client
      const unsent = yield* Effect.flip(client.applyAsync(plain, {}, { queue: "video" }))
      assert.match(unsent.message, /no queue is bound to exchange '' with routing key 'video'/)
      assert.deepStrictEqual(broker.queues(), [])

      yield* Topology.apply(yield* TaskTopology.make({ queues: ["video"] }))
      const made = [broker.queues().length, broker.exchanges().length, broker.bindings().length]
      yield* Layer.build(Layer.fresh(worker.layer))
      yield* client.applyAsync(plain, {}, { queue: "video" }).pipe(Effect.flatMap((sent) => sent.get()))
      assert.deepStrictEqual(
        [broker.queues().length, broker.exchanges().length, broker.bindings().length],
        made,
        "and no mailbox, no gossip"
      )
    }).pipe(
      Effect.scoped,
      Effect.provide(surroundings().pipe(Layer.provideMerge(Layer.succeed(Settings.DeclareTopology, false))))
    ))
})
