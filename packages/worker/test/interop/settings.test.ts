/** Celery's own table of settings, as it is read here. */
import * as BrokerSettings from "@celeriac/tasks/BrokerSettings"
import * as SettingsTable from "@celeriac/tasks/SettingsTable"
import * as WorkerSettings from "@celeriac/worker/state/WorkerSettings"
import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import { spawnSync } from "node:child_process"
import { ensure } from "../../../../test/peers/ensure.ts"
import { findPython } from "../../../../test/peers/Python.ts"

ensure(["python"])

const script = `
import json
from celery.app.defaults import DEFAULTS
seconds = lambda value: value.total_seconds() if hasattr(value, 'total_seconds') else str(value)
print(json.dumps({k: v for k, v in DEFAULTS.items() if v != float('inf')}, default=seconds))
`

const defaults = (): Readonly<Record<string, unknown>> => {
  const { stdout, stderr, status } = spawnSync(findPython() ?? "python3", ["-c", script], {
    encoding: "utf8",
    timeout: 30_000
  })
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout)
}

const table = { ...BrokerSettings.table, ...WorkerSettings.everything }

describe("the settings of Celery", { timeout: 120_000 }, () => {
  it("are known by name, and their defaults fit wherever the setting is ours", () => {
    const read = SettingsTable.fromCelery(table, defaults())
    assert.isTrue(Result.isFailure(read))
    const wrong = Result.isFailure(read) ? read.failure.problems : []
    assert.deepStrictEqual(wrong.filter(({ _tag }) => _tag !== "UnsupportedSetting").map(({ message }) => message), [])
    const unsupported = new Set(wrong.map(({ setting }) => setting))
    const ours = Object.values(table).map(({ celery }) => celery)
    assert.deepStrictEqual(ours.filter((celery) => celery !== undefined && unsupported.has(celery)), [])
  })
})
