/**
 * Pools by themselves, without a worker around them: what a task costs that does
 * nothing, how soon a child is up, and what it takes when it has nothing to do.
 *
 * `node pools.js <what>-<pool> <url> <count>` prints one line of JSON.
 */
import * as TaskHeaders from "@celeriac/tasks/protocol/TaskHeaders"
import * as Task from "@celeriac/tasks/Task"
import * as TaskRegistry from "@celeriac/tasks/TaskRegistry"
import * as FiberPool from "@celeriac/worker/pool/FiberPool"
import * as ProcessPool from "@celeriac/worker/pool/ProcessPool"
import * as ThreadPool from "@celeriac/worker/pool/ThreadPool"
import * as Portable from "@celeriac/worker/trace/Portable"
import { Trace } from "@celeriac/worker/trace/Trace"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { fork } from "node:child_process"
import { once } from "node:events"
import { readFileSync, writeFileSync } from "node:fs"
import { availableParallelism, tmpdir } from "node:os"
import { join } from "node:path"
import { Worker } from "node:worker_threads"
import { outgoing } from "./message.ts"

const [scenario = "", , count = "0"] = process.argv.slice(2)
const [what = "", kind = ""] = scenario.split("-")
const total = Number(count)

const options = (concurrency: number) => ({
  concurrency,
  program: { module: new URL("poolWorker.js", import.meta.url).href },
  hostname: "bench@here"
})

const fibers = (concurrency: number) =>
  Effect.gen(function*() {
    const noop = Task.make("bench.noop", { parameters: { x: Schema.Int, y: Schema.Int }, success: Schema.Null })
    const context = yield* Layer.build(
      Layer.provideMerge(noop.toLayer(() => Effect.succeed(null)), TaskRegistry.layer)
    )
    const registry = yield* Effect.provideContext(TaskRegistry.TaskRegistry, context)
    return FiberPool.make(concurrency, new Trace(registry, yield* Portable.coding))
  })

const made = (concurrency: number) =>
  kind === "fibers"
    ? fibers(concurrency)
    : kind === "threads"
    ? ThreadPool.make(options(concurrency))
    : ProcessPool.make(options(concurrency))

/** A hundred in flight, each with a message of its own. */
const noop = Effect.gen(function*() {
  const pool = yield* made(availableParallelism())
  const { body, options } = outgoing(undefined)
  const { deliveryMode: _, headers, ...properties } = options
  const work = {
    version: 2,
    headers: Result.getOrThrow(TaskHeaders.decode(headers)),
    message: { body, headers, properties },
    exchange: "",
    routingKey: "bench",
    redelivered: false,
    hostname: "bench@here"
  } as const
  const drain = (jobs: number) =>
    Effect.callback<number>((resume) => {
      let given = 0
      let ended = 0
      const began = performance.now()
      const give = () => {
        given++
        pool.submit({
          id: String(given),
          task: "bench.noop",
          accept: () => work,
          started: () => true,
          ended: (outcome, after) => {
            if (outcome._tag !== "Success") throw new Error(JSON.stringify(outcome))
            after?.release()
            if (++ended === jobs) return resume(Effect.succeed(performance.now() - began))
            if (given < jobs) queueMicrotask(give)
          }
        })
      }
      for (let i = 0; i < Math.min(100, jobs); i++) give()
    })
  yield* drain(Math.min(total, 2_000))
  const cpu = ofAll(pool.info())
  const millis = yield* drain(total)
  return { micros: (millis * 1_000) / total, cpuMicros: (ofAll(pool.info()) - cpu) / total }
})

/** Processor time of this process and its children, in microseconds; a hundredth of a second is the least that Linux tells of those. */
const ofAll = (info: Readonly<Record<string, unknown>>): number => {
  const { system, user } = process.cpuUsage()
  return user + system + pidsOf(info).reduce((sum, pid) => {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ")
    return sum + (Number(stat[11]) + Number(stat[12])) * 10_000
  }, 0)
}

const pidsOf = ({ processes }: Readonly<Record<string, unknown>>): ReadonlyArray<number> =>
  kind === "processes" && Array.isArray(processes) ? processes.map(Number) : []

const up = Effect.gen(function*() {
  const began = performance.now()
  yield* made(1)
  return { millis: performance.now() - began }
})

const idle = Effect.gen(function*() {
  const before = process.memoryUsage.rss()
  const pool = yield* made(total)
  yield* Effect.sleep("3 seconds")
  const megabytes = kind === "threads"
    ? (process.memoryUsage.rss() - before) / 1e6
    : pidsOf(pool.info()).reduce((sum, pid) => sum + residentOf(pid), 0)
  return { perChild: megabytes / total }
})

const residentOf = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? Number.NaN) / 1024

/** What Node takes for one that loads nothing. */
const bare = Effect.promise(async () => {
  const began = performance.now()
  if (kind === "threads") {
    const worker = new Worker("", { eval: true })
    await once(worker, "online")
    return { millis: performance.now() - began }
  }
  const file = join(tmpdir(), `celeriac-bench-${process.pid}.mjs`)
  writeFileSync(file, "process.send('up')")
  const child = fork(file)
  await once(child, "message")
  return { millis: performance.now() - began }
})

const line = await Effect.runPromise(Effect.scoped({ noop, up, idle, bare }[what as "noop"] as typeof noop))
console.log(JSON.stringify(line))
process.exit()
