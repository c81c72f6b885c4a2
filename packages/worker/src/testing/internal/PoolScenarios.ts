/**
 * The part of `PoolConformance` that is the same wherever tasks run: what a
 * program sees and tells, how it is ended, and what becomes of a pool by it.
 *
 * These go by the clock of the machine: threads and processes have no other.
 *
 * @since 0.1.0
 */
import * as Exceptions from "@celeriac/tasks/result/ExceptionRecord"
import { ResultReader } from "@celeriac/tasks/result/ResultReader"
import * as ResultRecord from "@celeriac/tasks/result/ResultRecord"
import * as ResultWriter from "@celeriac/tasks/result/ResultWriter"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Pool } from "../../pool/Pool.ts"
import type { Interruption } from "../../trace/Interruption.ts"
import type { Outcome } from "../../trace/Outcome.ts"
import { Heard, job, type Make, module, surroundings, trace, type Waited } from "./PoolJobs.ts"

/** What came to the worker, and a way to make another pool. */
interface About {
  readonly heard: Heard
  readonly open: (concurrency: number) => Effect.Effect<Pool, unknown, Scope.Scope>
}

/** What some pools cannot do. */
type Ability =
  /** End a handler that leaves nobody a turn. */
  | "end a loop"
  /** Outlive a task that takes down what it runs in. */
  | "survive a crash"
  /** Have more than one slot. */
  | "grow"

export const suite = (name: string, make: Make, { cannot }: { readonly cannot: ReadonlyArray<Ability> }): void => {
  const scope = Scope.makeUnsafe()
  const heard = new Heard()
  let shared: {
    readonly pool: Pool
    readonly about: About
    readonly context: Context.Context<ResultReader | ResultWriter.ResultWriter>
  }
  // A pool of children takes its time to start: one for all tests, which leave it as it was.
  beforeAll(async () => {
    const context = await Effect.runPromise(Layer.buildWithScope(surroundings(heard), scope))
    const within = Effect.provideContext(Effect.provideService(trace, Scope.Scope, scope), context)
    const own = await Effect.runPromise(within)
    const open = (concurrency: number) =>
      Effect.provideContext(make({ concurrency, module, trace: own }), context) as ReturnType<About["open"]> // but for the scope
    const pool = await Effect.runPromise(Scope.provide(open(1), scope))
    shared = { pool, about: { heard, open }, context }
  }, 60_000)
  afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)), 60_000)

  const test = (
    sentence: string,
    concurrency: number,
    body: (pool: Pool, about: About) => Effect.Effect<unknown, unknown, ResultReader | ResultWriter.ResultWriter>
  ) =>
    it(sentence, () => {
      const { about, context, pool } = shared
      heard.forget()
      pool.resize(concurrency)
      return Effect.runPromise(Effect.provideContext(Effect.asVoid(body(pool, about)), context))
    })
  const able = (ability: Ability): typeof test => cannot.includes(ability) ? () => {} : test

  describe(`${name} runs a program`, () => {
    test("and gives results, typed failures and defects back", 1, (pool) =>
      Effect.gen(function*() {
        assert.deepInclude(yield* done(pool, job("echo", { value: [1, { deep: "é" }] })), {
          _tag: "Success",
          result: [1, { deep: "é" }]
        })
        const refused = yield* done(pool, job("refuse"))
        assert.deepInclude(refused, { _tag: "Failure", isDeclared: true })
        assert.strictEqual(refused._tag === "Failure" && refused.exception.excType, "Refused")
        const died = yield* done(pool, job("die"))
        assert.deepInclude(died, { _tag: "Failure", isDeclared: false })
        assert.include(died._tag === "Failure" ? died.traceback : "", "RangeError: out of range")
      }))

    test("whose handlers see the request, and the services of middleware", 1, (pool) =>
      Effect.gen(function*() {
        const seen = job("request")
        assert.deepInclude(yield* done(pool, seen), {
          result: { args: [], headers: {}, hostname: "celery@test", id: seen.id, retries: 0, task: "request" }
        })
        const greeted = job("greet")
        assert.deepInclude(yield* done(pool, greeted), { result: `hello ${greeted.id}` })
      }))

    test(
      "that tells of itself: states, events, and lines with its annotations and fields",
      1,
      (pool, { heard }) =>
        Effect.gen(function*() {
          const told = job("tell")
          assert.deepInclude(yield* done(pool, told), { _tag: "Success", result: false })
          const record = yield* (yield* ResultReader).lookup(told.id)
          assert.deepInclude(record, { status: "PROGRESS", result: { done: 1 } })
          assert.deepStrictEqual(heard.events, [["task-told", { n: 1, uuid: told.id }]])
          const line = heard.lines.find(({ text }) => text.startsWith("told"))
          assert.deepStrictEqual([line?.annotations, line?.fields?.["task_id"]], [{ task: told.id }, told.id])
        })
    )

    test("that sends tasks, which are its children", 1, (pool) =>
      Effect.gen(function*() {
        const sent = yield* done(pool, job("send"))
        assert.strictEqual(sent._tag, "Success")
        if (sent._tag !== "Success") return
        assert.strictEqual(sent.children?.length, 1)
        assert.include(JSON.stringify(sent.children), String(sent.result))
      }))

    test("that follows what becomes of another task, as it comes", 1, (pool) =>
      Effect.gen(function*() {
        const watched = crypto.randomUUID()
        const reader = yield* ResultReader
        const store = (status: string, result: unknown) =>
          ResultWriter.store(ResultRecord.make(watched, status, { result }), {
            correlationId: watched,
            replyTo: undefined
          })
        yield* reader.prepare(watched, "1 minute")
        yield* store("PROGRESS", { done: 1 })
        const watching = job("watch", { id: watched })
        yield* reader.prepare(watching.id, "1 minute")
        pool.submit(watching)
        const first = yield* Stream.runHead(reader.updates(watching.id))
        assert.deepStrictEqual(Option.getOrThrow(first).result, { saw: "PROGRESS" })
        yield* store("SUCCESS", 2)
        assert.deepInclude(yield* watching.outcome, { result: [["PROGRESS", { done: 1 }], ["SUCCESS", 2]] })
      }))

    test("and does what is to be done when its result is stored", 1, (pool, { heard }) =>
      Effect.gen(function*() {
        yield* done(pool, job("hooked"))
        yield* done(pool, job("echo", { value: 1 }))
        assert.include(heard.lines.map(({ text }) => text), "hooked: it is stored")
      }))

    for (const what of ["function", "symbol", "circle", "socket"]) {
      test(`what cannot cross is the failure of its task alone: a ${what}`, 1, (pool) =>
        Effect.gen(function*() {
          const failed = yield* done(pool, job("uncrossable", { what }))
          assert.strictEqual(failed._tag === "Failure" && failed.exception.excType, "EncodeError")
          assert.deepInclude(yield* done(pool, job("echo", { value: 1 })), { _tag: "Success", result: 1 })
        }))
    }

    test("a result of 4 MiB arrives whole", 1, (pool) =>
      Effect.gen(function*() {
        const large = yield* done(pool, job("large", { bytes: 4 * 1024 * 1024 }))
        assert.strictEqual(large._tag === "Success" && (large.result as Uint8Array).byteLength, 4 * 1024 * 1024)
      }))
  })

  describe(`${name} ends what is to end`, () => {
    const ends: ReadonlyArray<readonly [Interruption, Partial<Outcome>]> = [
      [{ _tag: "Revoked", signum: 15 }, { _tag: "Revoked", why: "terminated", signum: 15 }],
      [{ _tag: "Revoked", signum: 9 }, { _tag: "Revoked", why: "terminated", signum: 9 }],
      [{ _tag: "HardLimit", seconds: 4 }, { _tag: "Failure", exception: Exceptions.timeLimitExceeded(4) }],
      [{ _tag: "SoftLimit", seconds: 3 }, { _tag: "Failure", exception: Exceptions.softTimeLimitExceeded() }],
      [{ _tag: "ConnectionLost" }, { _tag: "Lost", why: "ConnectionLost" }]
    ]
    for (const [why, expected] of ends) {
      test(
        `that waits: ${why._tag}${why._tag === "Revoked" ? ` by ${why.signum}` : ""}`,
        1,
        (pool) =>
          Effect.gen(function*() {
            const waiting = job("wait", {}, limited)
            pool.submit(waiting)
            yield* waiting.begun
            yield* Effect.yieldNow
            assert.isTrue(pool.interrupt(waiting, why))
            assert.deepInclude(yield* waiting.outcome, expected)
            assert.deepInclude(yield* done(pool, job("echo", { value: 1 })), { result: 1 })
            assert.isFalse(pool.interrupt(waiting, why))
          })
      )
    }

    test("by a soft limit no more of it than catches that", 1, (pool) =>
      Effect.gen(function*() {
        const catching = job("catching", {}, limited)
        pool.submit(catching)
        yield* catching.begun
        pool.interrupt(catching.id, { _tag: "SoftLimit", seconds: 3 })
        assert.deepInclude(yield* catching.outcome, { _tag: "Success", result: 3 })
      }))

    for (const [why, expected] of ends) {
      if (why._tag === "SoftLimit" || why._tag === "ConnectionLost") continue
      able("end a loop")(
        `that is in a loop: ${why._tag}${why._tag === "Revoked" ? ` by ${why.signum}` : ""}`,
        1,
        (pool) =>
          Effect.gen(function*() {
            const looping = job("spin")
            pool.submit(looping)
            yield* looping.begun
            assert.isTrue(pool.interrupt(looping, why))
            assert.deepInclude(yield* looping.outcome, expected)
            assert.deepInclude(yield* done(pool, job("echo", { value: 1 })), { result: 1 })
          })
      )
    }

    able("end a loop")("all that run, when the worker does not wait", 2, (pool) =>
      Effect.gen(function*() {
        const all = [job("wait"), job("spin"), job("stubborn"), job("echo", { value: 1 })]
        for (const one of all) pool.submit(one)
        yield* all[0]!.begun
        yield* all[1]!.begun
        pool.withdraw(1)
        yield* pool.terminate({ _tag: "Shutdown" })
        assert.deepStrictEqual(all.map(({ outcomes }) => outcomes.map(lostBy)), [["Shutdown"], ["Shutdown"], [
          "Shutdown"
        ], []])
        assert.strictEqual(pool.running(), 0)
      }))

    able("end a loop")(
      "what runs when the pool is closed, and tells what it came to",
      1,
      (_, { open }) =>
        Effect.gen(function*() {
          const scope = yield* Scope.make()
          const pool = yield* Scope.provide(open(1), scope)
          const looping = job("spin")
          pool.submit(looping)
          yield* looping.begun
          yield* Scope.close(scope, Exit.void)
          assert.deepStrictEqual(looping.outcomes.map(lostBy), ["Shutdown"])
        })
    )
  })

  describe(`${name} heals`, () => {
    able("survive a crash")(
      "a crash costs the one task, and another child does the next",
      1,
      (pool) =>
        Effect.gen(function*() {
          const crashing = job("crash", { code: 7 })
          const next = job("echo", { value: 1 })
          pool.submit(crashing)
          pool.submit(next)
          const lost = yield* crashing.outcome
          assert.deepInclude(lost, { _tag: "Lost", why: "Crashed" })
          assert.match(lost._tag === "Lost" ? lost.message : "", /^Worker exited prematurely: exitcode 7 Job: \d+\.$/)
          assert.deepInclude(yield* next.outcome, { _tag: "Success", result: 1 })
        })
    )
  })

  describe(`${name} has the size that it is to have`, () => {
    able("grow")("grows, shrinks, drains, and says so", 1, (pool) =>
      Effect.gen(function*() {
        const all = [job("wait"), job("wait"), job("wait")] as const
        for (const one of all) pool.submit(one)
        yield* all[0].begun
        assert.deepStrictEqual([pool.concurrency(), pool.running(), pool.waiting()], [1, 1, 2])
        pool.resize(2)
        yield* all[1].begun
        assert.deepStrictEqual([pool.concurrency(), pool.running(), pool.waiting()], [2, 2, 1])
        assert.deepInclude(pool.info(), { "max-concurrency": 2 })
        pool.resize(1)
        pool.interrupt(all[0], { _tag: "Revoked" })
        yield* all[0].outcome
        yield* Effect.yieldNow
        assert.deepStrictEqual([pool.concurrency(), pool.running(), pool.waiting()], [1, 1, 1])
        assert.strictEqual(all[2].accepted, 0)
        pool.interrupt(all[1], { _tag: "Revoked" })
        yield* all[2].begun
        pool.interrupt(all[2], { _tag: "Revoked" })
        yield* pool.idle
        assert.deepStrictEqual([pool.running(), pool.waiting()], [0, 0])
      }))
  })
}

/** A soft limit, which whoever gave the work sees to. */
const limited = { timeLimit: { hard: undefined, soft: 3 } }

const done = (pool: Pool, job: Waited): Effect.Effect<Outcome> => {
  pool.submit(job)
  return job.outcome
}

const lostBy = (outcome: Outcome): string => outcome._tag === "Lost" ? outcome.why : outcome._tag
