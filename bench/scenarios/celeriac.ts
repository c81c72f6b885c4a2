/**
 * The same scenarios with the whole worker, the real client and their defaults.
 *
 * `node celeriac.ts <scenario> <url> <count>` prints one line of JSON.
 */
import * as AmqpTransport from "@celeriac/amqp/AmqpTransport"
import * as LogicalClock from "@celeriac/messaging/LogicalClock"
import * as Producer from "@celeriac/messaging/Producer"
import { Transport } from "@celeriac/messaging/Transport"
import * as Client from "@celeriac/tasks/Client"
import * as ClusterState from "@celeriac/tasks/event/ClusterState"
import * as EventReceiver from "@celeriac/tasks/event/EventReceiver"
import * as DisabledBackend from "@celeriac/tasks/result/backends/DisabledBackend"
import * as RpcBackend from "@celeriac/tasks/result/backends/RpcBackend"
import * as Task from "@celeriac/tasks/Task"
import type { TaskOptions } from "@celeriac/tasks/TaskOptions"
import * as RequestObserver from "@celeriac/worker/execution/RequestObserver"
import type { Prefetch } from "@celeriac/worker/state/Prefetch"
import * as Worker from "@celeriac/worker/Worker"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as References from "effect/References"
import * as Schema from "effect/Schema"
import { HoldMeter } from "./HoldMeter.ts"
import { queue } from "./message.ts"
import { Meter, percentiles } from "./Meter.ts"

const [scenario = "", url = "", count = "0"] = process.argv.slice(2)
const total = Number(count)

const noop = (options: TaskOptions = {}) =>
  Task.make("bench.noop", {
    parameters: { x: Schema.Int, y: Schema.Int },
    success: Schema.Null,
    options: { queue, ...options }
  })

const amqp = AmqpTransport.layer({ url })
const producer = Producer.layer({ eager: true }).pipe(Layer.provideMerge(amqp))
const rpc = RpcBackend.layer().pipe(Layer.provideMerge(producer))
const disabled = DisabledBackend.layer.pipe(Layer.provideMerge(producer))

const workerOf = (
  meter: Meter | undefined,
  options: TaskOptions = {},
  prefetch: Prefetch = "adaptive",
  sendTaskEvents = false
) =>
  Worker.make({
    queues: [queue],
    prefetch,
    settings: { sendTaskEvents },
    tasks: [
      noop(options).toLayer(() =>
        Effect.sync(() => {
          meter?.begin()
          meter?.end()
          return null
        })
      )
    ]
  })

const drain = (
  options: TaskOptions,
  backend: typeof rpc | typeof disabled,
  prefetch?: Prefetch,
  sendTaskEvents?: boolean
) => {
  const meter = new Meter(total)
  return Effect.andThen(Worker.Worker, Effect.promise(() => meter.finished)).pipe(
    Effect.provide(Layer.provide(workerOf(meter, options, prefetch, sendTaskEvents).layer, backend))
  )
}

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
  console.log(JSON.stringify({ ready: true }))
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

const serve = Effect.andThen(
  Worker.Worker,
  Effect.andThen(Effect.sync(() => console.log(JSON.stringify({ ready: true }))), Effect.never)
).pipe(Effect.provide(Layer.provide(workerOf(undefined).layer, rpc)))

const call = Effect.gen(function*() {
  const client = yield* Client.Client
  const task = noop()
  const took: Array<number> = []
  for (let i = 0; i < total; i++) {
    const start = performance.now()
    yield* client.execute(task, [1, 2])
    took.push(performance.now() - start)
  }
  return percentiles(took.slice(Math.floor(total / 10)))
}).pipe(Effect.provide(Client.layer.pipe(Layer.provide(rpc))))

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
    Effect.andThen(Effect.sync(() => console.log(JSON.stringify({ ready: true }))), Effect.promise(() => promise))
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

const scenarios: Record<string, () => Effect.Effect<unknown, unknown>> = {
  "drain": () => drain({}, disabled),
  /** Celery's default: four messages for each slot. */
  "drain-multiplier-4": () => drain({}, disabled, { multiplier: 4 }),
  "drain-events": () => drain({}, disabled, undefined, true),
  "drain-results-events": () => drain({}, rpc, undefined, true),
  hear: () => hear,
  "drain-late": () => drain({ acksLate: true }, disabled),
  "drain-results": () => drain({}, rpc),
  "drain-results-late": () => drain({ acksLate: true }, rpc),
  publish: () => publish,
  many: () => many,
  serve: () => serve,
  call: () => call,
  sink: () => sink,
  hold: () => hold,
  boot: () => boot
}

/** Figures alone go to stdout, for they are read there: the log goes to stderr. */
const program = scenarios[scenario]!().pipe(
  Effect.provideService(References.MinimumLogLevel, process.env.BENCH_LOG === undefined ? "Warn" : "Debug"),
  Effect.provideService(References.LogToStderr, true)
)
console.log(JSON.stringify(await Effect.runPromise(program)))
process.exit(0)
