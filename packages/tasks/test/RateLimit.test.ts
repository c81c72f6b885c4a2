import * as RateLimit from "@celeriac/tasks/RateLimit"
import * as SettingsTable from "@celeriac/tasks/SettingsTable"
import * as Task from "@celeriac/tasks/Task"
import * as TaskSettings from "@celeriac/tasks/TaskSettings"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as fc from "fast-check"

describe("a rate limit", () => {
  const table: ReadonlyArray<readonly [limit: unknown, perSecond: number | undefined]> = [
    ["10/s", 10],
    ["10", 10],
    [10, 10],
    ["10/", 10],
    ["100/m", 100 / 60],
    ["2.5/h", 2.5 / 3_600],
    ["0.5/s", 0.5],
    [".5", 0.5],
    ["1e2/m", 100 / 60],
    [" 10 /s", 10],
    [0, undefined],
    ["0/m", undefined],
    ["", undefined],
    [null, undefined],
    [undefined, undefined]
  ]
  for (const [limit, perSecond] of table) {
    it(`${JSON.stringify(limit)} is ${perSecond === undefined ? "none" : `${perSecond} a second`}`, () =>
      assert.deepStrictEqual(Result.getOrThrow(RateLimit.parse(limit)), perSecond))
  }

  for (
    const limit of [
      "10/d",
      "10/S",
      "/m",
      "ten",
      "-1/s",
      "10/s/s",
      "nan",
      "inf",
      "0x10",
      "1_0/s",
      -1,
      NaN,
      Infinity,
      true,
      {},
      []
    ]
  ) {
    it(`${typeof limit === "number" ? limit : JSON.stringify(limit)} is none, and whoever gave it is told what fits`, () => {
      const failure = Result.flip(RateLimit.parse(limit)).pipe(Result.getOrThrow)
      assert.include(failure.message, "is no rate limit: a number from 0 upwards")
    })
  }

  it("is read from anything without a throw, and is then a number more than 0 or none", () => {
    const texts = fc.tuple(fc.double(), fc.constantFrom("", "/", "/s", "/m", "/h", "/x")).map(([n, unit]) =>
      `${n}${unit}`
    )
    fc.assert(fc.property(fc.oneof(fc.anything(), texts, fc.double()), (limit) => {
      const parsed = RateLimit.parse(limit)
      if (Result.isFailure(parsed)) return assert.isBelow(parsed.failure.message.length, 300)
      assert.isTrue(parsed.success === undefined || (parsed.success > 0 && parsed.success < Infinity))
    }))
  })

  it("is refused where it is written: in a task, in its layer, and in the settings", () => {
    // @ts-expect-error nothing is counted by the day
    assert.throws(() => Task.make("t", { options: { rateLimit: "10/d" } }), /'10\/d' is no rate limit/)
    // @ts-expect-error nor is this one
    assert.throws(() => Task.make("t").toLayer(() => Effect.void, { rateLimit: "often" }), /'often' is no rate limit/)
    const given = SettingsTable.fromCelery(TaskSettings.table, { task_default_rate_limit: "10/d" })
    assert.include(Result.isFailure(given) ? given.failure.message : "", "task_default_rate_limit is \"10/d\"")
    assert.deepStrictEqual(
      SettingsTable.fromEnvironment(TaskSettings.table, { CELERIAC_DEFAULT_RATE_LIMIT: "10/m" }),
      Result.succeed({ defaultRateLimit: "10/m" as const })
    )
  })
})
