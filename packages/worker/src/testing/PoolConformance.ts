/**
 * What every pool must do. An implementation runs it in a line:
 *
 * ```ts
 * PoolConformance.suite("FiberPool", FiberPool.make)
 * ```
 *
 * @since 0.1.0
 */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type { Job, Pool } from "../pool/Pool.ts"

/** Jobs here need no services. */
const nothing: Context.Context<any> = Context.makeUnsafe(new Map())

interface Recorded extends Job {
  readonly exits: Array<Exit.Exit<unknown, unknown>>
  accepted: number
}

const job = (id: string, effect: Effect.Effect<unknown, unknown> | undefined, log: Array<string> = []): Recorded => {
  const self: Recorded = {
    id,
    context: nothing,
    exits: [],
    accepted: 0,
    accept: () => {
      self.accepted++
      log.push(`+${id}`)
      return effect
    },
    exited: (exit) => {
      self.exits.push(exit)
      log.push(`-${id}`)
    }
  }
  return self
}

export const suite = (name: string, make: (concurrency: number) => Pool): void => {
  describe(`${name} is a pool`, () => {
    it.effect("runs a job and tells how it ended, once", () =>
      Effect.gen(function*() {
        const pool = make(1)
        const good = job("good", Effect.succeed(4))
        const bad = job("bad", Effect.fail("no"))
        pool.submit(good)
        pool.submit(bad)
        yield* pool.idle
        assert.deepStrictEqual(good.exits, [Exit.succeed(4)])
        assert.deepStrictEqual(bad.exits, [Exit.fail("no")])
        assert.strictEqual(pool.running(), 0)
      }))

    it.effect("runs no more than it has slots, in the order of submission", () =>
      Effect.gen(function*() {
        const pool = make(2)
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

    it.effect("gives a slot back when there turned out to be nothing to run", () =>
      Effect.gen(function*() {
        const pool = make(1)
        const nothing = job("nothing", undefined)
        const after = job("after", Effect.void)
        pool.submit(nothing)
        pool.submit(after)
        yield* pool.idle
        assert.deepStrictEqual([nothing.accepted, nothing.exits.length, after.exits.length], [1, 0, 1])
      }))

    it.effect("withdraws what waits and never touches it again", () =>
      Effect.gen(function*() {
        const pool = make(1)
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

    it.effect("withdraws of what waits only what fits, and leaves the rest in its order", () =>
      Effect.gen(function*() {
        const pool = make(1)
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
      }))

    it.effect("holds back while paused", () =>
      Effect.gen(function*() {
        const pool = make(4)
        const held = job("held", Effect.void)
        pool.pause(true)
        pool.submit(held)
        assert.deepStrictEqual([held.accepted, pool.waiting()], [0, 1])
        pool.pause(false)
        yield* pool.idle
        assert.strictEqual(held.exits.length, 1)
      }))

    it.effect("grows at once and shrinks as jobs end", () =>
      Effect.gen(function*() {
        const pool = make(1)
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

    it.effect("interrupts one job by its id, or all, and waits for their finalizers", () =>
      Effect.gen(function*() {
        const pool = make(3)
        const log: Array<string> = []
        const jobs = ["a", "b", "c"].map((id) =>
          job(id, Effect.onInterrupt(Effect.never, () => Effect.sync(() => void log.push(`~${id}`))), log)
        )
        jobs.forEach(pool.submit)
        assert.isFalse(pool.terminateJob("x"))
        assert.isTrue(pool.terminateJob("b"))
        yield* Effect.yieldNow
        assert.deepStrictEqual(log.slice(3), ["~b", "-b"])
        yield* pool.terminate
        assert.deepStrictEqual(log.slice(5).sort(), ["-a", "-c", "~a", "~c"])
        assert.isTrue(jobs.every((job) => Exit.hasInterrupts(job.exits[0]!)))
      }))

    it.effect("is idle only after the last job has been told of its end", () =>
      Effect.gen(function*() {
        const pool = make(1)
        const gate = yield* Deferred.make<void>()
        const last = job("last", Deferred.await(gate))
        pool.submit(last)
        const waiter = yield* Effect.forkChild(Effect.as(pool.idle, last.exits.length))
        yield* Deferred.succeed(gate, undefined)
        yield* Fiber.join(waiter)
        assert.strictEqual(last.exits.length, 1)
      }))

    it.effect("runs 100,000 jobs that end at once without deepening the stack", () =>
      Effect.gen(function*() {
        const pool = make(2)
        let ended = 0
        pool.pause(true)
        for (let i = 0; i < 100_000; i++) {
          pool.submit({
            id: String(i),
            context: nothing,
            accept: () => Effect.void,
            exited: () => void ended++
          })
        }
        pool.pause(false)
        yield* pool.idle
        assert.strictEqual(ended, 100_000)
      }))
  })
}
