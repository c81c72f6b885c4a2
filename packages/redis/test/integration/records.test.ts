/** Records that nobody should store, in a real Redis: whoever reads one is told what is wrong, and what comes next is read. */
import * as Limits from "@celeriac/messaging/Limits"
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

/** What it says it is, if it says anything. */
const says = (text: string): unknown => {
  try {
    return (JSON.parse(text) as { readonly status?: unknown } | null)?.status // anything
  } catch {
    return undefined
  }
}

/** Any bytes, by their digits. */
const setting =
  "return redis.call('SET', KEYS[1], (string.gsub(ARGV[1], '..', function(two) return string.char(tonumber(two, 16)) end)))"

/** A record by its id: as somebody puts it there, and what is read after a success was stored. */
const at = (id: string) => {
  const stored = store(ResultRecord.make(id, "SUCCESS", { result: "the second", dateDone: 0 }), {
    replyTo: undefined,
    correlationId: id
  })
  return {
    set: (bytes: Buffer) =>
      Effect.promise(() => redisCommand(url, "EVAL", setting, "1", `celery-task-meta-${id}`, bytes.toString("hex"))),
    stored,
    get: Effect.gen(function*() {
      yield* stored
      const { lookup } = yield* ResultReader
      return yield* Effect.match(lookup(id), {
        onSuccess: (record) => record?.result,
        onFailure: ({ reason }) => reason._tag
      })
    })
  }
}

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
        // One without what else a record has: for Celery it is a success, too.
        if (says(text) === "SUCCESS") continue
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
    "is written over where it is cut short or of another serializer, and not where it is a success",
    () =>
      Effect.gen(function*() {
        const { set, get } = at(`cut-${process.pid}`)
        const whole = JSON.stringify({ status: "SUCCESS", result: "the first", traceback: null, children: [] })
        const unreadable = [
          Buffer.from(whole.slice(0, -1)),
          Buffer.from(whole.slice(0, 25)),
          Buffer.from(`{"status": "SUCCESS", "resu`),
          // By Python: pickle, YAML and msgpack of a success.
          Buffer.from("80027d71002858060000007374617475737101580700000053554343455353710258060000726573756c74", "hex"),
          Buffer.from("status: SUCCESS\nresult: 1\ntraceback: null\nchildren: []\n"),
          Buffer.from("82a6737461747573a753554343455353a6726573756c7401", "hex"),
          Buffer.from("compression: none, and nothing that was ever written")
        ]
        for (const bytes of unreadable) {
          yield* set(bytes)
          assert.strictEqual(yield* get, "the second", bytes.toString("latin1"))
        }
        yield* set(Buffer.from(whole))
        assert.strictEqual(yield* get, "the first")
        yield* set(Buffer.from(`{"status": "SUCCESS"}`))
        assert.notStrictEqual(yield* get, "the second")
      }).pipe(Effect.provide(RedisBackend.layer({ url }))),
    30_000
  )

  it.live("is not written over where it is a success that is too large to be read here", () =>
    Effect.gen(function*() {
      const { set, stored } = at(`large-${process.pid}`)
      const large = JSON.stringify({ status: "SUCCESS", result: "x".repeat(5_000), traceback: null, children: [] })
      yield* set(Buffer.from(large))
      yield* stored
      assert.strictEqual(
        String(yield* Effect.promise(() => redisCommand(url, "STRLEN", `celery-task-meta-large-${process.pid}`))),
        String(large.length)
      )
    }).pipe(
      Effect.provide(RedisBackend.layer({ url })),
      Effect.provideService(Limits.Limits, { ...Limits.defaults, bodyBytes: 2_000 })
    ), 30_000)

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
