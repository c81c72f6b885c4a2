/** A worker whose results go to a Redis that may only be read for a while, or that is away when the worker stops. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import { until } from "../../../../test/peers/Process.ts"
import { Redis } from "../../../../test/peers/Redis.ts"
import { redisCommand } from "../../../../test/peers/Resp.ts"
import { Wire } from "../../../../test/peers/Wire.ts"
import * as Broker from "../../src/Broker.ts"
import * as Client from "../../src/Client.ts"
import * as ResultReader from "../../src/ResultReader.ts"
import * as Task from "../../src/Task.ts"
import * as Worker from "../../src/Worker.ts"

const amqp = brokerUrl()
const double = Task.make("proj.double", { parameters: { x: Schema.Int }, success: Schema.Int })
const all = Array.from({ length: 20 }, (_, x) => x)

const server = (...args: ReadonlyArray<string>) =>
  Effect.acquireRelease(Effect.promise(() => Redis.start(...args)), (redis) => Effect.promise(() => redis.stop()))

/** Raw access to the broker. */
const wire = Effect.acquireRelease(Effect.promise(() => Wire.open(amqp)), (open) => Effect.promise(() => open.close()))

const happens = (what: string, holds: () => boolean | Promise<boolean>) =>
  Effect.promise(() => until(what, holds, 100_000))

/** Counts its runs. */
const doubled = (acksLate: boolean) => {
  const ran: Array<number> = []
  const layer = double.toLayer(({ x }) => Effect.sync(() => (ran.push(x), 2 * x)), { acksLate })
  return { ran, layer }
}

/** What is not acknowledged stays with it: it may hold more than all. */
const workerOf = (layer: ReturnType<typeof doubled>["layer"]) =>
  Worker.make({
    nodename: `celery@refuses.${process.pid}`,
    tasks: [layer],
    concurrency: 4,
    prefetch: { multiplier: 10 }
  })

const sendAll = (queue: string) =>
  Effect.gen(function*() {
    const client = yield* Client.Client
    for (const x of all) yield* client.applyAsync(double, { x }, { taskId: `${queue}-${x}` })
  }).pipe(
    Effect.provide(Broker.layer(amqp, { results: "disabled://", settings: { defaultQueue: queue } }))
  )

const readAll = (queue: string) =>
  Effect.gen(function*() {
    const reader = yield* ResultReader.ResultReader
    const records = yield* Effect.forEach(all, (x) => reader.wait(`${queue}-${x}`), { concurrency: "unbounded" })
    assert.deepStrictEqual(records.map(({ result }) => result), all.map((x) => 2 * x))
  })

const collecting = (lines: Array<string>) =>
  Logger.layer([Logger.make(({ message }) => void lines.push([message].flat().join(" ")))])

for (const acksLate of [true, false]) {
  describe(`with ${acksLate ? "late" : "early"} acknowledgement, a Redis that may only be read`, () => {
    it.live(
      "loses no result: each is kept, said, and stored when it may be written again",
      () =>
        Effect.gen(function*() {
          const redis = yield* server("--replicaof", "127.0.0.1 1")
          const queue = `redis.replica.${acksLate}.${process.pid}`
          const { layer, ran } = doubled(acksLate)
          const lines: Array<string> = []
          yield* sendAll(queue)
          yield* Effect.gen(function*() {
            yield* happens("every task has run", () => ran.length === all.length)
            yield* happens("it is said", () => lines.some((line) => line.includes("READONLY")))
            yield* Effect.promise(() => redisCommand(redis.url, "REPLICAOF", "NO", "ONE"))
            yield* readAll(queue)
          }).pipe(
            Effect.provide(Layer.provide(workerOf(layer).layer, collecting(lines))),
            Effect.provide(Broker.layer(amqp, { results: redis.url, settings: { defaultQueue: queue } }))
          )
          assert.deepStrictEqual(ran.toSorted((a, b) => a - b), all, "none ran twice")
          assert.match(
            lines.find((line) => line.includes("READONLY")) ?? "",
            /could not be stored.*read-only replica: name the master.*It is kept, and stored again in \d/
          )
          assert.strictEqual(yield* Effect.flatMap(wire, (open) => Effect.promise(() => open.ready(queue))), 0)
        }).pipe(Effect.scoped),
      120_000
    )
  })
}

describe("a Redis that is away", () => {
  it.live(
    "leaves late tasks with the broker, which gives them to the next worker when this one stops",
    () =>
      Effect.gen(function*() {
        const redis = yield* server()
        const queue = `redis.gone.${process.pid}`
        const raw = yield* wire
        const ready = () => raw.ready(queue)
        yield* sendAll(queue)
        yield* Effect.promise(() => redis.kill())
        const broker = Broker.layer(amqp, { results: redis.url, settings: { defaultQueue: queue } })
        const first = doubled(true)
        yield* happens("the broker has them all", async () => (await ready()) === all.length)
        yield* Effect.gen(function*() {
          yield* happens("every task has run", () => first.ran.length === all.length)
          assert.strictEqual(yield* Effect.promise(ready), 0, "the worker holds them")
        }).pipe(
          Effect.provide(Layer.provide(workerOf(first.layer).layer, Logger.layer([]))),
          Effect.provide(broker)
        )
        // None was acknowledged: a queue counts what nobody holds.
        yield* happens("all of them are back", async () => (await ready()) === all.length)
        yield* Effect.promise(() => redis.start())
        const second = doubled(true)
        yield* readAll(queue).pipe(
          Effect.provide(Layer.provide(workerOf(second.layer).layer, Logger.layer([]))),
          Effect.provide(broker)
        )
        assert.deepStrictEqual(second.ran.toSorted((a, b) => a - b), all)
        assert.strictEqual(yield* Effect.promise(ready), 0)
      }).pipe(Effect.scoped),
    120_000
  )
})
