/**
 * `npm run bench`: the whole worker and client against a bare amqplib loop, in
 * the same run, over the same private RabbitMQ, round after round in turn.
 *
 * Prints a table of medians and of ratios; the ratio is the median of the
 * ratios of each round, because these machines drift. `npm run bench -- 5`
 * runs five rounds instead of three, `npm run bench -- 5 idle` what has this in its name; `CELERIAC_TEST_AMQP_URL` names a broker to
 * use instead.
 */
import { run } from "../test/peers/Process.ts"
import { RabbitMq } from "../test/peers/RabbitMq.ts"
import { type Line, Program } from "./Program.ts"
import * as Published from "./Published.ts"
import { render, type Row } from "./Table.ts"

const rounds = Number(process.argv[2] ?? 3)
const wanted = process.argv[3] ?? ""
const given = process.env["CELERIAC_TEST_AMQP_URL"]
const broker = given === undefined ? await RabbitMq.start() : undefined
const url = given ?? broker!.url
const published = await Published.publish()
const rows: Array<Row> = []

const say = (text: string) => process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${text}` : `${text}\n`)
const start = (program: "raw" | "celeriac", scenario: string, count: number) =>
  new Program(published.program(program), [scenario, url, String(count)])
const once = async (program: "raw" | "celeriac", scenario: string, count: number): Promise<Line> => {
  const running = start(program, scenario, count)
  try {
    return await running.next()
  } finally {
    running.stop()
  }
}

interface Duel {
  readonly name: string
  readonly baseline: () => Promise<Line>
  readonly ours: () => Promise<Line>
  readonly figures: ReadonlyArray<
    Omit<Row, "name" | "baseline" | "ours"> & { readonly of: string; readonly as: string }
  >
}

/** Both in turn, `rounds` times. */
const duel = async ({ baseline, figures, name, ours }: Duel): Promise<void> => {
  if (!name.includes(wanted)) return
  const pairs: Array<readonly [Line, Line]> = []
  for (let round = 1; round <= rounds; round++) {
    say(`${name}: round ${round} of ${rounds}`)
    pairs.push([await baseline(), await ours()])
  }
  for (const { as, of, ...figure } of figures) {
    rows.push({
      ...figure,
      name: `${name}, ${as}`,
      baseline: pairs.map(([line]) => line[of] ?? Number.NaN),
      ours: pairs.map(([, line]) => line[of] ?? Number.NaN)
    })
  }
}

const drain = (name: string, ours: string, baseline: string, fill: string, count: number, atLeast: number) =>
  duel({
    name,
    baseline: async () => (await once("raw", fill, count), await once("raw", baseline, count)),
    ours: async () => (await once("raw", fill, count), await once("celeriac", ours, count)),
    figures: [
      { of: "rate", as: "tasks/s", digits: 0, atLeast },
      { of: "cpuMicros", as: "CPU µs/task", digits: 1, atMost: 2 },
      { of: "rssGrowthMegabytes", as: "MB grown after the first fifth", digits: 0 }
    ]
  })

/** A server that runs while `use` does. */
const serving = async (
  program: "raw" | "celeriac",
  scenario: string,
  count: number,
  use: (server: Program) => Promise<Line>
) => {
  const server = start(program, scenario, count)
  try {
    await server.next()
    return await use(server)
  } finally {
    server.stop()
  }
}

const settled = async (server: Program): Promise<Line> => {
  const settle = (millis: number) => new Promise((resolve) => setTimeout(resolve, millis))
  await settle(3_000)
  const before = server.usage()
  await settle(10_000)
  const after = server.usage()
  return {
    cpuMillisPerSecond: (after.cpuSeconds - before.cpuSeconds) * 100,
    pss: after.pssMegabytes,
    rss: after.rssMegabytes
  }
}

/** A worker as people run it: by the command, or of one file. */
const built = published.program("built").replace(/\.js$/, ".mjs")
const workers = {
  installed: [published.command, "worker", "-A", published.program("worker"), "-b", url],
  built: [built, "-b", url]
}

/** One that runs while `use` does. */
const working = async (name: keyof typeof workers, use: (worker: Program) => Promise<Line>): Promise<Line> => {
  const [file = "", ...args] = workers[name]
  // The banner is no figure, and the log is for people.
  const worker = new Program(file, [...args, "--json-logs", "-l", "error"])
  try {
    return await use(worker)
  } finally {
    await worker.end()
  }
}

/** Its first task, and all of its steps. */
const first = (name: keyof typeof workers) =>
  working(name, async (worker) => ({ ...await worker.next(), ...await worker.next() }))

try {
  await run(process.execPath, [published.command, "build", published.program("worker"), "--minify", "-o", built])
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
      const [what, baseline, fill] of [["drain", "drain", "fill"], [
        "drain, RPC results",
        "drain-results",
        "fill-results"
      ]] as const
    ) {
      await duel({
        name: `${what}, events on${isHeard ? " and heard" : ""} beside events off`,
        baseline: async () => (await once("raw", fill, drained), await once("celeriac", baseline, drained)),
        ours: async () => {
          await once("raw", fill, drained)
          if (isHeard) await once("raw", "watch", 0)
          const measured = await once("celeriac", `${baseline}-events`, drained)
          if (isHeard) await once("raw", "unwatch", 0)
          return measured
        },
        figures: [
          { of: "rate", as: "tasks/s", digits: 0, atLeast: 0.88 },
          { of: "cpuMicros", as: "CPU µs/task", digits: 1, atMost: 1.12 }
        ]
      })
    }
  }
  const hear = (program: "raw" | "celeriac") =>
    serving(program, "hear", 50_000, async (server) => (await once("raw", "tell", 50_000), await server.next()))
  await duel({
    name: "events of others heard, 5,000/s",
    baseline: () => hear("raw"),
    ours: () => hear("celeriac"),
    figures: [
      { of: "rate", as: "events/s", digits: 0 },
      { of: "cpuMicros", as: "CPU µs/event (40 is 20 % of a core)", digits: 1, below: 40 }
    ]
  })
  await duel({
    name: "publish, confirmed and pipelined",
    baseline: async () => (await once("raw", "fill", 0), await once("raw", "publish", 20_000)),
    ours: async () => (await once("raw", "fill", 0), await once("celeriac", "publish", 20_000)),
    figures: [
      { of: "rate", as: "tasks/s", digits: 0, atLeast: 0.9 },
      { of: "cpuMicros", as: "CPU µs/task", digits: 1 }
    ]
  })
  await duel({
    name: "10,000 calls in one go",
    baseline: async () => (await once("raw", "fill", 0), await once("raw", "publish", 10_000)),
    ours: async () => (await once("raw", "fill", 0), await once("celeriac", "many", 10_000)),
    figures: [
      { of: "rate", as: "tasks/s", digits: 0, atLeast: 0.9 },
      { of: "cpuMicros", as: "CPU µs/task", digits: 1 }
    ]
  })
  await once("raw", "fill", 0)
  for (const baseline of ["call", "call-confirmed"] as const) {
    await duel({
      name: baseline === "call" ? "round trip" : "round trip, raw publishes confirmed",
      baseline: () => serving("raw", "serve", 0, () => once("raw", baseline, 15_000)),
      ours: () => serving("celeriac", "serve", 0, () => once("celeriac", "call", 15_000)),
      figures: [
        { of: "p50", as: "p50 ms", digits: 3, ...(baseline === "call" ? {} : { atMost: 1.2 }) },
        { of: "p99", as: "p99 ms", digits: 3 }
      ]
    })
  }
  const pace = (program: "raw" | "celeriac") =>
    serving(program, "sink", 500, async (server) => (await once("raw", "pace", 500), await server.next()))
  await duel({
    name: "enqueue to start, 100/s",
    baseline: () => pace("raw"),
    ours: () => pace("celeriac"),
    figures: [
      { of: "p50", as: "p50 ms", digits: 3 },
      { of: "p99", as: "p99 ms", digits: 3 }
    ]
  })
  await once("raw", "fill", 10)
  await first("installed") // fills the compile cache
  for (const [name, below] of [["installed", 300], ["built", 180]] as const) {
    await duel({
      name: `process start to first task, ${name}`,
      baseline: async () => (await once("raw", "fill", 10), await once("raw", "boot", 1)),
      ours: async () => (await once("raw", "fill", 10), await first(name)),
      figures: [
        { of: "millis", as: "ms", digits: 0, below },
        { of: "ready", as: "ms until all steps are ready", digits: 0, below: 400 }
      ]
    })
  }
  const holding = (program: "raw" | "celeriac") => async (): Promise<Line> => {
    await once("raw", "fill-eta", 100_000)
    const worker = start(program, "hold", 100_000)
    try {
      const taken = await worker.next()
      await once("raw", "pace", 300)
      return { ...taken, ...await worker.next() }
    } finally {
      worker.stop()
    }
  }
  await duel({
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
  await once("raw", "fill", 0)
  const bootsteps = (scenario: string) => new Program(published.program("bootsteps"), [scenario]).next()
  for (
    const [scenario, name, wanted] of [
      ["steps", "boot and stop of five empty steps, beside plain layers", {}],
      ["worker", "boot and stop of a worker in memory", { below: 5 }],
      ["restart", "a consumer built anew, beside its own work", { below: 0.3 }]
    ] as const
  ) {
    const pairs: Array<Line> = []
    for (let round = 1; round <= rounds; round++) {
      say(`${name}: round ${round} of ${rounds}`)
      pairs.push(await bootsteps(scenario))
    }
    rows.push({
      name: `${name}, ms`,
      baseline: pairs.map((line) => line["baseline"] ?? 0),
      ours: pairs.map((line) => line["ours"] ?? Number.NaN),
      digits: 3,
      ...wanted
    })
  }
  await once("raw", "fill", 0)
  for (const [name, below] of [["installed", 70], ["built", 48]] as const) {
    await duel({
      name: `idle, ${name}`,
      baseline: () => serving("raw", "idle", 0, settled),
      ours: () => working(name, settled),
      figures: [
        { of: "pss", as: "PSS MB, beside the Node of the benchmark", digits: 0, below },
        { of: "rss", as: "RSS MB: the PSS where no other Node runs", digits: 0 },
        { of: "cpuMillisPerSecond", as: "CPU ms/s", digits: 1 }
      ]
    })
  }
  say("")
  console.log(render(rows, rounds))
} finally {
  published.remove()
  await broker?.stop()
}
