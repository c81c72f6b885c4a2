/**
 * The part of `PoolConformance` about what crosses: every kind of outcome comes
 * back as plain data, every interruption arrives with its reason, and whatever
 * throws costs nobody else a slot.
 *
 * @since 0.1.0
 */
import * as PythonValue from "@celeriac/messaging/PythonValue"
import * as Exceptions from "@celeriac/tasks/result/ExceptionRecord"
import * as Task from "@celeriac/tasks/Task"
import { assert, describe, it } from "@effect/vitest"
import * as BigDecimal from "effect/BigDecimal"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Interruption from "../../trace/Interruption.ts"
import { type Outcome, timedOut } from "../../trace/Outcome.ts"
import * as Portable from "../../trace/Portable.ts"
import * as Jobs from "./Jobs.ts"

const circle: Array<unknown> = []
circle.push(circle)

/** Results, and what is stored of them where that is something else. */
const results: ReadonlyArray<{ readonly name: string; readonly result: unknown; readonly stored?: unknown }> = [
  { name: "nothing", result: undefined, stored: null },
  { name: "a number", result: 1.5 },
  { name: "a big integer", result: 2n ** 70n },
  { name: "a text", result: "é\ud83d\ude00" },
  { name: "bytes", result: Uint8Array.of(0, 255) },
  { name: "lists and objects", result: { list: [1, null, { deep: true }], ["__proto__x"]: 1 } },
  { name: "a Python datetime", result: { at: DateTime.makeUnsafe("2024-01-02T03:04:05.678Z") } },
  { name: "a Python Decimal", result: [BigDecimal.fromStringUnsafe("1.50")] },
  { name: "a Python UUID", result: new PythonValue.Uuid({ hex: "0".repeat(32) }) }
]

const unencodable: ReadonlyArray<{ readonly name: string; readonly result: unknown }> = [
  { name: "a function", result: () => 1 },
  { name: "a symbol deep inside", result: [{ a: Symbol("s") }] },
  { name: "a circle", result: circle }
]

const why: ReadonlyArray<readonly [Interruption.Interruption, Partial<Outcome>]> = [
  [{ _tag: "Revoked" }, { _tag: "Revoked", why: "terminated", signum: 15 }],
  [{ _tag: "Revoked", signum: 9 }, { _tag: "Revoked", why: "terminated", signum: 9 }],
  [{ _tag: "SoftLimit", seconds: 3 }, { _tag: "Failure", exception: Exceptions.softTimeLimitExceeded() }],
  [{ _tag: "HardLimit", seconds: 4 }, { _tag: "Failure", exception: Exceptions.timeLimitExceeded(4) }],
  [{ _tag: "Shutdown" }, { _tag: "Lost", why: "Shutdown" }],
  [{ _tag: "ConnectionLost" }, { _tag: "Lost", why: "ConnectionLost" }]
]

export const suite = (name: string, make: Jobs.Make): void => {
  const outcomeOf = (run: (jobs: Jobs.Jobs) => Jobs.Recorded) =>
    Effect.gen(function*() {
      const jobs = yield* Jobs.make
      const pool = make(1, jobs.trace)
      const job = run(jobs)
      pool.submit(job)
      yield* pool.idle
      assert.strictEqual(job.outcomes.length, 1)
      return { outcome: Portable.open(job.outcomes[0]!, jobs.coding), begun: job.begun }
    })

  describe(`${name} takes work and answers outcomes that travel`, () => {
    for (const { name, result, stored } of results) {
      it.effect(`a result: ${name}`, () =>
        Effect.gen(function*() {
          const { outcome } = yield* outcomeOf(({ job }) => job("a", Effect.succeed(result)))
          assert.deepStrictEqual(outcome._tag === "Success" && outcome.result, stored === undefined ? result : stored)
        }).pipe(Effect.scoped))
    }

    for (const { name, result } of unencodable) {
      it.effect(`a result without a form is the failure EncodeError: ${name}`, () =>
        Effect.gen(function*() {
          const { outcome } = yield* outcomeOf(({ job }) => job("a", Effect.succeed(result)))
          assert.strictEqual(outcome._tag === "Failure" && outcome.exception.excType, "EncodeError")
        }).pipe(Effect.scoped))
    }

    it.effect("a failure, with whatever it was thrown with", () =>
      Effect.gen(function*() {
        const error = Object.assign(new Error("no"), { helper: () => 1, at: new Date(0) })
        const { outcome } = yield* outcomeOf(({ job }) => job("a", Effect.die(error)))
        assert.deepStrictEqual(
          outcome._tag === "Failure" && [outcome.exception.excType, outcome.exception.args, outcome.isDeclared],
          ["Error", ["no"], false]
        )
      }).pipe(Effect.scoped))

    it.effect("what never ran, and never began: unregistered, invalid, refused", () =>
      Effect.gen(function*() {
        const good = Jobs.messageOf({ task: "a", id: "a" })
        const next = { task: "b", args: [], kwargs: {}, options: {} }
        const cases = [
          [Jobs.messageOf({ task: "nobody's", id: "a" }), "Unregistered"],
          [{ ...good, body: new TextEncoder().encode("[1") }, "Invalid"],
          [{ ...good, properties: { ...good.properties, contentType: "application/x-unknown" } }, "Invalid"],
          [Jobs.messageOf({ task: "a", id: "a", embed: { callbacks: [next] } }), "Refused"]
        ] as const
        for (const [message, tag] of cases) {
          const { begun, outcome } = yield* Effect.scoped(outcomeOf(({ job, of }) => {
            job("a", Effect.void)
            return of("a", message)
          }))
          assert.deepStrictEqual([outcome._tag, begun], [tag, 0])
        }
      }))

    it.effect("arguments that the task does not take", () =>
      Effect.gen(function*() {
        const { begun, outcome } = yield* outcomeOf(({ job, of }) => {
          job("a", Effect.void)
          return of("a", Jobs.messageOf({ task: "a", id: "a", args: [1] }))
        })
        assert.deepStrictEqual([outcome._tag === "Failure" && outcome.exception.excType, begun], ["TypeError", 1])
      }).pipe(Effect.scoped))
  })

  describe(`${name} interrupts with a reason`, () => {
    for (const [reason, expected] of why) {
      it.effect(`${reason._tag} arrives where the task runs, and decides what came of it`, () =>
        Effect.gen(function*() {
          const jobs = yield* Jobs.make
          const pool = make(1, jobs.trace)
          let seen: Interruption.Interruption | undefined
          const job = jobs.job(
            "a",
            Effect.onExit(Effect.never, (exit) =>
              Effect.sync(() => {
                if (Exit.isFailure(exit)) seen = Interruption.fromCause(exit.cause)
              }))
          )
          pool.submit(job)
          pool.interrupt("a", structuredClone(reason))
          yield* pool.idle
          assert.deepStrictEqual(seen, reason)
          assert.deepInclude(job.outcomes[0], expected)
        }).pipe(Effect.scoped))
    }
  })

  describe(`${name} interrupts by a soft limit`, () => {
    /** With the limits that whoever gave the work sees to. */
    const limited = (job: Jobs.Recorded): Jobs.Recorded => {
      const work = job.accept()
      job.accept = () => work === undefined ? undefined : { ...work, timeLimit: { hard: undefined, soft: 1 } }
      return job
    }

    it.effect("no more of a run than catches it", () =>
      Effect.gen(function*() {
        const jobs = yield* Jobs.make
        const pool = make(1, jobs.trace)
        const job = limited(jobs.job(
          "a",
          Effect.catchTag(Task.failOnSoftTimeLimit(Effect.never), "SoftTimeLimitExceeded", ({ seconds }) =>
            Effect.succeed(seconds))
        ))
        pool.submit(job)
        assert.isTrue(pool.interrupt(job, { _tag: "SoftLimit", seconds: 1 }))
        yield* pool.idle
        assert.deepInclude(job.outcomes[0], { _tag: "Success", result: 1 })
      }).pipe(Effect.scoped))

    it.effect("the whole of one that does not, and of one whose part that did is over", () =>
      Effect.gen(function*() {
        const jobs = yield* Jobs.make
        const pool = make(2, jobs.trace)
        const over = Effect.andThen(Effect.exit(Task.failOnSoftTimeLimit(Effect.void)), Effect.never)
        const all = [limited(jobs.job("a", Effect.never)), limited(jobs.job("b", over))]
        for (const job of all) {
          pool.submit(job)
          pool.interrupt(job, { _tag: "SoftLimit", seconds: 1 })
        }
        yield* pool.idle
        assert.deepStrictEqual(
          all.map(({ outcomes: [outcome] }) => outcome?._tag === "Failure" && outcome.exception),
          [Exceptions.softTimeLimitExceeded(), Exceptions.softTimeLimitExceeded()]
        )
      }).pipe(Effect.scoped))

    it.effect("one job alone, of several that have its id", () =>
      Effect.gen(function*() {
        const jobs = yield* Jobs.make
        const pool = make(2, jobs.trace)
        const one = jobs.job("a", Effect.never)
        const other = jobs.of("a", Jobs.messageOf({ task: "a", id: "a" }))
        pool.submit(one)
        pool.submit(other)
        assert.isTrue(pool.interrupt(other, { _tag: "HardLimit", seconds: 2 }))
        assert.deepStrictEqual([one.outcomes.length, other.outcomes], [0, [timedOut(2)]])
        assert.isFalse(pool.interrupt(other, { _tag: "HardLimit", seconds: 2 }))
        yield* pool.terminate({ _tag: "Shutdown" })
      }).pipe(Effect.scoped))
  })

  describe(`${name} goes on`, () => {
    const broken: ReadonlyArray<{ readonly name: string; readonly breakIt: (job: Jobs.Recorded) => void }> = [
      { name: "when a job throws as it is accepted", breakIt: (job) => job.accept = fail },
      { name: "when a job throws as it starts", breakIt: (job) => job.started = fail },
      { name: "when a job throws as it is told of its end", breakIt: (job) => job.ended = fail }
    ]
    for (const { breakIt, name } of broken) {
      it.effect(name, () =>
        Effect.gen(function*() {
          const jobs = yield* Jobs.make
          const pool = make(1, jobs.trace)
          const bad = jobs.job("bad", Effect.void)
          breakIt(bad)
          const good = jobs.job("good", Effect.void)
          pool.submit(bad)
          pool.submit(good)
          yield* pool.idle
          assert.deepStrictEqual([good.outcomes.length, pool.running(), pool.waiting()], [1, 0, 0])
        }).pipe(Effect.scoped))
    }

    it.effect("when a handler throws, returns garbage or never answers", () =>
      Effect.gen(function*() {
        const jobs = yield* Jobs.make
        const pool = make(2, jobs.trace)
        const throwing = jobs.job("throwing", fail)
        // As code without types might.
        const garbage = jobs.job("garbage", (() => Promise.resolve(1)) as never)
        const silent = jobs.job("silent", Effect.never)
        const good = jobs.job("good", Effect.void)
        for (const job of [silent, throwing, garbage, good]) pool.submit(job)
        assert.deepStrictEqual([throwing, garbage, good].map((job) => job.outcomes[0]?._tag), [
          "Failure",
          "Failure",
          "Success"
        ])
        assert.deepStrictEqual([silent.outcomes.length, pool.running()], [0, 1])
        yield* pool.terminate({ _tag: "Shutdown" })
        assert.strictEqual(silent.outcomes[0]?._tag, "Lost")
      }).pipe(Effect.scoped))

    it.effect("when there is more to run as a job ends", () =>
      Effect.gen(function*() {
        const jobs = yield* Jobs.make
        const pool = make(1, jobs.trace)
        const done = yield* Deferred.make<void>()
        const second = jobs.job("second", Deferred.succeed(done, undefined))
        const first = jobs.job("first", Effect.void)
        first.ended = () => pool.submit(second)
        pool.submit(first)
        yield* Deferred.await(done)
        yield* pool.idle
      }).pipe(Effect.scoped))
  })
}

const fail = (): never => {
  throw new Error("a throw")
}
