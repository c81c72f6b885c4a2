/**
 * `npm run bench:against -- <checkout> [rounds] [scenario…]`: this checkout
 * against another one, an earlier commit say, over the same private RabbitMQ,
 * in turn, round after round.
 *
 * Both are laid out as people install them; a ratio is the median of the ratios
 * of each round, because these machines drift.
 */
import { resolve } from "node:path"
import { RabbitMq } from "../test/peers/RabbitMq.ts"
import { type Line, Program } from "./Program.ts"
import * as Published from "./Published.ts"
import { render, type Row } from "./Table.ts"

const [checkout, given = "5", ...chosen] = process.argv.slice(2)
const rounds = Number(given)
if (checkout === undefined || !Number.isInteger(rounds) || rounds < 1) {
  console.error("usage: npm run bench:against -- <checkout> [rounds] [scenario…]")
  process.exit(2)
}

type Run = (published: Published.Published, url: string) => Promise<Line>

const once = (program: string, ...args: ReadonlyArray<string>): Run => async (published, url) => {
  const running = new Program(published.program(program), [args[0]!, url, ...args.slice(1)])
  try {
    return await running.next()
  } finally {
    running.stop()
  }
}

const drained = "30000"

/** The queue is filled before. */
const drain = (scenario: string, fill = "fill"): Run => async (published, url) => {
  await once("raw", fill, drained)(published, url)
  return once("celeriac", scenario, drained)(published, url)
}

const call: Run = async (published, url) => {
  const server = new Program(published.program("celeriac"), ["serve", url, "0"])
  try {
    await server.next()
    return await once("celeriac", "call", "10000")(published, url)
  } finally {
    server.stop()
  }
}

const boot: Run = async (published, url) => {
  await once("raw", "fill", "10")(published, url)
  const line = await once("celeriac", "boot", "1")(published, url)
  await once("raw", "fill", "0")(published, url)
  return line
}

const scenarios: Readonly<Record<string, readonly [run: Run, figure: string, says: string, atMost: number]>> = {
  steps: [once("bootsteps", "steps"), "ours", "boot and stop of five empty steps, ms", Infinity],
  worker: [once("bootsteps", "worker"), "ours", "boot and stop of a worker in memory, ms", 1.3],
  restart: [once("bootsteps", "restart"), "ours", "a consumer built anew, ms", Infinity],
  drain: [drain("drain"), "cpuMicros", "drain, early ack, CPU µs/task", 1.05],
  "drain-late": [drain("drain-late"), "cpuMicros", "drain, late ack, CPU µs/task", 1.05],
  "drain-results": [
    drain("drain-results", "fill-results"),
    "cpuMicros",
    "drain, early ack, RPC results, CPU µs/task",
    1.05
  ],
  "drain-results-late": [
    drain("drain-results-late", "fill-results"),
    "cpuMicros",
    "drain, late ack, RPC results, CPU µs/task",
    1.05
  ],
  publish: [once("celeriac", "publish", "20000"), "cpuMicros", "publish, confirmed, CPU µs/task", 1.05],
  call: [call, "p50", "round trip, p50 ms", Infinity],
  boot: [boot, "millis", "process start to first task, ms", Infinity]
}

const names = chosen.length === 0 ? Object.keys(scenarios) : chosen
const unknown = names.find((name) => !(name in scenarios))
if (unknown !== undefined) {
  console.error(`there is no scenario '${unknown}': ${Object.keys(scenarios).join(", ")}`)
  process.exit(2)
}

const url = process.env["CELERIAC_TEST_AMQP_URL"]
const broker = url === undefined ? await RabbitMq.start() : undefined
const before = await Published.publish(resolve(checkout))
const after = await Published.publish()
const rows: Array<Row> = []
try {
  for (const name of names) {
    const [run, figure, says, atMost] = scenarios[name]!
    const pairs: Array<readonly [Line, Line]> = []
    for (let round = 1; round <= rounds; round++) {
      process.stderr.write(`${name}: round ${round} of ${rounds}\n`)
      pairs.push([await run(before, url ?? broker!.url), await run(after, url ?? broker!.url)])
    }
    rows.push({
      name: says,
      baseline: pairs.map(([line]) => line[figure] ?? Number.NaN),
      ours: pairs.map(([, line]) => line[figure] ?? Number.NaN),
      digits: 3,
      ...(atMost === Infinity ? {} : { atMost })
    })
  }
  console.log(render(rows, rounds, ["before", "after"]))
} finally {
  before.remove()
  after.remove()
  await broker?.stop()
}
