/**
 * What the scenarios of ours have in common: the task, the broker, a worker, a
 * drain, and how a scenario is run. Not the store that others need not load.
 *
 * `node <program>.ts <scenario> <url> <count> <url of Redis>` prints one line of
 * JSON, or several.
 */
import * as AmqpTransport from "@celeriac/amqp/AmqpTransport"
import * as Producer from "@celeriac/messaging/Producer"
import * as Client from "@celeriac/tasks/Client"
import * as DisabledBackend from "@celeriac/tasks/result/backends/DisabledBackend"
import * as RpcBackend from "@celeriac/tasks/result/backends/RpcBackend"
import * as Task from "@celeriac/tasks/Task"
import type { TaskOptions } from "@celeriac/tasks/TaskOptions"
import type { Prefetch } from "@celeriac/worker/state/Prefetch"
import * as Worker from "@celeriac/worker/Worker"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as References from "effect/References"
import * as Schema from "effect/Schema"
import { queue } from "./message.ts"
import { Meter, percentiles } from "./Meter.ts"

const [scenario = "", url = "", count = "0"] = process.argv.slice(2)

/** How many tasks. */
export const total = Number(count)

export const noop = (options: TaskOptions = {}) =>
  Task.make("bench.noop", {
    parameters: { x: Schema.Int, y: Schema.Int },
    success: Schema.Null,
    options: { queue, ...options }
  })

export const amqp = AmqpTransport.layer({ url })
export const producer = Producer.layer({ eager: true }).pipe(Layer.provideMerge(amqp))
export const rpc = RpcBackend.layer().pipe(Layer.provideMerge(producer))
export const disabled = DisabledBackend.layer.pipe(Layer.provideMerge(producer))

/** Broker and results. */
export type Results = Layer.Layer<Layer.Success<typeof disabled>, unknown>

export interface WorkerOptions {
  readonly options?: TaskOptions
  readonly prefetch?: Prefetch
  readonly sendTaskEvents?: boolean
}

export const workerOf = (
  meter: Meter | undefined,
  { options = {}, prefetch = "adaptive", sendTaskEvents = false }: WorkerOptions = {}
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

/** A worker with a meter of its own, until that has counted to the total. */
export const drained = (
  worker: (meter: Meter) => { readonly layer: ReturnType<typeof workerOf>["layer"] },
  results: Results
) => {
  const meter = new Meter(total)
  return Effect.andThen(Worker.Worker, Effect.promise(() => meter.finished)).pipe(
    Effect.provide(Layer.provide(worker(meter).layer, results))
  )
}

export const drain = (results: Results, options: WorkerOptions = {}) =>
  drained((meter) => workerOf(meter, options), results)

export const ready = Effect.sync(() => console.log(JSON.stringify({ ready: true })))

/** A worker that says when it is ready, and runs until it is ended. */
export const serve = (results: Results) =>
  Effect.andThen(Worker.Worker, Effect.andThen(ready, Effect.never)).pipe(
    Effect.provide(Layer.provide(workerOf(undefined).layer, results))
  )

/** One call after another, each with its result. */
export const call = (results: Results) =>
  Effect.gen(function*() {
    const client = yield* Client.Client
    const task = noop()
    const took: Array<number> = []
    for (let i = 0; i < total; i++) {
      const start = performance.now()
      yield* client.execute(task, [1, 2])
      took.push(performance.now() - start)
    }
    return percentiles(took.slice(Math.floor(total / 10)))
  }).pipe(Effect.provide(Client.layer.pipe(Layer.provide(results))))

/** Runs the one that was asked for. Figures alone go to stdout, for they are read there: the log goes to stderr. */
export const main = async (scenarios: Record<string, () => Effect.Effect<unknown, unknown>>): Promise<void> => {
  const program = scenarios[scenario]!().pipe(
    Effect.provideService(References.MinimumLogLevel, process.env.BENCH_LOG === undefined ? "Warn" : "Debug"),
    Effect.provideService(References.LogToStderr, true)
  )
  console.log(JSON.stringify(await Effect.runPromise(program)))
  process.exit(0)
}
