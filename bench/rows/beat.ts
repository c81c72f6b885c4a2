/** Periodic tasks: what 100,000 entries take, that a tick costs by what is due, and how late slots are sent. */
import type { Bench } from "../Bench.ts"
import type { Line } from "../Program.ts"

const none: Line = {}

export const beat = async (bench: Bench): Promise<void> => {
  const many = bench.count(100_000)
  await bench.duel({
    name: `beat, 1,000 slots a second, of ${bench.count(2000).toLocaleString("en")} entries beside ${
      many.toLocaleString("en")
    }`,
    baseline: () => bench.once("beat", "tick", Math.max(1000, bench.count(2000))),
    ours: () => bench.once("beat", "tick", Math.max(1000, many)),
    figures: [
      { of: "cpuMicros", as: "CPU µs/slot", digits: 1, atMost: 1.3 },
      { of: "bytes", as: "bytes/entry", digits: 0, below: 1000 }
    ]
  })
  for (
    const [scenario, how] of [
      ["lag", "kept by memory"],
      ["lag-queue", "kept by RabbitMQ"],
      ["lag-burst", "all due at once"]
    ] as const
  ) {
    await bench.duel({
      name: `beat, 1,000 slots a second, ${how}`,
      baseline: () => bench.once("rawBeat", "lag", bench.count(20_000)),
      ours: () => bench.once("beat", scenario, bench.count(20_000)),
      figures: [
        { of: "p50", as: "p50 ms until sent", digits: 1 },
        { of: "p99", as: "p99 ms until sent", digits: 1, below: 20 },
        { of: "confirmed50", as: "p50 ms until confirmed", digits: 1 },
        { of: "confirmed99", as: "p99 ms until confirmed", digits: 1 },
        { of: "cpuMicros", as: "CPU µs/slot", digits: 1 }
      ]
    })
  }
  for (
    const [scenario, how, count] of [["idle", "", many], ["idle-queue", ", over RabbitMQ", bench.count(1000)]] as const
  ) {
    await bench.duel({
      name: `beat, idle${how}, ${count.toLocaleString("en")} entries`,
      baseline: () => Promise.resolve(none),
      ours: async () => {
        const idle = bench.program("beat", scenario, count)
        const during = async (millis: number) => {
          const { cpuSeconds } = idle.usage()
          await new Promise((resolve) => setTimeout(resolve, millis))
          return idle.usage().cpuSeconds - cpuSeconds
        }
        try {
          await idle.next()
          // The collector gives back what making the entries took, and rests then.
          return { first: await during(20_000), cpu: await during(10_000) }
        } finally {
          idle.stop()
        }
      },
      figures: [
        { of: "first", as: "CPU s in the first 20 s", digits: 2 },
        { of: "cpu", as: "CPU s in 10 s", digits: 2, below: 0.05 }
      ]
    })
  }
}
