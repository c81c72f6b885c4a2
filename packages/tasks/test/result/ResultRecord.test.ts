import * as PythonValue from "@celeriac/messaging/PythonValue"
import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import * as fc from "fast-check"
import * as ExceptionRecord from "../../src/result/ExceptionRecord.ts"
import * as ResultRecord from "../../src/result/ResultRecord.ts"
import * as ResultTuple from "../../src/result/ResultTuple.ts"
import captured from "../fixtures/result-records.json" with { type: "json" }

const decoded = (value: unknown, taskId?: string) => Result.getOrThrow(ResultRecord.decode(value, taskId))

const refusal = (value: unknown): string => {
  const result = ResultRecord.decode(value)
  return Result.isFailure(result) ? result.failure.message : "understood"
}

describe("ResultRecord", () => {
  it("reads every record that Celery stores, and writes back the same, in the same order", () => {
    for (const record of captured) {
      assert.strictEqual(JSON.stringify(ResultRecord.encode(decoded(record))), JSON.stringify(record))
    }
  })

  it("tells an outcome from what went wrong", () => {
    const failed = decoded(captured.find((record) => record.status === "FAILURE"))
    assert.isNull(failed.result)
    assert.deepStrictEqual(failed.exception, { excType: "ValueError", excModule: "builtins", args: ["bad", 3] })
    assert.strictEqual(ResultRecord.failure(failed)?.message, "ValueError('bad', 3)")
    assert.strictEqual(ResultRecord.failure(failed)?.traceback, failed.traceback)
    assert.strictEqual(ResultRecord.failure(failed)?.taskId, failed.taskId)
    const succeeded = decoded(captured.find((record) => record.status === "SUCCESS"))
    assert.isUndefined(succeeded.exception)
    assert.isUndefined(ResultRecord.failure(succeeded))
    assert.strictEqual(
      ResultRecord.doneMillis({ ...succeeded, dateDone: "2026-11-21T00:25:44.876682+00:00" }),
      Date.UTC(2026, 10, 21, 0, 25, 44) + 876.682
    )
  })

  it("fails the reader of a revoked task, and not of one that is tried again", () => {
    const revoked = ResultRecord.make("t", "REVOKED", { exception: ExceptionRecord.taskRevoked("expired") })
    assert.strictEqual(ResultRecord.failure(revoked)?.message, "TaskRevokedError('expired')")
    assert.isUndefined(ResultRecord.failure(ResultRecord.make("t", "RETRY")))
    assert.strictEqual(ResultRecord.failure(ResultRecord.make("t", "FAILURE"))?.message, "Exception()")
  })

  it("is made with what its state has", () => {
    assert.deepStrictEqual(
      ResultRecord.encode(ResultRecord.make("t", "SUCCESS", { result: 3, dateDone: 1_795_220_744_876 })),
      {
        status: "SUCCESS",
        result: 3,
        traceback: null,
        children: [],
        date_done: "2026-11-21T00:25:44.876000+00:00",
        task_id: "t"
      }
    )
    assert.deepStrictEqual(
      ResultRecord.encode(ResultRecord.make("t", "STARTED", { result: { pid: 1, hostname: "w@h" }, dateDone: 5 })),
      {
        status: "STARTED",
        result: { pid: 1, hostname: "w@h" },
        traceback: null,
        children: [],
        date_done: null,
        task_id: "t"
      }
    )
    assert.deepStrictEqual(ResultRecord.encode(ResultRecord.make("t", "RETRY", { result: "no" })).result, null)
    assert.strictEqual(ResultRecord.pending("t").status, "PENDING")
  })

  it("names a group, a parent and what was run after the rest, and the id last", () => {
    const record = ResultRecord.make("t", "SUCCESS", {
      children: [ResultTuple.task("c")],
      groupId: "g",
      parentId: "p",
      extended: { name: "proj.add", args: [1], kwargs: {}, worker: "w@h", retries: 1, queue: "celery" },
      stamps: { names: ["batch", "status"], values: { batch: "b1", status: "EVIL" } }
    })
    const wire = ResultRecord.encode(record)
    assert.deepStrictEqual(Object.keys(wire), [
      "status",
      "result",
      "traceback",
      "children",
      "date_done",
      "group_id",
      "parent_id",
      "name",
      "args",
      "kwargs",
      "worker",
      "retries",
      "queue",
      "stamped_headers",
      "batch",
      "task_id"
    ])
    assert.strictEqual(wire.status, "SUCCESS")
    assert.deepStrictEqual(wire.children, [[["c", null], null]])
  })

  it("keeps its group and its time in a reply, as the reply of Celery 5.7.0", () => {
    const record = ResultRecord.make("t", "FAILURE", {
      exception: ExceptionRecord.make("ValueError", ["bad"]),
      groupId: "g",
      dateDone: 1
    })
    assert.strictEqual(
      JSON.stringify(ResultRecord.encode(record)),
      `{"status":"FAILURE","result":{"exc_type":"ValueError","exc_message":["bad"],"exc_module":"builtins"},` +
        `"traceback":null,"children":[],"date_done":"1970-01-01T00:00:00.001000+00:00","group_id":"g","task_id":"t"}`
    )
    const read = decoded(ResultRecord.encode(record))
    assert.deepStrictEqual(read.exception, record.exception)
    assert.strictEqual(read.dateDone, "1970-01-01T00:00:00.001000+00:00")
    assert.strictEqual(read.groupId, "g")
  })

  it("needs a state, and an id unless it is told", () => {
    assert.deepStrictEqual(
      decoded({ status: "SUCCESS" }, "t"),
      ResultRecord.make("t", "SUCCESS", { children: undefined })
    )
    assert.strictEqual(refusal({ status: "SUCCESS" }), "task_id of the result record should be text, and is absent")
    assert.strictEqual(refusal({ task_id: "t" }), "status of the result record should be text, and is absent")
    assert.strictEqual(refusal([]), "the whole of the result record should be an object, and is a list of 0")
  })

  it("reads the time from a store that keeps times", () => {
    const time = PythonValue.parseDateTime("2026-11-21T00:25:44.876682+00:00")
    assert.strictEqual(
      decoded({ status: "SUCCESS", date_done: time }, "t").dateDone,
      "2026-11-21T00:25:44.876682+00:00"
    )
  })

  it("never loses a failure in its details", () => {
    const rows: ReadonlyArray<readonly [unknown, string]> = [
      [{ exc_type: "KeyError", exc_message: "k", exc_module: "builtins" }, "KeyError('k')"],
      [{ exc_type: "KeyError", exc_message: null }, "KeyError()"],
      [{ exc_type: "Outer.Inner", exc_message: [1] }, "Inner(1)"],
      ["ValueError('bad')", `Exception("ValueError('bad')")`],
      [{ message: "odd" }, "Exception({'message': 'odd'})"],
      [null, "Exception()"]
    ]
    for (const [result, text] of rows) {
      const record = decoded({ status: "FAILURE", result, children: "odd", traceback: 5, date_done: [] }, "t")
      assert.strictEqual(ResultRecord.failure(record)?.message, text)
    }
  })

  it("answers whatever is stored, and never throws", () => {
    fc.assert(fc.property(fc.anything(), fc.constantFrom("SUCCESS", "FAILURE", "RETRY", "MINE"), (value, status) => {
      ResultRecord.decode(value)
      const record = decoded({
        task_id: "t",
        status,
        result: value,
        children: value,
        stamped_headers: value,
        name: value
      })
      const failure = ResultRecord.failure(record)
      if (failure !== undefined) assert.isString(failure.message)
    }))
  })
})
