/** Records that real Celery wrote, and records that it reads. */
import * as AsyncResult from "@celeriac/tasks/AsyncResult"
import * as GroupResult from "@celeriac/tasks/GroupResult"
import * as Outcome from "@celeriac/tasks/Outcome"
import * as ExceptionRecord from "@celeriac/tasks/result/ExceptionRecord"
import { ResultReader } from "@celeriac/tasks/result/ResultReader"
import * as ResultRecord from "@celeriac/tasks/result/ResultRecord"
import * as ResultTuple from "@celeriac/tasks/result/ResultTuple"
import { store } from "@celeriac/tasks/result/ResultWriter"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import { inject } from "vitest"
import { runPython } from "../../../../test/peers/Python.ts"
import { redisCommand } from "../../../../test/peers/Resp.ts"
import * as RedisBackend from "../../src/RedisBackend.ts"

const url = inject("redisUrl").replace(/\/\d*$/, "/7")
const nobody = { replyTo: undefined, correlationId: undefined }

const python = (source: string) =>
  Effect.promise(() =>
    runPython(
      `import json, os\nfrom celery import Celery\nfrom celery.result import AsyncResult, GroupResult\napp = Celery(backend=os.environ["RESULTS"])\n${source}`,
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
print(json.dumps(AsyncResult("ts-success", app=app).get(timeout=60)))
try:
    AsyncResult("ts-failure", app=app).get(timeout=60)
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

describe("the groups of both languages", () => {
  const encoded = (tuple: ResultTuple.ResultTuple) => JSON.stringify(ResultTuple.encode(tuple))

  it.live("are restored here when Python saved them, with what its workers stored of their members", () =>
    Effect.gen(function*() {
      const [tuple] = yield* python(`
def result(id, parent=None):
    return AsyncResult(id, parent=parent, app=app)
inner = GroupResult("py-inner", [result("py-3")], app=app)
group = GroupResult("py-group", [result("py-2", result("py-1")), inner], parent=result("py-0"), app=app)
group.save()
app.backend.store_result("py-2", 2, "SUCCESS")
app.backend.store_result("py-3", ValueError("three"), "FAILURE")
print(json.dumps(group.as_tuple()))
`)
      const group = yield* GroupResult.restore("py-group")
      assert.isDefined(group)
      assert.strictEqual(encoded(group.asTuple), JSON.stringify(tuple))
      assert.deepStrictEqual([yield* group.completedCount, yield* group.ready, yield* group.failed], [1, true, true])
      const finals = yield* group.get({ propagate: false })
      assert.deepStrictEqual(
        finals.map((final) => Result.isSuccess(final) ? final.success : final.failure.message),
        [2, "ValueError('three')"]
      )
      yield* group.delete
      assert.deepStrictEqual(yield* python(`print(json.dumps(GroupResult.restore("py-group", app=app) is None))`), [
        true
      ])
      const compressed = yield* Effect.andThen(
        python(`
app.conf.result_compression = "gzip"
app = Celery(backend=os.environ["RESULTS"], result_compression="gzip")
GroupResult("py-gzip", [AsyncResult("x" * 36, app=app)] * 100, app=app).save()
`),
        GroupResult.restore("py-gzip")
      )
      assert.strictEqual(compressed?.results.length, 100)
    }).pipe(Effect.provide(RedisBackend.layer({ url }))))

  it.live("are restored by Python when they were saved here, and so is what was written down", () =>
    Effect.gen(function*() {
      const first = yield* AsyncResult.make("ts-1")
      const group = yield* GroupResult.make("ts-group", [
        AsyncResult.fromReader("ts-2", yield* ResultReader, Outcome.untyped, false, first),
        yield* GroupResult.make("ts-inner", [yield* AsyncResult.make("ts-3")])
      ], yield* AsyncResult.make("ts-0"))
      yield* group.save
      yield* store(ResultRecord.make("ts-2", "SUCCESS", { result: 2, dateDone: 0 }), nobody)
      yield* store(ResultRecord.make("ts-3", "SUCCESS", { result: 3, dateDone: 0 }), nobody)
      const [restored, value, written, seconds, gone] = yield* python(`
from celery.result import result_from_tuple
group = GroupResult.restore("ts-group", app=app)
print(json.dumps(group.as_tuple()))
print(json.dumps(group.join(timeout=60)))
print(json.dumps(result_from_tuple(json.loads(${JSON.stringify(AsyncResult.encode(group))}), app).as_tuple()))
print(app.backend.client.ttl("celery-taskset-meta-ts-group"))
group.delete()
print(json.dumps(app.backend.client.exists("celery-taskset-meta-ts-group") == 0))
`)
      assert.strictEqual(JSON.stringify(restored), encoded(group.asTuple))
      assert.deepStrictEqual(value, [2, [3]])
      assert.strictEqual(JSON.stringify(written), encoded(group.asTuple))
      assert.isTrue(Number(seconds) > 86_300 && Number(seconds) <= 86_400, String(seconds))
      assert.isTrue(gone)
      assert.isUndefined(yield* GroupResult.restore("ts-group"))
    }).pipe(Effect.provide(RedisBackend.layer({ url }))))

  it.live("are told to whoever listens to their channel, as Python tells them", () =>
    Effect.gen(function*() {
      const group = yield* GroupResult.make("ts-told", [yield* AsyncResult.make("ts-2")])
      const heard = yield* Effect.forkChild(
        python(`
heard = app.backend.client.pubsub()
heard.subscribe("celery-taskset-meta-ts-told")
heard.get_message(timeout=60)
app.backend.client.set("ts-listening", 1)
print(heard.get_message(timeout=60)["data"].decode())
`),
        { startImmediately: true }
      )
      yield* python(`
import time
while not app.backend.client.get("ts-listening"): time.sleep(0.05)
`)
      yield* group.save
      assert.deepStrictEqual(yield* Fiber.join(heard), [{ result: ResultTuple.encode(group.asTuple) }])
    }).pipe(Effect.provide(RedisBackend.layer({ url }))))
})
