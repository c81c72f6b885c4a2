/** What one task waits for: round trips, from enqueue to start, and beside many that are held. */
import type { Bench } from "../Bench.ts"
import type { Line } from "../Program.ts"

export const latency = async (bench: Bench): Promise<void> => {
  await bench.once("raw", "fill", 0)
  const calls = bench.count(15_000)
  for (const baseline of ["call", "call-confirmed"] as const) {
    await bench.duel({
      name: baseline === "call" ? "round trip" : "round trip, raw publishes confirmed",
      baseline: () => bench.serving("raw", "serve", 0, () => bench.once("raw", baseline, calls)),
      ours: () => bench.serving("celeriac", "serve", 0, () => bench.once("celeriac", "call", calls)),
      figures: [
        { of: "p50", as: "p50 ms", digits: 3, ...(baseline === "call" ? {} : { atMost: 1.2 }) },
        { of: "p99", as: "p99 ms", digits: 3 }
      ]
    })
  }
  const paced = bench.count(500)
  const pace = (program: string) =>
    bench.serving(
      program,
      "sink",
      paced,
      async (server): Promise<Line> => (await bench.once("raw", "pace", paced), await server.next())
    )
  await bench.duel({
    name: "enqueue to start, 100/s",
    baseline: () => pace("raw"),
    ours: () => pace("celeriac"),
    figures: [
      { of: "p50", as: "p50 ms", digits: 3 },
      { of: "p99", as: "p99 ms", digits: 3 }
    ]
  })
  const count = bench.count(100_000)
  const holding = (program: string) => async (): Promise<Line> => {
    await bench.once("raw", "fill-eta", count)
    const worker = bench.program(program, "hold", count)
    try {
      const taken = await worker.next()
      await bench.once("raw", "pace", 300)
      return { ...taken, ...await worker.next() }
    } finally {
      worker.stop()
    }
  }
  await bench.duel({
    name: "100,000 held until they are due",
    baseline: holding("raw"),
    ours: holding("celeriac"),
    figures: [
      { of: "rate", as: "taken in /s", digits: 0 },
      { of: "bytes", as: "resident bytes each", digits: 0 },
      { of: "behind", as: "start of one behind them, ms after the last was taken in", digits: 1, below: 1_000 },
      { of: "p50", as: "due meanwhile, p50 ms", digits: 3 },
      { of: "p99", as: "due meanwhile, p99 ms", digits: 3 }
    ]
  })
  await bench.once("raw", "fill", 0)
}
