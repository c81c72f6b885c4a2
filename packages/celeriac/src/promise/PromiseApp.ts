/**
 * An application: a broker, the tasks that are known, their workers and
 * clients. What Celery calls an app, for those who do not write Effect.
 */
import * as AsyncResult from "@celeriac/tasks/AsyncResult"
import * as Client from "@celeriac/tasks/Client"
import * as Worker from "@celeriac/worker/Worker"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Broker from "../Broker.ts"
import * as Environment from "../internal/Environment.ts"
import { over } from "../internal/Layered.ts"
import * as LogFormat from "../LogFormat.ts"
import * as Settings from "../Settings.ts"
import * as PromiseTask from "./PromiseTask.ts"
import * as PromiseWorker from "./PromiseWorker.ts"
import * as Result from "./Result.ts"
import type { Run } from "./Run.ts"
import type * as Schemas from "./Schemas.ts"

export interface AppOptions {
  /** `amqp://user:password@host/vhost`, or `memory://`. Default: the environment's, else RabbitMQ on this machine. */
  readonly broker?: string | undefined
  /** Where results go: `rpc://`, `memory://` or `disabled://`. Default: the environment's, else `memory://` with `memory://`, `rpc://` otherwise. */
  readonly results?: string | undefined
  /**
   * Any of the settings: routes, queues, serializers and so on, for its clients
   * and its workers. `Settings.fromCelery` makes them from a Celery
   * configuration. Default: the environment's.
   */
  readonly settings?: Settings.Given | undefined
  /** What is logged, in Celery's format, on stderr. Default `warning`. */
  readonly log?: LogFormat.Level | undefined
}

export interface PromiseApp {
  /** Defines a task, and how it is run. Callers get what the schema of its result says. */
  task<const F extends Schemas.Fields = {}, S extends Schemas.Any = never>(
    name: string,
    definition: PromiseTask.Definition<F, S> & { readonly success: S },
    handler?: PromiseTask.Handler<F, Schemas.Input<S>>
  ): PromiseTask.PromiseTask<F, Schemas.Output<S>>
  /** Without a schema, callers get what the handler returns. */
  task<const F extends Schemas.Fields = {}, R = unknown>(
    name: string,
    definition: PromiseTask.Definition<F, undefined>,
    handler: PromiseTask.Handler<F, R>
  ): PromiseTask.PromiseTask<F, R>
  /** Defines a task that is run elsewhere. */
  task<const F extends Schemas.Fields = {}>(
    name: string,
    definition: PromiseTask.Definition<F, undefined>
  ): PromiseTask.PromiseTask<F, unknown>

  /** A worker for every task of this application that has a handler when it starts. */
  readonly worker: (options?: PromiseWorker.Options) => PromiseWorker.PromiseWorker

  readonly client: {
    /** Sends a task by its name alone, such as a Python worker's. */
    readonly sendTask: (name: string, call?: Client.NamedCall) => Promise<Result.Result<unknown>>
    /** The result of a task that was sent earlier, by its id. */
    readonly result: (id: string) => Promise<Result.Result<unknown>>
  }

  /** Stops its workers warm, and leaves the broker. */
  readonly close: () => Promise<void>
}

export const make = (options: AppOptions = {}): PromiseApp => {
  const runtime = ManagedRuntime.make(
    Layer.provideMerge(brokerOf(options), LogFormat.layer({ level: options.log ?? "warning" }))
  )
  const run: Run = (effect, signal) => runtime.runPromise(effect, signal === undefined ? {} : { signal })
  const handlers: Array<NonNullable<PromiseTask.Made["layer"]>> = []
  const workers = new Set<PromiseWorker.PromiseWorker>()

  const task = (
    name: string,
    definition: PromiseTask.Definition<Schemas.Fields, Schemas.Any | undefined>,
    handler?: PromiseTask.Handler<Schemas.Fields, unknown>
  ) => {
    const made = PromiseTask.make(run, name, definition, handler)
    if (made.layer !== undefined) handlers.push(made.layer)
    return made.task
  }

  return {
    // The overloads say in types what the schemas do at run time.
    task: task as unknown as PromiseApp["task"],
    worker: (workerOptions = {}) => {
      const worker = PromiseWorker.make(
        run,
        () =>
          Worker.make({
            ...workerOptions,
            settings: over<Settings.Given>(Settings.fromEnvironment(), options.settings, workerOptions.settings),
            tasks: handlers
          })
      )
      workers.add(worker)
      return worker
    },
    client: {
      sendTask: async (name, call) =>
        Result.make(run, await run(Effect.flatMap(Client.Client, (client) => client.sendTask(name, call)))),
      result: async (id) => Result.make(run, await run(AsyncResult.make(id)))
    },
    close: async () => {
      await Promise.all(Array.from(workers, (worker) => worker.stop()))
      await runtime.dispose()
    }
  }
}

/** What the program says counts before the environment. */
const brokerOf = (options: AppOptions) =>
  Layer.unwrap(Effect.map(Environment.read, (environment) => {
    const { brokerUrl, resultBackend, ...settings } = over<Settings.Given>(environment, options.settings)
    return Broker.layer(options.broker ?? brokerUrl ?? Broker.defaultUrl, {
      results: options.results ?? resultBackend,
      settings
    })
  }))
