/**
 * Runs Celery's own suite, or some of it, by hand: to see what it says.
 *
 * `node test/celery-suite/main.ts redis test_tasks.py -k test_fail`: where results are kept, a file of
 * the suite, more options of pytest's. `--all` in front has the tests run that are listed as not to be.
 */
import * as Effect from "effect/Effect"
import * as CelerySuite from "../peers/CelerySuite.ts"
import * as Suite from "./Suite.ts"

const all = process.argv[2] === "--all"
const [results = "redis", file = "test_tasks.py", ...args] = process.argv.slice(all ? 3 : 2)

/** So many at once. */
const shards = Number(process.env["SHARDS"] ?? 1)

const program = Effect.gen(function*() {
  const began = performance.now()
  const brokers = yield* Suite.brokers(shards)
  const reports = yield* Effect.forEach(brokers, (broker, index) =>
    Suite.run({
      all,
      broker,
      results: results === "rpc" ? "rpc" : "redis",
      tests: file.split(","),
      seconds: Number(process.env["SECONDS"] ?? 50),
      shard: [index, shards],
      timeout: 1_200_000,
      isSigned: file === "test_security.py",
      args,
      onLine: console.log
    }), { concurrency: "unbounded" })
  const outcomes = reports.flatMap((report) => report.outcomes)
  const count = (which: CelerySuite.Outcome["outcome"]) => outcomes.filter(({ outcome }) => outcome === which).length
  for (const { outcome, said, seconds, test, when } of outcomes) {
    if (outcome === "failed") console.log(`${seconds} s: ${test} (${when}): ${said}`)
  }
  console.log(
    `${reports.flatMap(({ chosen }) => chosen).length} of ${reports[0]?.collected.length} tests: ${
      count("passed")
    } passed, ` +
      `${count("failed")} failed, ${count("skipped")} skipped; ${Math.round((performance.now() - began) / 1000)} s`
  )
})

await Effect.runPromise(Effect.scoped(program))
