import * as FiberPool from "@celeriac/worker/pool/FiberPool"
import type { Job, Pool } from "@celeriac/worker/pool/Pool"
import { Pools } from "@celeriac/worker/pool/Pools"
import * as SoloPool from "@celeriac/worker/pool/SoloPool"
import * as PoolConformance from "@celeriac/worker/testing/PoolConformance"
import type { Trace } from "@celeriac/worker/trace/Trace"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Jobs from "../../src/testing/internal/Jobs.ts"

/** The second pool has the jobs whose ids begin with a capital. */
const two = (slots: number, trace: Trace) => {
  const pools = new Pools(FiberPool.make(slots, trace), (task) => /^[A-Z]/.test(task) ? "other" : undefined)
  pools.add("other", FiberPool.make(1, trace))
  return pools
}

PoolConformance.suite("Pools", (slots, trace) => new Pools(FiberPool.make(slots, trace), () => undefined))

describe("several pools", () => {
  const test = (
    sentence: string,
    body: (of: (slots: number) => Pools, job: Jobs.Jobs["job"], trace: Trace) => Effect.Effect<unknown, unknown>
  ) =>
    it.effect(
      sentence,
      () =>
        Effect.scoped(Effect.flatMap(Jobs.make, ({ job, trace }) =>
          body((slots) =>
            two(slots, trace), (id, handler, log) =>
            Object.assign(job(id, handler, log), { task: id }), trace)))
    )

  test(
    "run each task in the one that it asks for, and do not wait for each other",
    (of, job) =>
      Effect.gen(function*() {
        const pools = of(1)
        const log: Array<string> = []
        const gate = yield* Deferred.make<void>()
        for (const id of ["A", "a", "B", "b"]) pools.submit(job(id, Deferred.await(gate), log))
        assert.deepStrictEqual(log, ["+A", "+a"])
        assert.deepStrictEqual([pools.running(), pools.waiting(), pools.concurrency()], [2, 2, 2])
        yield* Deferred.succeed(gate, undefined)
        yield* pools.idle
        assert.deepStrictEqual(log.filter((line) => line.startsWith("+")), ["+A", "+a", "+B", "+b"])
      })
  )

  test("run in the first what asks for one that is not here", (of, job) =>
    Effect.gen(function*() {
      const pools = new Pools(of(1).all[0]!, () => "nowhere")
      const stray = job("stray", Effect.void)
      pools.submit(stray)
      yield* pools.idle
      assert.strictEqual(stray.outcomes.length, 1)
    }))

  test("are withdrawn from, held back, interrupted and waited for as a whole", (of, job) =>
    Effect.gen(function*() {
      const pools = of(1)
      const gate = yield* Deferred.make<void>()
      const jobs = ["a", "A", "b", "B", "c", "C"].map((id) => job(id, Deferred.await(gate)))
      jobs.forEach(pools.submit)
      const ids = (taken: ReadonlyArray<Job>) => taken.map(({ id }) => id)
      assert.deepStrictEqual(ids(pools.withdraw(3)), ["C"])
      assert.deepStrictEqual(ids(pools.withdraw(0)), ["b", "c", "B"])
      pools.pause(true)
      const held = [job("d", Effect.void), job("D", Effect.void)]
      held.forEach(pools.submit)
      assert.isTrue(pools.interrupt("A", { _tag: "Revoked" }))
      assert.isFalse(pools.interrupt("Z", { _tag: "Revoked" }))
      assert.deepStrictEqual(held.map(({ accepted }) => accepted), [0, 0])
      yield* pools.terminate({ _tag: "Shutdown" })
      pools.pause(false)
      yield* pools.idle
      assert.deepStrictEqual(held.map(({ outcomes }) => outcomes.length), [1, 1])
      assert.deepStrictEqual(jobs.slice(0, 2).map(({ outcomes }) => outcomes.map(({ _tag }) => _tag)), [["Lost"], [
        "Revoked"
      ]])
    }))

  test("grow and shrink only the first", (of) =>
    Effect.sync(() => {
      const pools = of(2)
      pools.resize(5)
      assert.deepStrictEqual(pools.all.map((pool: Pool) => pool.concurrency()), [5, 1])
    }))

  test("that come while tasks are held back hold back too", (_, job, trace) =>
    Effect.sync(() => {
      const pools = new Pools(FiberPool.make(1, trace), () => "late")
      pools.pause(true)
      pools.add("late", FiberPool.make(1, trace))
      const held = job("held", Effect.void)
      pools.submit(held)
      assert.strictEqual(held.accepted, 0)
    }))
})

describe("SoloPool", () => {
  it.effect("runs one job at a time, in their order, whatever it is told", () =>
    Effect.scoped(Effect.gen(function*() {
      const { job, trace } = yield* Jobs.make
      const pool = SoloPool.make(8, trace)
      pool.resize(4)
      const log: Array<string> = []
      const gates = yield* Effect.all([Deferred.make<void>(), Deferred.make<void>()])
      gates.forEach((gate, i) => pool.submit(job(String(i), Deferred.await(gate), log)))
      assert.deepStrictEqual([pool.concurrency(), pool.most, log], [1, 1, ["+0"]])
      for (const gate of gates) yield* Deferred.succeed(gate, undefined)
      yield* Effect.yieldNow
      yield* pool.idle
      assert.deepStrictEqual(log, ["+0", "-0", "+1", "-1"])
      assert.deepInclude(pool.info(), { implementation: "celeriac:solo", "max-concurrency": 1 })
    })))
})
