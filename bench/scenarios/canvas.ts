/** A worker of ours for the tasks of `contenders/canvas.py`, with its results in Redis. The count is its concurrency. */
import * as RedisBackend from "@celeriac/redis/RedisBackend"
import * as Task from "@celeriac/tasks/Task"
import * as Worker from "@celeriac/worker/Worker"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { main, producer, ready, total } from "./Setup.ts"

const redis = RedisBackend.layer({ url: process.argv[5] ?? "" }).pipe(Layer.provideMerge(producer))

const add = Task.make("bench.add", { parameters: { x: Schema.Int, y: Schema.Int }, success: Schema.Int })
const inc = Task.make("bench.inc", { parameters: { x: Schema.Int }, success: Schema.Int })
const tsum = Task.make("bench.tsum", {
  parameters: { numbers: Schema.Array(Schema.Int) },
  success: Schema.Int
})

const worker = Worker.make({
  // What follows a task goes here too.
  settings: { defaultQueue: "bench.canvas" },
  concurrency: total,
  tasks: [
    add.toLayer(({ x, y }) => Effect.succeed(x + y)),
    inc.toLayer(({ x }) => Effect.succeed(x + 1)),
    tsum.toLayer(({ numbers }) => Effect.succeed(numbers.reduce((sum, number) => sum + number, 0)))
  ]
})

await main({
  serve: () =>
    Effect.andThen(Worker.Worker, Effect.andThen(ready, Effect.never)).pipe(
      Effect.provide(Layer.provide(worker.layer, redis))
    )
})
