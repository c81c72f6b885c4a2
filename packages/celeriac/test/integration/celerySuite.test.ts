/** Celery's own integration suite, its tests of single tasks, as client of a worker of this project. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Suite from "../../../../test/celery-suite/Suite.ts"
import * as CelerySuite from "../../../../test/peers/CelerySuite.ts"

if (!CelerySuite.isThere()) console.log("Celery's own suite is not here, and is left out: pip does not reach it")

const { around, signed, single } = Suite.files

/** Without the slow ones, unless `CELERIAC_CELERY_SUITE=1` asks for them. */
const isQuick = process.env["CELERIAC_CELERY_SUITE"] === undefined

describe.skipIf(!CelerySuite.isThere())("Celery's suite of single tasks", () => {
  it("is run but for the files that are listed", () => assert.deepStrictEqual(Suite.unknownFiles(), []))

  it.live("passes with results in Redis and by messages, but for what is listed", () =>
    Effect.gen(function*() {
      const wrong = yield* Suite.complaintsOf([
        // Those of inspect first: they tell of all that the worker holds, and others leave it retries.
        { results: "redis", tests: [...around, ...single], shards: 4, seconds: 120, isQuick },
        { results: "rpc", tests: single, shards: 3, seconds: 120, isQuick },
        { results: "redis", tests: signed, shards: 1, seconds: 120, isSigned: true }
      ])
      assert.deepStrictEqual(wrong, [])
    }), 600_000)
})
