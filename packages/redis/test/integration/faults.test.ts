/** What becomes of results when Redis is away, refuses, or may only be read. */
import * as ExceptionRecord from "@celeriac/tasks/result/ExceptionRecord"
import { ResultReader } from "@celeriac/tasks/result/ResultReader"
import * as ResultRecord from "@celeriac/tasks/result/ResultRecord"
import { store } from "@celeriac/tasks/result/ResultWriter"
import * as ResultSettings from "@celeriac/tasks/ResultSettings"
import * as Settings from "@celeriac/tasks/Settings"
import { assert, describe, it } from "@effect/vitest"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import { Redis } from "../../../../test/peers/Redis.ts"
import { redisCommand } from "../../../../test/peers/Resp.ts"
import * as RedisBackend from "../../src/RedisBackend.ts"

const nobody = { replyTo: undefined, correlationId: undefined }
const success = (id: string) => ResultRecord.make(id, "SUCCESS", { result: 5, dateDone: 0 })

const server = (...args: ReadonlyArray<string>) =>
  Effect.acquireRelease(Effect.promise(() => Redis.start(...args)), (redis) => Effect.promise(() => redis.stop()))

describe("Redis", () => {
  it.live("that was away is found again by who waits, and by who stores", () =>
    Effect.gen(function*() {
      const redis = yield* server()
      yield* Effect.gen(function*() {
        const reader = yield* ResultReader
        const waiting = yield* Effect.forkChild(Effect.all([reader.wait("a"), reader.wait("b")], { concurrency: 2 }), {
          startImmediately: true
        })
        yield* store(success("before"), nobody)
        yield* Effect.promise(() => redis.kill())
        const error = yield* Effect.flip(store(success("a"), nobody))
        assert.deepStrictEqual([error.reason._tag, error.isRecoverable], ["BackendUnreachable", true])
        yield* Effect.promise(() => redis.start())
        // Nobody publishes this one: it is there when it is looked at.
        yield* Effect.promise(() =>
          redisCommand(redis.url, "SET", "celery-task-meta-a", `{"status": "SUCCESS", "result": 1, "task_id": "a"}`)
        )
        yield* Effect.retry(store(success("b"), nobody), Schedule.spaced("100 millis"))
        assert.deepStrictEqual((yield* Fiber.join(waiting)).map(({ result }) => result), [1, 5])
      }).pipe(Effect.provide(RedisBackend.layer({ url: redis.url })))
    }).pipe(Effect.scoped))

  it.live("that is not there is a failure that passes", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(store(success("a"), nobody))
      assert.deepStrictEqual([error.reason._tag, error.isRecoverable], ["BackendUnreachable", true])
      assert.match(error.message, /redis:\/\/127\.0\.0\.1:1\/0 was not reached: .*ECONNREFUSED/)
    }).pipe(Effect.provide(RedisBackend.layer({ url: "redis://127.0.0.1:1", connectTimeout: "500 millis" }))))

  it.live("that refuses the password says so, to who stores and to who waits, without showing it", () =>
    Effect.gen(function*() {
      const redis = yield* server()
      yield* Effect.promise(() => redisCommand(redis.url, "CONFIG", "SET", "requirepass", "right"))
      const url = redis.url.replace("redis://", "redis://:5ecre7@")
      yield* Effect.gen(function*() {
        const errors = [
          yield* Effect.flip(store(success("a"), nobody)),
          yield* Effect.flip((yield* ResultReader).wait("a"))
        ]
        for (const error of errors) {
          assert.deepStrictEqual([error.reason._tag, error.isRecoverable], ["BackendRefused", false])
          assert.match(error.message, /WRONGPASS.*Check the user name and the password/)
          assert.notInclude(JSON.stringify(error) + error.message, "5ecre7")
        }
      }).pipe(Effect.provide(RedisBackend.layer({ url })))
    }).pipe(Effect.scoped))

  it.live("that may only be read says so", () =>
    Effect.gen(function*() {
      const redis = yield* server("--replicaof", "127.0.0.1 1")
      const error = yield* Effect.flip(store(success("a"), nobody)).pipe(
        Effect.provide(RedisBackend.layer({ url: redis.url }))
      )
      assert.strictEqual(error.reason._tag, "BackendRefused")
      assert.match(error.message, /READONLY.*read-only replica: name the master/)
    }).pipe(Effect.scoped))

  it.live("that is a member of a cluster says what to use instead", () =>
    Effect.gen(function*() {
      const redis = yield* server("--cluster-enabled", "yes")
      const error = yield* Effect.flip(store(success("a"), nobody)).pipe(
        Effect.provide(RedisBackend.layer({ url: redis.url }))
      )
      assert.strictEqual(error.reason._tag, "BackendRefused")
      assert.match(error.message, /CLUSTERDOWN.*member of a cluster.*name a server that is not/)
    }).pipe(Effect.scoped))

  it.live("keeps failures as long as is said of them, and all else as long as results", () =>
    Effect.gen(function*() {
      const redis = yield* server()
      const left = (id: string) =>
        Effect.map(
          Effect.promise(() => redisCommand(redis.url, "TTL", `celery-task-meta-${id}`)),
          (seconds) => Math.round(Number(seconds) / 60)
        )
      const stored = (failures: Duration.Input | undefined) =>
        Effect.gen(function*() {
          const failure = ResultRecord.make("failed", "FAILURE", { exception: ExceptionRecord.make("ValueError") })
          for (const record of [success("done"), failure, ResultRecord.make("again", "RETRY")]) {
            yield* store(record, nobody)
          }
          return yield* Effect.forEach(["done", "failed", "again"], left)
        }).pipe(
          Effect.provide(Layer.fresh(RedisBackend.layer({ url: redis.url }))),
          Effect.provideService(Settings.ResultExpires, "1 hour"),
          Effect.provideService(ResultSettings.ResultFailureExpires, failures)
        )
      assert.deepStrictEqual(yield* stored("2 hours"), [60, 120, 60])
      assert.deepStrictEqual(yield* stored(undefined), [60, 60, 60])
    }).pipe(Effect.scoped))
})
