/** A worker whose results go to a Redis that loses its data, or takes its password no more, in the middle of its tasks. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import { until } from "../../../../test/peers/Process.ts"
import { Redis } from "../../../../test/peers/Redis.ts"
import { redisCommand } from "../../../../test/peers/Resp.ts"
import * as Broker from "../../src/Broker.ts"
import * as Client from "../../src/Client.ts"
import * as ResultReader from "../../src/ResultReader.ts"
import * as Task from "../../src/Task.ts"
import * as Worker from "../../src/Worker.ts"

const count = 100
const double = Task.make("proj.double", { parameters: { x: Schema.Int }, success: Schema.Int })

const happens = (what: string, holds: () => boolean | Promise<boolean>) =>
  Effect.promise(() => until(what, holds, 100_000))

/** What a worker does while it has `count` tasks: `change` is made when half of them have begun. */
const inTheMiddle = <A, E, R>(
  name: string,
  urlOf: (redis: Redis) => string,
  change: (
    life: {
      readonly redis: Redis
      readonly command: (...args: ReadonlyArray<string>) => Effect.Effect<unknown>
      readonly starts: ReadonlyArray<number>
      readonly lines: ReadonlyArray<string>
      readonly ids: ReadonlyArray<string>
      /** What has begun behind the half of them does not end before. */
      readonly open: Effect.Effect<unknown>
    }
  ) => Effect.Effect<A, E, R>,
  prepare: ReadonlyArray<string> = ["PING"]
) =>
  Effect.gen(function*() {
    const redis = yield* Effect.acquireRelease(
      Effect.promise(() => Redis.start()),
      (redis) => Effect.promise(() => redis.stop())
    )
    const command = (...args: ReadonlyArray<string>) => Effect.promise(() => redisCommand(redis.url, ...args))
    yield* command(...prepare)
    const queue = `redis.${name}.${process.pid}`
    const starts: Array<number> = []
    const lines: Array<string> = []
    const gate = yield* Deferred.make<void>()
    const handler = double.toLayer(({ x }) =>
      Effect.suspend(() => {
        const isHeld = starts.push(x) > count / 2
        return Effect.as(Effect.andThen(Effect.sleep("20 millis"), isHeld ? Deferred.await(gate) : Effect.void), 2 * x)
      })
    )
    const worker = Worker.make({ nodename: `celery@${queue}`, tasks: [handler], concurrency: 4 })
    const logger = Logger.layer([Logger.make(({ message }) => void lines.push([message].flat().join(" ")))])
    return yield* Effect.gen(function*() {
      const client = yield* Client.Client
      const sent = yield* client.applyMany(double, Array.from({ length: count }, (_, x) => ({ x })))
      yield* happens("half of them have begun", () => starts.length >= count / 2)
      const result = yield* change({
        redis,
        command,
        starts,
        lines,
        ids: sent.map(({ id }) => id),
        open: Deferred.succeed(gate, undefined)
      })
      yield* happens("all have run", () => starts.length >= count)
      assert.deepStrictEqual(starts.toSorted((a, b) => a - b), Array.from(sent, (_, x) => x), "each ran once")
      return result
    }).pipe(
      Effect.provide(Layer.provide(worker.layer, logger)),
      Effect.provide(Broker.layer(brokerUrl(), { results: urlOf(redis), settings: { defaultQueue: queue } }))
    )
  }).pipe(Effect.scoped)

/** What each of these came to, once it is known. */
const resultsOf = (ids: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const reader = yield* ResultReader.ResultReader
    return yield* Effect.forEach(ids, (id) => Effect.map(reader.wait(id), ({ result }) => result), {
      concurrency: "unbounded"
    })
  })

describe("a Redis in the middle of a worker's tasks", () => {
  it.live(
    "that is flushed has every result that came after that",
    () =>
      inTheMiddle("flushed", ({ url }) => url, ({ command, ids, open, starts }) =>
        Effect.gen(function*() {
          yield* command("FLUSHALL")
          yield* command("SCRIPT", "FLUSH")
          const before = new Set(starts)
          const later = Array.from(ids.keys()).filter((x) => !before.has(x))
          assert.isAbove(later.length, 10)
          yield* open
          const results = yield* resultsOf(later.map((x) => ids[x]!))
          assert.deepStrictEqual(results, later.map((x) => 2 * x))
        })),
    120_000
  )

  it.live(
    "whose password was changed has every result when it is the right one again, and the log says why it had none",
    () =>
      inTheMiddle(
        "password",
        ({ url }) => url.replace("redis://", "redis://app:5ecre7@"),
        ({ command, ids, lines, open, redis, starts }) =>
          Effect.gen(function*() {
            yield* command("ACL", "SETUSER", "app", "resetpass", ">another")
            yield* command("CLIENT", "KILL", "USER", "app")
            yield* open
            yield* happens("it is said", () => lines.some((line) => line.includes("WRONGPASS")))
            yield* happens("all have run", () => starts.length >= count)
            yield* command("ACL", "SETUSER", "app", "resetpass", ">5ecre7")
            yield* happens(
              "all are stored",
              async () =>
                Number(await redisCommand(redis.url, "EXISTS", ...ids.map((id) => `celery-task-meta-${id}`))) === count
            )
            assert.deepStrictEqual(yield* resultsOf(ids), Array.from(ids.keys(), (x) => 2 * x))
            assert.match(
              lines.find((line) => line.includes("WRONGPASS")) ?? "",
              /could not be stored.*Check the user name and the password.*It is kept, and stored again in \d/
            )
            assert.notInclude(lines.join("\n"), "5ecre7")
          }),
        ["ACL", "SETUSER", "app", "on", ">5ecre7", "~*", "&*", "+@all"]
      ),
    120_000
  )
})
