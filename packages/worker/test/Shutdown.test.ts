import * as Producer from "@celeriac/messaging/Producer"
import { Transport } from "@celeriac/messaging/Transport"
import { MemoryBroker } from "@celeriac/messaging/transports/MemoryBroker"
import * as MemoryTransport from "@celeriac/messaging/transports/MemoryTransport"
import * as Client from "@celeriac/tasks/Client"
import * as MemoryBackend from "@celeriac/tasks/result/backends/MemoryBackend"
import * as RpcBackend from "@celeriac/tasks/result/backends/RpcBackend"
import { BackendRefused, because } from "@celeriac/tasks/result/ResultError"
import * as Task from "@celeriac/tasks/Task"
import { Worker } from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import {
  counts,
  define,
  Doors,
  drain,
  gated,
  idOf,
  Lines,
  lookup,
  publish,
  quiet,
  settled,
  SlowStore,
  surroundings,
  taskMessage,
  until
} from "./support.ts"

/** A worker that is up, and the way to stop it. */
const boot = <E, R>(layer: Layer.Layer<Worker, E, R>) =>
  Effect.gen(function*() {
    const scope = yield* Scope.fork(yield* Effect.scope)
    const worker = Context.get(yield* Layer.buildWithScope(Layer.fresh(layer), scope), Worker)
    const stopping = Effect.forkChild(Scope.close(scope, Exit.void))
    return { worker, stopping }
  })

const send = (n: number, options: { readonly eta?: number } = {}) =>
  publish(taskMessage({ task: "gated", id: String(n), kwargs: { n }, ...options }))

const connectionsOfWorkers = Effect.map(
  MemoryBroker,
  (broker) => broker.connections().filter(({ name }) => name.startsWith("celery@")).length
)

describe("a warm shutdown", () => {
  it.effect("waits until the failure of a message that could not be run is stored, and its message rejected", () => {
    const doors = new Doors()
    const store = new SlowStore()
    return Effect.gen(function*() {
      const { stopping } = yield* boot(define({ tasks: [doors.late] }).layer)
      yield* publish(taskMessage({ task: "nobody's", id: "a" }))
      yield* settled
      const stopped = yield* stopping
      yield* settled
      assert.deepStrictEqual([stopped.pollUnsafe(), yield* counts()], [undefined, [0, 1]])
      store.answer()
      yield* Fiber.join(stopped)
      assert.deepStrictEqual([store.stored, yield* counts()], [["FAILURE a"], [0, 0]])
    }).pipe(Effect.scoped, Effect.provide(surroundings(store.layer)), Effect.provide(quiet))
  })

  it.effect("gives back at once what waits because its result was refused, and what is refused meanwhile", () => {
    const doors = new Doors()
    const store = new SlowStore()
    store.refuse(because("store result", new BackendRefused({ backend: "rpc://", detail: "a full queue" })))
    return Effect.gen(function*() {
      const { stopping, worker } = yield* boot(define({ tasks: [doors.late], concurrency: 2 }).layer)
      yield* send(1)
      yield* send(2)
      doors.open(1)
      yield* settled
      assert.deepStrictEqual([doors.started, yield* counts()], [[1, 2], [0, 2]])
      const stopped = yield* stopping
      yield* settled
      assert.deepStrictEqual([stopped.pollUnsafe(), yield* counts()], [undefined, [1, 1]])
      doors.open(2)
      yield* Fiber.join(stopped)
      assert.deepStrictEqual([doors.started, yield* counts()], [[1, 2], [2, 0]])
      assert.strictEqual(worker.state.requests.size, 0)
    }).pipe(Effect.scoped, Effect.provide(surroundings(store.layer)), Effect.provide(quiet))
  })

  it.effect("keeps results of messages that are gone for as long as something runs", () => {
    const doors = new Doors()
    const store = new SlowStore()
    store.refuse(because("store result", new BackendRefused({ backend: "rpc://", detail: "a full queue" })))
    return Effect.gen(function*() {
      const { stopping } = yield* boot(define({ tasks: [doors.early], concurrency: 2 }).layer)
      yield* send(1)
      yield* send(2)
      doors.open(1)
      yield* until("it was refused", () => store.stored.length === 1)
      const stopped = yield* stopping
      yield* settled
      store.refuse(undefined)
      yield* TestClock.adjust("1 second")
      yield* settled
      assert.deepStrictEqual([stopped.pollUnsafe(), store.stored], [undefined, ["SUCCESS 1", "SUCCESS 1"]])
      doors.open(2)
      yield* Fiber.join(stopped)
      assert.deepStrictEqual([doors.started, store.stored.at(-1)], [[1, 2], "SUCCESS 2"])
    }).pipe(Effect.scoped, Effect.provide(surroundings(store.layer)), Effect.provide(quiet))
  })

  it.effect("finishes what runs, over the connection it came by, and gives back the rest in order", () => {
    const doors = new Doors()
    return Effect.gen(function*() {
      const { stopping, worker } = yield* boot(define({ tasks: [doors.late], concurrency: 2 }).layer)
      for (const n of [1, 2, 3, 4, 5]) yield* send(n)
      yield* send(6, { eta: 60_000 })
      yield* send(7, { eta: 60_000 })
      yield* settled
      assert.deepStrictEqual([doors.started, yield* counts()], [[1, 2], [0, 7]])

      const stopped = yield* stopping
      yield* settled
      assert.deepStrictEqual(yield* counts(), [5, 2])
      assert.strictEqual(yield* connectionsOfWorkers, 1)
      assert.deepStrictEqual(Array.from(worker.state.requests, ({ id }) => id), ["1", "2"])

      doors.open(1)
      yield* settled
      assert.deepStrictEqual(yield* counts(), [5, 1])
      assert.strictEqual((yield* lookup("1"))?.status, "SUCCESS")
      assert.strictEqual(stopped.pollUnsafe(), undefined)
      doors.open(2)
      yield* Fiber.join(stopped)
      assert.strictEqual((yield* lookup("2"))?.status, "SUCCESS")
      assert.deepStrictEqual([doors.started, doors.interrupted], [[1, 2], []])
      assert.deepStrictEqual(yield* counts(), [5, 0])
      assert.strictEqual(yield* connectionsOfWorkers, 0)
      assert.deepStrictEqual((yield* drain("celery")).map(idOf), ["3", "4", "5", "6", "7"])
    }).pipe(Effect.scoped, Effect.provide(surroundings()), Effect.provide(quiet))
  })

  it.effect("waits until results are stored and messages settled, however slow the store", () => {
    const doors = new Doors()
    return Effect.gen(function*() {
      const { faults } = yield* MemoryBroker
      const client = yield* Client.Client
      const { stopping } = yield* boot(define({ tasks: [doors.late] }).layer)
      const sent = yield* client.delay(gated, { n: 1 })
      yield* until("it runs", () => doors.started.length === 1)
      faults.delayConfirms("3 seconds")
      doors.open(1)
      const stopped = yield* stopping
      yield* settled
      assert.deepStrictEqual([stopped.pollUnsafe(), yield* counts()], [undefined, [0, 1]])
      yield* TestClock.adjust("3 seconds")
      yield* settled
      assert.deepStrictEqual(yield* counts(), [0, 0])
      // That it stops is confirmed late, too: nobody waits for that.
      yield* TestClock.adjust("400 millis")
      yield* Fiber.join(stopped)
      assert.strictEqual(yield* sent.get(), 1)
    }).pipe(
      Effect.scoped,
      Effect.provide(
        Client.layer.pipe(
          Layer.provideMerge(RpcBackend.layer()),
          Layer.provideMerge(Producer.layer()),
          Layer.provideMerge(MemoryTransport.layer())
        )
      ),
      Effect.provide(quiet)
    )
  })

  it.effect("takes nothing more, also when its channel is closed while it waits", () => {
    const doors = new Doors()
    const lines = new Lines()
    return Effect.gen(function*() {
      const { faults } = yield* MemoryBroker
      const { stopping } = yield* boot(define({ tasks: [doors.late], concurrency: 4 }).layer)
      yield* send(1)
      yield* settled
      const stopped = yield* stopping
      yield* settled
      faults.closeChannels(406, "timeout", ({ connection }) => connection.name === "celery@test")
      yield* settled
      yield* send(2)
      yield* TestClock.adjust("10 seconds")
      yield* settled
      assert.deepStrictEqual(doors.started, [1])
      doors.open(1)
      yield* Fiber.join(stopped)
      assert.deepStrictEqual(yield* counts(), [2, 0])
      assert.isFalse(lines.has("Consuming from celery"))
    }).pipe(Effect.scoped, Effect.provide(surroundings()), Effect.provide(lines.layer))
  })

  it.effect("ends although the connection is lost while it waits", () => {
    const doors = new Doors()
    return Effect.gen(function*() {
      const { faults } = yield* MemoryBroker
      const { stopping } = yield* boot(define({ tasks: [doors.late] }).layer)
      yield* send(1)
      yield* settled
      const stopped = yield* stopping
      yield* settled
      faults.dropConnections("lost", ({ name }) => name === "celery@test")
      yield* settled
      doors.open(1)
      yield* Fiber.join(stopped)
      assert.strictEqual((yield* lookup("1"))?.status, "SUCCESS")
    }).pipe(Effect.scoped, Effect.provide(surroundings()), Effect.provide(quiet))
  })

  it.effect("hands over to a second worker: every task runs once, over six restarts under load", () => {
    const runs = new Map<number, number>()
    const count = Task.make("count", { options: { acksLate: true } })
    const live = count.toLayer((_, request) =>
      Effect.andThen(
        Effect.sync(() => {
          const n = Number(request.id)
          runs.set(n, (runs.get(n) ?? 0) + 1)
        }),
        Effect.sleep("30 millis")
      )
    )
    const named = (name: string) => define({ tasks: [live], concurrency: 4, nodename: `celery@${name}` }).layer
    return Effect.gen(function*() {
      let sent = 0
      const load = Effect.gen(function*() {
        for (let i = 0; i < 20; i++) yield* publish(taskMessage({ task: "count", id: String(++sent) }))
      })
      let workers = [yield* boot(named("a")), yield* boot(named("b"))]
      for (let restart = 0; restart < 6; restart++) {
        yield* load
        yield* TestClock.adjust("17 millis")
        const [oldest, other] = workers
        const stopped = yield* oldest!.stopping
        yield* load
        yield* TestClock.adjust("100 millis")
        yield* Fiber.join(stopped)
        workers = [other!, yield* boot(named(`c${restart}`))]
      }
      for (let i = 0; i < 100; i++) yield* TestClock.adjust("30 millis")
      for (const { stopping } of workers) yield* Fiber.join(yield* stopping)
      assert.deepStrictEqual(yield* counts(), [0, 0])
      assert.strictEqual(runs.size, sent)
      assert.isTrue(Array.from(runs.values()).every((times) => times === 1))
    }).pipe(Effect.scoped, Effect.provide(surroundings()), Effect.provide(quiet))
  })
})

describe("a cold shutdown", () => {
  it.effect("interrupts what runs: what acknowledges late goes back, and only when it has ended", () => {
    const doors = new Doors()
    let atInterruption: readonly [number, number] | undefined
    return Effect.gen(function*() {
      const context = yield* Effect.context<MemoryBroker>()
      const live = gated.toLayer(
        (parameters) =>
          Effect.onInterrupt(doors.handler(parameters), () =>
            Effect.provideContext(
              Effect.map(counts(), (now) => atInterruption = now),
              context
            )),
        { acksLate: true }
      )
      const { worker } = yield* boot(define({ tasks: [live], concurrency: 1 }).layer)
      yield* send(1)
      yield* send(2)
      yield* send(3, { eta: 60_000 })
      yield* settled
      yield* worker.terminate
      const reason = yield* worker.awaitShutdown
      assert.strictEqual(reason._tag, "Terminate")
      assert.deepStrictEqual([doors.started, doors.interrupted], [[1], [1]])
      assert.deepStrictEqual(atInterruption, [2, 1])
      assert.deepStrictEqual(yield* counts(), [3, 0])
      assert.strictEqual(yield* lookup("1"), undefined)
      assert.deepStrictEqual((yield* drain("celery")).map(idOf), ["1", "2", "3"])
    }).pipe(Effect.scoped, Effect.provide(surroundings()), Effect.provide(quiet))
  })

  it.effect("stores a failure of what acknowledged early: nobody will run it again", () => {
    const doors = new Doors()
    return Effect.gen(function*() {
      const { worker } = yield* boot(define({ tasks: [doors.early] }).layer)
      yield* send(1)
      yield* settled
      yield* worker.terminate
      yield* worker.awaitShutdown
      const record = yield* lookup("1")
      assert.deepStrictEqual([record?.status, record?.exception?.excType, record?.exception?.args], [
        "FAILURE",
        "WorkerLostError",
        ["Worker celery@test was terminated while the task ran"]
      ])
      assert.deepStrictEqual(yield* counts(), [0, 0])
    }).pipe(Effect.scoped, Effect.provide(surroundings()), Effect.provide(quiet))
  })

  it.effect("takes over from a warm one that takes too long", () => {
    const doors = new Doors()
    return Effect.gen(function*() {
      const { worker } = yield* boot(define({ tasks: [doors.late] }).layer)
      yield* send(1)
      yield* settled
      yield* worker.shutdown
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual([doors.interrupted, yield* counts()], [[], [0, 1]])
      yield* worker.terminate
      assert.strictEqual((yield* worker.awaitShutdown)._tag, "Terminate")
      assert.deepStrictEqual([doors.interrupted, yield* counts()], [[1], [1, 0]])
    }).pipe(Effect.scoped, Effect.provide(surroundings()), Effect.provide(quiet))
  })

  it.effect("waits for what must not be interrupted, and does not take its message for done", () => {
    const stubborn = Task.make("stubborn", { options: { acksLate: true } })
    const live = stubborn.toLayer(() => Effect.uninterruptible(Effect.sleep("2 seconds")))
    return Effect.gen(function*() {
      const { worker } = yield* boot(define({ tasks: [live] }).layer)
      yield* publish(taskMessage({ task: "stubborn", id: "a" }))
      yield* settled
      yield* worker.terminate
      yield* settled
      assert.deepStrictEqual(yield* counts(), [0, 1])
      yield* TestClock.adjust("2 seconds")
      yield* worker.awaitShutdown
      assert.strictEqual(yield* lookup("a"), undefined)
      assert.deepStrictEqual(yield* counts(), [1, 0])
    }).pipe(Effect.scoped, Effect.provide(surroundings()), Effect.provide(quiet))
  })
})

describe("a worker that has stopped", () => {
  let fibers = 0
  const countFibers = Layer.succeed(Metric.FiberRuntimeMetrics, {
    recordFiberStart: () => void fibers++,
    recordFiberEnd: () => void fibers--
  })

  it.effect("has left nothing: no fiber, no timer, no connection, over 200 lives", () =>
    Effect.gen(function*() {
      const broker = yield* MemoryBroker
      const layer = define({ tasks: [gated.toLayer(({ n }) => Effect.succeed(n))] }).layer
      const live = Effect.gen(function*() {
        const { stopping } = yield* boot(layer)
        yield* send(1)
        yield* send(2, { eta: 1_000_000_000 })
        yield* settled
        yield* Fiber.join(yield* stopping)
        yield* drain("celery")
      }).pipe(Effect.scoped)
      yield* live
      const ofBroker = () => ({
        timers: broker.timers(),
        connections: broker.connections().length,
        channels: broker.channels().length
      })
      const before = { ...ofBroker(), fibers, resources: process.getActiveResourcesInfo().length }
      for (let i = 0; i < 200; i++) yield* live
      const { fibers: fibersBefore, resources, ...brokerBefore } = before
      assert.deepStrictEqual(ofBroker(), brokerBefore)
      // The test runner and its clock have a few of their own, which come and go.
      assert.isAtMost(fibers, fibersBefore)
      assert.isBelow(process.getActiveResourcesInfo().length, resources + 20)
    }).pipe(Effect.provide(surroundings()), Effect.provide(quiet), Effect.provide(countFibers)))

  it("has left nothing, whenever it was stopped and however", () =>
    fc.assert(
      fc.asyncProperty(
        fc.record({
          turnsBefore: fc.nat(40),
          turnsBetween: fc.nat(10),
          tasks: fc.nat(6),
          how: fc.constantFrom("close", "shutdown", "terminate", "escalate"),
          lose: fc.boolean(),
          late: fc.boolean()
        }),
        ({ how, late, lose, tasks, turnsBefore, turnsBetween }) =>
          Effect.runPromise(
            Effect.gen(function*() {
              const broker = yield* MemoryBroker
              const started: Array<string> = []
              const live = gated.toLayer(
                ({ n }, request) => Effect.as(Effect.sync(() => void started.push(request.id)), n),
                { acksLate: late }
              )
              const turns = (count: number) => Effect.forEach(new Array(count).fill(0), () => Effect.yieldNow)
              const scope = yield* Scope.make()
              const booting = yield* Effect.forkChild(
                Layer.buildWithScope(define({ tasks: [live], concurrency: 2 }).layer, scope)
              )
              // The queue is there as soon as the worker has declared it.
              const sending = yield* Effect.forkChild(Effect.gen(function*() {
                yield* until("the queue is declared", () => broker.queue("celery") !== undefined)
                for (let n = 0; n < tasks; n++) yield* send(n)
              }))
              yield* turns(turnsBefore)
              if (lose) broker.faults.dropConnections("lost", ({ name }) => name === "celery@test")
              yield* turns(turnsBetween)
              const up = booting.pollUnsafe()
              if (up !== undefined && Exit.isSuccess(up) && how !== "close") {
                const worker = Context.get(up.value, Worker)
                if (how !== "terminate") yield* worker.shutdown
                if (how === "escalate") yield* turns(turnsBetween)
                if (how !== "shutdown") yield* worker.terminate
              }
              if (up === undefined) yield* Fiber.interrupt(booting)
              yield* Scope.close(scope, Exit.void)
              yield* Fiber.interrupt(sending)
              assert.deepStrictEqual(
                broker.connections().filter(({ name }) => name === "celery@test"),
                []
              )
              assert.strictEqual(broker.queue("celery")?.unacked ?? 0, 0)
              assert.strictEqual(new Set(started).size, started.length)
            }).pipe(
              Effect.provide(surroundings(MemoryBackend.layer)),
              Effect.provide(quiet),
              Effect.provide(TestClock.layer())
            )
          )
      ),
      { numRuns: 200 }
    ))
})

describe("two workers in one process", () => {
  it.effect("share the broker and nothing else", () => {
    const [left, right] = [new Doors(), new Doors()]
    return Effect.gen(function*() {
      const transport = yield* Transport
      assert.strictEqual(transport.driver, "memory")
      const make = (name: string, doors: Doors) =>
        boot(define({ tasks: [doors.late], concurrency: 1, prefetch: { count: 1 }, nodename: `celery@${name}` }).layer)
      const a = yield* make("left", left)
      const b = yield* make("right", right)
      yield* send(1)
      yield* send(2)
      yield* settled
      assert.deepStrictEqual([left.started.length, right.started.length], [1, 1])
      assert.deepStrictEqual([a.worker.state.active.size, b.worker.state.active.size], [1, 1])
      assert.notStrictEqual(a.worker.state, b.worker.state)

      // One is terminated: the other takes over, and is not disturbed.
      yield* a.worker.terminate
      yield* a.worker.awaitShutdown
      assert.deepStrictEqual([right.interrupted, b.worker.state.active.size], [[], 1])
      right.open(1, 2)
      yield* settled
      assert.deepStrictEqual(right.started.toSorted(), [1, 2])
      assert.deepStrictEqual([yield* counts(), b.worker.state.succeeded, a.worker.state.succeeded], [[0, 0], 2, 0])
    }).pipe(Effect.scoped, Effect.provide(surroundings()), Effect.provide(quiet))
  })
})
