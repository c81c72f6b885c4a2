/**
 * An application: a broker, the tasks that are known, their workers and
 * clients. What Celery calls an app, for those who do not write Effect.
 */
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import * as AsyncResult from "@celeriac/tasks/AsyncResult"
import type * as Callable from "@celeriac/tasks/Callable"
import type { CallOptions } from "@celeriac/tasks/CallOptions"
import * as Client from "@celeriac/tasks/Client"
import * as Eager from "@celeriac/tasks/Eager"
import * as GroupResult from "@celeriac/tasks/GroupResult"
import * as Misspelt from "@celeriac/tasks/Misspelt"
import * as PreparedTask from "@celeriac/tasks/PreparedTask"
import type { ResultError } from "@celeriac/tasks/result/ResultError"
import type * as Signature from "@celeriac/tasks/Signature"
import { because, DuplicateTask } from "@celeriac/tasks/TaskError"
import { WorkerFailure } from "@celeriac/worker/state/WorkerExit"
import * as WorkerSettings from "@celeriac/worker/state/WorkerSettings"
import * as Worker from "@celeriac/worker/Worker"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import type { Broker } from "../Broker.ts"
import { over } from "../internal/Layered.ts"
import * as LogFormat from "../LogFormat.ts"
import * as Settings from "../Settings.ts"
import * as AppBroker from "./AppBroker.ts"
import { Handlers } from "./Handlers.ts"
import type * as PromiseCanvas from "./PromiseCanvas.ts"
import * as PromiseControl from "./PromiseControl.ts"
import * as PromiseSignals from "./PromiseSignals.ts"
import * as PromiseTask from "./PromiseTask.ts"
import * as PromiseWorker from "./PromiseWorker.ts"
import * as Result from "./Result.ts"
import type * as Model from "./ResultModel.ts"
import * as Results from "./Results.ts"
import * as Run from "./Run.ts"
import type * as Schemas from "./Schemas.ts"

export interface AppOptions {
  /** `amqp://user:password@host/vhost`, or `memory://`. Default: the environment's, else RabbitMQ on this machine. */
  readonly broker?: string | undefined
  /** Where results go: `rpc://`, `redis://`, `memory://` or `disabled://`. Default: the environment's, else `memory://` with `memory://`, `rpc://` otherwise. */
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
  /** The same without a definition: it has no parameters. */
  task<R = unknown>(name: string, handler: PromiseTask.Handler<{}, R>): PromiseTask.PromiseTask<{}, R>
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
    /**
     * Sends a signature, with what it lacks: `app.client.delay(add.s({ y: 3 }), { x: 2 })`.
     * Or a `chain`, a `group`, a `chord`: resolves to results in its own shape.
     */
    readonly delay: <S extends Signature.Any>(
      signature: S,
      ...more: Callable.Call<S, PromiseTask.SendOptions<Callable.Result<S>>>
    ) => Promise<PromiseCanvas.Sent<S>>
    /** Runs a signature where it is called, at once, and all that follows: what `task.apply` does of one task. Needs no broker. */
    readonly apply: <S extends Signature.Any>(
      signature: S,
      ...more: Callable.Call<S, CallOptions<Callable.Result<S>>>
    ) => Promise<PromiseCanvas.Sent<S>>
    /** Sends what was prepared (`task.prepare`), by this process or another one, as often as need be: it has one id. */
    readonly send: (
      message: string,
      options?: PromiseTask.ResendOptions
    ) => Promise<Result.Result<unknown> | Results.GroupResult<Model.Members>>
    /** The messages of a signature as text, and the id of what it comes to, without sending them: for an outbox. */
    readonly prepare: <S extends Signature.Any>(
      signature: S,
      ...more: Callable.Call<S, CallOptions<Callable.Result<S>>>
    ) => Promise<PromiseTask.Prepared>
    /** The result of a task that was sent earlier, by its id; or that of a task or a group, by what `asTuple` gave. */
    readonly result: {
      (id: string): Promise<Result.Result<unknown>>
      (tuple: Model.Tuple): Promise<Result.Result<unknown> | Results.GroupResult<Model.Members>>
    }
    /** Several results as one: `app.client.results([one, other]).get()`. */
    readonly results: <const M extends Model.Members>(results: M) => Results.Results<M>
    /** The result of a group that was saved, by its id, by either language; undefined when there is none. */
    readonly restoreGroup: (id: string) => Promise<Results.GroupResult<Model.Members> | undefined>
  }

  /**
   * Calls it at this signal of Celery's, of its tasks, its workers or what it
   * sends: `app.on("taskFailure", (request, { exception }) => ...)`. To be said
   * before the application is used. Gives what ends it.
   */
  readonly on: PromiseSignals.On

  /** Asks the workers of the cluster, and tells them: remote control. */
  readonly control: PromiseControl.PromiseControl

  /** Stops its workers warm, and leaves the broker. */
  readonly close: () => Promise<void>
}

export const make = (options: AppOptions = {}): PromiseApp => {
  const stranger = Misspelt.sentence<AppOptions>(options, { broker: true, results: true, settings: true, log: true })
  if (stranger !== undefined) throw new TypeError(`the options of celeriac: ${stranger}`)
  const log = LogFormat.layer({ level: options.log ?? "warning" })
  /** By the command, for the program has its options. */
  let chosen: Settings.Given = {}
  /** In a child of a pool: the worker's. */
  let lent: Context.Context<Broker> | undefined
  const signals = PromiseSignals.make()
  const { close, context, leave, run } = Run.make(
    Layer.provideMerge(
      Layer.suspend(() => lent === undefined ? AppBroker.own(options, chosen, handlers) : AppBroker.of(lent)),
      Layer.provideMerge(signals.layer, log)
    )
  )
  const handlers = new Handlers()
  const runHere = handlers.runner(() =>
    Layer.merge(Settings.layer(over<Settings.Given>(Settings.fromEnvironment(), options.settings)), log)
  )
  const names = new Set<string>()
  const workers = new Set<PromiseWorker.PromiseWorker>()

  /** What it failed with has been told by the worker, if it came to be one. */
  const ended = async (failure: unknown): Promise<void> => {
    if (failure !== undefined) {
      process.exitCode = failure instanceof WorkerFailure ? failure.exitCode : 1
      if (!(failure instanceof WorkerFailure)) await Effect.runPromise(Effect.provide(unrecoverable(failure), log))
    }
    if (!Array.from(workers).some((worker) => worker.isRunning)) await leave()
  }

  const broker: PromiseWorker.AppBroker = {
    given: WorkerSettings.ofBroker({ ...options.settings, ...AppBroker.settings(options) }),
    lend: (services) => {
      lent = services
    },
    layer: (settings) =>
      Layer.effectContext(Effect.acquireRelease(
        Effect.tryPromise({
          try: async () => {
            // What was sent while the module was loaded went to the program's own. The log is the command's.
            chosen = settings
            await leave()
            return Context.omit(Logger.CurrentLoggers, References.MinimumLogLevel)(await context())
          },
          // The settings of the environment have been read by then: what remains is these.
          catch: (error) => error as MessagingError | ResultError
        }),
        () => Effect.promise(leave)
      ))
  }

  const task = (
    name: string,
    given:
      | PromiseTask.Definition<Schemas.Fields, Schemas.Any | undefined>
      | PromiseTask.Handler<Schemas.Fields, unknown>,
    runs?: PromiseTask.Handler<Schemas.Fields, unknown>
  ) => {
    const [definition, handler] = typeof given === "function" ? [{}, given] : [given, runs]
    if (typeof definition !== "object" || definition === null) {
      throw new TypeError(`task '${name}' has no definition: write app.task("${name}", {}, handler)`)
    }
    if (names.has(name)) throw because("define", new DuplicateTask({ task: name }))
    const made = PromiseTask.make(run, runHere, name, definition, handler)
    names.add(name)
    if (made.layer !== undefined) handlers.add(made.layer)
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
            tasks: handlers.layers
          }),
        broker,
        ended
      )
      workers.add(worker)
      return worker
    },
    client: {
      sendTask: async (name, call) =>
        Result.make(run, await run(Effect.flatMap(Client.Client, (client) => client.sendTask(name, call)))),
      delay: async (signature, ...more) => {
        const options: PromiseTask.SendOptions = more[1] as PromiseTask.SendOptions | undefined ?? {} // so says its type
        const sending = Effect.flatMap(
          Client.Client,
          (client) =>
            client.applyAsync(
              signature as Signature.Any, // its types are those of this method
              more[0] as Readonly<Record<string, unknown>> | undefined, // so says its type
              PromiseTask.callOf(options)
            )
        )
        return Result.of(run, await run(sending, options.signal)) as never // what it comes to is in the type of this method
      },
      apply: async (signature, ...more) =>
        // Its types are those of this method.
        Result.of(run, await runHere(Eager.apply(signature as Signature.Any, ...given(more))), runHere) as never,
      prepare: async (signature, ...more) => {
        const prepared = await run(Effect.flatMap(
          Client.Client,
          (client) => client.prepare(signature as Signature.Any, ...given(more)) // as above
        ))
        return { id: prepared.id, message: PreparedTask.encode(prepared) }
      },
      send: async (message, options = {}) => {
        const sending = Effect.flatMap(
          Effect.fromResult(PreparedTask.decode(message)),
          (prepared) => Effect.flatMap(Client.Client, (client) => client.send(prepared, PromiseTask.callOf(options)))
        )
        return Result.of(run, await run(sending, options.signal)) as Result.Result<unknown> // or of a group: see its type
      },
      // The overloads say what it gives.
      result: (async (given: string | Model.Tuple) =>
        typeof given === "string"
          ? Result.make(run, await run(AsyncResult.make(given)))
          : Result.of(run, await run(AsyncResult.decode(given)))) as PromiseApp["client"]["result"],
      results: (results) => Results.make(run, results),
      restoreGroup: async (id) => {
        const group = await run(GroupResult.restore(id))
        return group === undefined ? undefined : Result.makeGroup(run, group)
      }
    },
    on: signals.on,
    control: PromiseControl.make(run, context),
    close: async () => {
      await Promise.all(Array.from(workers, (worker) => worker.stop()))
      await close()
    }
  }
}

/** What a signature lacks, and options: so say the types of the methods. */
const given = ([args, options]: ReadonlyArray<unknown>) =>
  [args as Readonly<Record<string, unknown>> | undefined, options as CallOptions | undefined] as const

/** One line for what a user can mend; all there is for a defect. */
const unrecoverable = (error: unknown): Effect.Effect<void> =>
  error instanceof Error && "_tag" in error
    ? Effect.logFatal(`Unrecoverable error: ${error.message}`)
    : Effect.logFatal("Unrecoverable error:", Cause.die(error))
