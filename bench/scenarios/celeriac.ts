/** The same scenarios as those of `raw.ts`, with the whole worker, the real client and their defaults. */
import * as LogicalClock from "@celeriac/messaging/LogicalClock"
import { Transport } from "@celeriac/messaging/Transport"
import * as Client from "@celeriac/tasks/Client"
import * as ClusterState from "@celeriac/tasks/event/ClusterState"
import * as EventReceiver from "@celeriac/tasks/event/EventReceiver"
import * as Task from "@celeriac/tasks/Task"
import * as RequestObserver from "@celeriac/worker/execution/RequestObserver"
import * as Worker from "@celeriac/worker/Worker"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { HoldMeter } from "./HoldMeter.ts"
import { queue } from "./message.ts"
import { Meter, percentiles } from "./Meter.ts"
import { amqp, call, disabled, drain, main, noop, ready, rpc, serve, total, workerOf } from "./Setup.ts"

/** What a monitor does: events of others, each read and made part of a state, until so many have come. */
const hear = Effect.gen(function*() {
  const meter = new Meter(total)
  const cluster = ClusterState.make()
  const channel = yield* (yield* (yield* Transport).connect()).openChannel()
  yield* EventReceiver.consume(channel, (event) => {
    meter.begin()
    cluster.add(event)
    meter.end()
  }, { clock: LogicalClock.make() })
  yield* ready
  return yield* Effect.promise(() => meter.finished)
}).pipe(Effect.scoped, Effect.provide(amqp))

const publish = Effect.gen(function*() {
  const client = yield* Client.Client
  const task = noop()
  yield* client.delay(task, [1, 2])
  const meter = new Meter(total)
  meter.begin()
  yield* Effect.forEach(
    Array.from({ length: total }),
    () => Effect.tap(client.delay(task, [1, 2]), () => Effect.sync(() => meter.end())),
    { concurrency: 1000, discard: true }
  )
  return yield* Effect.promise(() => meter.finished)
}).pipe(Effect.provide(Client.layer.pipe(Layer.provide(disabled))))

const many = Effect.gen(function*() {
  const client = yield* Client.Client
  const task = noop()
  yield* client.delay(task, [1, 2])
  const all = Array.from({ length: total }, () => [1, 2] as const)
  const meter = new Meter(total)
  meter.begin()
  for (const _ of yield* client.applyMany(task, all)) meter.end()
  return yield* Effect.promise(() => meter.finished)
}).pipe(Effect.provide(Client.layer.pipe(Layer.provide(disabled))))

/** From enqueue to start: each task carries the time it was sent, in milliseconds since the epoch. */
const sink = Effect.suspend(() => {
  const took: Array<number> = []
  const { promise, resolve } = Promise.withResolvers<void>()
  const task = Task.make("bench.sink", { parameters: { sentAt: Schema.Number }, success: Schema.Null })
  const worker = Worker.make({
    queues: [queue],
    tasks: [
      task.toLayer(({ sentAt }) =>
        Effect.sync(() => {
          took.push(performance.timeOrigin + performance.now() - sentAt)
          if (took.length === total) resolve()
          return null
        })
      )
    ]
  })
  return Effect.andThen(
    Worker.Worker,
    Effect.andThen(ready, Effect.promise(() => promise))
  ).pipe(
    Effect.map(() => percentiles(took)),
    Effect.provide(Layer.provide(worker.layer, disabled))
  )
})

/** Tasks that are due in a day, and tasks that are due now. */
const hold = Effect.suspend(() => {
  const meter = new HoldMeter(total)
  const task = Task.make("bench.sink", { parameters: { sentAt: Schema.Number }, success: Schema.Null })
  const worker = Worker.make({
    queues: [queue],
    tasks: [
      noop().toLayer(() => Effect.succeed(null)),
      task.toLayer(({ sentAt }) => Effect.sync(() => (meter.started(sentAt), null)))
    ]
  })
  const observer = RequestObserver.layer({ accepted: ({ task }) => task === "bench.noop" ? meter.held() : undefined })
  let stopsAt = 0
  return Effect.andThen(Worker.Worker, Effect.promise(() => meter.report())).pipe(
    Effect.map(() => {
      stopsAt = performance.now()
    }),
    Effect.provide(worker.layer.pipe(Layer.provide(observer), Layer.provide(disabled))),
    // All that is held is in its queue again.
    Effect.map(() => ({ stopMillis: performance.now() - stopsAt }))
  )
})

/** From the start of the process to the first task that ran. */
const boot = Effect.suspend(() => {
  const meter = new Meter(1)
  return Effect.andThen(Worker.Worker, Effect.promise(() => meter.finished)).pipe(
    Effect.map(() => ({ millis: performance.now() })),
    Effect.provide(Layer.provide(workerOf(meter).layer, rpc))
  )
})

await main({
  drain: () => drain(disabled),
  /** Celery's default: four messages for each slot. */
  "drain-multiplier-4": () => drain(disabled, { prefetch: { multiplier: 4 } }),
  "drain-events": () => drain(disabled, { sendTaskEvents: true }),
  "drain-results-events": () => drain(rpc, { sendTaskEvents: true }),
  hear: () => hear,
  "drain-late": () => drain(disabled, { options: { acksLate: true } }),
  "drain-results": () => drain(rpc),
  "drain-results-late": () => drain(rpc, { options: { acksLate: true } }),
  publish: () => publish,
  many: () => many,
  serve: () => serve(rpc),
  call: () => call(rpc),
  sink: () => sink,
  hold: () => hold,
  boot: () => boot
})
