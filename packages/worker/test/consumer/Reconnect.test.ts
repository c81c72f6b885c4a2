import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import { BootstepError } from "@celeriac/bootsteps/BootstepError"
import * as Entity from "@celeriac/messaging/Entity"
import * as Topology from "@celeriac/messaging/Topology"
import { Transport } from "@celeriac/messaging/Transport"
import { MemoryBroker } from "@celeriac/messaging/transports/MemoryBroker"
import * as Client from "@celeriac/tasks/Client"
import * as TaskQueues from "@celeriac/tasks/Queues"
import { BackendRefused, because } from "@celeriac/tasks/result/ResultError"
import * as Task from "@celeriac/tasks/Task"
import { Queues } from "@celeriac/worker/boot/Queues"
import { Worker } from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import { TestClock } from "effect/testing"
import {
  counts,
  define,
  Doors,
  gated,
  Lines,
  publish,
  quiet,
  running,
  settled,
  SlowStore,
  surroundings,
  taskMessage,
  until
} from "../support.ts"

const plain = Task.make("plain")
const PlainLive = plain.toLayer(() => Effect.void)
const worker = define({ tasks: [PlainLive] })

/** Longer than any pause between two attempts. */
const soon = Effect.andThen(TestClock.adjust("6 seconds"), settled)

/** As long as the first pause may be: a channel that was lost is open again. */
const atOnce = Effect.gen(function*() {
  yield* settled
  yield* TestClock.adjust("300 millis")
  yield* settled
})

const consumers = (name = "celery") => Effect.map(MemoryBroker, (broker) => broker.queue(name)?.consumers.length ?? 0)

const fail = Effect.map(MemoryBroker, (broker) => broker.faults)

/** Sends a task, and gives whether it has run. */
const works = Effect.gen(function*() {
  const { state } = yield* Worker
  const before = state.succeeded
  yield* publish(taskMessage({ task: "plain", id: `probe ${before}` }))
  yield* settled
  return state.succeeded === before + 1
})

describe("the consumer, when something breaks", () => {
  it.effect("connects again after a lost connection, and says so in Celery's words", () => {
    const lines = new Lines()
    return Effect.gen(function*() {
      const faults = yield* fail
      assert.isTrue(yield* works)
      faults.dropConnections("the plug was pulled", ({ name }) => name === "celery@test")
      yield* settled
      yield* soon
      assert.strictEqual(yield* consumers(), 1)
      assert.isTrue(yield* works)
      const told = lines.all.filter(({ level, text }) =>
        level !== "Debug" && /^consumer:|^Connected|ready\.$|Resuming|Consuming/.test(text)
      )
      assert.deepStrictEqual(told.map(({ level, text }) => `${level} ${text}`), [
        "Info Connected to memory://local",
        "Info celery@test ready.",
        "Warn consumer: Connection to broker lost. Trying to re-establish the connection... " +
        "(memory://local: the plug was pulled)",
        "Info Connected to memory://local",
        "Info Resuming normal operations following a restart."
      ])
    }).pipe(Effect.provide(running(worker)), Effect.provide(lines.layer))
  })

  it.effect("leaves the steps of the worker alone, and restarts those of the consumer in reverse", () => {
    const seen: Array<string> = []
    const note = (what: string) => Effect.sync(() => void seen.push(what))
    const step = (name: string) =>
      Bootstep.make(name, { start: note(`+${name}`), stop: (_, reason) => note(`-${name} ${reason._tag}`) })
    const custom = define({ tasks: [PlainLive], steps: { worker: [step("outer")], consumer: [step("inner")] } })
    return Effect.gen(function*() {
      yield* Effect.gen(function*() {
        ;(yield* fail).dropConnections()
        yield* soon
      }).pipe(Effect.provide(running(custom)))
      assert.deepStrictEqual(seen, [
        "+outer",
        "+inner",
        "-inner Restart",
        "+inner",
        "-inner Terminate",
        "-outer Terminate"
      ])
    }).pipe(Effect.provide(quiet))
  })

  for (const code of [404, 406]) {
    it.effect(`consumes again, over a new channel of the same connection, when the broker closed its channel with ${code}`, () => {
      const lines = new Lines()
      return Effect.gen(function*() {
        const broker = yield* MemoryBroker
        const before = broker.connections().map(({ id }) => id)
        broker.faults.closeChannels(code, "a reason", ({ queues }) => queues.includes("celery"))
        yield* atOnce
        assert.strictEqual(yield* consumers(), 1)
        assert.isTrue(yield* works)
        assert.isTrue(before.every((id) => broker.connections().some((one) => one.id === id)))
        assert.deepStrictEqual(lines.of("Warn"), [
          `Consuming from celery stopped: channel: channel closed by the broker (${code}): a reason. Trying again`
        ])
      }).pipe(Effect.provide(running(worker)), Effect.provide(lines.layer))
    })
  }

  it.effect("consumes again when the broker cancelled its consumer", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* fail).cancelConsumers("celery"), 1)
      yield* atOnce
      assert.strictEqual(yield* consumers(), 1)
      assert.isTrue(yield* works)
    }).pipe(Effect.provide(running(worker)), Effect.provide(quiet)))

  it.effect("declares and consumes its queue again when it was deleted", () =>
    Effect.gen(function*() {
      yield* Effect.scoped(Effect.gen(function*() {
        const channel = yield* (yield* (yield* Transport).connect()).openChannel()
        yield* channel.deleteQueue("celery")
      }))
      yield* atOnce
      assert.strictEqual(yield* consumers(), 1)
      assert.isTrue(yield* works)
    }).pipe(Effect.provide(running(worker)), Effect.provide(quiet)))

  it.effect("consumes nothing over a channel that was on its way when the worker began to stop", () => {
    const doors = new Doors()
    let opened = 0
    const gate = Latch.makeUnsafe(true)
    const Slow = Layer.effect(
      Transport,
      Effect.map(Transport, (transport) =>
        Transport.of({
          ...transport,
          connect: (options) =>
            Effect.map(transport.connect(options), (connection) => ({
              ...connection,
              openChannel: () =>
                Effect.andThen(
                  Effect.suspend(() => {
                    opened++
                    return gate.await
                  }),
                  connection.openChannel()
                )
            }))
        }))
    )
    return Effect.gen(function*() {
      yield* publish(taskMessage({ task: "gated", id: "1", kwargs: { n: 1 } }))
      yield* settled
      gate.closeUnsafe()
      ;(yield* fail).closeChannels(406, "timeout", ({ queues }) => queues.includes("celery"))
      yield* atOnce
      assert.deepStrictEqual([opened, yield* consumers()], [3, 0])
      const { awaitShutdown, shutdown } = yield* Worker
      yield* shutdown
      yield* settled
      gate.openUnsafe()
      yield* settled
      assert.deepStrictEqual([opened, yield* consumers()], [3, 0])
      doors.open(1)
      assert.strictEqual((yield* awaitShutdown)._tag, "Shutdown")
    }).pipe(
      Effect.provide(
        define({ tasks: [doors.early] }).layer.pipe(
          Layer.provide(Slow),
          Layer.provideMerge(surroundings())
        )
      ),
      Effect.provide(quiet)
    )
  })

  it.effect("tries again with growing pauses while a queue cannot be had, and other queues go on", () => {
    const lines = new Lines()
    const two = define({ tasks: [PlainLive], queues: ["celery", "other"] })
    return Effect.gen(function*() {
      const broker = yield* MemoryBroker
      const connection = yield* broker.connect({ name: "rival" })
      const rival = yield* connection.openChannel()
      yield* rival.deleteQueue("other")
      // It exists otherwise now: the worker cannot declare it.
      yield* rival.declareQueue(Entity.queue("other", { maxLength: 1 }))
      yield* settled
      yield* TestClock.adjust("20 seconds")
      assert.isAbove(
        lines.of("Error").filter((text) => /^Cannot consume from other: .*[^.?!][.?!] Trying again$/.test(text)).length,
        3
      )
      assert.isTrue(yield* works)
      yield* rival.deleteQueue("other")
      yield* soon
      assert.strictEqual(yield* consumers("other"), 1)
    }).pipe(Effect.provide(running(two)), Effect.provide(lines.layer))
  })

  it.effect("waits for a broker that is not there at the start, and counts its attempts", () => {
    const lines = new Lines()
    return Effect.gen(function*() {
      ;(yield* fail).refuseConnects("ConnectionLost", 3)
      const booting = yield* Effect.forkChild(Layer.build(worker.layer))
      yield* settled
      yield* TestClock.adjust("20 seconds")
      yield* Fiber.join(booting)
      assert.strictEqual(yield* consumers(), 1)
      const errors = lines.of("Error").map((text) => text.replace(/in [\d.]+ seconds/, "in N seconds"))
      assert.deepStrictEqual(
        errors,
        [1, 2, 3].map((n) =>
          `consumer: Cannot connect to memory://local: connection refused. Trying again in N seconds... (${n}/100)`
        )
      )
    }).pipe(Effect.provide(surroundings()), Effect.provide(lines.layer), Effect.scoped)
  })

  it.effect("gives up after connectionMaxRetries, and fails with what kept it", () =>
    Effect.gen(function*() {
      ;(yield* fail).refuseConnects("ConnectionLost")
      const impatient = define({ tasks: [PlainLive], connectionMaxRetries: 2 })
      const booting = yield* Effect.forkChild(Effect.exit(Effect.scoped(Layer.build(impatient.layer))))
      yield* settled
      yield* TestClock.adjust("1 minute")
      const exit = yield* Fiber.join(booting)
      const reason = Exit.isFailure(exit) ? exit.cause.reasons[0] : undefined
      assert.isTrue(reason?._tag === "Fail" && reason.error instanceof BootstepError)
      assert.strictEqual(
        reason?._tag === "Fail" ? reason.error.message : "",
        "Bootstep 'Connection' of blueprint 'Consumer' failed while starting: " +
          "connect: connection refused at memory://local"
      )
    }).pipe(Effect.provide(surroundings()), Effect.provide(quiet)))

  it.effect("does not wait for access that is refused at the start, and says what to do", () =>
    Effect.gen(function*() {
      ;(yield* fail).refuseConnects("AccessRefused")
      const exit = yield* Effect.exit(Effect.scoped(Layer.build(worker.layer)))
      const reason = Exit.isFailure(exit) ? exit.cause.reasons[0] : undefined
      assert.include(
        reason?._tag === "Fail" ? reason.error.message : "",
        "memory://local refused access: ACCESS_REFUSED - login was refused. Check the user name, the password"
      )
    }).pipe(Effect.provide(surroundings()), Effect.provide(quiet)))

  it.effect("tries again when access is refused after it has been up", () =>
    Effect.gen(function*() {
      const faults = yield* fail
      faults.refuseConnects("AccessRefused", 3)
      faults.dropConnections("maintenance", ({ name }) => name === "celery@test")
      yield* settled
      for (let i = 0; i < 5; i++) yield* soon
      assert.strictEqual(yield* consumers(), 1)
      assert.isTrue(yield* works)
    }).pipe(Effect.provide(running(worker)), Effect.provide(quiet)))

  it.effect("refuses to start with a queue that exists with other properties", () =>
    Effect.gen(function*() {
      yield* Effect.scoped(Effect.gen(function*() {
        const channel = yield* (yield* (yield* Transport).connect()).openChannel()
        yield* channel.declareQueue(Entity.queue("celery", { maxLength: 1 }))
      }))
      const exit = yield* Effect.exit(Effect.scoped(Layer.build(worker.layer)))
      const reason = Exit.isFailure(exit) ? exit.cause.reasons[0] : undefined
      assert.include(reason?._tag === "Fail" ? reason.error.message : "", "exists with other properties")
    }).pipe(Effect.provide(surroundings()), Effect.provide(quiet)))
})

describe("a task, when its connection is lost", () => {
  const lose = Effect.gen(function*() {
    ;(yield* fail).dropConnections("lost", ({ name }) => name === "celery@test")
    yield* settled
    yield* soon
  })

  it.effect("goes on running, adopts its message when it comes again, and settles that one", () => {
    const doors = new Doors()
    const lines = new Lines()
    return Effect.gen(function*() {
      const client = yield* Client.Client
      const sent = yield* client.delay(gated, { n: 1 })
      yield* until("it runs", () => doors.started.length === 1)
      yield* lose
      assert.deepStrictEqual([doors.started, yield* counts()], [[1], [0, 1]])
      doors.open(1)
      assert.strictEqual(yield* sent.get(), 1)
      yield* settled
      assert.deepStrictEqual([doors.started, yield* counts()], [[1], [0, 0]])
      assert.isTrue(lines.has(`Task gated[${sent.id}] is running here: its new delivery is settled with it`))
    }).pipe(Effect.provide(running(define({ tasks: [doors.late] }))), Effect.provide(lines.layer))
  })

  it.effect("adopts one message of two that have its id, and the other one is its own run's", () => {
    const doors = new Doors()
    return Effect.gen(function*() {
      const client = yield* Client.Client
      const sent = yield* client.applyAsync(gated, { n: 1 }, { taskId: "twice" })
      yield* client.applyAsync(gated, { n: 2 }, { taskId: "twice" })
      yield* until("both run", () => doors.started.length === 2)
      yield* lose
      assert.deepStrictEqual([doors.started, yield* counts()], [[1, 2], [0, 2]])
      doors.open(1)
      assert.strictEqual(yield* sent.get(), 1)
      yield* settled
      assert.deepStrictEqual([doors.started, yield* counts()], [[1, 2], [0, 1]])
      doors.open(2)
      yield* settled
      assert.deepStrictEqual([doors.started, yield* counts()], [[1, 2], [0, 0]])
    }).pipe(Effect.provide(running(define({ tasks: [doors.late], concurrency: 2 }))), Effect.provide(quiet))
  })

  it.effect("that ends before its message comes again is acknowledged then, and does not run twice", () => {
    const doors = new Doors()
    const lines = new Lines()
    return Effect.gen(function*() {
      const client = yield* Client.Client
      const faults = yield* fail
      const sent = yield* client.delay(gated, { n: 1 })
      yield* until("it runs", () => doors.started.length === 1)
      faults.dropConnections("lost", ({ name }) => name === "celery@test")
      doors.open(1)
      assert.strictEqual(yield* sent.get(), 1)
      yield* settled
      yield* soon
      assert.deepStrictEqual([doors.started, yield* counts()], [[1], [0, 0]])
      assert.isTrue(lines.has(`Task gated[${sent.id}] was run here: acknowledged again`))
    }).pipe(Effect.provide(running(define({ tasks: [doors.late] }))), Effect.provide(lines.layer))
  })

  it.effect("that is rejected before its message comes again is rejected then, and does not run twice", () => {
    const lines = new Lines()
    const door = Deferred.makeUnsafe<void>()
    let runs = 0
    const failing = Task.make("failing").toLayer(
      () => Effect.andThen(Effect.sync(() => void runs++), Effect.andThen(Deferred.await(door), Effect.die("no"))),
      { acksLate: true, acksOnFailureOrTimeout: false }
    )
    const graveyard = Entity.queue("graveyard", { exchange: Entity.exchange("dead", { type: "fanout" }) })
    const dying = Layer.succeed(TaskQueues.Configured, [Entity.queue("celery", { deadLetterExchange: "dead" })])
    return Effect.gen(function*() {
      const channel = yield* (yield* (yield* Transport).connect()).openChannel()
      yield* Topology.declareQueue(channel, graveyard)
      yield* publish(taskMessage({ task: "failing", id: "a" }))
      yield* until("it runs", () => runs === 1)
      ;(yield* fail).dropConnections("lost", ({ name }) => name === "celery@test")
      Deferred.doneUnsafe(door, Effect.void)
      yield* settled
      yield* soon
      assert.deepStrictEqual([runs, yield* counts(), yield* counts("graveyard")], [1, [0, 0], [1, 0]])
      assert.isTrue(lines.has("Task failing[a] was run here: rejected again"))
    }).pipe(
      Effect.scoped,
      Effect.provide(running(define({ tasks: [failing] })).pipe(Layer.provide(dying))),
      Effect.provide(lines.layer)
    )
  })

  it.effect("whose result is kept adopts its message when it comes again, and does not run again", () => {
    const doors = new Doors()
    const store = new SlowStore()
    store.refuse(because("store result", new BackendRefused({ backend: "rpc://", detail: "a full queue" })))
    return Effect.gen(function*() {
      yield* publish(taskMessage({ task: "gated", id: "1", kwargs: { n: 1 } }))
      doors.open(1)
      yield* settled
      const { state } = yield* Worker
      assert.deepStrictEqual([doors.started.length, state.requests.size], [1, 1])
      store.refuse(undefined)
      ;(yield* fail).closeChannels(406, "timeout", ({ queues }) => queues.includes("celery"))
      yield* atOnce
      assert.deepStrictEqual([doors.started.length, state.requests.size, yield* counts()], [1, 1, [0, 1]])
      yield* TestClock.adjust("1 second")
      yield* settled
      assert.deepStrictEqual([doors.started.length, state.requests.size, yield* counts()], [1, 0, [0, 0]])
      yield* TestClock.adjust("1 minute")
      yield* settled
      assert.deepStrictEqual([doors.started.length, store.stored], [1, ["SUCCESS 1", "SUCCESS 1"]])
    }).pipe(Effect.provide(running(define({ tasks: [doors.late] }), store.layer)), Effect.provide(quiet))
  })

  it.effect("whose result is kept is stored as soon as there is a connection again, and settled", () => {
    const doors = new Doors()
    const store = new SlowStore()
    store.refuse(because("store result", new BackendRefused({ backend: "rpc://", detail: "a full queue" })))
    return Effect.gen(function*() {
      for (const n of [1, 2]) yield* publish(taskMessage({ task: "gated", id: String(n), kwargs: { n } }))
      doors.open(1, 2)
      yield* settled
      // After some attempts, the pause is half a minute.
      for (let i = 0; i < 6; i++) yield* TestClock.adjust("31 seconds")
      const before = store.stored.length
      store.refuse(undefined)
      yield* lose
      const { state } = yield* Worker
      assert.deepStrictEqual(store.stored.slice(before).toSorted(), ["SUCCESS 1", "SUCCESS 2"])
      assert.deepStrictEqual([doors.started, state.requests.size, yield* counts()], [[1, 2], 0, [0, 0]])
    }).pipe(Effect.provide(running(define({ tasks: [doors.late] }), store.layer)), Effect.provide(quiet))
  })

  it.effect("and was adopted, keeps the channel of its new delivery open when its queue is cancelled", () => {
    const doors = new Doors()
    const found = Deferred.makeUnsafe<Queues["Service"]>()
    const Grab = Bootstep.make("Grab", {
      requires: [Queues],
      start: Effect.flatMap(Queues, (queues) => Deferred.succeed(found, queues))
    })
    return Effect.gen(function*() {
      yield* publish(taskMessage({ task: "gated", id: "1", kwargs: { n: 1 } }))
      yield* settled
      yield* lose
      yield* (yield* Deferred.await(found)).cancel("celery")
      yield* settled
      assert.deepStrictEqual(yield* counts(), [0, 1])
      doors.open(1)
      yield* settled
      assert.deepStrictEqual([doors.started, yield* counts()], [[1], [0, 0]])
    }).pipe(
      Effect.provide(running(define({ tasks: [doors.late], steps: { worker: [Grab] } }))),
      Effect.provide(quiet)
    )
  })

  for (const acks of ["early", "late"] as const) {
    it.effect(`and waits or is held, with others of other queues, is dropped here and comes again once (${acks})`, () => {
      const doors = new Doors()
      const queues = ["celery", "image", "video"]
      return Effect.gen(function*() {
        const send = (n: number, eta?: number) =>
          publish(taskMessage({ task: "gated", id: String(n), kwargs: { n }, eta }), queues[n % 3]!)
        for (let n = 0; n < 9; n++) yield* send(n)
        for (let n = 9; n < 12; n++) yield* send(n, 60_000)
        yield* settled
        const { state } = yield* Worker
        for (let round = 0; round < 3; round++) {
          assert.deepStrictEqual([doors.started, state.requests.size, state.active.size], [[0, 1], 12, 2])
          yield* lose
        }
        doors.open(...Array.from({ length: 12 }, (_, n) => n))
        yield* settled
        assert.deepStrictEqual(doors.started.toSorted((a, b) => a - b), [0, 1, 2, 3, 4, 5, 6, 7, 8])
        yield* TestClock.adjust("1 minute")
        yield* settled
        assert.deepStrictEqual(doors.started.length, 12)
        for (const queue of queues) assert.deepStrictEqual(yield* counts(queue), [0, 0])
        assert.deepStrictEqual([state.requests.size, state.active.size, state.succeeded], [0, 0, 12])
      }).pipe(Effect.provide(running(define({ tasks: [doors[acks]], queues }))), Effect.provide(quiet))
    })

    it.effect(`and waits for a slot or its time, is dropped here and comes again from the broker (${acks})`, () => {
      const doors = new Doors()
      return Effect.gen(function*() {
        const send = (n: number, eta?: number) =>
          publish(taskMessage({ task: "gated", id: String(n), kwargs: { n }, eta }))
        yield* send(1)
        yield* send(2)
        yield* send(3)
        yield* send(4, 60_000)
        yield* settled
        const { state } = yield* Worker
        assert.deepStrictEqual([doors.started, state.requests.size], [[1], 4])
        yield* lose
        assert.deepStrictEqual([doors.started, state.requests.size], [[1], 4])
        doors.open(1, 2, 3, 4)
        yield* settled
        assert.deepStrictEqual(doors.started, [1, 2, 3])
        yield* TestClock.adjust("1 minute")
        yield* settled
        assert.deepStrictEqual([doors.started, yield* counts()], [[1, 2, 3, 4], [0, 0]])
        assert.deepStrictEqual([state.requests.size, state.active.size], [0, 0])
      }).pipe(Effect.provide(running(define({ tasks: [doors[acks]], concurrency: 1 }))), Effect.provide(quiet))
    })

    it.effect(`and waits, does not run twice when its channel alone is closed (${acks})`, () => {
      const doors = new Doors()
      return Effect.gen(function*() {
        for (const n of [1, 2, 3]) yield* publish(taskMessage({ task: "gated", id: String(n), kwargs: { n } }))
        yield* publish(taskMessage({ task: "gated", id: "4", kwargs: { n: 4 }, eta: 60_000 }))
        yield* settled
        ;(yield* fail).closeChannels(406, "consumer timeout", ({ queues }) => queues.includes("celery"))
        yield* atOnce
        const { state } = yield* Worker
        assert.strictEqual(state.requests.size, 4)
        doors.open(1, 2, 3, 4)
        yield* settled
        yield* TestClock.adjust("1 minute")
        yield* settled
        assert.deepStrictEqual([doors.started, yield* counts()], [[1, 2, 3, 4], [0, 0]])
        assert.deepStrictEqual([state.requests.size, state.active.size, state.succeeded], [0, 0, 4])
      }).pipe(Effect.provide(running(define({ tasks: [doors[acks]], concurrency: 1 }))), Effect.provide(quiet))
    })

    it.effect(`again and again, thirty times under load, runs once and is never lost (${acks})`, () => {
      const doors = new Doors()
      const total = 120
      return Effect.gen(function*() {
        const faults = yield* fail
        const { state } = yield* Worker
        let sent = 0
        for (let round = 0; round < 30; round++) {
          for (let i = 0; i < total / 30; i++) {
            sent++
            yield* publish(taskMessage({ task: "gated", id: String(sent), kwargs: { n: sent } }))
          }
          // Some end before the loss, some while nobody is connected, some afterwards.
          doors.open(sent - 3)
          yield* Effect.forEach(new Array(round % 7).fill(0), () => Effect.yieldNow)
          faults.dropConnections("forced", ({ name }) => name === "celery@test")
          doors.open(sent - 2)
          yield* Effect.forEach(new Array(round % 5).fill(0), () => Effect.yieldNow)
          yield* soon
          doors.open(sent - 1)
          yield* settled
        }
        doors.open(...Array.from({ length: total }, (_, i) => i + 1))
        yield* soon
        assert.deepStrictEqual(doors.started.toSorted((a, b) => a - b), Array.from({ length: total }, (_, i) => i + 1))
        assert.deepStrictEqual([yield* counts(), state.requests.size, state.active.size], [[0, 0], 0, 0])
        assert.strictEqual(state.succeeded, total)
      }).pipe(Effect.provide(running(define({ tasks: [doors[acks]], concurrency: 8 }))), Effect.provide(quiet))
    }, 120_000)
  }
})

describe("the broker, when it restarts", () => {
  it.effect("finds its queues declared and consumed again, also those that were not durable", () => {
    const volatile = Layer.succeed(TaskQueues.Configured, [Entity.queue("celery", { durable: false })])
    return Effect.gen(function*() {
      ;(yield* fail).restart()
      yield* settled
      yield* soon
      assert.strictEqual(yield* consumers(), 1)
      assert.isTrue(yield* works)
    }).pipe(Effect.provide(running(worker).pipe(Layer.provide(volatile))), Effect.provide(quiet))
  })
})
