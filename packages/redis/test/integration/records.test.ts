/** Records that nobody should store, in a real Redis: whoever reads one is told what is wrong, and what comes next is read. */
import { ResultReader } from "@celeriac/tasks/result/ResultReader"
import * as ResultRecord from "@celeriac/tasks/result/ResultRecord"
import { ResultWriter, store } from "@celeriac/tasks/result/ResultWriter"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as fc from "fast-check"
import { inject } from "vitest"
import { redisCommand } from "../../../../test/peers/Resp.ts"
import * as RedisBackend from "../../src/RedisBackend.ts"

const url = inject("redisUrl")

const record = fc.record({
  status: fc.oneof(fc.constantFrom<unknown>("SUCCESS", "FAILURE", "RETRY", "REVOKED", "__proto__"), fc.jsonValue()),
  result: fc.oneof(
    fc.jsonValue(),
    fc.record({ exc_type: fc.jsonValue(), exc_message: fc.jsonValue(), exc_module: fc.jsonValue() })
  ),
  task_id: fc.oneof(fc.constant<unknown>("x"), fc.jsonValue()),
  children: fc.jsonValue(),
  date_done: fc.jsonValue(),
  traceback: fc.jsonValue()
}, { requiredKeys: [] })

const value = fc.oneof(
  { weight: 5, arbitrary: record.map((one) => JSON.stringify(one)) },
  fc.tuple(record, fc.nat({ max: 40 })).map(([one, end]) => JSON.stringify(one).slice(0, end)),
  fc.string(),
  fc.constantFrom("", "null", "[]", "NaN", `{"__proto__": {"polluted": 1}, "status": "SUCCESS"}`, "[".repeat(50_000)),
  fc.constantFrom("compression: application/x-gzip\n\nnot gzip", "\u0000\u0001", "x".repeat(100_000))
)

describe("a record that nobody should store", () => {
  it.live("is read or refused by who looks and who waits, and a result takes its place", () =>
    Effect.gen(function*() {
      const reader = yield* ResultReader
      let refused = 0
      for (const [index, text] of fc.sample(value, { numRuns: 120, seed: 11 }).entries()) {
        const id = `odd-${process.pid}-${index}`
        yield* Effect.promise(() => redisCommand(url, "SET", `celery-task-meta-${id}`, text))
        const looked = yield* Effect.result(reader.lookup(id))
        if (Result.isFailure(looked)) {
          refused++
          assert.strictEqual(looked.failure.reason._tag, "ResultUnreadable", text)
          const waited = yield* Effect.flip(reader.wait(id))
          assert.strictEqual(waited.reason._tag, "ResultUnreadable", text)
        } else if (looked.success?.status === "SUCCESS") continue
        // What says that it is a success is not written over, even where it cannot be read: it may be cut.
        if (text.startsWith(`{"status":"SUCCESS"`)) continue
        yield* store(ResultRecord.make(id, "SUCCESS", { result: index, dateDone: 0 }), {
          replyTo: undefined,
          correlationId: id
        })
        assert.strictEqual((yield* reader.wait(id)).result, index, text)
      }
      assert.isAbove(refused, 40)
      assert.isUndefined(Reflect.get({}, "polluted"))
    }).pipe(Effect.provide(RedisBackend.layer({ url }))), 120_000)

  it.live(
    "where the ids are that are revoked is an error for who asks, and nothing else",
    () =>
      Effect.gen(function*() {
        const { noteRevoked, revoked } = yield* ResultWriter
        if (noteRevoked === undefined || revoked === undefined) return assert.fail("it keeps none")
        yield* Effect.promise(() => redisCommand(url, "SET", `p${process.pid}-celeriac-revoked`, "no set"))
        assert.include((yield* Effect.flip(noteRevoked(["a"]))).message, "WRONGTYPE")
        assert.include((yield* Effect.flip(revoked)).message, "WRONGTYPE")
        yield* store(ResultRecord.make("a", "SUCCESS", { result: 1, dateDone: 0 }), {
          replyTo: undefined,
          correlationId: "a"
        })
      }).pipe(Effect.provide(RedisBackend.layer({ url, keyPrefix: `p${process.pid}-` }))),
    120_000
  )
})
