import { SettingsError } from "@celeriac/tasks/SettingsError"
import * as WorkerSettings from "@celeriac/worker/state/WorkerSettings"
import { assert, describe, it } from "@effect/vitest"

describe("the settings of a worker", () => {
  it("are left as they are where nothing is said", () => {
    const settings = WorkerSettings.change(WorkerSettings.defaults(), { concurrency: 3, queues: ["a"] })
    assert.deepStrictEqual(WorkerSettings.change(settings, {}), settings)
    assert.deepStrictEqual(WorkerSettings.change(settings, { concurrency: 5 }), { ...settings, concurrency: 5 })
  })

  for (
    const changes of [
      { concurrency: 1 },
      { connectionMaxRetries: 0 },
      { prefetch: { count: 0 } },
      { prefetch: { multiplier: 0.5 } },
      { prefetch: "adaptive" },
      { queues: [] }
    ] satisfies ReadonlyArray<WorkerSettings.Changes>
  ) {
    it(`may be ${JSON.stringify(changes)}`, () => {
      assert.deepInclude(WorkerSettings.change(WorkerSettings.defaults(), changes), changes)
    })
  }

  for (
    const [changes, message] of [
      [
        { concurrency: 0 },
        "concurrency is 0, and must be a whole number of at least 1, or left out for the number of processors"
      ],
      [
        { concurrency: -1 },
        "concurrency is -1, and must be a whole number of at least 1, or left out for the number of processors"
      ],
      [
        { concurrency: 1.5 },
        "concurrency is 1.5, and must be a whole number of at least 1, or left out for the number of processors"
      ],
      [
        { concurrency: NaN },
        "concurrency is NaN, and must be a whole number of at least 1, or left out for the number of processors"
      ],
      [
        { connectionMaxRetries: -1 },
        "connectionMaxRetries is -1, and must be a whole number, or 0 for no end"
      ],
      [{ prefetch: { count: -1 } }, "prefetch is {\"count\":-1}, and must be \"adaptive\", a number for each slot"],
      [{ prefetch: { multiplier: NaN } }, "prefetch is {\"multiplier\":null}, and must be \"adaptive\", a number"],
      [{ queues: ["a", ""] }, "queues is [\"a\",\"\"], and must be names, none of them empty"],
      [{ nodename: " " }, "nodename is \" \", and must be text"]
    ] satisfies ReadonlyArray<readonly [WorkerSettings.Changes, string]>
  ) {
    it(`say what is wrong: ${message}`, () => {
      assert.throws(() => WorkerSettings.change(WorkerSettings.defaults(), changes), SettingsError, message)
    })
  }
})
