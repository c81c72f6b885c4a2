/**
 * What a run comes to, through a whole worker: a pool that answers what the
 * test says, in the place of the worker's own.
 */
import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import * as Exceptions from "@celeriac/tasks/result/ExceptionRecord"
import * as Task from "@celeriac/tasks/Task"
import * as PoolStep from "@celeriac/worker/boot/Pool"
import type * as Seam from "@celeriac/worker/pool/Pool"
import type { Outcome } from "@celeriac/worker/trace/Outcome"
import { Worker } from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import {
  counts,
  define,
  digGraveyard,
  drain,
  idOf,
  Lines,
  lookup,
  publish,
  quiet,
  running,
  settled,
  taskMessage,
  withGraveyard
} from "../support.ts"

const task = Task.make("t")

/** A pool whose jobs end at once: the first with the first outcome, and so on; the last one holds for all that follow. */
const answering = (...outcomes: ReadonlyArray<Outcome>) => {
  let runs = 0
  const slots: Seam.Pool = {
    implementation: "answers",
    concurrency: () => 1,
    running: () => 0,
    waiting: () => 0,
    submit: (job) => {
      if (job.accept() !== undefined && job.started()) job.ended(outcomes[runs++] ?? outcomes.at(-1)!)
    },
    withdraw: () => [],
    pause: () => {},
    resize: () => {},
    idle: Effect.void,
    interrupt: () => false,
    terminate: () => Effect.void,
    info: () => ({})
  }
  const step = Bootstep.implement(PoolStep.Pool)("Pool", {
    start: PoolStep.of(slots)
  })
  return { step, runs: () => runs }
}

const exception = Exceptions.make("ValueError", ["bad"])
const success: Outcome = { _tag: "Success", result: null, isSealed: false }
const crashed: Outcome = { _tag: "Lost", why: "Crashed", message: "gone with its thread" }

interface Row {
  readonly comesTo: string
  readonly outcomes: ReadonlyArray<Outcome>
  readonly acksLate: boolean
  readonly runs: number
  /** The status that a client reads at the end. */
  readonly reads: string | undefined
  readonly isRejected: boolean
  readonly says: string
}

const both = (row: Omit<Row, "acksLate">): ReadonlyArray<Row> => [
  { ...row, acksLate: false },
  { ...row, acksLate: true }
]

const rows: ReadonlyArray<Row> = [
  ...both({
    comesTo: "a retry",
    outcomes: [{ _tag: "Retry", exception, traceback: undefined }],
    runs: 1,
    reads: "RETRY ValueError",
    isRejected: false,
    says: "Task t[a] retry: ValueError('bad')"
  }),
  ...both({
    comesTo: "nothing that it tells",
    outcomes: [{ _tag: "Ignored", reason: "its own business" }],
    runs: 1,
    reads: undefined,
    isRejected: false,
    says: "Task t[a] ignored"
  }),
  {
    comesTo: "refusing its message",
    outcomes: [{ _tag: "Rejected", requeue: false, reason: "not mine" }],
    acksLate: true,
    runs: 1,
    reads: "FAILURE Reject",
    isRejected: true,
    says: "Task t[a] rejected its message: not mine"
  },
  {
    comesTo: "sending its message back",
    outcomes: [{ _tag: "Rejected", requeue: true, reason: undefined }, success],
    acksLate: true,
    runs: 2,
    reads: "SUCCESS",
    isRejected: false,
    says: "Task t[a] rejected its message"
  },
  {
    comesTo: "the end of its thread, once",
    outcomes: [crashed, success],
    acksLate: true,
    runs: 2,
    reads: "SUCCESS",
    isRejected: false,
    says: "Task t[a] was lost with what it ran in"
  },
  {
    comesTo: "the end of its thread, and again, each time",
    outcomes: [crashed],
    acksLate: true,
    runs: 4,
    reads: "FAILURE WorkerLostError",
    isRejected: true,
    says: "Task t[a] was lost with what it ran in"
  },
  {
    comesTo: "the end of its thread, and was acknowledged early",
    outcomes: [crashed],
    acksLate: false,
    runs: 1,
    reads: "FAILURE WorkerLostError",
    isRejected: false,
    says: "Task t[a] was lost with what it ran in"
  },
  // The message is the broker's no more: there is nothing to refuse.
  {
    comesTo: "refusing a message that was acknowledged early",
    outcomes: [{ _tag: "Rejected", requeue: true, reason: undefined }],
    acksLate: false,
    runs: 1,
    reads: undefined,
    isRejected: false,
    says: "Task t[a] rejected its message"
  }
]

describe("a task", () => {
  for (const { acksLate, comesTo, isRejected, outcomes, reads, runs, says } of rows) {
    const end = `${reads ?? "nothing"} is stored, its message is ${
      isRejected ? "rejected" : "acknowledged"
    }, it ran ${runs} times`
    it.effect(`that comes to ${comesTo}: ${end} (acks late: ${acksLate})`, () => {
      const pool = answering(...outcomes)
      const lines = new Lines()
      const worker = define({ tasks: [task.toLayer(() => Effect.die("not in this pool"), { acksLate })] })
      return Effect.gen(function*() {
        yield* digGraveyard
        yield* Worker
        yield* publish(taskMessage({ task: "t", id: "a" }))
        yield* settled
        const record = yield* lookup("a")
        assert.strictEqual(record && [record.status, record.exception?.excType].filter(Boolean).join(" "), reads)
        assert.strictEqual(pool.runs(), runs)
        assert.deepStrictEqual(yield* counts(), [0, 0])
        assert.deepStrictEqual((yield* drain("graveyard")).map(idOf), isRejected ? ["a"] : [])
        assert.isTrue(lines.has(says), lines.all.map(({ text }) => text).join("\n"))
      }).pipe(Effect.provide(withGraveyard(running(worker.replace(pool.step)))), Effect.provide(lines.layer))
    })
  }

  for (
    const [says, options, setting, runs] of [
      ["as often as it says", { redeliveryLimit: 1 }, 5, 2],
      ["not once, if it says so", { redeliveryLimit: 0 }, 5, 1],
      ["as often as its worker says", {}, 2, 3]
    ] as const
  ) {
    it.effect(`that takes down its thread each time goes back to its queue ${says}`, () => {
      const pool = answering(crashed)
      const worker = define({
        tasks: [task.toLayer(() => Effect.die("not in this pool"), { acksLate: true, ...options })],
        settings: { redeliveryLimit: setting }
      })
      return Effect.gen(function*() {
        yield* digGraveyard
        yield* Worker
        yield* publish(taskMessage({ task: "t", id: "a" }))
        yield* settled
        assert.strictEqual(pool.runs(), runs)
        assert.strictEqual((yield* lookup("a"))?.exception?.excType, "WorkerLostError")
        assert.deepStrictEqual((yield* drain("graveyard")).map(idOf), ["a"])
      }).pipe(Effect.provide(withGraveyard(running(worker.replace(pool.step)))), Effect.provide(quiet))
    })
  }

  for (const acksLate of [false, true]) {
    it.effect(`is retried when it went down with its thread, if it says so, until no retry is left (acks late: ${acksLate})`, () => {
      const pool = answering(crashed)
      const options = { acksLate, retryOnWorkerLost: true, maxRetries: 2, defaultRetryDelay: "1 minute" } as const
      const worker = define({ tasks: [task.toLayer(() => Effect.die("not in this pool"), options)] })
      return Effect.gen(function*() {
        yield* digGraveyard
        yield* Worker
        yield* publish(taskMessage({ task: "t", id: "a" }))
        const stored: Array<string> = []
        for (let i = 0; i < 4; i++) {
          yield* settled
          const { exception, status } = (yield* lookup("a"))!
          stored.push(`${status} ${exception?.excType} ${pool.runs()}`)
          yield* TestClock.adjust("1 minute")
        }
        assert.deepStrictEqual(stored, [
          "RETRY WorkerLostError 1",
          "RETRY WorkerLostError 2",
          "FAILURE WorkerLostError 3",
          "FAILURE WorkerLostError 3"
        ])
        assert.deepStrictEqual(yield* counts(), [0, 0])
        assert.deepStrictEqual(yield* drain("graveyard"), [])
      }).pipe(Effect.provide(withGraveyard(running(worker.replace(pool.step)))), Effect.provide(quiet))
    })
  }
})
