/** Celery's own integration suite, its tests of workflows, as client of a worker of this project. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Suite from "../../../../test/celery-suite/Suite.ts"
import * as CelerySuite from "../../../../test/peers/CelerySuite.ts"

const tests = Suite.files.canvas

/** It takes two minutes: asked for by `CELERIAC_CELERY_SUITE=1`. */
const isWanted = process.env["CELERIAC_CELERY_SUITE"] !== undefined && CelerySuite.isThere()

describe.skipIf(!isWanted)("Celery's suite of workflows", () => {
  it.live("passes with results in Redis, but for what is listed", () =>
    Effect.gen(function*() {
      const wrong = yield* Suite.complaintsOf([{ results: "redis", tests, shards: 5, seconds: 20 }])
      assert.deepStrictEqual(wrong, [])
    }), 240_000)
})
