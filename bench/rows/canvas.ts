/**
 * Canvases with their results in Redis, beside Celery 5.7.0 and beside BullMQ's
 * flows. A worker of each has four slots; Celery's is the prefork pool, whose
 * slots are processes. What is measured is the time from the call until its
 * result is there, by the client of each.
 */
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { celeries, celeryVersion, CeleryWorker, findPython } from "../../test/peers/Python.ts"
import type { Bench } from "../Bench.ts"
import { type Line, Program } from "../Program.ts"

const module = join(dirname(dirname(fileURLToPath(import.meta.url))), "contenders", "canvas.py")

/** Of every worker. */
const slots = 4

interface Row {
  readonly name: string
  readonly scenario: string
  readonly full: number
  /** How many of the same are run first, and not measured: code is not compiled yet in a worker that has just started. */
  readonly before?: number
  readonly atMost: Bounds
}

interface Bounds {
  readonly celery: number
  readonly bullmq: number
}

export const canvas = async (bench: Bench): Promise<void> => {
  const { redisUrl } = bench
  if (redisUrl === undefined) return bench.say("there is no redis-server: no rows of canvases")
  const python = findPython()
  const rows: ReadonlyArray<Row> = [
    { name: "chord of 1,000", scenario: "chord", full: 1_000, atMost: { celery: 0.4, bullmq: 1 } },
    { name: "group of 1,000, gathered", scenario: "group", full: 1_000, atMost: { celery: 0.15, bullmq: Infinity } },
    { name: "chain of 200", scenario: "chain", full: 200, atMost: { celery: 0.35, bullmq: Infinity } },
    {
      name: "chain of 200, by a worker that has run five",
      scenario: "chain",
      full: 200,
      before: 5,
      atMost: { celery: Infinity, bullmq: Infinity }
    }
  ]
  if (python === undefined) return bench.say("there is no Python with celery: no rows of canvases")
  if (celeryVersion() !== celeries[0]) bench.say(`Celery is ${celeryVersion()} here, not ${celeries[0]}`)

  const called = async (scenario: string, size: number): Promise<Line> => {
    const client = new Program(module, [scenario, bench.url, String(size), redisUrl], python)
    try {
      return await client.next()
    } finally {
      client.stop()
    }
  }
  /** The last of them. */
  const repeated = async (before: number, once: () => Promise<Line>): Promise<Line> => {
    for (let n = 0; n < before; n++) await once()
    return once()
  }
  const celery = async (scenario: string, size: number, before = 0): Promise<Line> => {
    const worker = await CeleryWorker.start({
      module,
      args: ["-P", "prefork", "-c", String(slots), "--without-gossip", "--without-mingle"],
      env: { BROKER: bench.url, RESULTS: redisUrl }
    })
    try {
      return await repeated(before, () => called(scenario, size))
    } finally {
      await worker.stop()
    }
  }
  const ours = (scenario: string, size: number, before = 0): Promise<Line> =>
    bench.serving("canvas", "serve", slots, async (server): Promise<Line> => {
      const { rssMegabytes } = server.usage()
      const line = await repeated(before, () => bench.once("canvas", scenario, size))
      const after = server.usage()
      return { ...line, rss: after.rssMegabytes, growth: after.rssMegabytes - rssMegabytes }
    })
  const bullmq = (scenario: string, size: number, before = 0): Promise<Line> =>
    bench.serving("bullmq", "serve", slots, () => repeated(before, () => bench.once("bullmq", scenario, size)))

  for (const { atMost, before, full, name, scenario } of rows) {
    const size = bench.count(full)
    for (
      const [other, beside, most] of [
        [`Celery ${celeryVersion()}`, celery, atMost.celery],
        ["BullMQ's flows", bullmq, atMost.bullmq]
      ] as const
    ) {
      await bench.duel({
        name: `${name}, beside ${other}`,
        baseline: () => beside(scenario, size, before),
        ours: () => ours(scenario, size, before),
        figures: [{ of: "seconds", as: "s", digits: 3, ...(most === Infinity ? {} : { atMost: most }) }]
      })
    }
  }
  const large = bench.count(10_000)
  await bench.duel({
    name: "chord of 10,000",
    baseline: async () => ({}),
    ours: () => ours("chord", large),
    figures: [
      { of: "seconds", as: "s", digits: 3 },
      { of: "rss", as: "RSS MB of the worker", digits: 0 },
      { of: "growth", as: "MB of it since it was ready", digits: 0 },
      { of: "clientRss", as: "RSS MB of the client", digits: 0 },
      { of: "clientGrowth", as: "MB of it since a chord of five", digits: 0 }
    ]
  })
}
