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

/** Whether it is there. */
export const isThere = (): boolean => existsSync(join(sources, "t", "integration"))

/** What became of one test. */
export interface Outcome {
  readonly test: string
  readonly outcome: "passed" | "failed" | "skipped"
  readonly said: string
}

export interface Options {
  readonly broker: string
  readonly backend: string
  /** As pytest takes them: `t/integration/test_tasks.py::test_tasks`. */
  readonly tests: ReadonlyArray<string>
  /** Those that are not to be run, by their names without the file. */
  readonly without: ReadonlyArray<string>
  /** ms. */
  readonly timeout: number
}

const plugin = fileURLToPath(new URL("../celery-suite", import.meta.url))

/** Runs some of its tests to their end, or until the time is over. */
export const run = async ({ backend, broker, tests, timeout, without }: Options): Promise<ReadonlyArray<Outcome>> => {
  const outcomes: Array<Outcome> = []
  const url = new URL(backend)
  const deselected = tests.flatMap((test) =>
    without.flatMap((name) => ["--deselect", `${test.split("::", 1)[0]}::${name}`])
  )
  const peer = new Peer(join(folder, "bin", "python"), [
    ...["-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "plugin", "-p", "celery.contrib.pytest", "-s"],
    ...["-W", "ignore", "-o", "addopts=", "--rootdir", sources, ...deselected],
    ...tests.map((test) => join(sources, test))
  ], {
    env: {
      ...{ TEST_BROKER: broker, TEST_BACKEND: backend, REDIS_HOST: url.hostname, REDIS_PORT: url.port || "6379" },
      ...{ PYTHONDONTWRITEBYTECODE: "1", PYTHONPATH: `${plugin}:${sources}` }
    },
    onLine: (line) => {
      if (line.startsWith(`{"test": `)) outcomes.push(JSON.parse(line) as Outcome) // as the plugin writes them
    }
  })
  const timer = setTimeout(() => peer.signal("SIGKILL"), timeout)
  await peer.exited
  clearTimeout(timer)
  if (outcomes.length === 0) throw new Error(`the suite ran no test:\n${peer.output.slice(-4000)}`)
  return outcomes
}
