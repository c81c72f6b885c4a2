/**
 * What the guide lets steps of both blueprints reach, attribute by attribute: a
 * step requires it, and has it.
 *
 *     node_modules/.bin/node examples/19-what-a-step-reaches/main.ts
 *
 * Each step says what it found. The worker runs one task, is drawn, and stops.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Bootstep from "celeriac/Bootstep"
import * as Broker from "celeriac/Broker"
import * as Client from "celeriac/Client"
import * as Connection from "celeriac/Connection"
import * as Events from "celeriac/Events"
import * as Execution from "celeriac/Execution"
import * as Gossip from "celeriac/Gossip"
import * as Heart from "celeriac/Heart"
import * as Hub from "celeriac/Hub"
import * as LogFormat from "celeriac/LogFormat"
import * as Outcome from "celeriac/Outcome"
import * as Pool from "celeriac/Pool"
import * as Queue from "celeriac/Queue"
import * as Strategy from "celeriac/Strategy"
import * as Task from "celeriac/Task"
import * as TaskRegistry from "celeriac/TaskRegistry"
import * as Tasks from "celeriac/Tasks"
import * as Timer from "celeriac/Timer"
import * as Worker from "celeriac/Worker"
import * as WorkerSettings from "celeriac/WorkerSettings"
import * as WorkerState from "celeriac/WorkerState"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { PassThrough } from "node:stream"

const readOnce = Latch.makeUnsafe(false)

// #region pool
const PoolStep = Bootstep.make("PoolStep", {
  requires: [Pool.Pool],
  start: Effect.gen(function*() {
    const pool = yield* Pool.Pool
    yield* pool.grow(2)
    yield* pool.shrink(1)
    yield* Console.log(`pool: ${yield* pool.concurrency} slots, ${pool.slots.running()} taken`)
  })
})
// #endregion

// #region hub
const HubStep = Bootstep.make("HubStep", {
  requires: [Hub.Hub],
  start: Effect.gen(function*() {
    const hub = yield* Hub.Hub
    const source = new PassThrough() // a socket, a pipe, stdin: what Node reads from
    yield* hub.addReader(source, (source) =>
      Effect.suspend(() => {
        const chunk: unknown = source.read()
        return chunk === null ? Effect.void : Console.log(`hub: read ${String(chunk)}`)
      }).pipe(Effect.andThen(readOnce.open)))
    yield* hub.addWriter(source, (source) => Effect.sync(() => source.end("what was written")))
    yield* hub.supervise("ticker", Effect.never, { onFailure: "log" })
    yield* hub.onClose(Console.log("hub: closed"))
    yield* Effect.addFinalizer(() => hub.remove(source))
  })
})
// #endregion

// #region timer
const TimerStep = Bootstep.make("TimerStep", {
  requires: [Timer.Timer],
  start: Effect.gen(function*() {
    const timer = yield* Timer.Timer
    const now = yield* Clock.currentTimeMillis
    const called = yield* timer.callAfter("1 hour", Console.log("an hour later"))
    yield* timer.callAt(now + 3_600_000, Console.log("at that time"), { priority: 10 })
    yield* timer.callRepeatedly("30 seconds", Console.log("again and again, until the step stops"))
    yield* called.cancel
  })
})
// #endregion

// #region who
const WhoStep = Bootstep.make("WhoStep", {
  requires: [TaskRegistry.TaskRegistry, WorkerState.WorkerState, Execution.Execution],
  start: (parent) =>
    Effect.gen(function*() {
      const { nodename } = yield* WorkerSettings.WorkerSettings
      const registry = yield* TaskRegistry.TaskRegistry
      const state = yield* WorkerState.WorkerState
      const { active } = yield* Execution.Execution
      const tasks = registry.names().filter((name) => !name.startsWith("celery."))
      yield* Console.log(`${parent.name} of ${nodename} runs ${tasks.join(", ")}`)
      yield* Console.log(`so far ${state.allTotalCount}, now ${(yield* active).length}`)
    })
})
// #endregion

const add = Task.make("proj.add", { parameters: { x: Schema.Int, y: Schema.Int }, success: Schema.Int })

// #region connection
const ConnectionStep = Bootstep.make("ConnectionStep", {
  requires: [Connection.Connection],
  start: Effect.gen(function*() {
    const connection = yield* Connection.Connection
    const channel = yield* connection.openChannel() // closed when the step has stopped
    yield* channel.declareQueue(Queue.make("notes", { autoDelete: true }))
    yield* Console.log(`connection: ${connection.uri}`)
  })
})
// #endregion

// #region events
const EventStep = Bootstep.make("EventStep", {
  requires: [Events.Events, Heart.Heart],
  start: Effect.gen(function*() {
    const { dispatcher } = yield* Events.Events
    const heart = yield* Heart.Heart
    yield* dispatcher.enable("shop")
    dispatcher.send("shop-opened", { till: 4 })
    yield* Console.log(`heart: every ${heart.interval} s`)
  })
})
// #endregion

// #region gossip
const GossipStep = Bootstep.make("GossipStep", {
  requires: [Gossip.Gossip],
  start: Effect.gen(function*() {
    const gossip = yield* Gossip.Gossip
    yield* gossip.onNodeJoin((node) => Console.log(`${node.hostname} joined`))
    yield* gossip.onNodeLeave((node) => Console.log(`${node.hostname} left`))
    yield* gossip.onNodeLost((node) => Console.log(`${node.hostname} is missed`))
    yield* gossip.onElected("clean", () => Console.log("this node cleans"))
    yield* Console.log(`gossip: ${(yield* gossip.aliveWorkers).length} others`)
  })
})
// #endregion

// #region strategies
const StrategyStep = Bootstep.make("StrategyStep", {
  requires: [Tasks.Tasks],
  start: Effect.gen(function*() {
    const { strategies } = yield* Tasks.Tasks
    strategies.set("proj.add", (request, state, now) =>
      now - request.receivedAt > 60_000 // waited too long to be of use
        ? { _tag: "Discard", outcome: Outcome.expired }
        : Strategy.decide(request, state, now))
  })
})
// #endregion

// #region buckets
const BucketStep = Bootstep.make("BucketStep", {
  requires: [Tasks.Tasks],
  start: Effect.gen(function*() {
    const tasks = yield* Tasks.Tasks
    yield* tasks.setRateLimit(add, "10/s")
    const bucket = tasks.bucketForTask(add)
    yield* Console.log(`buckets: the next in ${bucket?.expectedTime(1)} s`)

    // Any bucket that says these two things will do.
    let tickets = 100
    tasks.taskBuckets.set("proj.add", { canConsume: (tokens) => (tickets -= tokens) >= 0, expectedTime: () => 3600 })
    yield* tasks.resetRateLimits // as the rate limits say again
  })
})
// #endregion

// #region qos
const QosStep = Bootstep.make("QosStep", {
  requires: [Tasks.Tasks],
  start: Effect.gen(function*() {
    const { qos } = yield* Tasks.Tasks
    const before = qos.value()
    qos.incrementEventually(2)
    qos.decrementEventually(1)
    yield* Console.log(`qos: ${qos.value() - before} more`)
    qos.set(10)
  })
})
// #endregion

// #region queues
const QueueStep = Bootstep.make("QueueStep", {
  requires: [Tasks.Tasks],
  start: Effect.gen(function*() {
    const tasks = yield* Tasks.Tasks
    yield* tasks.addTaskQueue(Queue.make("urgent"))
    yield* tasks.addTaskQueue("later")
    yield* Console.log(`later: ${(yield* tasks.cancelTaskQueue("later")) ? "no more" : "never was"}`)
  })
})
// #endregion

// #region eta
/** Runs what is held for its time at once, as when a holiday is called off. */
const HurryStep = Bootstep.make("HurryStep", {
  requires: [Tasks.Tasks, Timer.Timer, WorkerState.WorkerState],
  start: Effect.gen(function*() {
    const tasks = yield* Tasks.Tasks
    const state = yield* WorkerState.WorkerState
    const timer = yield* Timer.Timer
    const hurry = Effect.sync(() => {
      for (const request of state.requests) tasks.applyEtaTask(request)
    })
    yield* timer.callRepeatedly("100 millis", hurry)
  })
})
// #endregion

// #region worker
const worker = Worker.make({
  nodename: "w@example.com",
  concurrency: 4,
  tasks: [add.toLayer(({ x, y }) => Effect.succeed(x + y))],
  steps: {
    worker: [PoolStep, HubStep, TimerStep],
    consumer: [
      WhoStep,
      ConnectionStep,
      EventStep,
      GossipStep,
      StrategyStep,
      BucketStep,
      QosStep,
      QueueStep,
      HurryStep
    ]
  }
})
// #endregion

const program = Effect.gen(function*() {
  yield* readOnce.await
  const client = yield* Client.Client
  const sent = yield* client.applyAsync(add, { x: 2, y: 3 }, { countdown: "1 hour", queue: "urgent" })
  yield* Console.log(`2 + 3 = ${yield* sent.get({ timeout: "10 seconds" })}, an hour early`)
})

program.pipe(
  Effect.provide(worker.layer),
  Effect.provide(Layer.merge(Broker.layerMemory, LogFormat.layer({ level: "error" }))),
  NodeRuntime.runMain
)
