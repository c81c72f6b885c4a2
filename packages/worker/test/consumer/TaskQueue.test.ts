import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import * as Entity from "@celeriac/messaging/Entity"
import { MemoryBroker } from "@celeriac/messaging/transports/MemoryBroker"
import * as TaskQueues from "@celeriac/tasks/Queues"
import * as Task from "@celeriac/tasks/Task"
import { Pool } from "@celeriac/worker/boot/Pool"
import { Tasks } from "@celeriac/worker/consumer/Tasks"
import * as RequestObserver from "@celeriac/worker/execution/RequestObserver"
import { Worker } from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import { counts, define, Doors, fibers, publish, quiet, running, settled, taskMessage } from "../support.ts"

const prefetch = Effect.map(MemoryBroker, (broker) => broker.queue("celery")?.consumers[0]?.prefetch)

const nap = Task.make("nap", { parameters: { millis: Schema.Int } })
const NapLive = nap.toLayer(({ millis }) => millis === 0 ? Effect.void : Effect.sleep(millis), { acksLate: true })

const send = (from: number, to: number, millis: number) =>
  Effect.gen(function*() {
    for (let n = from; n < to; n++) yield* publish(taskMessage({ task: "nap", id: String(n), args: [millis] }))
  })

describe("the prefetch", () => {
  it.effect("is as many as are fixed, and stays so", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* prefetch, 7)
      yield* send(0, 1_000, 0)
      yield* settled
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(yield* prefetch, 7)
    }).pipe(Effect.provide(running(define({ tasks: [NapLive], prefetch: { count: 7 } })))))

  it.effect("takes no more than that many off the queue", () => {
    const doors = new Doors()
    return Effect.gen(function*() {
      for (let n = 0; n < 10; n++) yield* publish(taskMessage({ task: "gated", id: String(n), kwargs: { n } }))
      yield* settled
      assert.deepStrictEqual(yield* counts(), [7, 3])
      doors.open(0)
      yield* settled
      assert.deepStrictEqual(yield* counts(), [6, 3])
    }).pipe(
      Effect.provide(running(define({ tasks: [doors.late], concurrency: 1, prefetch: { count: 3 } }))),
      Effect.provide(quiet)
    )
  })

  it.effect("adapts: starts with four for each slot, grows for quick tasks and shrinks when they turn slow", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* prefetch, 8)
      // 100 tasks in each tenth of a second, a thousand in a second.
      for (let tenth = 0; tenth < 10; tenth++) {
        yield* send(tenth * 100, tenth * 100 + 100, 0)
        yield* TestClock.adjust("100 millis")
      }
      yield* settled
      assert.isAtLeast((yield* prefetch) ?? 0, 80)
      assert.isAtMost((yield* prefetch) ?? 0, 1_000)
      // Two slots, a second each.
      yield* send(2_000, 2_200, 1_000)
      for (let second = 0; second < 5; second++) yield* TestClock.adjust("1 second")
      yield* settled
      assert.isAtMost((yield* prefetch) ?? 1_000, 10)
      // What it hoarded is the broker's again, all but what is wanted.
      const [ready, unacked] = yield* counts()
      assert.isAtMost(unacked, 12)
      assert.isAbove(ready, 150)
    }).pipe(Effect.provide(running(define({ tasks: [NapLive], concurrency: 2 }))), Effect.provide(quiet)))

  it.effect("gives back without running anything twice or losing it, and keeps the order", () => {
    const order: Array<number> = []
    const note = Task.make("note", { parameters: { n: Schema.Int, millis: Schema.Int } })
    const live = note.toLayer(
      ({ millis, n }) =>
        Effect.andThen(Effect.sync(() => void order.push(n)), millis === 0 ? Effect.void : Effect.sleep(millis)),
      { acksLate: true }
    )
    return Effect.gen(function*() {
      for (let n = 0; n < 500; n++) {
        yield* publish(taskMessage({ task: "note", id: String(n), args: [n, 0] }))
        if (n % 50 === 49) yield* TestClock.adjust("50 millis")
      }
      for (let n = 500; n < 560; n++) yield* publish(taskMessage({ task: "note", id: String(n), args: [n, 1_000] }))
      for (let second = 0; second < 70; second++) {
        yield* TestClock.adjust("1 second")
        yield* settled
      }
      assert.deepStrictEqual(order, Array.from({ length: 560 }, (_, n) => n))
      assert.deepStrictEqual(yield* counts(), [0, 0])
    }).pipe(Effect.provide(running(define({ tasks: [live], concurrency: 1 }))), Effect.provide(quiet))
  })

  /** Quick and slow tasks in turn, all in the queue at once: the prefetch grows and gives back again and again. */
  const inTurns = Effect.gen(function*() {
    for (let turn = 0; turn < 8; turn++) {
      yield* send(turn * 1_000, turn * 1_000 + 60, 1)
      yield* send(turn * 1_000 + 500, turn * 1_000 + 504, 700)
    }
    for (let tick = 0; tick < 2_500; tick++) {
      yield* TestClock.adjust("10 millis")
      yield* Effect.yieldNow
    }
    yield* settled
    assert.deepStrictEqual(yield* counts(), [0, 0])
  })

  /** How often each message came. */
  const countComings = () => {
    const comings = new Map<string, number>()
    const layer = RequestObserver.layer({
      received: ({ id }) => void comings.set(id ?? "", (comings.get(id ?? "") ?? 0) + 1)
    })
    return { layer, most: () => Math.max(...comings.values()) }
  }

  const adaptive = define({ tasks: [NapLive], concurrency: 1 })

  it.effect("gives back a message once at most", () => {
    const comings = countComings()
    return Effect.gen(function*() {
      yield* inTurns
      assert.strictEqual(comings.most(), 2)
    }).pipe(Effect.provide(Layer.provide(running(adaptive), comings.layer)), Effect.provide(quiet))
  })

  it.effect("gives nothing back to a queue that counts what comes back", () => {
    const comings = countComings()
    const queues = Layer.succeed(TaskQueues.Configured, [
      Entity.queue("celery", { arguments: { "x-queue-type": "quorum" } })
    ])
    return Effect.gen(function*() {
      yield* inTurns
      assert.strictEqual(comings.most(), 1)
    }).pipe(
      Effect.provide(Layer.provide(running(adaptive), Layer.merge(queues, comings.layer))),
      Effect.provide(quiet)
    )
  })

  it.effect("is not used up by tasks that are held for their time", () =>
    Effect.gen(function*() {
      for (let n = 0; n < 100; n++) {
        yield* publish(taskMessage({ task: "nap", id: `held ${n}`, args: [0], eta: 3_600_000 }))
        yield* settled
      }
      const { state } = yield* Worker
      assert.strictEqual(state.requests.size, 100)
      yield* send(0, 20, 0)
      yield* settled
      assert.strictEqual(state.succeeded, 20)
      assert.isAtLeast((yield* prefetch) ?? 0, 104)
      // When they have run, no more is left of it than those that were taken in or run in a second are worth: a tenth.
      yield* TestClock.adjust("1 hour")
      yield* settled
      yield* TestClock.adjust("5 seconds")
      yield* settled
      assert.strictEqual(state.succeeded, 120)
      assert.strictEqual(yield* prefetch, 8 + 12)
    }).pipe(Effect.provide(running(define({ tasks: [NapLive], concurrency: 2 }))), Effect.provide(quiet)))

  it.effect("follows what is held no further than to the limit of ETA tasks, and again when some are due", () =>
    Effect.gen(function*() {
      for (let n = 0; n < 100; n++) {
        yield* publish(taskMessage({ task: "nap", id: `held ${n}`, args: [0], eta: 60_000 + n * 1_000 }))
        yield* settled
      }
      const { state } = yield* Worker
      assert.isAtLeast(state.requests.size, 20)
      assert.isAtMost(state.requests.size, 20 + 4)
      // As they become due, others come.
      yield* TestClock.adjust("90 seconds")
      yield* settled
      assert.strictEqual(state.succeeded, 31)
      assert.isAtLeast(state.requests.size, 20)
      assert.isAtMost(state.requests.size, 20 + 4)
      yield* TestClock.adjust("10 minutes")
      yield* settled
      assert.strictEqual(state.succeeded, 100)
    }).pipe(
      Effect.provide(running(define({ tasks: [NapLive], concurrency: 1, settings: { etaTaskLimit: 20 } }))),
      Effect.provide(quiet)
    ))

  it.effect("is more, less or another when a step says so, and at least one", () => {
    const found = Deferred.makeUnsafe<Tasks["Service"]>()
    const Grab = Bootstep.make("Grab", {
      requires: [Tasks],
      start: Effect.flatMap(Tasks, (tasks) => Deferred.succeed(found, tasks))
    })
    return Effect.gen(function*() {
      const { qos } = yield* Deferred.await(found)
      const told = Effect.andThen(settled, Effect.map(prefetch, (prefetch) => [prefetch, qos.value()]))
      assert.deepStrictEqual(yield* told, [8, 8])
      qos.incrementEventually(3)
      assert.deepStrictEqual(yield* told, [11, 11])
      qos.decrementEventually()
      assert.deepStrictEqual(yield* told, [10, 10])
      qos.decrementEventually(100)
      assert.deepStrictEqual(yield* told, [1, 1])
      qos.set(50)
      assert.deepStrictEqual(yield* told, [50, 50])
      qos.set(0)
      assert.deepStrictEqual(yield* told, [0, 0])
      qos.incrementEventually(5)
      assert.deepStrictEqual(yield* told, [0, 0])
    }).pipe(
      Effect.provide(running(define({ tasks: [NapLive], prefetch: { count: 8 }, steps: { consumer: [Grab] } }))),
      Effect.provide(quiet)
    )
  })

  it.effect("is left alone by a request that a step applies before its time", () => {
    const found = Deferred.makeUnsafe<Tasks["Service"]>()
    const Grab = Bootstep.make("Grab", {
      requires: [Tasks],
      start: Effect.flatMap(Tasks, (tasks) => Deferred.succeed(found, tasks))
    })
    return Effect.gen(function*() {
      const tasks = yield* Deferred.await(found)
      const { state } = yield* Worker
      for (const id of ["a", "b"]) yield* publish(taskMessage({ task: "nap", id, args: [0], eta: 60_000 }))
      yield* settled
      const [a] = state.requests
      assert.isTrue(tasks.applyEtaTask(a!))
      assert.isFalse(tasks.applyEtaTask(a!))
      yield* settled
      assert.strictEqual(state.succeeded, 1)
      assert.deepStrictEqual(Array.from(state.requests, ({ id }) => id), ["b"])
      yield* TestClock.adjust("1 minute")
      yield* settled
      assert.strictEqual(state.succeeded, 2)
      assert.deepStrictEqual(yield* counts(), [0, 0])
    }).pipe(
      Effect.provide(running(define({ tasks: [NapLive], steps: { consumer: [Grab] } }))),
      Effect.provide(quiet)
    )
  })

  it.effect("of one queue gives back what that queue brought, and nothing else's", () => {
    const doors = new Doors()
    const others = ["a", "c", "d"]
    const send = (n: number, queue: string, eta?: number) =>
      publish(taskMessage({ task: "gated", id: String(n), kwargs: { n }, eta }), queue)
    return Effect.gen(function*() {
      for (let n = 0; n < 15; n++) yield* send(n, others[Math.floor(n / 5)]!)
      for (let n = 15; n < 50; n++) {
        yield* send(n, "b", 20_000)
        yield* settled
      }
      for (const queue of others) assert.deepStrictEqual(yield* counts(queue), [0, 5])
      assert.deepStrictEqual(yield* counts("b"), [0, 35])
      yield* TestClock.adjust("20 seconds")
      yield* settled
      // Nothing is held any more: what b hoards goes back to b.
      assert.isAbove((yield* counts("b"))[0], 20)
      for (let n = 0; n < 50; n++) doors.open(n)
      yield* settled
      // Whoever was in line before b is still before it.
      assert.deepStrictEqual(doors.started.slice(0, 15), Array.from({ length: 15 }, (_, n) => n))
      assert.deepStrictEqual(doors.started.toSorted((a, b) => a - b), Array.from({ length: 50 }, (_, n) => n))
      for (const queue of ["b", ...others]) assert.deepStrictEqual(yield* counts(queue), [0, 0])
    }).pipe(
      Effect.provide(running(define({
        tasks: [doors.late],
        queues: ["b", ...others],
        concurrency: 1,
        prefetch: { count: 5 }
      }))),
      Effect.provide(quiet)
    )
  })

  it.effect("follows the pool when that grows and shrinks, though no task ends", () => {
    const doors = new Doors()
    const found = Deferred.makeUnsafe<Pool["Service"]>()
    const Grab = Bootstep.make("Grab", {
      requires: [Pool],
      start: Effect.flatMap(Pool, (pool) => Deferred.succeed(found, pool))
    })
    return Effect.gen(function*() {
      const pool = yield* Deferred.await(found)
      for (let n = 0; n < 60; n++) yield* publish(taskMessage({ task: "gated", id: String(n), kwargs: { n } }))
      yield* settled
      assert.deepStrictEqual([yield* prefetch, yield* pool.concurrency], [4, 1])
      yield* pool.grow(9)
      yield* settled
      assert.deepStrictEqual([yield* prefetch, doors.started.length, yield* pool.concurrency], [40, 10, 10])
      yield* pool.shrink(20)
      yield* settled
      yield* TestClock.adjust("2 seconds")
      yield* settled
      assert.deepStrictEqual([yield* prefetch, yield* pool.concurrency], [4, 1])
    }).pipe(
      Effect.provide(running(define({ tasks: [doors.late], concurrency: 1, steps: { worker: [Grab] } }))),
      Effect.provide(quiet)
    )
  })

  it.effect("is looked at only while there is something to adapt: years go by at once", () =>
    Effect.gen(function*() {
      const { info, state } = yield* Worker
      const scheduled = Effect.map(info, ({ timer }) => timer)
      assert.deepStrictEqual(yield* scheduled, { scheduled: 0 })
      yield* send(0, 20, 0)
      yield* settled
      assert.deepStrictEqual(yield* scheduled, { scheduled: 1 })
      yield* TestClock.adjust("3 seconds")
      yield* settled
      assert.deepStrictEqual(yield* scheduled, { scheduled: 0 })
      // One runs and one is held for a hundred years.
      const century = 100 * 365 * 86_400_000
      yield* publish(taskMessage({ task: "nap", id: "sleeps", args: [century] }))
      yield* publish(taskMessage({ task: "nap", id: "held", args: [0], eta: century }))
      yield* settled
      yield* TestClock.adjust("36000 days")
      yield* settled
      assert.strictEqual(state.succeeded, 20)
      yield* TestClock.adjust("1000 days")
      yield* settled
      assert.strictEqual(state.succeeded, 22)
    }).pipe(
      Effect.provide(running(define({ tasks: [NapLive], concurrency: 2, without: ["heart"] }))),
      Effect.provide(quiet)
    ))
})

describe("a request that is held for its time", () => {
  it.effect("costs no fiber, neither while it waits nor when its time has come", () => {
    const doors = new Doors()
    return Effect.gen(function*() {
      const { state } = yield* Worker
      yield* publish(taskMessage({ task: "gated", id: "0", kwargs: { n: 0 } }))
      for (let n = 1; n <= 1_000; n++) {
        yield* publish(taskMessage({ task: "gated", id: String(n), kwargs: { n }, eta: 60_000 }))
      }
      yield* settled
      assert.deepStrictEqual([doors.started, state.requests.size], [[0], 1_001])
      const before = yield* fibers
      yield* TestClock.adjust("1 minute")
      yield* settled
      // They wait for the one slot, which is taken: none has begun.
      const { pool } = yield* (yield* Worker).info
      assert.include(pool, { running: 1, waiting: 1_000 })
      assert.isBelow((yield* fibers) - before, 20)
    }).pipe(
      Effect.provide(
        running(
          define({
            tasks: [doors.late],
            concurrency: 1,
            prefetch: { count: 0 },
            without: ["heart"]
          })
        )
      ),
      Effect.provide(quiet)
    )
  })
})
