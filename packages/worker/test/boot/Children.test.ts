/** A whole worker over threads and processes: where its tasks run, how it is told to change that, and what a child costs that is lost. */
import * as Client from "@celeriac/tasks/Client"
import * as RemoteControl from "@celeriac/tasks/control/RemoteControl"
import type { PoolName } from "@celeriac/tasks/PoolName"
import * as TestWorker from "@celeriac/worker/testing/TestWorker"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import pooled, * as tasks from "../fixtures/pooled.ts"
import { digGraveyard, drain, idOf, withGraveyard } from "../support.ts"

/** More than Celery's four seconds: the machine may be busy. */
const patient = { procAliveTimeout: "100 seconds" } as const

const worker = (settings: Parameters<typeof pooled.with>[0]["settings"]) =>
  RemoteControl.layer.pipe(
    Layer.provideMerge(TestWorker.of(pooled.with({ settings: { ...patient, ...settings } })))
  )

const one = { limit: 1, timeout: "1 minute" } as const

/** What the only node replied. */
const said = <A>(answers: RemoteControl.Answers<A>): A => {
  const [answer] = Object.values(answers)
  if (answer === undefined) throw new Error("nobody replied")
  return Result.getOrThrow(answer)
}

const info = Effect.gen(function*() {
  const { inspect } = yield* RemoteControl.RemoteControl
  const { pool } = said(yield* inspect.stats({}, one))
  return typeof pool === "object" ? pool : {}
})

const childrenOf = (pool: Readonly<Record<string, unknown>>, kind: PoolName): ReadonlyArray<number> =>
  (kind === "processes" ? pool["processes"] : pool["threads"]) as ReadonlyArray<number>

/** Waits for it, however long the machine takes. */
const eventually = <A, R>(what: Effect.Effect<A, unknown, R>, holds: (value: A) => boolean) =>
  Effect.gen(function*() {
    while (true) {
      const value = yield* what
      if (holds(value)) return value
      yield* Effect.sleep("20 millis")
    }
  })

describe.each(["processes", "threads"] as const)("a worker with a pool of %s", (pool) => {
  it.live("runs its tasks there, and beside them those that ask for fibers", () =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      // The second child may come up later than the first.
      const places = yield* eventually(
        Effect.all([0, 1].map(() => client.execute(tasks.where, { millis: 50 })), { concurrency: 2 }),
        (places) => new Set(places).size === 2
      )
      const here = `${process.pid}/0`
      assert.notInclude(places, here)
      const [pid] = (yield* client.execute(tasks.beside, {})).split("/")
      assert.strictEqual(pid, String(process.pid))
      const pools = yield* info
      assert.deepInclude(pools, {
        implementation: `celeriac:${pool}`,
        "max-concurrency": 2,
        "max-tasks-per-child": 100,
        timeouts: [0, 600],
        "put-guarded-by-semaphore": true
      })
      assert.strictEqual(childrenOf(pools, pool).length, 2)
      assert.deepInclude((pools["others"] as Record<string, object>)["fibers"], { "max-concurrency": 100 })
    }).pipe(Effect.provide(worker({ pool, maxTasksPerChild: 100, timeLimit: "10 minutes" }))))

  it.live("grows, shrinks and puts others in the place of its children when it is told to, and no task is lost", () =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      const { control } = yield* RemoteControl.RemoteControl
      const children = Effect.map(info, (info) => childrenOf(info, pool))
      const before = yield* eventually(children, ({ length }) => length === 2)
      const sent = yield* Effect.replicateEffect(client.applyAsync(tasks.where, { millis: 100 }), 10)
      assert.strictEqual(said(yield* control.poolGrow({ n: 1 }, one)), "pool will grow")
      yield* eventually(children, ({ length }) => length === 3)
      assert.strictEqual(said(yield* control.poolRestart({}, one)), "reload started")
      const after = yield* eventually(
        children,
        (now) => now.length === 3 && now.every((child) => !before.includes(child))
      )
      assert.strictEqual(said(yield* control.poolShrink({ n: 2 }, one)), "pool will shrink")
      const [last] = yield* eventually(children, ({ length }) => length === 1)
      assert.include(after, last)
      assert.strictEqual((yield* Effect.forEach(sent, (result) => result.get())).length, 10)
    }).pipe(Effect.provide(worker({ pool, poolRestarts: true }))))

  it.live("has as many children as there are tasks, between its bounds, and its prefetch follows", () =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      const { control, inspect } = yield* RemoteControl.RemoteControl
      const size = Effect.map(info, (info) => childrenOf(info, pool).length)
      const prefetch = Effect.map(inspect.stats({}, one), (answers) => Number(said(answers).prefetchCount))
      yield* eventually(size, (size) => size === 1)
      // Those of fibers are prefetched for too.
      assert.strictEqual(yield* prefetch, 103)
      const sent = yield* Effect.replicateEffect(client.applyAsync(tasks.where, { millis: 300 }), 6)
      yield* eventually(size, (size) => size === 3)
      assert.strictEqual(said(yield* control.autoscale({ max: 2 }, one)), "autoscale now max=2 min=1")
      yield* eventually(size, (size) => size === 2)
      yield* eventually(prefetch, (count) => count === 102)
      yield* Effect.forEach(sent, (result) => result.get())
      yield* eventually(size, (size) => size === 1)
    }).pipe(Effect.provide(worker({
      pool,
      autoscale: { max: 3, min: 1 },
      autoscaleKeepalive: "200 millis",
      prefetch: { multiplier: 1 }
    }))))
})

describe("a child that a task takes down", () => {
  const journaled = <A, E, R>(use: (journal: string, attempts: (id: string) => number) => Effect.Effect<A, E, R>) =>
    Effect.acquireUseRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "celeriac-"))),
      (folder) => {
        const journal = join(folder, "journal")
        return use(journal, (id) => readFileSync(journal, "utf8").split("\n").filter((line) => line === id).length)
      },
      (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
    )

  it.live("costs a task with early acknowledgement its only run, and the next ones nothing", () =>
    journaled((journal, attempts) =>
      Effect.gen(function*() {
        const client = yield* Client.Client
        const sent = yield* client.applyAsync(tasks.early, { journal })
        const error = yield* Effect.flip(sent.get())
        assert.match(String(error), /WorkerLostError\('Worker exited prematurely: signal 9 \(SIGKILL\) Job: \d+\.'\)/)
        assert.strictEqual(attempts(sent.id), 1)
        assert.isString(yield* client.execute(tasks.where, { millis: 0 }))
      })
    ).pipe(Effect.provide(worker({ pool: "processes" }))))

  it.live.each(
    [
      ["is run again as often as the setting says, then has failed, and is for the dead letters", {}, 3, 1],
      ["is not to come back fails at once, and is acknowledged", { rejectOnWorkerLost: false }, 1, 0],
      [
        "is not to come back and whose failures are not acknowledged is for the dead letters",
        { rejectOnWorkerLost: false, acksOnFailure: false },
        1,
        1
      ]
    ] as const
  )(
    "with late acknowledgement: one that %s",
    ([, settings, runs, dead]) =>
      journaled((journal, attempts) =>
        Effect.gen(function*() {
          yield* digGraveyard
          const client = yield* Client.Client
          const sent = yield* client.applyAsync(tasks.late, { journal })
          const error = yield* Effect.flip(sent.get())
          assert.match(String(error), /WorkerLostError/)
          assert.strictEqual(attempts(sent.id), runs)
          const letters = yield* eventually(drain("graveyard"), ({ length }) => length === dead)
          assert.deepStrictEqual(letters.map(idOf), dead === 0 ? [] : [sent.id])
        })
      ).pipe(Effect.provide(withGraveyard(worker({ pool: "processes", redeliveryLimit: 2, ...settings }))))
  )
})
