/**
 * Pools of children: what computes, beside Celery's prefork and beside as many
 * processes of bare amqplib, with as many children as there are cores; what a
 * child costs a task that does nothing; how soon one is up, and what it takes
 * when it has nothing to do.
 */
import { availableParallelism } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { celeryVersion, CeleryWorker, findPython } from "../../test/peers/Python.ts"
import type { Bench } from "../Bench.ts"
import { type Line, Program } from "../Program.ts"

const module = join(dirname(dirname(fileURLToPath(import.meta.url))), "contenders", "pools.py")

const cores = availableParallelism()

export const pools = async (bench: Bench): Promise<void> => {
  await computing(bench)
  await children(bench)
}

const computing = async (bench: Bench): Promise<void> => {
  const count = bench.count(400 * cores)
  // What V8 compiles for the first hundreds of tasks is no part of what the others take, whoever they are done by.
  const called = async () => {
    await bench.once("rawPools", "client", count)
    return bench.once("rawPools", "client", count)
  }
  const raw = () => bench.serving("rawPools", "serve", cores, called)
  const celery = async (): Promise<Line> => {
    const worker = await CeleryWorker.start({
      module,
      args: ["-P", "prefork", "-c", String(cores), "--without-gossip", "--without-mingle"],
      env: { BROKER: bench.url }
    })
    try {
      return await called()
    } finally {
      await worker.stop()
    }
  }
  const ours = async (pool: string): Promise<Line> => {
    const { published, url } = bench
    const worker = new Program(published.command, [
      ...["worker", "-A", published.program("poolWorker"), "-b", url, "-P", pool, "-c", String(cores)],
      ...["--json-logs", "-l", "error"]
    ])
    try {
      return await called()
    } finally {
      await worker.end()
    }
  }
  const figures = (atLeast: number) => [{ of: "rate", as: "tasks/s", digits: 0, atLeast }]
  for (const pool of ["processes", "threads"]) {
    await bench.duel({
      name: `tasks of 5 ms CPU, ${cores} ${pool} beside as many bare amqplib processes`,
      baseline: raw,
      ours: () => ours(pool),
      figures: figures(0.9)
    })
    if (findPython() === undefined) continue
    await bench.duel({
      name: `tasks of 5 ms CPU, ${cores} ${pool} beside prefork of Celery ${celeryVersion()}`,
      baseline: celery,
      ours: () => ours(pool),
      figures: figures(1.15)
    })
  }
}

const children = async (bench: Bench): Promise<void> => {
  for (const [pool, micros, megabytes] of [["threads", 60, 30], ["processes", 90, 60]] as const) {
    const measured = (scenario: string, count: number) => () => bench.once("pools", `${scenario}-${pool}`, count)
    await bench.duel({
      name: `a task that does nothing, 100 in flight, in ${pool} beside fibers`,
      baseline: () => bench.once("pools", "noop-fibers", bench.count(50_000)),
      ours: measured("noop", bench.count(50_000)),
      figures: [
        { of: "micros", as: "µs/task", digits: 1, below: micros },
        { of: "cpuMicros", as: "CPU µs/task, children too", digits: 1 }
      ]
    })
    await bench.duel({
      name: `a child of ${pool} beside one that loads nothing`,
      baseline: () => bench.once("pools", `bare-${pool}`, 1),
      ours: measured("up", 1),
      figures: [{ of: "millis", as: "ms until it is up", digits: 0, below: 120 }]
    })
    await bench.duel({
      name: `idle children of ${pool}, four beside one`,
      baseline: () => bench.once("pools", `idle-${pool}`, 1),
      ours: measured("idle", 4),
      figures: [{ of: "perChild", as: "MB of RSS for each", digits: 0, below: megabytes }]
    })
  }
}
