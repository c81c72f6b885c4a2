/** What is written here, as Celery itself reads it. */
import { defaults as limits } from "@celeriac/messaging/Limits"
import { json } from "@celeriac/messaging/serializers/Json"
import { assert, describe, it } from "@effect/vitest"
import * as Data from "effect/Data"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as fc from "fast-check"
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { ensure } from "../../../../test/peers/ensure.ts"
import { findPython } from "../../../../test/peers/Python.ts"
import * as Codec from "../../src/Codec.ts"
import * as PythonRepr from "../../src/protocol/PythonRepr.ts"
import * as TaskMessage from "../../src/protocol/TaskMessage.ts"
import * as Python from "../../src/Python.ts"
import * as ExceptionRecord from "../../src/result/ExceptionRecord.ts"
import * as ResultRecord from "../../src/result/ResultRecord.ts"
import * as ResultTuple from "../../src/result/ResultTuple.ts"
import * as Task from "../../src/Task.ts"

ensure(["python"])
const python = findPython() ?? "python3"
const script = fileURLToPath(new URL("python.py", import.meta.url))

const ask = (questions: ReadonlyArray<unknown>): ReadonlyArray<Record<string, unknown>> => {
  const { stdout, stderr, status } = spawnSync(python, [script], {
    input: questions.map((question) => JSON.stringify(question)).join("\n"),
    encoding: "utf8",
    timeout: 30_000
  })
  if (status !== 0) throw new Error(stderr)
  return stdout.trimEnd().split("\n").map((line) => JSON.parse(line))
}

class PaymentFailed extends Python.Exception<PaymentFailed>()("myapp.errors", "PaymentFailed", {
  order: Schema.String,
  code: Schema.Int
}) {}

class OutOfStock extends Data.TaggedError("OutOfStock")<{ readonly left: number }> {}

describe("Python", () => {
  it("raises the class that a declared error is of", { timeout: 120_000 }, () => {
    const pay = Task.make("shop.pay", { error: PaymentFailed })
    const exception = pay.outcome.encodeError(new PaymentFailed({ order: "A-7", code: 7 }))
    const [answer] = ask([{ record: ResultRecord.encode(ResultRecord.make("t", "FAILURE", { exception })) }])
    assert.deepStrictEqual(
      [answer?.module, answer?.type, answer?.args, answer?.str],
      ["myapp.errors", "PaymentFailed", "('A-7', 7)", "('A-7', 7)"]
    )
  })

  it("has the floats and the integers that were sent, and sends them back", { timeout: 120_000 }, () => {
    const float = Codec.make(Python.Float, "x")
    const integer = Codec.make(Python.BigInt, "x")
    const wholes = fc.oneof(fc.integer(), fc.constantFrom(0, -0, 2 ** 53, -(2 ** 53), 2 ** 70, 1e16, 1e21))
    const values = [
      ...fc.sample(fc.oneof(wholes, fc.double()), { numRuns: 200, seed: 7 })
        .map((value) => [value, float, PythonRepr.repr(Result.getOrThrow(float.encode(value)))] as const),
      ...fc.sample(fc.bigInt({ min: -(2n ** 200n), max: 2n ** 200n }), { numRuns: 100, seed: 7 })
        .map((value) => [value, integer, value.toString()] as const)
    ]
    const sent = values.map(([value, { encode }]) => Result.getOrThrow(encode(value)))
    const [answer] = ask([{ text: Buffer.from(json.encode(sent)).toString() }])
    assert.deepStrictEqual(answer?.reprs, values.map(([, , repr]) => repr))
    const again = json.decode(Buffer.from(String(answer?.again)), limits) as ReadonlyArray<unknown>
    for (const [index, [value, { decode }]] of values.entries()) {
      const back = Result.getOrThrow<number | bigint, unknown>(decode(again[index]))
      assert.isTrue(back === value || (Number.isNaN(back) && Number.isNaN(value)), `${String(value)}: ${String(back)}`)
    }
  })

  it("raises the exceptions that are stored", { timeout: 120_000 }, () => {
    const rows: ReadonlyArray<readonly [ExceptionRecord.ExceptionRecord, string, string, string]> = [
      [ExceptionRecord.make("ValueError", ["bad", 3]), "builtins.ValueError", "('bad', 3)", "('bad', 3)"],
      [ExceptionRecord.make("KeyError", ["k"]), "builtins.KeyError", "('k',)", "'k'"],
      [ExceptionRecord.typeError("x"), "builtins.TypeError", "('x',)", "x"],
      [ExceptionRecord.notRegistered("a"), "celery.exceptions.NotRegistered", "('a',)", "'a'"],
      [ExceptionRecord.workerLost("gone"), "billiard.exceptions.WorkerLostError", "('gone',)", "gone"],
      [ExceptionRecord.timeLimitExceeded(1), "billiard.exceptions.TimeLimitExceeded", "(1,)", "TimeLimitExceeded(1,)"],
      [
        ExceptionRecord.softTimeLimitExceeded(),
        "billiard.exceptions.SoftTimeLimitExceeded",
        "()",
        "SoftTimeLimitExceeded()"
      ],
      [ExceptionRecord.taskRevoked("revoked"), "celery.exceptions.TaskRevokedError", "('revoked',)", "revoked"],
      [ExceptionRecord.ignore("x"), "celery.exceptions.Ignore", "('x',)", "x"],
      [ExceptionRecord.reject("no", true), "celery.exceptions.Reject", "('no', True)", "('no', True)"],
      [
        ExceptionRecord.maxRetriesExceeded("no more"),
        "celery.exceptions.MaxRetriesExceededError",
        "('no more',)",
        "no more"
      ],
      [ExceptionRecord.chordError("x"), "celery.exceptions.ChordError", "('x',)", "x"],
      [ExceptionRecord.invalidTask("x"), "celery.exceptions.InvalidTaskError", "('x',)", "x"],
      [
        ExceptionRecord.fromUnknown(new OutOfStock({ left: 3 })),
        "celery.exceptions.OutOfStock",
        "({'left': 3},)",
        "{'left': 3}"
      ],
      [ExceptionRecord.fromUnknown(new RangeError("r")), "builtins.ValueError", "('r',)", "r"],
      [ExceptionRecord.fromUnknown(new Error("e")), "builtins.Exception", "('e',)", "e"],
      [
        ExceptionRecord.fromUnknown({ _tag: "@app/Odd name\0\ud800" }),
        "celery.exceptions.@app/Odd name\ufffd",
        "()",
        ""
      ],
      [ExceptionRecord.make("system", ["id"]), "celery.exceptions.system", "('id',)", "id"]
    ]
    const answers = ask(rows.map(([exception]) => ({
      record: ResultRecord.encode(ResultRecord.make("t", "FAILURE", { exception }))
    })))
    for (const [index, [, name, args, str]] of rows.entries()) {
      const answer = answers[index]!
      assert.deepStrictEqual([`${answer.module}.${answer.type}`, answer.args, answer.str], [name, args, str])
    }
  })

  it("makes every exception that is given a module of Python's", { timeout: 120_000 }, () => {
    const names = [
      "SyntaxError",
      "TimeoutError",
      "OSError",
      "MemoryError",
      "FileNotFoundError",
      "RecursionError",
      "EOFError",
      "Retry",
      "QueueNotFound",
      "Terminated"
    ]
    const records = names.map((name) => ExceptionRecord.make(name, ["why"]))
    const answers = ask(records.map((exception) => ({
      record: ResultRecord.encode(ResultRecord.make("t", "FAILURE", { exception }))
    })))
    assert.deepStrictEqual(
      answers.map((answer) => `${answer.module}.${answer.type}`),
      records.map((record) => `${record.excModule}.${record.excType}`)
    )
  })

  it("reads results and children", { timeout: 120_000 }, () => {
    const { task, group } = ResultTuple
    const [done, retried] = ask([
      {
        record: ResultRecord.encode(ResultRecord.make("t", "SUCCESS", {
          result: { a: [1] },
          children: [task("c", task("p")), group("g", [task("m")])]
        }))
      },
      { record: ResultRecord.encode(ResultRecord.make("t", "RETRY")) }
    ])
    assert.deepStrictEqual(done, {
      status: "SUCCESS",
      result: { a: [1] },
      children: [["c", "p", []], ["g", null, ["m"]]]
    })
    assert.deepStrictEqual(retried, { status: "RETRY", result: null, children: [] })
  })

  it("understands a task", { timeout: 120_000 }, () => {
    const message = Result.getOrThrow(TaskMessage.write({
      task: "proj.add",
      id: "t1",
      args: [1, "é", [null, true]],
      kwargs: { k: 1.5 },
      eta: 1_795_216_556_000,
      expires: 1_795_216_560_000,
      group: "g1",
      parentId: "p1",
      timeLimit: { hard: 10, soft: 5 },
      embed: { chord: { task: "proj.add", args: [], kwargs: {}, options: {}, subtask_type: null, immutable: false } },
      replyTo: "r1",
      custom: { mine: 1 }
    }))
    const [answer] = ask([{
      message: {
        body: Buffer.from(message.body).toString("base64"),
        headers: message.headers,
        content_type: message.properties.contentType,
        content_encoding: message.properties.contentEncoding,
        properties: { correlation_id: message.properties.correlationId, reply_to: message.properties.replyTo }
      }
    }])
    assert.deepStrictEqual(answer, {
      name: "proj.add",
      id: "t1",
      args: "[1, 'é', [None, True]]",
      kwargs: "{'k': 1.5}",
      root_id: "t1",
      parent_id: "p1",
      argsrepr: "(1, 'é', [None, True])",
      time_limits: [10, 5],
      ignore_result: false,
      eta: "2026-11-20T23:15:56+00:00",
      expires: "2026-11-20T23:16:00+00:00",
      reply_to: "r1",
      correlation_id: "t1",
      group: "g1",
      chord: { task: "proj.add", args: [], kwargs: {}, options: {}, subtask_type: null, immutable: false },
      info: [
        "acknowledged",
        "args",
        "delivery_info",
        "hostname",
        "id",
        "kwargs",
        "name",
        "time_start",
        "type",
        "worker_pid"
      ]
    })
  })
})
