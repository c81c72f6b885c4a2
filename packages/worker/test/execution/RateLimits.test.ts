import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import { MemoryBroker } from "@celeriac/messaging/transports/MemoryBroker"
import * as Task from "@celeriac/tasks/Task"
import { Execution } from "@celeriac/worker/boot/Execution"
import { Tasks } from "@celeriac/worker/consumer/Tasks"
import * as Strategy from "@celeriac/worker/execution/Strategy"
import { Worker } from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import { counts, define, Doors, Lines, lookup, publish, quiet, running, settled, taskMessage } from "../support.ts"

/** Writes down when which request starts: `id@millis`. */
class Starts {
  readonly all: Array<string> = []
  readonly handler = (_: unknown, request: { readonly id: string }) =>
    Effect.map(Clock.currentTimeMillis, (now) => void this.all.push(`${request.id}@${now}`))
}

const limited = Task.make("limited", { options: { rateLimit: "10/s" } })
const free = Task.make("free")

/** Steps of a user's: one that revokes, one that sets limits. */
const reach = () => {
  const reached = {
    tasks: Deferred.makeUnsafe<Tasks["Service"]>(),
    execution: Deferred.makeUnsafe<Execution["Service"]>()
  }
  return {
    steps: {
      worker: [Bootstep.make("Worker side", {
        requires: [Execution],
        start: Effect.flatMap(Execution, (execution) => Deferred.succeed(reached.execution, execution))
      })],
      consumer: [Bootstep.make("Consumer side", {
        requires: [Tasks],
        start: Effect.flatMap(Tasks, (tasks) => Deferred.succeed(reached.tasks, tasks))
      })]
    } as const,
    tasks: Deferred.await(reached.tasks),
    execution: Deferred.await(reached.execution)
  }
}

const send = (task: string, ...ids: ReadonlyArray<string>) =>
  Effect.forEach(ids, (id) => publish(taskMessage({ task, id })), { discard: true })

const after = (duration: `${number} millis` | `${number} seconds`) =>
  Effect.andThen(TestClock.adjust(duration), settled)

describe("a task with a rate limit", () => {
  it.effect("starts as often as that, in the order in which it came, and holds up nobody else", () => {
    const starts = new Starts()
    return Effect.gen(function*() {
      yield* send("limited", "a", "b", "c")
      yield* send("free", "x")
      yield* settled
      assert.deepStrictEqual(starts.all, ["a@0", "x@0"])
      const { state } = yield* Worker
      assert.deepStrictEqual(state.reserved.map(({ id }) => id), ["b", "c"])
      yield* after("99 millis")
      assert.deepStrictEqual(starts.all.length, 2)
      yield* after("1 millis")
      yield* after("1 seconds")
      yield* send("limited", "d", "e")
      yield* settled
      yield* after("1 seconds")
      assert.deepStrictEqual(starts.all, ["a@0", "x@0", "b@100", "c@200", "d@1100", "e@1200"])
      assert.deepStrictEqual([yield* counts(), state.requests.size], [[0, 0], 0])
    }).pipe(
      Effect.provide(running(define({ tasks: [limited.toLayer(starts.handler), free.toLayer(starts.handler)] }))),
      Effect.provide(quiet)
    )
  })

  it.effect("waits for its rate when its time has come, and not before", () => {
    const starts = new Starts()
    return Effect.gen(function*() {
      yield* publish(taskMessage({ task: "limited", id: "late", eta: 1_000 }))
      yield* publish(taskMessage({ task: "limited", id: "later", eta: 1_000 }))
      yield* send("limited", "now")
      yield* settled
      yield* after("2 seconds")
      assert.deepStrictEqual(starts.all, ["now@0", "late@1000", "later@1100"])
    }).pipe(
      Effect.provide(running(define({ tasks: [limited.toLayer(starts.handler)] }))),
      Effect.provide(quiet)
    )
  })

  it.effect("that is revoked or expires while it waits is discarded when its turn comes, and takes no token", () => {
    const starts = new Starts()
    const { execution, steps } = reach()
    return Effect.gen(function*() {
      yield* send("limited", "a", "revoked")
      yield* publish(taskMessage({ task: "limited", id: "expired", expires: 50 }))
      yield* send("limited", "b")
      yield* settled
      yield* (yield* execution).revoke("revoked", { terminate: true })
      yield* after("100 millis")
      assert.deepStrictEqual(starts.all, ["a@0", "b@100"])
      for (const id of ["revoked", "expired"]) {
        assert.deepStrictEqual((yield* lookup(id))?.exception?.args, [id])
      }
      assert.deepStrictEqual(yield* counts(), [0, 0])
    }).pipe(
      Effect.provide(running(define({ tasks: [limited.toLayer(starts.handler)], steps }))),
      Effect.provide(quiet)
    )
  })

  it.effect("makes room for others while it waits", () => {
    const starts = new Starts()
    return Effect.gen(function*() {
      yield* send("limited", ..."abcdefghijklmnopqrst")
      yield* send("free", "x")
      yield* settled
      assert.deepStrictEqual(starts.all, ["a@0", "x@0"])
    }).pipe(
      Effect.provide(running(
        define({ tasks: [limited.toLayer(starts.handler), free.toLayer(starts.handler)], prefetch: { count: 4 } })
      )),
      Effect.provide(quiet)
    )
  })

  it.effect("makes room for 256 others, and does not take all there is from workers that have a rate of their own", () => {
    const starts = new Starts()
    return Effect.gen(function*() {
      yield* Effect.forEach(Array.from({ length: 600 }, (_, n) => `${n}`), (id) => send("limited", id), {
        discard: true
      })
      yield* settled
      const [ready, unacked] = yield* counts()
      assert.strictEqual(ready + unacked, 599)
      // 256 and the prefetch, which follows by halves.
      assert.isTrue(unacked > 256 && unacked <= 260, `${unacked}`)
    }).pipe(
      Effect.provide(running(define({ tasks: [limited.toLayer(starts.handler)], prefetch: { count: 4 } }))),
      Effect.provide(quiet)
    )
  })

  it.effect("is dropped with its connection, comes again, and keeps to its rate", () => {
    const starts = new Starts()
    return Effect.gen(function*() {
      yield* send("limited", "a", "b", "c")
      yield* settled
      const { faults } = yield* MemoryBroker
      faults.dropConnections("the plug was pulled", ({ name }) => name === "celery@test")
      yield* settled
      const { state } = yield* Worker
      assert.strictEqual(state.requests.size, 0)
      yield* after("6 seconds")
      yield* after("1 seconds")
      const times = starts.all.map((start) => Number(start.split("@")[1]))
      assert.deepStrictEqual(starts.all.map((start) => start.split("@")[0]), ["a", "b", "c"])
      assert.isAtLeast(Math.round(times[2]! - times[1]!), 100)
      assert.deepStrictEqual([yield* counts(), state.requests.size], [[0, 0], 0])
    }).pipe(
      Effect.provide(running(define({ tasks: [limited.toLayer(starts.handler)] }))),
      Effect.provide(quiet)
    )
  })

  it.effect("goes back to its queue when the worker stops, in its order", () => {
    const starts = new Starts()
    return Effect.gen(function*() {
      yield* send("limited", "a", "b", "c")
      yield* settled
      const worker = yield* Worker
      yield* worker.shutdown
      yield* worker.awaitShutdown
      assert.deepStrictEqual([starts.all, yield* counts()], [["a@0"], [2, 0]])
    }).pipe(
      Effect.provide(running(define({ tasks: [limited.toLayer(starts.handler)] }))),
      Effect.provide(quiet)
    )
  })

  it.effect("has none that counts when limits are off", () => {
    const starts = new Starts()
    return Effect.gen(function*() {
      yield* send("limited", "a", "b", "c")
      yield* settled
      assert.deepStrictEqual(starts.all, ["a@0", "b@0", "c@0"])
    }).pipe(
      Effect.provide(running(
        define({ tasks: [limited.toLayer(starts.handler)], settings: { disableRateLimits: true } })
      )),
      Effect.provide(quiet)
    )
  })

  it.effect("has the one of the settings when it says none, and none when it says 0", () => {
    const starts = new Starts()
    const tasks = [free.toLayer(starts.handler), limited.toLayer(starts.handler, { rateLimit: 0 })]
    return Effect.gen(function*() {
      yield* send("free", "a", "b")
      yield* send("limited", "x", "y")
      yield* after("500 millis")
      assert.deepStrictEqual(starts.all, ["a@0", "x@0", "y@0", "b@500"])
    }).pipe(
      Effect.provide(running(define({ tasks, settings: { defaultRateLimit: "2/s" } }))),
      Effect.provide(quiet)
    )
  })

  it.effect("leaves slots to others while it waits, and waits for one like them", () => {
    const doors = new Doors()
    const starts = new Starts()
    return Effect.gen(function*() {
      yield* send("limited", "a", "b")
      yield* publish(taskMessage({ task: "gated", id: "1", kwargs: { n: 1 } }))
      yield* settled
      assert.deepStrictEqual([starts.all, doors.started], [["a@0"], [1]])
      yield* after("200 millis")
      assert.deepStrictEqual(starts.all, ["a@0"])
      doors.open(1)
      yield* settled
      assert.deepStrictEqual(starts.all, ["a@0", "b@200"])
    }).pipe(
      Effect.provide(running(define({ tasks: [limited.toLayer(starts.handler), doors.early], concurrency: 1 }))),
      Effect.provide(quiet)
    )
  })
})

describe("what a step may do with rate limits", () => {
  it.effect("is to set them, for those too that wait, and over a reconnect", () => {
    const starts = new Starts()
    const { steps, tasks } = reach()
    return Effect.gen(function*() {
      const surface = yield* tasks
      assert.strictEqual(surface.rateLimitOf(limited), "10/s")
      yield* send("limited", "a", "b", "c", "d")
      yield* settled
      yield* surface.setRateLimit(limited, "1/s")
      assert.strictEqual(surface.rateLimitOf("limited"), "1/s")
      yield* settled
      // A new bucket is full.
      assert.deepStrictEqual(starts.all, ["a@0", "b@0"])
      yield* after("1 seconds")
      yield* surface.setRateLimit("limited", undefined)
      yield* settled
      assert.deepStrictEqual(starts.all, ["a@0", "b@0", "c@1000", "d@1000"])
      assert.deepStrictEqual([surface.rateLimitOf(limited), surface.taskBuckets.get("limited")], [undefined, undefined])
      const { faults } = yield* MemoryBroker
      faults.dropConnections("the plug was pulled", ({ name }) => name === "celery@test")
      yield* settled
      yield* after("6 seconds")
      yield* send("limited", "e", "f")
      yield* settled
      assert.deepStrictEqual(starts.all.slice(4), ["e@7000", "f@7000"])
    }).pipe(
      Effect.provide(running(define({ tasks: [limited.toLayer(starts.handler)], steps }))),
      Effect.provide(quiet)
    )
  })

  it.effect("is no nonsense: a limit that is none, a task that is not there", () => {
    const { steps, tasks } = reach()
    return Effect.gen(function*() {
      const surface = yield* tasks
      // @ts-expect-error nothing is counted by the day
      const invalid = yield* Effect.flip(surface.setRateLimit("limited", "10/d"))
      assert.strictEqual(invalid._tag, "InvalidRateLimit")
      const unknown = yield* Effect.flip(surface.setRateLimit("nobody's", 1))
      assert.strictEqual(unknown.message, "task 'nobody's' is not among the tasks of this worker")
      assert.strictEqual(surface.rateLimitOf("limited"), "10/s")
    }).pipe(
      Effect.provide(running(define({ tasks: [limited.toLayer(() => Effect.void)], steps }))),
      Effect.provide(quiet)
    )
  })

  it.effect("is to give a task a bucket of its own, until limits are reset", () => {
    const starts = new Starts()
    const { steps, tasks } = reach()
    let tokens = 1
    const bucket = { canConsume: (n: number) => tokens >= n && (tokens -= n, true), expectedTime: () => 2 }
    return Effect.gen(function*() {
      const surface = yield* tasks
      surface.taskBuckets.set("free", bucket)
      assert.strictEqual(surface.taskBuckets.get("free"), bucket)
      assert.deepStrictEqual(surface.taskBuckets.entries().map(([task]) => task).toSorted(), ["free", "limited"])
      yield* send("free", "a", "b", "c", "d")
      yield* settled
      assert.deepStrictEqual(starts.all, ["a@0"])
      tokens = 1
      yield* after("2 seconds")
      assert.deepStrictEqual(starts.all, ["a@0", "b@2000"])
      yield* surface.resetRateLimits
      yield* settled
      assert.deepStrictEqual(starts.all, ["a@0", "b@2000", "c@2000", "d@2000"])
      assert.deepStrictEqual(surface.taskBuckets.entries().map(([task]) => task), ["limited"])
    }).pipe(
      Effect.provide(running(
        define({ tasks: [free.toLayer(starts.handler), limited.toLayer(starts.handler)], steps })
      )),
      Effect.provide(quiet)
    )
  })

  it.effect("is to make a bucket for the rate of a task", () => {
    const { steps, tasks } = reach()
    return Effect.gen(function*() {
      const surface = yield* tasks
      const rates: Array<number> = []
      const made = surface.bucketForTask("limited", (rate) => {
        rates.push(rate)
        return { canConsume: () => true, expectedTime: () => 0 }
      })
      assert.deepStrictEqual([rates, made?.canConsume(1)], [[10], true])
      const usual = surface.bucketForTask(limited)
      assert.deepStrictEqual([usual?.canConsume(1), usual?.canConsume(1), usual?.expectedTime(1)], [true, false, 0.1])
      assert.isUndefined(surface.bucketForTask("nobody's"))
    }).pipe(
      Effect.provide(running(define({ tasks: [limited.toLayer(() => Effect.void)], steps }))),
      Effect.provide(quiet)
    )
  })

  for (
    const [how, bucket] of [
      ["throws", {
        canConsume: () => {
          throw new Error("no quota")
        },
        expectedTime: () => 0
      }],
      ["knows no time", { canConsume: () => false, expectedTime: () => NaN }],
      ["says never", { canConsume: () => false, expectedTime: () => Infinity }],
      ["says it was time before", { canConsume: () => false, expectedTime: () => -5 }]
    ] as const
  ) {
    it.effect(`with a bucket that ${how} harms nobody else, and is over when there is another`, () => {
      const starts = new Starts()
      const lines = new Lines()
      const { steps, tasks } = reach()
      return Effect.gen(function*() {
        const surface = yield* tasks
        surface.taskBuckets.set("limited", bucket)
        yield* send("limited", "a", "b")
        yield* send("free", "x")
        yield* after("3 seconds")
        assert.deepStrictEqual(starts.all, ["x@0"])
        assert.strictEqual(lines.has("The bucket of task limited threw, and is asked again:"), how === "throws")
        yield* surface.resetRateLimits
        yield* after("1 seconds")
        assert.deepStrictEqual(starts.all, ["x@0", "a@3000", "b@3100"])
      }).pipe(
        Effect.provide(running(
          define({ tasks: [limited.toLayer(starts.handler), free.toLayer(starts.handler)], steps })
        )),
        Effect.provide(lines.layer)
      )
    })
  }
})

describe("what a step may do besides", () => {
  it.effect("is to decide about the requests of a task", () => {
    const starts = new Starts()
    const { steps, tasks } = reach()
    return Effect.gen(function*() {
      const { strategies } = yield* tasks
      strategies.set("free", (request, state, now) => {
        const decision = Strategy.decide(request, state, now)
        return decision._tag === "Run" && request.id === "later" ? { _tag: "Hold", until: now + 500 } : decision
      })
      yield* send("free", "later", "now")
      yield* send("limited", "x")
      yield* after("500 millis")
      assert.deepStrictEqual(starts.all, ["now@0", "x@0", "later@500"])
      strategies.set("free", undefined)
      assert.strictEqual(strategies.get("free"), Strategy.decide)
    }).pipe(
      Effect.provide(running(
        define({ tasks: [free.toLayer(starts.handler), limited.toLayer(starts.handler)], steps })
      )),
      Effect.provide(quiet)
    )
  })

  for (
    const [how, strategy] of [
      ["throws", () => {
        throw new Error("undecided")
      }],
      // As code without types might.
      ["decides nothing", () => undefined as never],
      ["decides what there is not", () => ({ _tag: "Later" }) as never],
      ["holds without end", () => ({ _tag: "Hold", until: NaN }) as const]
    ] as const
  ) {
    it.effect(`about a task whose strategy ${how} is told in its failure, and the others run`, () => {
      const starts = new Starts()
      const { steps, tasks } = reach()
      return Effect.gen(function*() {
        ;(yield* tasks).strategies.set("free", strategy)
        yield* send("free", "a")
        yield* send("limited", "x")
        yield* settled
        assert.deepStrictEqual([starts.all, (yield* lookup("a"))?.status, yield* counts()], [["x@0"], "FAILURE", [
          0,
          0
        ]])
      }).pipe(
        Effect.provide(running(
          define({ tasks: [free.toLayer(starts.handler), limited.toLayer(starts.handler)], steps })
        )),
        Effect.provide(quiet)
      )
    })
  }

  it.effect("is to consume from another queue, and from one no more, over a reconnect too", () => {
    const starts = new Starts()
    const { steps, tasks } = reach()
    return Effect.gen(function*() {
      const surface = yield* tasks
      assert.strictEqual((yield* surface.addTaskQueue("extra")).name, "extra")
      yield* settled
      assert.isTrue(yield* surface.cancelTaskQueue("celery"))
      yield* settled
      const { faults } = yield* MemoryBroker
      const broker = yield* MemoryBroker
      faults.dropConnections("the plug was pulled", ({ name }) => name === "celery@test")
      yield* settled
      yield* after("6 seconds")
      assert.deepStrictEqual(
        ["celery", "extra"].map((name) => broker.queue(name)?.consumers.length),
        [0, 1]
      )
      yield* publish(taskMessage({ task: "free", id: "a" }), "extra")
      yield* settled
      assert.deepStrictEqual(starts.all, ["a@6000"])
    }).pipe(
      Effect.provide(running(define({ tasks: [free.toLayer(starts.handler)], steps }))),
      Effect.provide(quiet)
    )
  })
})
