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

const program = Effect.gen(function*() {
  const [broker = ""] = yield* Suite.brokers(1)
  const began = performance.now()
  const report = yield* Suite.run({
    all,
    broker,
    results: results === "rpc" ? "rpc" : "redis",
    tests: file.split(","),
    timeout: 1_200_000,
    args,
    onLine: console.log
  })
  const count = (which: CelerySuite.Outcome["outcome"]) =>
    report.outcomes.filter(({ outcome }) => outcome === which).length
  for (const { outcome, said, test, when } of report.outcomes) {
    if (outcome === "failed") console.log(`${test} (${when}): ${said}`)
  }
  console.log(
    `${report.collected.length} tests, ${report.chosen.length} run: ${count("passed")} passed, ` +
      `${count("failed")} failed, ${count("skipped")} skipped; ${Math.round((performance.now() - began) / 1000)} s`
  )
})

await Effect.runPromise(Effect.scoped(program))
