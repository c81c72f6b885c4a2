/** The life of a task: results in Redis, many that wait, and what a task costs that has limits, hooks and middleware. */
import type { Bench } from "../Bench.ts"

export const life = async (bench: Bench): Promise<void> => {
  await waiting(bench)
  await adorned(bench)
  if (bench.redisUrl === undefined) return bench.say("there is no redis-server: no rows with results in Redis")
  await results(bench)
}

const results = async (bench: Bench): Promise<void> => {
  const count = bench.count(50_000)
  for (const [ack, scenario] of [["early", "drain-redis"], ["late", "drain-redis-late"]] as const) {
    await bench.duel({
      name: `drain, ${ack} ack, Redis results`,
      baseline:
        async () => (await bench.once("rawLife", "fill", count), await bench.once("rawLife", "drain-redis", count)),
      ours: async () => (await bench.once("rawLife", "fill", count), await bench.once("life", scenario, count)),
      figures: [
        { of: "rate", as: "tasks/s", digits: 0, atLeast: 0.95 },
        { of: "cpuMicros", as: "CPU µs/task", digits: 1, atMost: 1.6 },
        { of: "rssGrowthMegabytes", as: "MB grown after the first fifth", digits: 0 }
      ]
    })
  }
  await bench.once("rawLife", "fill", 0)
  const calls = bench.count(10_000)
  await bench.duel({
    name: "round trip over Redis",
    baseline: () => bench.serving("rawLife", "serve-redis", 0, () => bench.once("rawLife", "call-redis", calls)),
    ours: () => bench.serving("life", "serve-redis", 0, () => bench.once("life", "call-redis", calls)),
    figures: [
      { of: "p50", as: "p50 ms", digits: 3, atMost: 1.3 },
      { of: "p99", as: "p99 ms", digits: 3 }
    ]
  })
}

const waiting = async (bench: Bench): Promise<void> => {
  const count = bench.count(50_000)
  await bench.duel({
    name: "tasks that sleep 10 ms, 1,000 at once",
    baseline: async () => (await bench.once("raw", "fill", count), await bench.once("rawLife", "sleep", count)),
    ours: async () => (await bench.once("raw", "fill", count), await bench.once("life", "sleep", count)),
    figures: [
      { of: "rate", as: "tasks/s", digits: 0, atLeast: 1 },
      { of: "cpuMicros", as: "CPU µs/task", digits: 1 }
    ]
  })
}

const adorned = async (bench: Bench): Promise<void> => {
  const count = bench.count(50_000)
  for (
    const [scenario, what] of [
      ["limits", "both time limits"],
      ["hooks", "all hooks"],
      ["middleware", "two middleware"],
      ["adorned", "limits, hooks and middleware"]
    ] as const
  ) {
    await bench.duel({
      name: `drain, ${what}, beside none`,
      baseline: async () => (await bench.once("raw", "fill", count), await bench.once("life", "plain", count)),
      ours: async () => (await bench.once("raw", "fill", count), await bench.once("life", scenario, count)),
      figures: [
        { of: "rate", as: "tasks/s", digits: 0 },
        { of: "cpuMicros", as: "CPU µs/task", digits: 1 }
      ]
    })
  }
}
