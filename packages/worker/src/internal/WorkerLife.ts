/** The life of a worker: boots, runs until it is asked to stop, and stops. */
import * as Blueprint from "@celeriac/bootsteps/Blueprint"
import { BootstepError, describe } from "@celeriac/bootsteps/BootstepError"
import * as Control from "@celeriac/bootsteps/Control"
import * as LiveGraph from "@celeriac/bootsteps/LiveGraph"
import * as Observer from "@celeriac/bootsteps/Observer"
import { Nodename as ParentNodename } from "@celeriac/bootsteps/Parent"
import * as StopReason from "@celeriac/bootsteps/StopReason"
import * as LogicalClock from "@celeriac/messaging/LogicalClock"
import * as Commands from "@celeriac/tasks/control/Commands"
import * as EventDispatcher from "@celeriac/tasks/event/EventDispatcher"
import type * as Middleware from "@celeriac/tasks/Middleware"
import * as TaskRegistry from "@celeriac/tasks/TaskRegistry"
import * as TaskSettings from "@celeriac/tasks/TaskSettings"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as References from "effect/References"
import * as Handlers from "../boot/Handlers.ts"
import * as Pool from "../boot/Pool.ts"
import * as ControlHandler from "../control/ControlHandler.ts"
import * as Panel from "../control/Panel.ts"
import * as Guards from "../state/Guards.ts"
import * as LogFields from "../state/LogFields.ts"
import * as Neighbours from "../state/Neighbours.ts"
import { Revoked } from "../state/Revoked.ts"
import * as Signals from "../state/Signals.ts"
import * as WorkerExit from "../state/WorkerExit.ts"
import * as WorkerLog from "../state/WorkerLog.ts"
import * as WorkerSettings from "../state/WorkerSettings.ts"
import * as WorkerSignals from "../state/WorkerSignals.ts"
import { State, WorkerState } from "../state/WorkerState.ts"
import { WorkerMiddleware } from "../trace/Trace.ts"
import { Worker } from "./WorkerService.ts"

type Live<E, R> = (
  control: Control.Control["Service"],
  onUp: (worker: Worker["Service"]) => void
) => Effect.Effect<StopReason.Shutdown | StopReason.Terminate, E | BootstepError, R>

/** How its steps are to work. */
interface Setup {
  readonly settings: WorkerSettings.Settings
  readonly taskSettings: TaskSettings.Some
  readonly middleware: Middleware.List
  /** What its children load. */
  readonly program: Pool.Program | undefined
  /** Of the steps. */
  readonly options: Context.Context<never>
  /** The same, as they were given: for children. */
  readonly given: Readonly<Record<string, unknown>>
}

/** The whole life: boots, hands out the worker that is up, waits for a stop, stops. */
export const make = <E, R>(
  blueprint: Blueprint.Any,
  { given, middleware, options, program, settings, taskSettings }: Setup
): Live<E, R> =>
(control, onUp) =>
  Effect.flatMap(
    Effect.all([Clock.Clock, dispatching(settings), WorkerSignals.All]),
    ([clock, dispatching, signals]) => {
      const { nodename } = settings
      const live = LiveGraph.make()
      const state = new State(
        new Revoked({ clock, most: settings.revokesMax, expires: Duration.toMillis(settings.revokeExpires) })
      )
      const drawing: Worker["Service"]["drawing"] = (format) =>
        Effect.sync(() => {
          const steps = live.steps(blueprint.graph)
          return format === "text" ? LiveGraph.toText(steps) : LiveGraph.toMermaid(blueprint.graph, steps)
        })
      const up = Effect.contextWith((context: Context.Context<never>) => {
        onUp({
          nodename,
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
          ),
          steps: Effect.sync(() => live.steps(blueprint.graph)),
          drawing
        })
        return Effect.andThen(
          WorkerSignals.send(signals, "workerReady", nodename),
          Effect.tap(control.awaitStop, (asked) => WorkerSignals.send(signals, "workerShuttingDown", nodename, asked))
        )
      })
      return Effect.andThen(drawn(drawing), Blueprint.run(blueprint, up)).pipe(
        Effect.scoped,
        Effect.ensuring(WorkerSignals.send(signals, "workerShutdown", nodename)),
        (whole) => Effect.andThen(WorkerSignals.send(signals, "workerInit", nodename), whole),
        // As escalated meanwhile.
        Effect.map((asked) => control.currentUnsafe() ?? asked),
        Effect.catchCause((cause) => {
          const asked = control.currentUnsafe()
          return asked !== undefined && Cause.hasInterruptsOnly(cause) ? Effect.succeed(asked) : Effect.failCause(cause)
        }),
        Effect.provideService(WorkerState, state),
        Effect.provideService(Neighbours.Neighbours, new Neighbours.Known()),
        Effect.provide(Observer.layer(live.observe)),
        Effect.provideContext(dispatching)
      )
    }
  ).pipe(
    Effect.mapError(Handlers.ownError),
    Effect.provide(Layer.mergeAll(TaskRegistry.layer, panel)),
    Effect.provideService(Control.Control, control),
    Effect.provideService(WorkerSettings.WorkerSettings, settings),
    Effect.provideContext(TaskSettings.context(taskSettings)),
    Effect.provideContext(options),
    Effect.provideService(WorkerMiddleware, middleware),
    (run) => Pool.withProgram(program, given, run),
    (run) =>
      Effect.flatMap(
        TaskSettings.apply(taskSettings),
        ({ services, unread }) => Effect.andThen(warnOfUnread(unread), Effect.provideContext(run, services))
      ),
    Effect.provideService(ParentNodename, settings.nodename),
    Effect.updateService(References.CurrentLoggers, LogFields.annotating)
    // `Errors` and `Needs` sum up what lists of layers and of steps leave open, which no inference can.
  ) as Effect.Effect<StopReason.Shutdown | StopReason.Terminate, E | BootstepError, R>

/** Handlers of remote control, those of the worker's own steps and of others. */
const panel = Layer.effect(Panel.Panel, Panel.make)

/** Operators get the drawing by remote control. */
const drawn = Effect.fnUntraced(function*(drawing: Worker["Service"]["drawing"]) {
  const { addDefaults } = yield* Panel.Panel
  yield* addDefaults([
    yield* ControlHandler.make(Commands.inspect.bootGraph, ({ format }) => drawing(format ?? "text"))
  ])
})

/** The clock of the node and what sends its events: they outlive connections. */
const dispatching = Effect.fnUntraced(function*({ nodename, sendTaskEvents }: WorkerSettings.Settings) {
  const clock = LogicalClock.make()
  const log = yield* WorkerLog.make
  const dispatcher = yield* EventDispatcher.make({
    hostname: nodename,
    clock,
    groups: sendTaskEvents ? ["task", "worker"] : ["worker"],
    onTrouble: (what) => log.log("Warn", `events: ${what}`)
  })
  return Context.make(LogicalClock.LogicalClock, clock).pipe(Context.add(EventDispatcher.EventDispatcher, dispatcher))
})

export const layer = <E, R>(live: Live<E, R>): Layer.Layer<Worker, E | BootstepError, R> =>
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
          // One that was asked to stop before it was up never is.
          Effect.ensuring(Deferred.interrupt(up)),
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

export const run = <E, R>(
  live: Live<E, R>,
  { enableSoftShutdownOnIdle: onIdle, softShutdownTimeout: softShutdown }: Pick<
    WorkerSettings.Settings,
    "enableSoftShutdownOnIdle" | "softShutdownTimeout"
  >
): Effect.Effect<void, WorkerExit.WorkerFailure, R> =>
  Effect.scoped(Effect.gen(function*() {
    const control = (yield* Signals.Switch) ?? Control.makeUnsafe()
    yield* Guards.stand
    yield* Signals.listen(control, { onIdle, softShutdown })
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

const warnOfUnread = (names: ReadonlyArray<string>): Effect.Effect<void> =>
  names.length === 0 ? Effect.void : Effect.logWarning(
    `worker: No worker reads the settings ${
      names.join(", ")
    }: give them to the broker too, as in Broker.layerFor(worker) or Broker.layer(url, { settings })`
  )

/** One line for what a user can mend; all there is for a defect. */
const unrecoverable = (cause: Cause.Cause<unknown>): Effect.Effect<void> =>
  cause.reasons.some(Cause.isDieReason)
    ? Effect.logFatal("Unrecoverable error:", cause)
    : Effect.logFatal(`Unrecoverable error: ${describe(Cause.squash(cause))}`)
