/** Workers as processes: how soon they work, what they take when they do nothing, and what their steps cost. */
import { run } from "../../test/peers/Process.ts"
import type { Bench } from "../Bench.ts"
import { type Line, Program } from "../Program.ts"

export const processes = async (bench: Bench): Promise<void> => {
  await helps(bench)
  await boots(bench)
  await bootsteps(bench)
  await idle(bench)
}

/** A worker as people run it: by the command, or of one file. */
type How = "installed" | "built"

const argumentsOf = ({ published, url }: Bench, how: How): ReadonlyArray<string> =>
  how === "installed"
    ? [published.command, "worker", "-A", published.program("worker"), "-b", url]
    : [fileOf(published.program("built")), "-b", url]

const fileOf = (program: string): string => program.replace(/\.js$/, ".mjs")

const build = ({ published }: Bench): Promise<string> =>
  run(process.execPath, [
    ...[published.command, "build", published.program("worker"), "--minify", "-o", fileOf(published.program("built"))]
  ])

/** One that runs while `use` does. */
const working = async (bench: Bench, how: How, use: (worker: Program) => Promise<Line>): Promise<Line> => {
  const [file = "", ...args] = argumentsOf(bench, how)
  // The banner is no figure, and the log is for people.
  const worker = new Program(file, [...args, "--json-logs", "-l", "error"])
  try {
    return await use(worker)
  } finally {
    await worker.end()
  }
}

const boots = async (bench: Bench): Promise<void> => {
  const rows = [["installed", 300], ["built", 180]] as const
  const nameOf = (how: How) => `process start to first task, ${how}`
  if (!rows.some(([how]) => bench.isWanted(nameOf(how)))) return
  /** Its first task, and all of its steps. */
  const first = (how: How) =>
    working(bench, how, async (worker) => ({ ...await worker.next(), ...await worker.next() }))
  await build(bench)
  await bench.once("raw", "fill", 10)
  await first("installed") // fills the compile cache
  for (const [how, below] of rows) {
    await bench.duel({
      name: nameOf(how),
      baseline: async () => (await bench.once("raw", "fill", 10), await bench.once("raw", "boot", 1)),
      ours: async () => (await bench.once("raw", "fill", 10), await first(how)),
      figures: [
        { of: "millis", as: "ms", digits: 0, below },
        { of: "ready", as: "ms until all steps are ready", digits: 0, below: 400 }
      ]
    })
  }
  await bench.once("raw", "fill", 0)
}

/** From the start of a process to its end, in milliseconds. */
const lifetime = async (...args: ReadonlyArray<string>): Promise<Line> => {
  const start = performance.now()
  await run(process.execPath, args)
  return { millis: performance.now() - start }
}

/** Beside a Node that does nothing. */
const helps = async (bench: Bench): Promise<void> => {
  const { command } = bench.published
  for (const [args, below] of [[["--help"], 250], [["inspect", "--help"], 300]] as const) {
    const name = `celeriac ${args.join(" ")}`
    if (!bench.isWanted(name)) continue
    await lifetime(command, ...args) // fills the compile cache
    await bench.duel({
      name,
      baseline: () => lifetime("-e", "0"),
      ours: () => lifetime(command, ...args),
      figures: [{ of: "millis", as: "ms", digits: 0, below }]
    })
  }
}

const bootsteps = async (bench: Bench): Promise<void> => {
  for (
    const [scenario, name, wanted] of [
      ["steps", "boot and stop of five empty steps, beside plain layers", {}],
      ["worker", "boot and stop of a worker in memory", { below: 5 }],
      ["restart", "a consumer built anew, beside its own work", { below: 0.3 }]
    ] as const
  ) {
    // One program measures both.
    let measured: Promise<Line> = Promise.resolve({})
    await bench.duel({
      name,
      baseline: async () => {
        measured = new Program(bench.published.program("bootsteps"), [scenario]).next()
        return { millis: (await measured)["baseline"] ?? 0 }
      },
      ours: async () => ({ millis: (await measured)["ours"] ?? Number.NaN }),
      figures: [{ of: "millis", as: "ms", digits: 3, ...wanted }]
    })
  }
}

const idle = async (bench: Bench): Promise<void> => {
  const rows = [["installed", 70], ["built", 48]] as const
  const nameOf = (how: How) => `idle, ${how}`
  if (!rows.some(([how]) => bench.isWanted(nameOf(how)))) return
  await build(bench)
  await bench.once("raw", "fill", 0)
  for (const [how, below] of rows) {
    await bench.duel({
      name: nameOf(how),
      baseline: () => bench.serving("raw", "idle", 0, settled),
      ours: () => working(bench, how, settled),
      figures: [
        { of: "pss", as: "PSS MB, beside the Node of the benchmark", digits: 0, below },
        { of: "rss", as: "RSS MB: the PSS where no other Node runs", digits: 0 },
        { of: "cpuMillisPerSecond", as: "CPU ms/s", digits: 1 }
      ]
    })
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
