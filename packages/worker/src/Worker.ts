/**
 * A worker, and the two ways to start it.
 *
 * ```ts
 * const worker = Worker.make({ tasks: [AddLive], concurrency: 8 })
 *
 * // the entry point of a process: signals, exit codes
 * worker.run.pipe(Effect.provide(Broker), NodeRuntime.runMain)
 *
 * // a part of an application: a layer like any other
 * Layer.mergeAll(HttpLive, worker.layer)
 * ```
 *
 * What the handlers and the steps need shows in the type of both until it is
 * provided. `WorkerSteps` lists the steps.
 *
 * @since 0.1.0
 */
import * as Blueprint from "@celeriac/bootsteps/Blueprint"
import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import { BootstepError, describe } from "@celeriac/bootsteps/BootstepError"
import * as Control from "@celeriac/bootsteps/Control"
import { Nodename as ParentNodename } from "@celeriac/bootsteps/Parent"
import * as StopReason from "@celeriac/bootsteps/StopReason"
import type { Transport } from "@celeriac/messaging/Transport"
import type * as Middleware from "@celeriac/tasks/Middleware"
import type { ResultBackend } from "@celeriac/tasks/result/ResultBackend"
import * as TaskRegistry from "@celeriac/tasks/TaskRegistry"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Signals from "./state/Signals.ts"
import { NoTasks } from "./state/WorkerError.ts"
import * as WorkerExit from "./state/WorkerExit.ts"
import * as WorkerSettings from "./state/WorkerSettings.ts"
import { State, WorkerState } from "./state/WorkerState.ts"
import { WorkerMiddleware } from "./trace/Trace.ts"
import * as WorkerSteps from "./WorkerSteps.ts"

/** A worker that is up. */
export class Worker extends Context.Service<Worker, {
  /** `celery@host`. */
  readonly nodename: string
  readonly state: State
  /** Asks it to stop warm. It is done when `awaitShutdown` succeeds. */
  readonly shutdown: Effect.Effect<void>
  /** Asks it to stop cold. */
  readonly terminate: Effect.Effect<void>
  /** Succeeds when the worker has stopped because it was asked to; fails with what stopped it otherwise. */
  readonly awaitShutdown: Effect.Effect<StopReason.Shutdown | StopReason.Terminate, BootstepError>
  /** Celery's `inspect stats`: `total`, `pid` and `uptime` (in seconds), and what the steps tell. */
  readonly info: Effect.Effect<Bootstep.Info>
}>()("@celeriac/worker/Worker") {}

/** Handlers, made by `task.toLayer`. */
export type Handlers = ReadonlyArray<Layer.Layer<never, any, any>>

/** Of a worker of steps alone. */
export type NoHandlers = ReadonlyArray<Layer.Layer<never>>

export interface Options<
  T extends Handlers,
  W extends WorkerSteps.List,
  C extends WorkerSteps.List,
  M extends Middleware.List = []
> {
  /** The tasks this worker runs: what `task.toLayer(handler)` gives. A worker of steps alone may leave them out. */
  readonly tasks?: T
  /** What is around every run, the first outermost. */
  readonly middleware?: M
  /** The name of the node: `name@host`, with `%h` for the host, `%n` for its first label, `%d` for the rest. Default `celery@%h`. */
  readonly nodename?: string
  /** How many tasks run at once. Default: the number of processors. */
  readonly concurrency?: number
  /** The names of the queues to consume from. Default: the default queue and all that are configured; none without `tasks`. */
  readonly queues?: ReadonlyArray<string>
  /** How many messages may wait here. Default: as many as are worth a tenth of a second. */
  readonly prefetch?: WorkerSettings.Settings["prefetch"]
  /** How often to try to reach a broker that is away before giving up; 0 is without end. Default 100. */
  readonly connectionMaxRetries?: number
  /** Steps of your own, for either blueprint. */
  readonly steps?: {
    readonly worker?: W & WorkerSteps.Check<W, WorkerSteps.WorkerProvides<W>, "the Worker blueprint">
    readonly consumer?:
      & C
      & WorkerSteps.Check<C, WorkerSteps.WorkerProvides<W> | WorkerSteps.ConsumerProvides<C>, "either blueprint">
  }
}

/** What a command line may change of a definition. */
export type Overrides = Pick<WorkerSettings.Changes, "nodename" | "concurrency" | "queues" | "prefetch">

/** A worker that is not up: everything about it but its broker and its result backend. */
export interface Definition<out E, out R> {
  readonly [TypeId]: typeof TypeId
  readonly settings: WorkerSettings.Settings
  /** Both blueprints, to be drawn. */
  readonly blueprint: Blueprint.Any
  /** The same worker, set up otherwise. */
  readonly with: (overrides: Overrides) => Definition<E, R>
  /**
   * Boots when it is built, stops warm when its scope closes. It does not listen
   * to signals. When the worker stops by itself, `Worker.awaitShutdown` tells.
   */
  readonly layer: Layer.Layer<Worker, E | BootstepError, R>
  /** Boots, runs until it is asked to stop, and stops, listening to the signals of the process. */
  readonly run: Effect.Effect<void, WorkerExit.WorkerFailure, R>
}

const TypeId = "~@celeriac/worker/Worker"

export const isDefinition = (value: unknown): value is Definition<unknown, unknown> =>
  typeof value === "object" && value !== null && TypeId in value

/** Over each layer: a list of none has neither errors nor needs. */
type ErrorsOf<L> = L extends Layer.Layer<never, infer E, any> ? E : never
type NeedsOf<L> = L extends Layer.Layer<never, any, infer R> ? Exclude<R, TaskRegistry.TaskRegistry> : never

type Errors<T extends Handlers> = ErrorsOf<T[number]>
type Needs<T extends Handlers, M extends Middleware.List> =
  | Exclude<NeedsOf<T[number]>, Middleware.Provides<M>>
  | Middleware.Needs<M>

/**
 * Defines a worker. Steps that do not fit together are a defect, a
 * `BootGraphError` that names them; so is a worker that has nothing to do,
 * `NoTasks`, and one whose settings cannot work, `InvalidSetting`.
 */
export const make = <
  const T extends Handlers = NoHandlers,
  const W extends WorkerSteps.List = [],
  const C extends WorkerSteps.List = [],
  const M extends Middleware.List = []
>(
  options: Options<T, W, C, M>
): Definition<Errors<T>, Needs<T, M> | WorkerSteps.Needs<W, C> | Transport | ResultBackend> => {
  // An empty list is somebody's word: tasks may be registered by other means.
  if (options.tasks === undefined && options.steps === undefined) throw new NoTasks()
  const settings = WorkerSettings.change(WorkerSettings.defaults(), options)
  // A worker of steps alone has no business with the default queue: it would refuse what others are there to run.
  const queues = settings.queues ?? (options.tasks === undefined ? [] : undefined)
  return define(options, { ...settings, queues })
}

const define = <T extends Handlers, W extends WorkerSteps.List, C extends WorkerSteps.List, E, R>(
  options: Options<T, W, C, Middleware.List>,
  settings: WorkerSettings.Settings
): Definition<E, R> => {
  const own: { readonly worker: WorkerSteps.List; readonly consumer: WorkerSteps.List } = {
    worker: options.steps?.worker ?? [],
    consumer: options.steps?.consumer ?? []
  }
  /** The whole life: boots, hands out the worker that is up, waits for a stop, stops. */
  const live = (control: Control.Control["Service"], onUp: (worker: Worker["Service"]) => void) =>
    Effect.suspend(() => {
      const state = new State()
      const blueprint = WorkerSteps.compose(own, settings, state)
      const up = Effect.contextWith((context: Context.Context<never>) => {
        onUp({
          nodename: settings.nodename,
          state,
          shutdown: control.request(StopReason.shutdown()),
          terminate: control.request(StopReason.terminate()),
          awaitShutdown: Effect.never,
          info: Effect.zipWith(
            Clock.currentTimeMillis,
            Effect.provideContext(Blueprint.info, context),
            (now, steps) => ({
              ...state.stats(now),
              ...steps
            })
          )
        })
        return control.awaitStop
      })
      return Blueprint.run(blueprint, up).pipe(
        // As escalated meanwhile.
        Effect.map((asked) => control.currentUnsafe() ?? asked),
        Effect.catchCause((cause) => {
          const asked = control.currentUnsafe()
          return asked !== undefined && Cause.hasInterruptsOnly(cause) ? Effect.succeed(asked) : Effect.failCause(cause)
        }),
        Effect.provideService(WorkerState, state)
      )
    }).pipe(
      Effect.provide(Layer.provideMerge(Layer.mergeAll(Layer.empty, ...options.tasks ?? []), TaskRegistry.layer)),
      Effect.provideService(Control.Control, control),
      Effect.provideService(WorkerSettings.WorkerSettings, settings),
      Effect.provideService(WorkerMiddleware, options.middleware ?? []),
      Effect.provideService(ParentNodename, settings.nodename)
      // `Errors` and `Needs` sum up what lists of layers and of steps leave open, which no inference can.
    ) as Effect.Effect<StopReason.Shutdown | StopReason.Terminate, E | BootstepError, R>

  return {
    [TypeId]: TypeId,
    settings,
    blueprint: WorkerSteps.compose(own, settings, new State()),
    with: (overrides) => define(options, WorkerSettings.change(settings, overrides)),
    layer: layer(live),
    run: run(live)
  }
}

type Live<E, R> = (
  control: Control.Control["Service"],
  onUp: (worker: Worker["Service"]) => void
) => Effect.Effect<StopReason.Shutdown | StopReason.Terminate, E | BootstepError, R>

const layer = <E, R>(live: Live<E, R>): Layer.Layer<Worker, E | BootstepError, R> =>
  Layer.effect(
    Worker,
    Effect.gen(function*() {
      const control = yield* Control.make
      const up = yield* Deferred.make<Worker["Service"], E | BootstepError>()
      const fiber = yield* Effect.acquireRelease(
        live(control, (worker) => void Deferred.doneUnsafe(up, Exit.succeed(worker))).pipe(
          Effect.tapCause((cause) =>
            Effect.flatMap(Deferred.failCause(up, cause), (inBoot) => inBoot ? Effect.void : unrecoverable(cause))
          ),
          Effect.forkDetach
        ),
        (fiber) => Effect.andThen(control.request(StopReason.shutdown()), Fiber.await(fiber))
      )
      const worker = yield* Deferred.await(up)
      const awaitShutdown = Effect.catch(
        Fiber.join(fiber),
        // Handlers' layers fail before the worker is up, and then nobody gets here.
        (error) => error instanceof BootstepError ? Effect.fail(error) : Effect.die(error)
      )
      return { ...worker, awaitShutdown }
    })
  )

const run = <E, R>(live: Live<E, R>): Effect.Effect<void, WorkerExit.WorkerFailure, R> =>
  Effect.scoped(Effect.gen(function*() {
    const control = yield* Control.make
    yield* Signals.listen(control)
    return yield* Effect.matchCauseEffect(live(control, () => {}), {
      onSuccess: (reason) => {
        const wish = reason.cause === undefined ? undefined : WorkerExit.fromCause(reason.cause)
        const exitCode = wish?.exitCode ?? (reason._tag === "Terminate" ? 1 : 0)
        return exitCode === 0
          ? Effect.void
          : Effect.fail(new WorkerExit.WorkerFailure({ message: wish?.message ?? "cold shutdown", exitCode }))
      },
      onFailure: (cause) =>
        Cause.hasInterruptsOnly(cause) ? Effect.interrupt : Effect.andThen(
          unrecoverable(cause),
          Effect.fail(
            new WorkerExit.WorkerFailure({
              message: describe(Cause.squash(cause)),
              exitCode: 1,
              cause: Cause.squash(cause)
            })
          )
        )
    })
  }))

/** One line for what a user can mend; all there is for a defect. */
const unrecoverable = (cause: Cause.Cause<unknown>): Effect.Effect<void> =>
  cause.reasons.some(Cause.isDieReason)
    ? Effect.logFatal("Unrecoverable error:", cause)
    : Effect.logFatal(`Unrecoverable error: ${describe(Cause.squash(cause))}`)
