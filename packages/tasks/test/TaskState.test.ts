import { assert, describe, it } from "@effect/vitest"
import * as TaskState from "../src/TaskState.ts"

describe("TaskState", () => {
  it("knows what is final, what holds an exception, and what fails its reader", () => {
    const rows: ReadonlyArray<readonly [TaskState.TaskState, boolean, boolean, boolean]> = [
      ["PENDING", false, false, false],
      ["RECEIVED", false, false, false],
      ["STARTED", false, false, false],
      ["SUCCESS", true, false, false],
      ["FAILURE", true, true, true],
      ["REVOKED", true, true, true],
      ["RETRY", false, true, false],
      ["REJECTED", false, false, false],
      ["IGNORED", false, false, false],
      ["PROGRESS", false, false, false]
    ]
    for (const [state, ready, exception, propagated] of rows) {
      assert.strictEqual(TaskState.isReady(state), ready, state)
      assert.strictEqual(TaskState.isException(state), exception, state)
      assert.strictEqual(TaskState.isPropagated(state), propagated, state)
    }
  })

  it("orders states as Celery does, those of an application after the final ones", () => {
    const states = ["PENDING", "RETRY", "PROGRESS", "SUCCESS", "REVOKED", "FAILURE", "STARTED", "RECEIVED"]
    assert.deepStrictEqual(
      states.toSorted((a, b) => TaskState.precedence(a) - TaskState.precedence(b)),
      ["SUCCESS", "FAILURE", "PROGRESS", "REVOKED", "STARTED", "RECEIVED", "RETRY", "PENDING"]
    )
  })
})
