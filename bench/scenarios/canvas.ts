/**
 * Canvases here, with their results in Redis: a worker for the tasks of
 * `contenders/canvas.py`, whose concurrency is the count, and a client that says
 * how long each took, as Python's does.
 */
import * as RedisBackend from "@celeriac/redis/RedisBackend"
import * as Canvas from "@celeriac/tasks/Canvas"
import * as Client from "@celeriac/tasks/Client"
import * as Settings from "@celeriac/tasks/Settings"
import type * as Signature from "@celeriac/tasks/Signature"
import * as Task from "@celeriac/tasks/Task"
import * as Worker from "@celeriac/worker/Worker"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { main, producer, ready, total } from "./Setup.ts"

const queue = "bench.canvas"
const redis = RedisBackend.layer({ url: process.argv[5] ?? "" }).pipe(Layer.provideMerge(producer))

const add = Task.make("bench.add", { parameters: { x: Schema.Int, y: Schema.Int }, success: Schema.Int })
const inc = Task.make("bench.inc", { parameters: { x: Schema.Int }, success: Schema.Int })
const tsum = Task.make("bench.tsum", {
  parameters: { numbers: Schema.Array(Schema.Int) },
  success: Schema.Int
})

const worker = Worker.make({
  // What follows a task goes here too.
  settings: { defaultQueue: queue },
  concurrency: total,
  tasks: [
    add.toLayer(({ x, y }) => Effect.succeed(x + y)),
    inc.toLayer(({ x }) => Effect.succeed(x + 1)),
    tsum.toLayer(({ numbers }) => Effect.succeed(numbers.reduce((sum, number) => sum + number, 0)))
  ]
})

const upTo = (size: number) => Array.from({ length: size }, (_, i) => i)
const sumOf = (size: number) => size * (size + 1) / 2

/** What comes of it, and how large it is as the client holds it, in megabytes. */
const canvases = {
  chord: (size: number) =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      const sent = yield* client.delay(Canvas.chord(upTo(size).map((x) => add.s({ x, y: 1 })), tsum.s()))
      return [yield* sent.get(), sumOf(size)] as const
    }),
  group: (size: number) =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      const sent = yield* client.delay(Canvas.group(upTo(size).map((x) => add.s({ x, y: 1 }))))
      return [(yield* sent.get()).reduce((sum, value) => sum + value, 0), sumOf(size)] as const
    }),
  chain: (size: number) =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      const steps: ReadonlyArray<Signature.Any> = [inc.s({ x: 0 }), ...upTo(size - 1).map(() => inc.s())]
      return [yield* (yield* client.delay(Canvas.chain(...steps))).get(), size] as const
    })
}

const called = (canvas: typeof canvases[keyof typeof canvases]) =>
  Effect.gen(function*() {
    yield* canvas(5)
    const before = process.memoryUsage.rss()
    const began = performance.now()
    const [got, wanted] = yield* canvas(total)
    const seconds = (performance.now() - began) / 1_000
    if (got !== wanted) return yield* Effect.die(`it came to ${got}, not to ${wanted}`)
    const rss = process.memoryUsage.rss()
    return { seconds, clientRss: rss / 1e6, clientGrowth: (rss - before) / 1e6 }
  }).pipe(
    Effect.provide(Client.layer.pipe(Layer.provide(redis))),
    // Where what follows nothing goes.
    Effect.provideService(Settings.DefaultQueue, queue)
  )

await main({
  chord: () => called(canvases.chord),
  group: () => called(canvases.group),
  chain: () => called(canvases.chain),
  serve: () =>
    Effect.andThen(Worker.Worker, Effect.andThen(ready, Effect.never)).pipe(
      Effect.provide(Layer.provide(worker.layer, redis))
    )
})
