/** Celery's own integration suite, its tests of workflows, as client of a worker of this project. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Suite from "../../../../test/celery-suite/Suite.ts"
import * as CelerySuite from "../../../../test/peers/CelerySuite.ts"

const tests = Suite.files.canvas

/** The slow ones take minutes: asked for by `CELERIAC_CELERY_SUITE=1`. */
const isWhole = process.env["CELERIAC_CELERY_SUITE"] !== undefined

describe.skipIf(!CelerySuite.isThere())("Celery's suite of workflows", () => {
  it.live("passes with results in Redis and by messages, but for what is listed", () =>
    Effect.gen(function*() {
      const wrong = yield* Suite.complaintsOf([
        { results: "redis", tests, shards: 5, seconds: isWhole ? 200 : 60, isQuick: !isWhole, timeout: 500_000 },
        // Without a counter of chords: the suite leaves out what needs one.
        { results: "rpc", tests, shards: 1, seconds: 60, isQuick: !isWhole, timeout: 500_000 }
      ])
      assert.deepStrictEqual(wrong, [])
    }), 600_000)
})
