/** A worker whose results go to Redis, which is away for a while. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import { Redis } from "../../../../test/peers/Redis.ts"
import * as Broker from "../../src/Broker.ts"
import * as Client from "../../src/Client.ts"
import * as ResultReader from "../../src/ResultReader.ts"
import * as Task from "../../src/Task.ts"
import * as Worker from "../../src/Worker.ts"

const double = Task.make("proj.double", { parameters: { x: Schema.Int }, success: Schema.Int })

describe("Redis", () => {
  it.live("is away for 10 s in the middle of 200 tasks, and has every result afterwards", () =>
    Effect.gen(function*() {
      // What it has taken, it has on its disk.
      const redis = yield* Effect.acquireRelease(
        Effect.promise(() => Redis.start("--appendonly", "yes")),
        (redis) => Effect.promise(() => redis.stop())
      )
      let done = 0
      const halfway = yield* Deferred.make<void>()
      const handler = double.toLayer(({ x }) =>
        Effect.andThen(
          Effect.sleep("50 millis"),
          Effect.sync(() => {
            if (++done === 100) Deferred.doneUnsafe(halfway, Exit.void)
            return 2 * x
          })
        )
      )
      yield* Effect.gen(function*() {
        const client = yield* Client.Client
        const reader = yield* ResultReader.ResultReader
        const sent = yield* Effect.forEach(
          Array.from({ length: 200 }, (_, x) => x),
          (x) => client.delay(double, { x }),
          { concurrency: "unbounded" }
        )
        yield* Deferred.await(halfway)
        yield* Effect.promise(() => redis.kill())
        yield* Effect.sleep("10 seconds")
        assert.isAbove(done, 100, "the worker goes on")
        yield* Effect.promise(() => redis.start())
        const records = yield* Effect.forEach(sent, ({ id }) => reader.wait(id), { concurrency: "unbounded" })
        assert.deepStrictEqual(records.map(({ result }) => result), Array.from(sent, (_, x) => 2 * x))
        assert.strictEqual(done, 200, "none was run twice")
      }).pipe(
        Effect.provide(Worker.make({ nodename: `celery@redis.${process.pid}`, tasks: [handler] }).layer),
        Effect.provide(
          Broker.layer(brokerUrl(), { results: redis.url, settings: { defaultQueue: `redis.${process.pid}` } })
        )
      )
    }).pipe(Effect.scoped), 120_000)

  it.live("is not there when the worker starts, and has every result when it is", () =>
    Effect.gen(function*() {
      const redis = yield* Effect.acquireRelease(
        Effect.promise(() => Redis.start()),
        (redis) => Effect.promise(() => redis.stop())
      )
      yield* Effect.promise(() => redis.kill())
      const sending = Broker.layer(brokerUrl(), {
        results: "disabled://",
        settings: { defaultQueue: `redis.late.${process.pid}` }
      })
      yield* Effect.gen(function*() {
        const client = yield* Client.Client
        for (let x = 0; x < 20; x++) yield* client.applyAsync(double, { x }, { taskId: `late-${process.pid}-${x}` })
      }).pipe(Effect.provide(sending))
      const ran = yield* Deferred.make<void>()
      let done = 0
      const handler = double.toLayer(({ x }) =>
        Effect.sync(() => {
          if (++done === 20) Deferred.doneUnsafe(ran, Exit.void)
          return 2 * x
        })
      )
      yield* Effect.gen(function*() {
        const reader = yield* ResultReader.ResultReader
        yield* Deferred.await(ran)
        yield* Effect.promise(() => redis.start())
        const records = yield* Effect.forEach(
          Array.from({ length: 20 }, (_, x) => x),
          (x) => reader.wait(`late-${process.pid}-${x}`),
          { concurrency: "unbounded" }
        )
        assert.deepStrictEqual(records.map(({ result }) => result), Array.from({ length: 20 }, (_, x) => 2 * x))
        assert.strictEqual(done, 20)
      }).pipe(
        Effect.provide(Worker.make({ nodename: `celery@redis.${process.pid}`, tasks: [handler] }).layer),
        Effect.provide(
          Broker.layer(brokerUrl(), {
            results: redis.url,
            settings: { defaultQueue: `redis.late.${process.pid}` }
          })
        )
      )
    }).pipe(Effect.scoped), 120_000)
})
