/** Drains, with and without results and events, and what is published. */
import type { Bench } from "../Bench.ts"
import type { Line } from "../Program.ts"

export const throughput = async (bench: Bench): Promise<void> => {
  const drain = (name: string, ours: string, baseline: string, fill: string, full: number, atLeast: number) => {
    const count = bench.count(full)
    return bench.duel({
      name,
      baseline: async () => (await bench.once("raw", fill, count), await bench.once("raw", baseline, count)),
      ours: async () => (await bench.once("raw", fill, count), await bench.once("celeriac", ours, count)),
      figures: [
        { of: "rate", as: "tasks/s", digits: 0, atLeast },
        { of: "cpuMicros", as: "CPU µs/task", digits: 1, atMost: 2 },
        { of: "rssGrowthMegabytes", as: "MB grown after the first fifth", digits: 0 }
      ]
    })
  }
  const drained = 50_000
  await drain("drain, early ack", "drain", "drain", "fill", drained, 0.9)
  await drain("drain, late ack", "drain-late", "drain", "fill", drained, 0.9)
  await drain("drain, early ack, RPC results", "drain-results", "drain-results", "fill-results", drained, 0.85)
  await drain("drain, late ack, RPC results", "drain-results-late", "drain-results", "fill-results", drained, 0.85)
  await drain("drain, early ack, raw acks `multiple`", "drain", "drain-multiple", "fill", drained, 0)
  await drain("drain, early ack, prefetch 4 per slot", "drain-multiplier-4", "drain", "fill", drained, 0)
  await drain("drain, early ack, 100,000", "drain", "drain", "fill", 100_000, 0.9)
  for (const isHeard of [false, true]) {
    for (
      const [what, baseline, fill] of [
        ["drain", "drain", "fill"],
        ["drain, RPC results", "drain-results", "fill-results"]
      ] as const
    ) {
      const count = bench.count(drained)
      await bench.duel({
        name: `${what}, events on${isHeard ? " and heard" : ""} beside events off`,
        baseline: async () => (await bench.once("raw", fill, count), await bench.once("celeriac", baseline, count)),
        ours: async () => {
          await bench.once("raw", fill, count)
          if (isHeard) await bench.once("rawEvents", "watch", 0)
          const measured = await bench.once("celeriac", `${baseline}-events`, count)
          if (isHeard) await bench.once("rawEvents", "unwatch", 0)
          return measured
        },
        figures: [
          { of: "rate", as: "tasks/s", digits: 0, atLeast: 0.88 },
          { of: "cpuMicros", as: "CPU µs/task", digits: 1, atMost: 1.12 }
        ]
      })
    }
  }
  const told = bench.count(50_000)
  const hear = (program: string) =>
    bench.serving(
      program,
      "hear",
      told,
      async (server): Promise<Line> => (await bench.once("rawEvents", "tell", told), await server.next())
    )
  await bench.duel({
    name: "events of others heard, 5,000/s",
    baseline: () => hear("rawEvents"),
    ours: () => hear("celeriac"),
    figures: [
      { of: "rate", as: "events/s", digits: 0 },
      { of: "cpuMicros", as: "CPU µs/event (40 is 20 % of a core)", digits: 1, below: 40 }
    ]
  })
  const publish = (name: string, ours: string, count: number) =>
    bench.duel({
      name,
      baseline: async () => (await bench.once("raw", "fill", 0), await bench.once("raw", "publish", count)),
      ours: async () => (await bench.once("raw", "fill", 0), await bench.once("celeriac", ours, count)),
      figures: [
        { of: "rate", as: "tasks/s", digits: 0, atLeast: 0.9 },
        { of: "cpuMicros", as: "CPU µs/task", digits: 1 }
      ]
    })
  await publish("publish, confirmed and pipelined", "publish", bench.count(20_000))
  await publish("10,000 calls in one go", "many", bench.count(10_000))
  await bench.once("raw", "fill", 0)
}
