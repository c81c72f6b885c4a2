import { RabbitMq } from "/work/e/test/peers/RabbitMq.ts"
import { spawnSync } from "node:child_process"
const broker = await RabbitMq.start()
const node = process.execPath
const n = process.argv[2] ?? "40000"
const rounds = Number(process.argv[3] ?? 4)
const figures = { drain: [], "drain-events": [] }
try {
  for (let i = 0; i < rounds; i++) {
    for (
      const scenario of i % 2
        ? ["drain", "drain-events"]
        : ["drain-events", "drain"]
    ) {
      spawnSync(node, ["/work/e/bench/scenarios/raw.ts", "fill", broker.url, n], { stdio: "ignore" })
      const r = spawnSync(node, ["/work/e/bench/scenarios/celeriac.ts", scenario, broker.url, n], { encoding: "utf8" })
      const { rate, cpuMicros } = JSON.parse(r.stdout)
      figures[scenario].push([Math.round(rate), cpuMicros.toFixed(1)].join("/"))
    }
  }
  console.log(figures)
  const med = (a) => a.map((x) => Number(x.split("/")[1])).sort((x, y) => x - y)[a.length >> 1]
  console.log("cpu ratio", med(figures["drain-events"]) / med(figures.drain))
} finally {
  await broker.stop()
}
