/** Time limits as Celery has them: of a task, of its message, and of what was said by remote control. */
import * as Client from "@celeriac/tasks/Client"
import * as RemoteControl from "@celeriac/tasks/control/RemoteControl"
import * as Task from "@celeriac/tasks/Task"
import type { TaskOptions } from "@celeriac/tasks/TaskOptions"
import type { TaskRequest } from "@celeriac/tasks/TaskRequest"
import * as Interruption from "@celeriac/worker/trace/Interruption"
import { Worker } from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import {
  counts,
  define,
  digGraveyard,
  Lines,
  lookup,
  publish,
  running,
  settled,
  taskMessage,
  withGraveyard
} from "./support.ts"

const slow = Task.make("slow", { success: Schema.Unknown })

type Handling = (parameters: {}, request: TaskRequest) => Effect.Effect<unknown>

describe("a worker", () => {
  it.effect("says at its start which tasks have limits that they cannot be held to", () => {
    const lines = new Lines()
    const one = (name: string, options: TaskOptions) => Task.make(name, { options }).toLayer(() => Effect.void)
    const tasks = [
      one("hard", { timeLimit: "1 minute", interruptible: false }),
      one("soft", { softTimeLimit: "1 minute", interruptible: false }),
      one("held", { timeLimit: "1 minute" }),
      one("endless", { timeLimit: "Infinity", interruptible: false }),
      one("free", { interruptible: false })
    ]
    return Effect.gen(function*() {
      yield* Worker
      const warnings = lines.of("Warn").filter((line) => line.includes("cannot be interrupted"))
      assert.deepStrictEqual(warnings, [
        "These tasks have time limits, and cannot be interrupted: what they do goes on after their limits: hard, soft"
      ])
    }).pipe(Effect.provide(running(define({ tasks }))), Effect.provide(lines.layer))
  })
})

/** Status, exception and what it was given. */
const outcome = Effect.map(lookup("a"), (record) => [record?.status, record?.exception?.excType ?? record?.result])

/** A task `a`, in a worker of its own. */
const life = <A, E, R>(
  { handler, options = {}, timelimit }: {
    readonly handler: Handling
    readonly options?: TaskOptions
    /** In the header of its message. */
    readonly timelimit?: ReadonlyArray<number | null>
  },
  body: (lines: Lines) => Effect.Effect<A, E, R>
) => {
  const lines = new Lines()
  const start = Effect.gen(function*() {
    yield* digGraveyard
    const message = taskMessage({ task: "slow", id: "a" })
    yield* publish(timelimit === undefined ? message : { ...message, headers: { ...message.headers, timelimit } })
    yield* settled
  })
  return Effect.andThen(start, Effect.suspend(() => body(lines))).pipe(
    Effect.provide(withGraveyard(running(define({ tasks: [slow.toLayer(handler, options)] })))),
    Effect.provide(lines.layer)
  )
}

const pass = (time: number) => Effect.andThen(TestClock.adjust(time * 1_000), settled)

describe("the hard time limit of a task", () => {
  it.effect("ends its run, which is FAILURE with Celery's exception", () => {
    let seen: Interruption.Interruption | undefined
    const handler = () =>
      Effect.onExit(
        Effect.never,
        (exit) => Effect.sync(() => void (seen = Exit.isFailure(exit) ? Interruption.fromCause(exit.cause) : undefined))
      )
    return life({ handler, options: { timeLimit: "2 seconds" } }, (lines) =>
      Effect.gen(function*() {
        yield* pass(1.9)
        assert.deepStrictEqual(yield* outcome, [undefined, undefined])
        yield* pass(0.1)
        const record = yield* lookup("a")
        assert.deepStrictEqual([record?.status, record?.traceback], ["FAILURE", undefined])
        assert.deepStrictEqual(record?.exception, {
          excType: "TimeLimitExceeded",
          excModule: "billiard.exceptions",
          args: [2]
        })
        assert.deepStrictEqual(seen, { _tag: "HardLimit", seconds: 2 })
        assert.deepStrictEqual(lines.of("Error"), [
          "Hard time limit (2s) exceeded for slow[a]",
          "Task handler raised error: TimeLimitExceeded(2)"
        ])
      }))
  })

  it.effect("is that of its message where there is one, in both directions", () =>
    Effect.gen(function*() {
      const handler = () => Effect.delay(Effect.succeed("done"), "3 seconds")
      const after3 = () => Effect.andThen(pass(3), outcome)
      const options = { timeLimit: "2 seconds" } as const
      assert.deepStrictEqual(yield* life({ handler, options, timelimit: [5, null] }, after3), ["SUCCESS", "done"])
      assert.deepStrictEqual(yield* life({ handler, timelimit: [1, null] }, after3), ["FAILURE", "TimeLimitExceeded"])
      // Null and 0 say nothing.
      for (const none of [null, 0]) {
        const it = yield* life({ handler, options, timelimit: [none, none] }, after3)
        assert.deepStrictEqual(it, ["FAILURE", "TimeLimitExceeded"])
      }
    }))

  it.effect("gives up after ten seconds a run that nothing interrupts, and says so", () =>
    life({ handler: () => Effect.uninterruptible(Effect.delay(Effect.succeed(1), "1 hour")), timelimit: [1, null] }, (
      lines
    ) =>
      Effect.gen(function*() {
        yield* pass(10.9)
        assert.deepStrictEqual(yield* outcome, [undefined, undefined])
        yield* pass(0.1)
        assert.deepStrictEqual(yield* outcome, ["FAILURE", "TimeLimitExceeded"])
        assert.isTrue(lines.has("was interrupted 10 seconds ago by its time limit and does not end"))
        assert.strictEqual((yield* Worker).state.requests.size, 0)
        yield* pass(3_600)
        assert.deepStrictEqual(yield* outcome, ["FAILURE", "TimeLimitExceeded"])
      })))

  it.effect("says afterwards that it could not end a run that computed", () => {
    const handler = () =>
      Effect.clockWith((clock) =>
        Effect.sync(() => {
          // As if it had taken so long, without a turn for anybody else.
          const { currentTimeMillisUnsafe } = clock
          Object.assign(clock, { currentTimeMillisUnsafe: () => 5_000 })
          queueMicrotask(() => Object.assign(clock, { currentTimeMillisUnsafe }))
        })
      )
    return life({ handler, timelimit: [1, null] }, (lines) =>
      Effect.gen(function*() {
        assert.strictEqual((yield* lookup("a"))?.status, "SUCCESS")
        assert.isTrue(lines.has("Task slow[a] ran for 5s, which its time limit (1s) could not prevent"))
      }))
  })

  it.effect("leaves no more in the timer than a run without one", () => {
    const scheduled = Effect.map(Effect.flatMap(Worker, ({ info }) => info), (info) => Object(info["timer"]).scheduled)
    const run = (timeLimit: { readonly hard: number; readonly soft: number } | undefined) =>
      Effect.gen(function*() {
        yield* publish(taskMessage({ task: "slow", id: "a", timeLimit }))
        yield* settled
        const during: number = yield* scheduled
        yield* pass(1)
        assert.strictEqual((yield* Worker).state.requests.size, 0)
        return [during, (yield* scheduled) as number] as const
      }).pipe(
        Effect.provide(running(define({ tasks: [slow.toLayer(() => Effect.delay(Effect.void, 10))] }))),
        Effect.provide(new Lines().layer)
      )
    return Effect.gen(function*() {
      const [during, after] = yield* run(undefined)
      assert.deepStrictEqual(yield* run({ hard: 100, soft: 50 }), [during + 1, after])
    })
  })

  it.effect("is what remote control says, from the next run on", () => {
    const worker = define({
      tasks: [slow.toLayer(() => Effect.delay(Effect.succeed("done"), "3 seconds"))],
      settings: { timeLimit: "2 seconds" }
    })
    const run = Effect.gen(function*() {
      const remote = yield* RemoteControl.RemoteControl
      const set = (limits: { readonly hard?: number; readonly soft?: number }) =>
        remote.control.timeLimit({ taskName: "slow", ...limits }, { limit: 1 })
      const comesTo = Effect.gen(function*() {
        const client = yield* Client.Client
        const sent = yield* client.delay(slow)
        yield* settled
        yield* pass(5)
        return (yield* lookup(sent.id))?.status
      })
      assert.strictEqual(yield* comesTo, "FAILURE")
      assert.deepStrictEqual(yield* set({ hard: 4, soft: 3.5 }), {
        "celery@test": Result.succeed("time limits set successfully")
      })
      assert.strictEqual(yield* comesTo, "SUCCESS")
      // Nothing said is what the settings say.
      yield* set({})
      assert.strictEqual(yield* comesTo, "FAILURE")
    })
    return run.pipe(
      Effect.provide(Layer.provideMerge(RemoteControl.layer, running(worker))),
      Effect.provide(new Lines().layer)
    )
  })
})

describe("a late task that its hard limit ended", () => {
  const handler = () => Effect.never
  const late = { acksLate: true, timeLimit: "1 second" } as const

  it.effect("is acknowledged, unless it says otherwise", () =>
    life({ handler, options: { ...late, acksOnFailure: false } }, () =>
      Effect.gen(function*() {
        yield* pass(1)
        assert.deepStrictEqual(yield* outcome, ["FAILURE", "TimeLimitExceeded"])
        assert.deepStrictEqual([yield* counts(), yield* counts("graveyard")], [[0, 0], [0, 0]])
      })))

  const returning = (most: number, options: TaskOptions) => {
    let runs = 0
    const counting = () => Effect.andThen(Effect.sync(() => runs++), Effect.never)
    return life(
      { handler: counting, options: { ...late, acksOnTimeout: false, ...options } },
      () =>
        Effect.gen(function*() {
          for (let run = 1; run <= most + 1; run++) {
            assert.deepStrictEqual([runs, yield* outcome], [run, [undefined, undefined]])
            yield* pass(1)
          }
          assert.deepStrictEqual(yield* outcome, ["FAILURE", "TimeLimitExceeded"])
          assert.deepStrictEqual([yield* counts(), yield* counts("graveyard")], [[0, 0], [1, 0]])
          yield* pass(10)
          assert.strictEqual(runs, most + 1)
        })
    )
  }

  it.effect("otherwise goes back to its queue three times, and then to the dead", () => returning(3, {}))

  it.effect("otherwise goes back to its queue as often as it says", () => returning(1, { redeliveryLimit: 1 }))
})

describe("the soft time limit of a task", () => {
  const limited = { softTimeLimit: "1 second", timeLimit: "3 seconds" } as const

  it.effect("fails a run that does not catch it, as Celery does", () =>
    life({ handler: () => Effect.never, options: limited }, (lines) =>
      Effect.gen(function*() {
        yield* pass(1)
        const record = yield* lookup("a")
        assert.deepStrictEqual(record?.exception, {
          excType: "SoftTimeLimitExceeded",
          excModule: "billiard.exceptions",
          args: []
        })
        assert.include(record?.traceback, "billiard.exceptions.SoftTimeLimitExceeded: SoftTimeLimitExceeded()")
        assert.deepStrictEqual(lines.of("Warn"), ["Soft time limit (1s) exceeded for slow[a]"])
        assert.match(lines.of("Error").join(), /^Task slow\[a\] raised unexpected: SoftTimeLimitExceeded\(\)\n/)
      })))

  it.effect("is a failure of the effect that asks for it, after its finalizers: what is caught may succeed", () => {
    const log: Array<unknown> = []
    const handler = () =>
      Task.failOnSoftTimeLimit(
        Effect.onExit(Effect.never, (exit) =>
          Effect.sync(() => void log.push(Exit.isFailure(exit) && Interruption.fromCause(exit.cause)?._tag)))
      ).pipe(
        Effect.catchTag("SoftTimeLimitExceeded", ({ seconds }) =>
          Effect.as(Effect.sleep(1_000), `after ${seconds}`))
      )
    return life({ handler, options: limited }, () =>
      Effect.gen(function*() {
        yield* pass(1)
        assert.deepStrictEqual([log, yield* outcome], [["SoftLimit"], [undefined, undefined]])
        yield* pass(1)
        assert.deepStrictEqual(yield* outcome, ["SUCCESS", "after 1"])
      }))
  })

  it.effect("is caught by the innermost, once; what follows may take its time up to the hard limit", () => {
    const caught: Array<string> = []
    const catching = <A>(name: string, work: Effect.Effect<A>) =>
      Effect.catchTag(
        Task.failOnSoftTimeLimit(work),
        "SoftTimeLimitExceeded",
        () => Effect.sync(() => void caught.push(name))
      )
    const handler = () =>
      catching("outer", Effect.andThen(catching("inner", Effect.never), catching("next", Effect.never)))
    return life({ handler, options: limited }, () =>
      Effect.gen(function*() {
        yield* pass(1)
        assert.deepStrictEqual([caught, yield* outcome], [["inner"], [undefined, undefined]])
        yield* pass(2)
        assert.deepStrictEqual([caught, yield* outcome], [["inner"], ["FAILURE", "TimeLimitExceeded"]])
      }))
  })

  it.effect("that is caught and failed with is the failure of the run", () =>
    life(
      { handler: () => Task.failOnSoftTimeLimit(Effect.never) as Effect.Effect<never>, options: limited },
      () =>
        Effect.gen(function*() {
          yield* pass(1)
          assert.deepStrictEqual(yield* outcome, ["FAILURE", "SoftTimeLimitExceeded"])
        })
    ))

  it.effect("changes nothing of an effect that ends before it, or has none", () =>
    Effect.gen(function*() {
      const handler = () => Task.failOnSoftTimeLimit(Effect.delay(Effect.succeed(1), 500)) as Effect.Effect<number>
      for (const options of [limited, {}]) {
        assert.deepStrictEqual(yield* life({ handler, options }, () => Effect.andThen(pass(1), outcome)), [
          "SUCCESS",
          1
        ])
      }
    }))

  it.effect("without a hard one does not end what goes on, which is said", () =>
    life({
      handler: () => Effect.uninterruptible(Effect.delay(Effect.succeed(1), "30 seconds")),
      timelimit: [null, 1]
    }, (lines) =>
      Effect.gen(function*() {
        yield* pass(11)
        assert.isTrue(lines.has("Task slow[a] still runs 10 seconds after its soft time limit"))
        yield* pass(20)
        assert.strictEqual((yield* Worker).state.requests.size, 0)
      })))
})
