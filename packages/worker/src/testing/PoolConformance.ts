/**
 * What every pool must do. An implementation runs it in a line, and says what it
 * cannot do:
 *
 * ```ts
 * PoolConformance.programs("ThreadPool", ({ concurrency, module }) =>
 *   ThreadPool.make({ concurrency, program: { module }, hostname: "celery@test" }), { cannot: [] })
 * ```
 *
 * One that runs tasks in this process, with the `Trace` that it is given, does so
 * by any clock, and at once where nothing waits:
 *
 * ```ts
 * PoolConformance.suite("FiberPool", FiberPool.make)
 * ```
 *
 * @since 0.1.0
 */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { Job, Pool } from "../pool/Pool.ts"
import * as Jobs from "./internal/Jobs.ts"
import * as Outcomes from "./internal/PoolOutcomes.ts"
import * as Scenarios from "./internal/PoolScenarios.ts"

/** Of any pool. */
export const programs = Scenarios.suite

/** Of a pool in this process. */
export const suite = (name: string, make: Jobs.Make): void => {
  const test = (
    sentence: string,
    body: (pool: (slots: number) => Pool, jobs: Jobs.Jobs) => Effect.Effect<unknown, unknown>
  ) =>
    it.effect(
      sentence,
      () => Effect.scoped(Effect.flatMap(Jobs.make, (jobs) => body((slots) => make(slots, jobs.trace), jobs)))
    )

  Outcomes.suite(name, make)

  describe(`${name} is a pool`, () => {
    test("runs a job and tells what came of it, once", (of, { job }) =>
      Effect.gen(function*() {
        const pool = of(1)
        const good = job("good", Effect.succeed(4))
        const bad = job("bad", Effect.fail(new RangeError("no")))
        pool.submit(good)
        pool.submit(bad)
        yield* pool.idle
        assert.deepStrictEqual(good.outcomes, [{ _tag: "Success", result: 4, isSealed: false }])
        assert.deepStrictEqual(bad.outcomes.map(({ _tag }) => _tag), ["Failure"])
        assert.strictEqual(pool.running(), 0)
      }))

    test("runs no more than it has slots, in the order of submission", (of, { job }) =>
      Effect.gen(function*() {
        const pool = of(2)
        const log: Array<string> = []
        const gates = yield* Effect.all([Deferred.make<void>(), Deferred.make<void>(), Deferred.make<void>()])
        gates.forEach((gate, i) => pool.submit(job(String(i), Deferred.await(gate), log)))
        assert.deepStrictEqual([pool.running(), pool.waiting()], [2, 1])
        assert.deepStrictEqual(log, ["+0", "+1"])
        yield* Deferred.succeed(gates[1]!, undefined)
        yield* Effect.yieldNow
        assert.deepStrictEqual(log, ["+0", "+1", "-1", "+2"])
        yield* Deferred.succeed(gates[0]!, undefined)
        yield* Deferred.succeed(gates[2]!, undefined)
        yield* pool.idle
      }))

    test(
      "gives a slot back when there turned out to be nothing to run",
      (of, { job, nothing }) =>
        Effect.gen(function*() {
          const pool = of(1)
          const empty = nothing("nothing")
          const after = job("after", Effect.void)
          pool.submit(empty)
          pool.submit(after)
          yield* pool.idle
          assert.deepStrictEqual([empty.accepted, empty.outcomes.length, after.outcomes.length], [1, 0, 1])
        })
    )

    test("does not begin what may not begin, and tells nothing more of it", (of, { job }) =>
      Effect.gen(function*() {
        const pool = of(1)
        let ran = false
        const forbidden = job("forbidden", Effect.sync(() => (ran = true)))
        forbidden.started = () => false
        const after = job("after", Effect.void)
        pool.submit(forbidden)
        pool.submit(after)
        yield* pool.idle
        assert.deepStrictEqual([ran, forbidden.outcomes.length, after.outcomes.length], [false, 0, 1])
      }))

    test("withdraws what waits and never touches it again", (of, { job }) =>
      Effect.gen(function*() {
        const pool = of(1)
        const gate = yield* Deferred.make<void>()
        const running = job("running", Deferred.await(gate))
        const waiting = ["a", "b", "c"].map((id) => job(id, Effect.void))
        ;[running, ...waiting].forEach(pool.submit)
        assert.deepStrictEqual(pool.withdraw(1).map((job) => job.id), ["b", "c"])
        yield* Deferred.succeed(gate, undefined)
        yield* pool.idle
        yield* Effect.yieldNow
        assert.deepStrictEqual(waiting.map((job) => job.accepted), [1, 0, 0])
      }))

    test(
      "withdraws of what waits only what fits, and leaves the rest in its order",
      (of, { job }) =>
        Effect.gen(function*() {
          const pool = of(1)
          const log: Array<string> = []
          const gate = yield* Deferred.make<void>()
          pool.submit(job("running", Deferred.await(gate), log))
          for (const id of ["a1", "b1", "a2", "b2", "a3"]) pool.submit(job(id, Effect.void, log))
          const ofA = (job: Job) => job.id.startsWith("a")
          assert.deepStrictEqual(pool.withdraw(1, ofA).map((job) => job.id), ["a2", "a3"])
          assert.deepStrictEqual(pool.withdraw(0, (job) => job.id === "running"), [])
          assert.strictEqual(pool.waiting(), 3)
          yield* Deferred.succeed(gate, undefined)
          yield* pool.idle
          yield* Effect.yieldNow
          assert.deepStrictEqual(log.filter((line) => line.startsWith("+")), ["+running", "+a1", "+b1", "+b2"])
        })
    )

    test("holds back while paused", (of, { job }) =>
      Effect.gen(function*() {
        const pool = of(4)
        const held = job("held", Effect.void)
        pool.pause(true)
        pool.submit(held)
        assert.deepStrictEqual([held.accepted, pool.waiting()], [0, 1])
        pool.pause(false)
        yield* pool.idle
        assert.strictEqual(held.outcomes.length, 1)
      }))

    test("grows at once and shrinks as jobs end", (of, { job }) =>
      Effect.gen(function*() {
        const pool = of(1)
        const gates = yield* Effect.forEach([0, 1, 2], () => Deferred.make<void>())
        gates.forEach((gate, i) => pool.submit(job(String(i), Deferred.await(gate))))
        pool.resize(2)
        assert.deepStrictEqual([pool.running(), pool.waiting()], [2, 1])
        pool.resize(1)
        yield* Deferred.succeed(gates[0]!, undefined)
        yield* Effect.yieldNow
        assert.deepStrictEqual([pool.running(), pool.waiting()], [1, 1])
        yield* Deferred.succeed(gates[1]!, undefined)
        yield* Deferred.succeed(gates[2]!, undefined)
        yield* Effect.yieldNow
        yield* pool.idle
        assert.deepStrictEqual([pool.running(), pool.waiting()], [0, 0])
      }))

    test(
      "interrupts one job by its id, or all, and waits for their finalizers",
      (of, { job }) =>
        Effect.gen(function*() {
          const pool = of(3)
          const log: Array<string> = []
          const jobs = ["a", "b", "c"].map((id) =>
            job(id, Effect.onInterrupt(Effect.never, () => Effect.sync(() => void log.push(`~${id}`))), log)
          )
          jobs.forEach(pool.submit)
          assert.isFalse(pool.interrupt("x", { _tag: "Revoked" }))
          assert.isTrue(pool.interrupt("b", { _tag: "Revoked" }))
          yield* Effect.yieldNow
          assert.deepStrictEqual(log.slice(3), ["~b", "-b"])
          yield* pool.terminate({ _tag: "Shutdown" })
          assert.deepStrictEqual(log.slice(5).sort(), ["-a", "-c", "~a", "~c"])
          assert.deepStrictEqual(jobs.map((job) => job.outcomes.map(({ _tag }) => _tag)), [["Lost"], ["Revoked"], [
            "Lost"
          ]])
        })
    )

    test("is idle only after the last job has been told of its end", (of, { job }) =>
      Effect.gen(function*() {
        const pool = of(1)
        const gate = yield* Deferred.make<void>()
        const last = job("last", Deferred.await(gate))
        pool.submit(last)
        const waiter = yield* Effect.forkChild(Effect.as(pool.idle, last.outcomes.length))
        yield* Deferred.succeed(gate, undefined)
        yield* Fiber.join(waiter)
        assert.strictEqual(last.outcomes.length, 1)
      }))

    test("runs 100,000 jobs that end at once without deepening the stack", (of, { job }) =>
      Effect.gen(function*() {
        const pool = of(2)
        const quick = job("quick", Effect.void)
        let ended = 0
        const work = quick.accept()
        quick.accept = () => work
        quick.ended = () => void ended++
        pool.pause(true)
        for (let i = 0; i < 100_000; i++) pool.submit(quick)
        pool.pause(false)
        yield* pool.idle
        assert.strictEqual(ended, 100_000)
      }))
  })
}
