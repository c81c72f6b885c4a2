import * as ChildPool from "@celeriac/worker/pool/ChildPool"
import type { Pool } from "@celeriac/worker/pool/Pool"
import * as ProcessPool from "@celeriac/worker/pool/ProcessPool"
import * as ThreadPool from "@celeriac/worker/pool/ThreadPool"
import type { Outcome } from "@celeriac/worker/trace/Outcome"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { onTestFinished } from "vitest"
import * as PoolJobs from "../../src/testing/internal/PoolJobs.ts"
import { keepCompiled } from "./compiled.ts"
import { gone, offspring, until } from "./processes.ts"

keepCompiled()

const programAt = (name: string): ChildPool.ChildProgram => ({
  module: new URL(`./programs/${name}.ts`, import.meta.url).href
})

const kinds = { threads: ThreadPool.make, processes: ProcessPool.make } as const

const open = (kind: keyof typeof kinds, options: Partial<ChildPool.Options> = {}) =>
  kinds[kind]({
    concurrency: 1,
    program: { module: PoolJobs.module },
    hostname: "celery@test",
    procAliveTimeout: "100 seconds",
    ...options
  })

/** A test of pools in the surroundings of a worker. */
const test = (
  sentence: string,
  body: (heard: PoolJobs.Heard) => Effect.Effect<unknown, unknown, Scope.Scope>,
  timeout = 100_000
) =>
  it.live(sentence, () => {
    const heard = new PoolJobs.Heard()
    return Effect.scoped(body(heard)).pipe(Effect.provide(PoolJobs.surroundings(heard)))
  }, timeout)

const childrenOf = (pool: Pool): ReadonlyArray<number> => {
  const { processes, threads } = pool.info()
  return (processes ?? threads) as ReadonlyArray<number> // one of them is there
}

// Threads and processes have all but their links in common: each is asked half of it, so that fewer children are started.

describe("a pool of children starts", () => {
  const broken = [
    ["threads", "a module that throws", "throws", /could not load .*throws\.ts: .*no licence/s],
    [
      "processes",
      "a module without a worker",
      "nothing",
      /it has no worker as its export 'default' or 'worker': it exports answer/
    ],
    ["threads", "a module that is not there", "absent", /could not load .*absent\.ts: .*(not found|Cannot find)/is],
    ["processes", "handlers whose layer fails", "layer", /the database is away/]
  ] as const
  for (const [kind, what, program, message] of broken) {
    test(`not with ${what}, and says why in the child's own words`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(open(kind, { program: programAt(program) }))
        assert.strictEqual(error.reason._tag, "ProgramNotLoaded")
        assert.match(error.message, message)
        assert.isFalse(error.isRecoverable)
      }))
  }

  test("not when its child is not ready in time", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(open("threads", { program: programAt("hangs"), procAliveTimeout: "1 second" }))
      assert.deepStrictEqual([error.reason._tag, error.isRecoverable], ["ChildNotReady", true])
      assert.include(error.message, "was not ready within 1 s")
    }))
})

describe("a pool of children replaces a child", () => {
  test("that has run as many tasks as it may", () =>
    Effect.gen(function*() {
      const pool = yield* open("processes", { maxTasksPerChild: 2 })
      const seen: Array<unknown> = []
      for (let i = 0; i < 4; i++) {
        const ran = yield* run(pool, "where", {})
        seen.push(ran._tag === "Success" ? ran.result : ran)
      }
      assert.deepStrictEqual([seen[0] === seen[1], seen[1] === seen[2], seen[2] === seen[3]], [true, false, true])
    }))

  test("that has more memory than it may after a task, whose result counts", (heard) =>
    Effect.gen(function*() {
      const pool = yield* open("threads", { maxMemoryPerChild: 1 })
      const [first] = childrenOf(pool)
      assert.strictEqual((yield* run(pool, "echo", { value: 1 }))._tag, "Success")
      assert.strictEqual((yield* run(pool, "echo", { value: 2 }))._tag, "Success")
      assert.notInclude(childrenOf(pool), first)
      assert.match(
        heard.lines[0]?.text ?? "",
        /^child process exiting after exceeding memory limit \(\d+KiB \/ 0KiB\)$/
      )
    }))

  test("when it is told to, without losing what it runs", () =>
    Effect.gen(function*() {
      const pool = yield* open("processes")
      const [first] = childrenOf(pool)
      const catching = PoolJobs.job("catching", {}, { timeLimit: { hard: undefined, soft: 1 } })
      pool.submit(catching)
      yield* catching.begun
      pool.restart?.()
      assert.deepStrictEqual(childrenOf(pool), [first!])
      pool.interrupt(catching, { _tag: "SoftLimit", seconds: 1 })
      assert.strictEqual((yield* catching.outcome)._tag, "Success")
      assert.strictEqual((yield* run(pool, "echo", { value: 2 }))._tag, "Success")
      assert.notInclude(childrenOf(pool), first)
    }))

  test("and gives up, with the reason, when its module cannot be loaded any more", (heard) =>
    Effect.gen(function*() {
      const file = join(tmpdir(), `celeriac-pool-${process.pid}`)
      writeFileSync(file, "")
      process.env["POOL_TEST_FILE"] = file
      const failed = yield* Deferred.make<ChildPool.ChildPoolError>()
      const pool = yield* open("threads", {
        program: { ...programAt("once"), name: "main" },
        onFailure: (error) => Deferred.doneUnsafe(failed, Effect.succeed(error))
      })
      rmSync(file)
      assert.strictEqual((yield* run(pool, "crash", { code: 3 }))._tag, "Lost")
      const error = yield* Deferred.await(failed)
      assert.include(error.message, "the file is gone")
      assert.include(heard.lines.at(-1)?.text, "no other child is started")
      assert.strictEqual(heard.lines.filter(({ text }) => text.includes("the file is gone")).length, 5)
    }))
})

describe("a pool of children bounds", () => {
  test("what a task gives: beyond, that task alone has failed; and no arguments, which arrive whole", () =>
    Effect.gen(function*() {
      const pool = yield* open("threads", { maxResultBytes: 1_000 })
      const failed = yield* run(pool, "large", { bytes: 1_001 })
      assert.strictEqual(failed._tag === "Failure" && failed.exception.excType, "EncodeError")
      assert.include(JSON.stringify(failed), "larger than the 1000 bytes that may cross")
      assert.strictEqual((yield* run(pool, "large", { bytes: 900 }))._tag, "Success")
      assert.deepInclude(yield* run(pool, "lengthOf", { text: "x".repeat(1_000_000) }), { result: 1_000_000 })
    }))
})

// By the clock, so of a machine that does nothing else: CELERIAC_QUIET=1. `Child` has its rules.
describe.runIf(process.env["CELERIAC_QUIET"] === "1")("a pool of children keeps a hard limit", () => {
  for (const kind of ["threads", "processes"] as const) {
    test(`within 50 ms, of a run that leaves nobody a turn: ${kind}`, () =>
      Effect.gen(function*() {
        const pool = yield* open(kind)
        const times: Array<number> = []
        for (let round = 0; round < 5; round++) {
          const looping = PoolJobs.job("spin")
          pool.submit(looping)
          yield* looping.begun
          const began = performance.now()
          pool.interrupt(looping, { _tag: "HardLimit", seconds: 1 })
          yield* looping.outcome
          times.push(performance.now() - began)
        }
        assert.isAtMost(Math.min(...times), 50, times.join(", "))
      }))
  }
})

describe("a pool of children under fire", () => {
  const hardLimits = Number(process.env["CELERIAC_HARD_TIMEOUTS"] ?? 100)

  for (const kind of ["threads", "processes"] as const) {
    test(
      `ends ${hardLimits / 2} runs at their hard limits, and leaves no child, no handle and no memory behind: ${kind}`,
      () =>
        Effect.gen(function*() {
          const pool = yield* open(kind, { concurrency: 2 })
          const handles = process.getActiveResourcesInfo().length
          let memory = 0
          for (let i = 0; i < hardLimits / 2; i++) {
            const ended = PoolJobs.job(i % 25 === 0 ? "spin" : "wait")
            pool.submit(ended)
            yield* ended.begun
            pool.interrupt(ended, { _tag: "HardLimit", seconds: 1 })
            assert.deepInclude(yield* ended.outcome, { _tag: "Failure", isTimeout: true })
            if (i === Math.floor(hardLimits / 4)) memory = process.memoryUsage.rss()
          }
          yield* run(pool, "echo", { value: 1 })
          assert.isAtMost(childrenOf(pool).length, 2)
          assert.isAtMost(process.getActiveResourcesInfo().length, handles + 4)
          assert.isAtMost(process.memoryUsage.rss() - memory, 150e6)
        }),
      3_600_000
    )
  }
})

describe("a pool of processes", () => {
  describe("leaves no child behind when its process is killed, however busy the child is,", () => {
    const parent = async () => {
      const started = spawn(process.execPath, [fileURLToPath(programAt("parent").module)], {
        stdio: ["ignore", "pipe", "inherit"]
      })
      onTestFinished(() => void started.kill("SIGKILL"))
      const [line] = await once(started.stdout, "data") as [Buffer]
      const pids: ReadonlyArray<number> = JSON.parse(line.toString())
      // Where the test fails, it leaves none behind either.
      onTestFinished(() => {
        for (const pid of pids) {
          try {
            process.kill(pid, "SIGKILL")
          } catch {
            // It is gone, as it should be.
          }
        }
      })
      assert.strictEqual(pids.length, 2)
      const guardians = () => offspring(started.pid!).filter((pid) => !pids.includes(pid))
      return { guardians, kill: () => started.kill("SIGKILL"), pids }
    }

    it("nor the process that sees to it", { timeout: 120_000 }, async () => {
      const { guardians, kill, pids } = await parent()
      const [guardian, ...others] = guardians()
      assert.deepStrictEqual(others, [])
      kill()
      await Promise.all([...pids, guardian!].map(gone))
    })

    it("also when that one was killed before, for another takes its place", { timeout: 120_000 }, async () => {
      const { guardians, kill, pids } = await parent()
      const [first] = guardians()
      process.kill(first!, "SIGKILL")
      const [second] = await until(() => guardians().filter((pid) => pid !== first), ({ length }) => length === 1)
      kill()
      await Promise.all([...pids, second!].map(gone))
    })

    const isBound = spawnSync("setpriv", ["--pdeathsig", "KILL", "--", "true"]).status === 0

    it.runIf(isBound)("also when both are killed in the same moment", { timeout: 60_000 }, async () => {
      const { guardians, kill, pids } = await parent()
      for (const guardian of guardians()) process.kill(guardian, "SIGKILL")
      kill()
      await Promise.all(pids.map(gone))
    })
  })

  const kills = Number(process.env["CELERIAC_KILLED_CHILDREN"] ?? 200)

  test(
    `tells what became of each of ${kills} tasks whose children are killed as they please`,
    () =>
      Effect.gen(function*() {
        const pool = yield* open("processes", { concurrency: 2 })
        const jobs = Array.from({ length: kills }, (_, value) => PoolJobs.job("echo", { value }))
        let ended = 0
        const outcomes: Array<Outcome> = []
        const killEvery = 20
        for (const job of jobs) pool.submit(job)
        yield* Effect.forEach(jobs, (job) =>
          Effect.map(job.outcome, (outcome) => {
            outcomes.push(outcome)
            if (++ended % killEvery !== 0) return
            const pids = pool.info()["processes"] as ReadonlyArray<number> // so it says
            for (const pid of pids.slice(0, 1)) process.kill(pid, "SIGKILL")
          }), { concurrency: "unbounded" })
        assert.strictEqual(outcomes.length, kills)
        for (const job of jobs) assert.deepStrictEqual([job.accepted, job.outcomes.length], [1, 1])
        const lost = outcomes.filter(({ _tag }) => _tag !== "Success")
        assert.isAtMost(lost.length, kills / killEvery)
        for (const outcome of lost) {
          assert.match(
            outcome._tag === "Lost" ? outcome.message : "",
            /^Worker exited prematurely: signal 9 \(SIGKILL\) Job: \d+\.$/
          )
        }
        yield* pool.idle
        assert.deepStrictEqual([pool.running(), pool.waiting()], [0, 0])
      }),
    3_600_000
  )
})

const run = (pool: Pool, task: string, kwargs: Readonly<Record<string, unknown>>): Effect.Effect<Outcome> => {
  const job = PoolJobs.job(task, kwargs)
  pool.submit(job)
  return job.outcome
}
