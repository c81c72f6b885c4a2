/** Celery's own integration suite, its tests of single tasks, as client of a worker of this project. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Suite from "../../../../test/celery-suite/Suite.ts"
import * as CelerySuite from "../../../../test/peers/CelerySuite.ts"

const tests = ["test_tasks.py"]

/** Most of the time they wait: so many at once, each with a worker of its own. */
const shards = { redis: 3, rpc: 2 }

if (!CelerySuite.isThere()) console.log("Celery's own suite is not here, and is left out: pip does not reach it")

describe.skipIf(!CelerySuite.isThere()).concurrent("Celery's suite", () => {
  const scope = Scope.makeUnsafe()
  let brokers: ReadonlyArray<string> = []
  beforeAll(async () => {
    brokers = await Effect.runPromise(
      Effect.provideService(Suite.brokers(shards.redis + shards.rpc), Scope.Scope, scope)
    )
  })
  afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))

  const passes = (results: Suite.Results, count: number, skip: number) =>
    Effect.gen(function*() {
      const reports = yield* Effect.forEach(brokers.slice(skip, skip + count), (broker, index) =>
        Suite.run({ broker, results, tests, seconds: 50, shard: [index, count], timeout: 100_000 }), {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(
        reports.flatMap((report) =>
          Suite.complaints(report, results)
        ),
        []
      )
      assert.isAbove(
        reports.flatMap(({ outcomes }) => outcomes).filter(({ outcome }) => outcome === "passed").length,
        30
      )
    })

  it.live("passes with results in Redis, but for what is listed", () => passes("redis", shards.redis, 0), 120_000)

  it.live(
    "passes with results by messages, but for what is listed",
    () => passes("rpc", shards.rpc, shards.redis),
    120_000
  )
})
