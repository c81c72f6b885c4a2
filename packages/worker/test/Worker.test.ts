import * as Blueprint from "@celeriac/bootsteps/Blueprint"
import * as BootGraphError from "@celeriac/bootsteps/BootGraphError"
import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import { BootstepError } from "@celeriac/bootsteps/BootstepError"
import * as Consumer from "@celeriac/messaging/Consumer"
import * as Entity from "@celeriac/messaging/Entity"
import { MemoryBroker } from "@celeriac/messaging/transports/MemoryBroker"
import * as Client from "@celeriac/tasks/Client"
import * as Nodename from "@celeriac/tasks/Nodename"
import * as Task from "@celeriac/tasks/Task"
import { Hub } from "@celeriac/worker/boot/Hub"
import { Timer } from "@celeriac/worker/boot/Timer"
import * as ConsumerStep from "@celeriac/worker/consumer/ConsumerStep"
import { NoTasks } from "@celeriac/worker/state/WorkerError"
import { WorkerFailure, WorkerShutdown, WorkerTerminate } from "@celeriac/worker/state/WorkerExit"
import * as TestWorker from "@celeriac/worker/testing/TestWorker"
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import { bytes, define, Doors, Lines, publish, quiet, running, settled, surroundings, taskMessage } from "./support.ts"

const add = Task.make("add", { parameters: { x: Schema.Int, y: Schema.Int }, success: Schema.Int })
const AddLive = add.toLayer(({ x, y }) => Effect.succeed(x + y))

/** A step that asks for the end of the worker after a second. */
const ending = (wish: Effect.Effect<never, unknown>) =>
  Bootstep.make("Ending", {
    requires: [Timer],
    start: Effect.flatMap(Timer, (timer) => timer.callAfter("1 second", wish))
  })

/** A step whose fiber fails after a second. */
const failing = Bootstep.make("Failing", {
  requires: [Hub],
  start: Effect.flatMap(
    Hub,
    (hub) => hub.supervise("failing", Effect.andThen(Effect.sleep("1 second"), Effect.fail(new Error("out of luck"))))
  )
})

const runFor = <E, R>(definition: Worker.Definition<E, R>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(definition.run)
    yield* settled
    yield* TestClock.adjust("1 second")
    return yield* Fiber.await(fiber)
  })

const failureOf = (exit: Exit.Exit<unknown, WorkerFailure>): WorkerFailure | undefined => {
  const reason = Exit.isFailure(exit) ? exit.cause.reasons[0] : undefined
  return reason?._tag === "Fail" ? reason.error : undefined
}

describe("Worker.run", () => {
  it.effect("succeeds when a step asks for a shutdown, with exit code 0", () =>
    Effect.gen(function*() {
      const exit = yield* runFor(
        define({ tasks: [AddLive], steps: { worker: [ending(Effect.fail(new WorkerShutdown()))] } })
      )
      assert.isTrue(Exit.isSuccess(exit))
    }).pipe(Effect.provide(surroundings()), Effect.provide(quiet)))

  for (
    const { exitCode, name, wish } of [
      { name: "a shutdown with an exit code", wish: new WorkerShutdown({ exitCode: 3, message: "full" }), exitCode: 3 },
      { name: "a cold stop", wish: new WorkerTerminate(), exitCode: 1 },
      { name: "a cold stop with an exit code", wish: new WorkerTerminate({ exitCode: 70 }), exitCode: 70 }
    ]
  ) {
    it.effect(`fails with the exit code of the process for ${name}`, () =>
      Effect.gen(function*() {
        const failure = failureOf(
          yield* runFor(define({ tasks: [AddLive], steps: { worker: [ending(Effect.fail(wish))] } }))
        )
        assert.instanceOf(failure, WorkerFailure)
        assert.deepStrictEqual([failure?.exitCode, failure?.message], [exitCode, wish.message])
        assert.strictEqual(failure?.[Runtime.errorExitCode], exitCode)
        assert.strictEqual(failure?.[Runtime.errorReported], false)
      }).pipe(Effect.provide(surroundings()), Effect.provide(quiet)))
  }

  it.effect("fails with exit code 1 when a background fiber fails, having said so in one line", () => {
    const lines = new Lines()
    return Effect.gen(function*() {
      const failure = failureOf(yield* runFor(define({ tasks: [AddLive], steps: { worker: [failing] } })))
      assert.strictEqual(failure?.exitCode, 1)
      assert.deepStrictEqual(lines.of("Fatal"), [
        "Unrecoverable error: Bootstep 'Hub' of blueprint 'Worker' failed while running: out of luck"
      ])
    }).pipe(Effect.provide(surroundings()), Effect.provide(lines.layer))
  })

  it.effect("fails with exit code 1 when it cannot start, and stops what had started", () => {
    const seen: Array<string> = []
    const First = Bootstep.make("First", {
      start: Effect.sync(() => seen.push("started")),
      stop: () => Effect.sync(() => seen.push("stopped"))
    })
    return Effect.gen(function*() {
      ;(yield* MemoryBroker).faults.refuseConnects("AccessRefused")
      const failure = failureOf(yield* runFor(define({ tasks: [AddLive], steps: { worker: [First] } })))
      assert.strictEqual(failure?.exitCode, 1)
      assert.include(failure?.message ?? "", "refused access")
      assert.deepStrictEqual(seen, ["started", "stopped"])
    }).pipe(Effect.provide(surroundings()), Effect.provide(quiet))
  })

  for (const enableSoftShutdownOnIdle of [false, true]) {
    it.effect(`${enableSoftShutdownOnIdle ? "waits" : "does not wait"} in a soft shutdown when nothing runs`, () =>
      Effect.gen(function*() {
        const settings = { softShutdownTimeout: "3 seconds", enableSoftShutdownOnIdle } as const
        const fiber = yield* Effect.forkChild(define({ tasks: [AddLive], settings }).run)
        yield* settled
        process.emit("SIGQUIT", "SIGQUIT")
        yield* settled
        assert.strictEqual(fiber.pollUnsafe() === undefined, enableSoftShutdownOnIdle)
        yield* TestClock.adjust("3 seconds")
        assert.strictEqual(failureOf(yield* Fiber.await(fiber))?.exitCode, enableSoftShutdownOnIdle ? 1 : undefined)
      }).pipe(Effect.provide(surroundings()), Effect.provide(quiet)))
  }

  it.effect("stops warm when it is interrupted from outside", () => {
    const doors = new Doors()
    return Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(define({ tasks: [doors.late] }).run)
      yield* settled
      yield* publish(taskMessage({ task: "gated", id: "1", kwargs: { n: 1 } }))
      yield* settled
      const stopping = yield* Effect.forkChild(Fiber.interrupt(fiber))
      yield* settled
      assert.deepStrictEqual([fiber.pollUnsafe(), doors.interrupted], [undefined, []])
      doors.open(1)
      yield* Fiber.join(stopping)
      assert.deepStrictEqual(doors.interrupted, [])
    }).pipe(Effect.provide(surroundings()), Effect.provide(quiet))
  })
})

describe("Worker.layer", () => {
  it.effect("is a part of an application: what its handlers need is provided like anything else", () => {
    class Prices extends Context.Service<Prices, { readonly of: (item: string) => number }>()("test/Prices") {}
    const price = Task.make("price", { parameters: { item: Schema.String }, success: Schema.Finite })
    const live = price.toLayer(({ item }) => Effect.map(Prices, (prices) => prices.of(item)))
    return Effect.gen(function*() {
      const client = yield* Client.Client
      assert.strictEqual(yield* client.execute(price, { item: "tea" }), 3)
    }).pipe(
      Effect.provide(
        running(define({ tasks: [live] })).pipe(
          Layer.provide(Layer.succeed(Prices, { of: (item: string) => item.length }))
        )
      )
    )
  })

  it.effect("tells in awaitShutdown what it was stopped for", () =>
    Effect.gen(function*() {
      const worker = yield* Worker.Worker
      yield* worker.shutdown
      assert.strictEqual((yield* worker.awaitShutdown)._tag, "Shutdown")
    }).pipe(Effect.provide(running(define({ tasks: [AddLive] })))))

  it.effect("fails in awaitShutdown with what stopped it", () =>
    Effect.gen(function*() {
      const worker = yield* Worker.Worker
      yield* TestClock.adjust("1 second")
      const error = yield* Effect.flip(worker.awaitShutdown)
      assert.instanceOf(error, BootstepError)
      assert.strictEqual(error.message, "Bootstep 'Hub' of blueprint 'Worker' failed while running: out of luck")
    }).pipe(Effect.provide(running(define({ tasks: [AddLive], steps: { worker: [failing] } }))), Effect.provide(quiet)))

  it.effect("tells of its steps what Celery's inspect stats does", () =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      const { info, nodename } = yield* Worker.Worker
      yield* client.execute(add, { x: 1, y: 2 })
      yield* client.execute(add, { x: 1, y: 2 })
      yield* TestClock.adjust("61500 millis")
      assert.strictEqual(nodename, "celery@test")
      const { broker, pool, ...others } = yield* info
      assert.deepInclude(broker, { transport: "memory", uri: "memory://local", hostname: "local", virtual_host: "/" })
      assert.deepInclude(pool, { implementation: "celeriac:fibers", "max-concurrency": 2, running: 0, waiting: 0 })
      assert.deepStrictEqual(others, {
        total: { "add": 2 },
        pid: process.pid,
        uptime: 61,
        prefetch_count: 8,
        queues: ["celery"],
        // The next heartbeat.
        timer: { scheduled: 1 }
      })
    }).pipe(Effect.provide(running(define({ tasks: [AddLive] })))))

  it.effect("fails to build with what keeps it from starting", () =>
    Effect.gen(function*() {
      const Broken = Bootstep.make("Broken", { start: Effect.fail(new Error("no luck")) })
      const error = yield* Effect.flip(
        Effect.scoped(Layer.build(define({ tasks: [AddLive], steps: { worker: [Broken] } }).layer))
      )
      assert.strictEqual(error.message, "Bootstep 'Broken' of blueprint 'Worker' failed while starting: no luck")
    }).pipe(Effect.provide(surroundings()), Effect.provide(quiet)))
})

describe("Worker.make", () => {
  it("gives a blueprint to draw, with the consumer last and inside", () => {
    const { blueprint } = define({ tasks: [AddLive] })
    assert.deepStrictEqual(Blueprint.order(blueprint), [
      "Timer",
      "Hub",
      "Queues",
      "Pool",
      "Autoscaler",
      "StateDB",
      "Beat",
      "Autoreloader",
      "Execution",
      "Handlers",
      "Consumer"
    ])
    assert.include(Blueprint.toMermaid(blueprint), "Connection")
  })

  it.effect("draws both blueprints as they are while it runs", () =>
    Effect.gen(function*() {
      const { drawing, steps } = yield* Worker.Worker
      const states = new Map((yield* steps).map(({ label, state }) => [label, state]))
      assert.deepStrictEqual(
        ["Timer", "StateDB", "Consumer", "Connection", "Agent", "event loop"].map((label) => states.get(label)),
        ["running", "disabled", "running", "running", "disabled", "running"]
      )
      assert.match(yield* drawing("text"), /^Pool +running +1970-01-01T00:00:00.000Z +0 ms$/m)
      assert.include(yield* drawing("mermaid"), "∘StateDB<br/>disabled")
    }).pipe(Effect.provide(TestWorker.layer({ tasks: [AddLive] }))))

  it("gives the same worker set up otherwise", () => {
    const worker = Worker.make({ tasks: [AddLive], nodename: "w@h" })
    assert.deepStrictEqual(
      [
        worker.settings.nodename,
        worker.with({ concurrency: 9 }).settings.concurrency,
        worker.with({}).settings.nodename
      ],
      ["w@h", 9, "w@h"]
    )
    assert.isTrue(Worker.isDefinition(worker.with({})))
    assert.isFalse(Worker.isDefinition({ settings: {} }))
  })

  it("expands a nodename, wherever it is given", () => {
    const host = Nodename.hostname()
    const [label = "", ...rest] = host.split(".")
    const worker = Worker.make({ tasks: [AddLive], nodename: "w1@%h" })
    assert.strictEqual(worker.settings.nodename, `w1@${host}`)
    assert.strictEqual(worker.with({ nodename: "w2@%h" }).settings.nodename, `w2@${host}`)
    assert.strictEqual(worker.with({ nodename: "%n-%d@h" }).settings.nodename, `${label}-${rest.join(".")}@h`)
    assert.strictEqual(worker.with({ nodename: "w3@%h" }).with({ concurrency: 1 }).settings.nodename, `w3@${host}`)
  })

  it("throws for an option that nobody knows, with the one that may be meant", () => {
    const given = { tasks: [AddLive], concurency: 2 }
    assert.throws(() => Worker.make(given), /there is no 'concurency' here: did you mean 'concurrency'\?/)
  })

  it("throws for a worker that has nothing to do, and takes one of steps alone", () => {
    assert.throws(() => Worker.make({}), NoTasks)
    assert.throws(() => Worker.make({ concurrency: 2 }), /nothing to do: give it a task/)
    const Step = Bootstep.make("Step", { start: Effect.void })
    assert.isTrue(Worker.isDefinition(Worker.make({ steps: { consumer: [Step] } })))
    assert.isTrue(Worker.isDefinition(Worker.make({ tasks: [] })))
  })

  it("throws for steps that require each other", () => {
    const a: Bootstep.Any = Bootstep.make("A", { start: Effect.void })
    assert.throws(() => Worker.make({ tasks: [], steps: { worker: [a, a] } }), BootGraphError.BootGraphError)
  })
})

describe("ConsumerStep", () => {
  it.effect("consumes messages of its own, over a channel of its own, again after a reconnect", () => {
    const custom = Entity.queue("custom", { exchange: Entity.exchange("custom"), routingKey: "key" })
    const seen: Array<unknown> = []
    const Custom = ConsumerStep.make("Custom", {
      consumers: [Consumer.make({
        queues: [custom],
        callbacks: [(body, message) => Effect.andThen(Effect.sync(() => seen.push(body)), message.ack)]
      })]
    })
    const message = { body: bytes("{\"a\": 1}"), headers: {}, properties: { contentType: "application/json" } }
    return Effect.gen(function*() {
      const broker = yield* MemoryBroker
      yield* publish(message, "custom")
      yield* settled
      assert.deepStrictEqual(seen, [{ a: 1 }])
      broker.faults.dropConnections("lost", ({ name }) => name === "celery@test")
      yield* settled
      yield* TestClock.adjust("6 seconds")
      yield* settled
      yield* publish(message, "custom")
      yield* settled
      assert.deepStrictEqual([seen.length, broker.queue("custom")?.unacked], [2, 0])
      broker.faults.closeChannels(406, "timeout", ({ queues }) => queues.includes("custom"))
      yield* settled
      yield* TestClock.adjust("6 seconds")
      yield* settled
      yield* publish(message, "custom")
      yield* settled
      assert.strictEqual(seen.length, 3)
    }).pipe(Effect.provide(running(define({ steps: { consumer: [Custom] } }))), Effect.provide(quiet))
  })
})

describe("TestWorker", () => {
  it.effect("runs a task from end to end, over the wire", () =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      assert.strictEqual(yield* client.execute(add, { x: 2, y: 3 }), 5)
      const later = yield* client.applyAsync(add, { x: 1, y: 1 }, { countdown: "1 hour" })
      assert.strictEqual(yield* later.state, "PENDING")
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(yield* later.get(), 2)
    }).pipe(Effect.provide(TestWorker.layer({ tasks: [AddLive] }))))

  it.effect("has a broker of its own, whoever else has one", () =>
    Effect.gen(function*() {
      const build = Effect.map(Layer.build(TestWorker.layer({ tasks: [AddLive] })), (built) =>
        Context.get(built, MemoryBroker))
      assert.notStrictEqual(yield* build, yield* build)
    }).pipe(Effect.scoped))

  it.effect("does not wait for tasks that run when the test ends", () => {
    const doors = new Doors()
    return Effect.gen(function*() {
      yield* Effect.gen(function*() {
        yield* publish(taskMessage({ task: "gated", id: "1", kwargs: { n: 1 } }))
        yield* settled
      }).pipe(Effect.provide(TestWorker.layer({ tasks: [doors.late] })))
      assert.deepStrictEqual(doors.interrupted, [1])
    }).pipe(Effect.provide(quiet))
  })
})
