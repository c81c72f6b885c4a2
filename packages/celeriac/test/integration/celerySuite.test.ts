/** Celery's own integration suite, its tests of single tasks, as client of a worker of this project. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { inject } from "vitest"
import { handlers } from "../../../../test/celery-suite/tasks.ts"
import * as CelerySuite from "../../../../test/peers/CelerySuite.ts"
import { RabbitMq } from "../../../../test/peers/RabbitMq.ts"
import * as Broker from "../../src/Broker.ts"
import * as Worker from "../../src/Worker.ts"

interface Exceptions {
  /** What is not run, and why. */
  readonly notRun: Readonly<Record<string, string>>
  /** What fails, and why. */
  readonly fails: Readonly<Record<string, string>>
}

const exceptions = JSON.parse(
  readFileSync(fileURLToPath(new URL("../../../../test/celery-suite/exceptions.json", import.meta.url)), "utf8")
) as Exceptions

const classes = ["test_class_based_tasks", "test_tasks", "test_task_redis_result_backend"]

/** The suite wants the queue `celery` for itself. */
const broker = Effect.acquireRelease(
  Effect.promise(() => RabbitMq.start()),
  (rabbit) => Effect.promise(() => rabbit.stop())
)

/** It takes two minutes: asked for by `CELERIAC_CELERY_SUITE=1`. */
const isWanted = process.env["CELERIAC_CELERY_SUITE"] !== undefined && CelerySuite.isThere()

describe.skipIf(!isWanted)("Celery's suite", () => {
  it.live("passes with results in Redis, but for what is listed", () =>
    Effect.gen(function*() {
      const rabbit = yield* broker
      const backend = inject("redisUrl").replace(/\/\d*$/, "/0")
      const outcomes = yield* Effect.promise(() =>
        CelerySuite.run({
          broker: rabbit.url.replace("amqp://", "pyamqp://"),
          backend,
          tests: classes.map((name) => `t/integration/test_tasks.py::${name}`),
          without: Object.keys(exceptions.notRun),
          timeout: 120_000
        })
      ).pipe(
        Effect.provide(
          Worker.make({ tasks: handlers, settings: { resultExtended: true } }).layer
        ),
        Effect.provide(Broker.layer(rabbit.url, { results: backend }))
      )
      const failed = outcomes.filter(({ outcome }) => outcome === "failed")
      assert.deepStrictEqual(
        failed.filter(({ test }) => exceptions.fails[test] === undefined),
        [],
        "these fail, and are not listed"
      )
      assert.deepStrictEqual(
        Object.keys(exceptions.fails).filter((name) => !failed.some(({ test }) => test === name)),
        [],
        "these are listed, and do not fail any more"
      )
      assert.isAbove(outcomes.length - failed.length, 10)
    }).pipe(Effect.scoped), 180_000)
})
