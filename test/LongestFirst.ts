/**
 * The order of the files of integration tests: those that take long begin
 * first, so that no processor waits at the end for one that began last. By
 * itself vitest goes by what files took here before, and in a checkout that
 * nothing was run in by their length, which says little of tests that wait.
 */
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { BaseSequencer, type TestSpecification } from "vitest/node"

/** Each takes more than 15 s of a quiet machine; the longest first. */
const long: ReadonlyArray<string> = [
  "celeriac/test/integration/celerySuiteCanvas.test.ts",
  "celeriac/test/integration/celerySuite.test.ts",
  "celeriac/test/integration/cliVerbs.test.ts",
  "worker/test/integration/reconnects.test.ts",
  "worker/test/integration/returns.test.ts",
  "worker/test/integration/broker.test.ts",
  "beat/test/integration/lease.test.ts",
  "celeriac/test/integration/doctor.test.ts",
  "beat/test/integration/faults.test.ts",
  "worker/test/integration/held.test.ts",
  "beat/test/integration/cluster.test.ts",
  "celeriac/test/integration/bundles.test.ts",
  "beat/test/integration/processes.test.ts",
  "worker/test/interop/lives.test.ts",
  "worker/test/integration/process.test.ts",
  "celeriac/test/integration/monitor.test.ts",
  "celeriac/test/integration/redis.test.ts",
  "celeriac/test/integration/canvasKilled.test.ts",
  "celeriac/test/integration/flower.test.ts",
  "worker/test/interop/cluster.test.ts",
  "worker/test/integration/refused.test.ts",
  "amqp/test/integration/broker.test.ts",
  "amqp/test/integration/conformance.test.ts",
  "amqp/test/integration/newestAmqplib.test.ts"
]

const packages = fileURLToPath(new URL("../packages/", import.meta.url))

const ranks = new Map(long.map((name, rank) => {
  const path = `${packages}${name}`
  if (!existsSync(path)) throw new Error(`test/LongestFirst.ts names ${name}, which is not there`)
  return [path, rank]
}))

const rank = ({ moduleId }: TestSpecification): number => ranks.get(moduleId) ?? ranks.size

export class LongestFirst extends BaseSequencer {
  override async sort(files: Array<TestSpecification>): Promise<Array<TestSpecification>> {
    return (await super.sort(files)).sort((one, other) => rank(one) - rank(other))
  }
}
