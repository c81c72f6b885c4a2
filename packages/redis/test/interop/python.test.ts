/** Records that real Celery wrote, and records that it reads. */
import * as ExceptionRecord from "@celeriac/tasks/result/ExceptionRecord"
import { ResultReader } from "@celeriac/tasks/result/ResultReader"
import * as ResultRecord from "@celeriac/tasks/result/ResultRecord"
import { store } from "@celeriac/tasks/result/ResultWriter"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { inject } from "vitest"
import { runPython } from "../../../../test/peers/Python.ts"
import { redisCommand } from "../../../../test/peers/Resp.ts"
import * as RedisBackend from "../../src/RedisBackend.ts"

const url = inject("redisUrl").replace(/\/\d*$/, "/7")
const nobody = { replyTo: undefined, correlationId: undefined }

const python = (source: string) =>
  Effect.promise(() =>
    runPython(
      `import json, os\nfrom celery import Celery\nfrom celery.result import AsyncResult\napp = Celery(backend=os.environ["RESULTS"])\n${source}`,
      { env: { RESULTS: url } }
    )
  )

describe("the records of both languages", () => {
  it.live("are read here when Python wrote them", () =>
    Effect.gen(function*() {
      const reader = yield* ResultReader
      const waiting = yield* Effect.forkChild(reader.wait("py-late"), { startImmediately: true })
      yield* python(`
app.backend.store_result("py-success", {"a": [1, None, "ä"]}, "SUCCESS")
app.backend.store_result("py-failure", ValueError("bad", 3), "FAILURE", traceback="Traceback ...")
app.conf.result_compression = "gzip"
Celery(backend=os.environ["RESULTS"], result_compression="gzip").backend.store_result("py-gzip", "x" * 1000, "SUCCESS")
app.backend.store_result("py-late", None, "STARTED")
app.backend.store_result("py-late", 5, "SUCCESS")
`)
      const success = yield* reader.wait("py-success")
      assert.deepStrictEqual([success.status, success.result], ["SUCCESS", { a: [1, null, "ä"] }])
      const failure = yield* reader.wait("py-failure")
      assert.deepStrictEqual(
        [failure.status, failure.exception, failure.traceback],
        ["FAILURE", ExceptionRecord.make("ValueError", ["bad", 3]), "Traceback ..."]
      )
      assert.strictEqual((yield* reader.wait("py-gzip")).result, "x".repeat(1000))
      assert.strictEqual((yield* Fiber.join(waiting)).result, 5)
    }).pipe(Effect.provide(RedisBackend.layer({ url }))))

  it.live("are read by Python when they were written here, expire as they should, and keep a success", () =>
    Effect.gen(function*() {
      yield* store(ResultRecord.make("ts-success", "SUCCESS", { result: { a: [1, null, "ä"] }, dateDone: 0 }), nobody)
      yield* store(
        ResultRecord.make("ts-failure", "FAILURE", { exception: ExceptionRecord.make("ValueError", ["bad", 3]) }),
        nobody
      )
      const lines = yield* python(`
app.backend.store_result("ts-success", KeyError("late"), "FAILURE")
print(json.dumps(AsyncResult("ts-success", app=app).get(timeout=5)))
try:
    AsyncResult("ts-failure", app=app).get(timeout=5)
except ValueError as error:
    print(json.dumps(error.args))
`)
      assert.deepStrictEqual(lines, [{ a: [1, null, "ä"] }, ["bad", 3]])
      const seconds = Number(
        yield* Effect.promise(() =>
          redisCommand(
            inject("redisUrl"),
            "EVAL",
            "redis.call('SELECT', 7) return redis.call('TTL', KEYS[1])",
            "1",
            "celery-task-meta-ts-success"
          )
        )
      )
      assert.isTrue(seconds > 86_300 && seconds <= 86_400, String(seconds))
      yield* store(ResultRecord.make("py-success", "FAILURE", { exception: ExceptionRecord.make("KeyError") }), nobody)
      assert.strictEqual(yield* (yield* ResultReader).state("ts-success"), "SUCCESS")
    }).pipe(Effect.provide(RedisBackend.layer({ url }))))
})
