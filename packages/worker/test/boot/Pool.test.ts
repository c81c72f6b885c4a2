import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import * as Canvas from "@celeriac/tasks/Canvas"
import * as Client from "@celeriac/tasks/Client"
import * as RemoteControl from "@celeriac/tasks/control/RemoteControl"
import * as Task from "@celeriac/tasks/Task"
import { TaskError } from "@celeriac/tasks/TaskError"
import { Pool } from "@celeriac/worker/boot/Pool"
import * as WorkerSettings from "@celeriac/worker/state/WorkerSettings"
import * as TestWorker from "@celeriac/worker/testing/TestWorker"
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { Lines, settled } from "../support.ts"

const waits = Task.make("waits", { success: Schema.Int })
const alone = Task.make("alone", { success: Schema.Int, options: { pool: "solo" } })
const computes = Task.make("computes", { success: Schema.Int, options: { pool: "processes" } })

/** A task that waits at a gate, and how many of it run at once at most. */
const counted = <Name extends string>(
  task: Task.Task<Name, {}, typeof Schema.Int, typeof Schema.Never>,
  gate: Deferred.Deferred<void>
) => {
  const seen = { now: 0, most: 0 }
  const live = task.toLayer(() =>
    Effect.suspend(() => {
      seen.most = Math.max(seen.most, ++seen.now)
      return Effect.as(Effect.andThen(Deferred.await(gate), Effect.sync(() => seen.now--)), 1)
    })
  )
  return { live, seen }
}

const one = { limit: 1 } as const

/** What the only node replied: an error as its text. */
const said = <A>(answers: RemoteControl.Answers<A>): A | string => {
  const [answer] = Object.values(answers)
  if (answer === undefined) throw new Error("nobody replied")
  if (Result.isSuccess(answer)) return answer.success
  return answer.failure._tag === "CommandError" ? answer.failure.error : answer.failure.message
}

describe("a worker with several pools", () => {
  it.effect("runs each task where it asks to run, at once with those of other pools", () =>
    Effect.gen(function*() {
      const gate = Deferred.makeUnsafe<void>()
      const many = counted(waits, gate)
      const few = counted(alone, gate)
      yield* Effect.gen(function*() {
        const client = yield* Client.Client
        const sent = [
          ...yield* Effect.replicateEffect(client.applyAsync(alone, {}), 3),
          ...yield* Effect.replicateEffect(client.applyAsync(waits, {}), 3)
        ]
        yield* settled
        assert.deepStrictEqual([many.seen.now, few.seen.now], [3, 1])
        yield* Deferred.succeed(gate, undefined)
        yield* Effect.forEach(sent, (result) => result.get())
        assert.deepStrictEqual([many.seen.most, few.seen.most], [3, 1])
      }).pipe(Effect.provide(TestWorker.layer({ tasks: [many.live, few.live], concurrency: 3 })))
    }))

  it.effect("runs the items of a map where their task asks to run", () =>
    Effect.gen(function*() {
      const gate = Deferred.makeUnsafe<void>()
      const item = Task.make("item", {
        parameters: { value: Schema.Int },
        success: Schema.Int,
        options: { pool: "solo" }
      })
      const seen = { now: 0 }
      const live = item.toLayer(({ value }) =>
        Effect.suspend(() => (seen.now++, Effect.as(Deferred.await(gate), value + 1)))
      )
      yield* Effect.gen(function*() {
        const client = yield* Client.Client
        const sent = yield* Effect.replicateEffect(client.delay(Canvas.map(item, [1, 2])), 3)
        yield* settled
        assert.strictEqual(seen.now, 1, "of three slots the fibers have, and the one of solo")
        yield* Deferred.succeed(gate, undefined)
        assert.deepStrictEqual(yield* Effect.forEach(sent, (result) => result.get()), [[2, 3], [2, 3], [2, 3]])
      }).pipe(Effect.provide(TestWorker.layer({ tasks: [live], concurrency: 3 })))
    }))

  it.effect("tells remote control of each, and lets it say which is to grow", () =>
    Effect.gen(function*() {
      const { control, inspect } = yield* RemoteControl.RemoteControl
      const sizes = Effect.map(inspect.stats({}, one), (answers) => {
        // As this test's workers tell it.
        const { pool } = said(answers) as unknown as {
          readonly pool: Info & { readonly others: { readonly fibers: Info } }
        }
        return [pool, pool.others.fibers].map((info) => info["max-concurrency"])
      })
      assert.deepStrictEqual(yield* sizes, [1, 7])
      assert.strictEqual(said(yield* control.poolGrow({ n: 2, pool: "fibers" }, one)), "pool will grow")
      assert.deepStrictEqual(yield* sizes, [1, 9])
      assert.deepStrictEqual(
        [
          said(yield* control.poolGrow({}, one)),
          said(yield* control.poolGrow({ pool: "threads" }, one)),
          said(yield* control.poolRestart({}, one)),
          said(yield* control.poolRestart({ modules: ["os"] }, one))
        ],
        [
          "ValueError(\"pool 'solo': it has 1 slot and never more\")",
          "ValueError(\"pool 'threads': this worker has no such pool: it has solo, fibers\")",
          "ValueError(\"pool 'solo': it has no threads or processes that could be restarted\")",
          "ValueError(\"no modules can be named: the children load the worker's anew\")"
        ]
      )
    }).pipe(
      Effect.provide(RemoteControl.layer),
      Effect.provide(TestWorker.layer({
        tasks: [Task.make("fiber", { options: { pool: "fibers" } }).toLayer(() => Effect.void)],
        settings: { pool: "solo", poolSizes: { fibers: 7 }, poolRestarts: true }
      }))
    ))

  it.effect("prefetches for all of their slots", () =>
    Effect.gen(function*() {
      const seen: { pool?: Pool["Service"] } = {}
      const looking = Bootstep.make("Looking", {
        requires: [Pool],
        start: Effect.map(Pool, (pool) => {
          seen.pool = pool
        })
      })
      const tasks = [counted(alone, Deferred.makeUnsafe()).live]
      yield* Layer.build(TestWorker.layer({ tasks, concurrency: 2, steps: { worker: [looking] } }))
      assert.strictEqual(seen.pool?.capacity(), 3)
      yield* seen.pool!.grow(2)
      assert.strictEqual(seen.pool?.capacity(), 5)
    }).pipe(Effect.scoped))
})

interface Info {
  readonly "max-concurrency": number
}

describe("a pool that cannot be", () => {
  const refusal = (worker: Worker.Definition<unknown, any>) =>
    Effect.map(
      Effect.flip(Effect.scoped(Layer.build(TestWorker.of(worker as Worker.Definition<unknown, never>)))),
      (error) => (error as { readonly message: string }).message
    )

  it.effect("because nobody says what its children are to load is told at start, with the task that asks for it", () =>
    Effect.gen(function*() {
      const gate = Deferred.makeUnsafe<void>()
      assert.include(
        yield* refusal(Worker.make({ tasks: [counted(computes, gate).live] })),
        "task 'computes' asks for the pool 'processes', whose children load the worker's module, and nobody says which"
      )
      assert.include(
        yield* refusal(Worker.make({ tasks: [counted(waits, gate).live], settings: { pool: "threads" } })),
        "the worker asks for the pool 'threads'"
      )
    }))

  it.effect("because it would have to grow is told at start", () =>
    Effect.gen(function*() {
      assert.include(
        yield* refusal(Worker.make({ tasks: [], settings: { pool: "solo", autoscale: { max: 4, min: 1 } } })),
        "the pool 'solo' has 1 slot and never more: leave autoscale out"
      )
    }))

  it.effect("because it has no children keeps no limit of children, and the log says so", () =>
    Effect.gen(function*() {
      const lines = new Lines()
      const tasks = [counted(waits, Deferred.makeUnsafe()).live]
      const settings = { maxTasksPerChild: 10, maxMemoryPerChild: 200_000 }
      yield* Effect.scoped(
        Layer.build(Layer.provide(TestWorker.layer({ tasks, settings }), lines.layer))
      )
      assert.isTrue(lines.has(
        "maxTasksPerChild and maxMemoryPerChild are for threads and processes. This worker runs its tasks in fibers"
      ))
    }))

  for (
    const [given, message] of [
      [
        "gevent",
        "pool is \"gevent\", and must be fibers, threads, processes or solo: fibers do what greenlets are for"
      ],
      ["proceses", "pool is \"proceses\", and must be fibers, threads, processes or solo: did you mean processes?"],
      ["custom", ": a pool of one's own is a step that provides Pool"],
      ["xyzzy", "pool is \"xyzzy\", and must be fibers, threads, processes or solo"]
    ] as const
  ) {
    it(`by its name is told: ${given}`, () => {
      // A name that a configuration has.
      const pool = given as "fibers"
      assert.throws(() => WorkerSettings.change(WorkerSettings.defaults(), { pool }), message)
    })
  }

  it("by its name is told where a task is defined", () => {
    assert.throws(
      // @ts-expect-error
      () => Task.make("t", { options: { pool: "thread" } }),
      TaskError,
      "thread is no pool, which are fibers, threads, processes or solo: did you mean threads?"
    )
  })
})
