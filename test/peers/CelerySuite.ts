/** Celery's own integration suite, from its source distribution: run as client of a worker of ours. */
import { existsSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Peer } from "./Process.ts"
import { cache, celeries } from "./Python.ts"

/** The version whose suite it is. */
export const version = celeries[0]

/** Where `ensure` puts it, with a python that has what it needs, if pip can reach it. */
export const folder = join(cache, `celery-suite-${version}`)

/** What is unpacked from the source distribution. */
export const sources = join(folder, `celery-${version}`)

export const python = join(folder, "bin", "python")

/** Whether it is there, whole. */
export const isThere = (): boolean => existsSync(python) && existsSync(join(sources, "t", "integration", "tasks.py"))

/** What became of one test. It may have failed after its end, too. */
export interface Outcome {
  /** As `test_tasks.py::test_tasks::test_fail`. */
  readonly test: string
  readonly when: "setup" | "call" | "teardown"
  readonly outcome: "passed" | "failed" | "skipped"
  readonly said: string
  readonly seconds: number
}

/** What became of all of them. */
export interface Report {
  /** Every test of the files. */
  readonly collected: ReadonlyArray<string>
  /** Those that were to be run. */
  readonly chosen: ReadonlyArray<string>
  readonly outcomes: ReadonlyArray<Outcome>
  /** Pytest's: 0 when all passed, 1 when some failed, others when it could not do its work, null when it was killed. */
  readonly exitCode: number | null
  /** The end of what it printed. */
  readonly output: string
}

export interface Options {
  readonly broker: string
  readonly backend: string
  /** Where the suite keeps what is no result: `redis://127.0.0.1:6379`. */
  readonly redis: string
  /** The worker's. */
  readonly nodename: string
  /** As pytest takes them, from `t/integration`: `test_tasks.py::test_tasks`. */
  readonly tests: ReadonlyArray<string>
  /** Names of tests, classes or files that are not run. */
  readonly without: ReadonlyArray<string>
  /** Which part of so many, each of which takes about as long as the others. */
  readonly shard: readonly [index: number, of: number]
  /** What tests take that are not done at once, in seconds. */
  readonly takes: Readonly<Record<string, number>>
  /** For one test. */
  readonly seconds: number
  /** For all: ms. */
  readonly timeout: number
  /** Where `suite.key` and `suite.pem` are that it signs with. */
  readonly keys?: string | undefined
  /** More of pytest's. */
  readonly args?: ReadonlyArray<string>
  readonly onLine?: (line: string) => void
}

const plugin = fileURLToPath(new URL("../celery-suite", import.meta.url))

/** Runs tests to their end, or until the time is over. */
export const run = async (options: Options): Promise<Report> => {
  const { backend, broker, nodename, redis, seconds, shard, takes, tests, timeout, without } = options
  const outcomes: Array<Outcome> = []
  let collected: ReadonlyArray<string> = []
  let chosen: ReadonlyArray<string> = []
  const url = new URL(redis)
  const peer = new Peer(python, [
    ...["-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "plugin", "-p", "celery.contrib.pytest", "-s"],
    ...[
      "-W",
      "ignore",
      "-o",
      "addopts=",
      "-o",
      "python_classes=test_*",
      "--tb=short",
      "--rootdir",
      sources,
      ...(options.args ?? [])
    ],
    ...tests.map((test) => join(sources, "t", "integration", test))
  ], {
    env: {
      ...{ TEST_BROKER: broker, TEST_BACKEND: backend, REDIS_HOST: url.hostname, REDIS_PORT: url.port || "6379" },
      ...{ PYTHONDONTWRITEBYTECODE: "1", PYTHONPATH: `${plugin}:${sources}` },
      CELERIAC_SUITE: JSON.stringify({
        nodename,
        seconds,
        shard: shard[0],
        shards: shard[1],
        takes,
        without,
        keys: options.keys
      })
    },
    onLine: (line) => {
      options.onLine?.(line)
      // As the plugin writes them.
      if (line.startsWith(`{"test": `)) outcomes.push(JSON.parse(line) as Outcome)
      else if (line.startsWith(`{"collected": `)) collected = (JSON.parse(line) as Report).collected
      else if (line.startsWith(`{"chosen": `)) chosen = (JSON.parse(line) as Report).chosen
    }
  })
  const timer = setTimeout(() => peer.signal("SIGKILL"), timeout)
  const exitCode = await peer.exited
  clearTimeout(timer)
  return { collected, chosen, outcomes, exitCode, output: peer.output }
}
