/**
 * Celery's signals of a worker, as effects: what is to be done when it begins,
 * is ready, sends a heartbeat, is asked to stop and has stopped.
 *
 * ```ts
 * const Hello = WorkerSignals.layer({ workerReady: (nodename) => Effect.logInfo(`${nodename} is there`) })
 * worker.layer.pipe(Layer.provide(Hello))
 * ```
 *
 * The worker waits for them, in the order in which their layers were added; what
 * they fail with is logged. What is to be acquired and released is for a layer or
 * for a bootstep. Source: Celery's `signals`.
 *
 * @since 0.1.0
 */
import type * as StopReason from "@celeriac/bootsteps/StopReason"
import type { Node } from "@celeriac/tasks/event/Event"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

type Done<R> = Effect.Effect<unknown, unknown, R>

/** All may be left out. `nodename` is that of the worker. */
export interface WorkerSignals<R = never> {
  /** Before its first step. */
  readonly workerInit?: ((nodename: string) => Done<R>) | undefined
  /** All steps are up, those of its first connection included. */
  readonly workerReady?: ((nodename: string) => Done<R>) | undefined
  /** A heartbeat is being sent to monitors, the first and the last included. The worker does not wait for this one. */
  readonly heartbeatSent?: ((nodename: string, beat: Node) => Done<R>) | undefined
  /** It was asked to stop: warm, or cold. */
  readonly workerShuttingDown?:
    | ((nodename: string, reason: StopReason.Shutdown | StopReason.Terminate) => Done<R>)
    | undefined
  /** All steps are down. */
  readonly workerShutdown?: ((nodename: string) => Done<R>) | undefined
}

/** Those there are. */
export const All = Context.Reference<ReadonlyArray<WorkerSignals>>("@celeriac/worker/state/WorkerSignals", {
  defaultValue: () => []
})

/** Adds them to those there are. */
export const layer = <R = never>(signals: WorkerSignals<R>): Layer.Layer<never, never, R> =>
  Layer.effect(
    All,
    Effect.gen(function*() {
      const context = yield* Effect.context<R>()
      const provided = <Args extends ReadonlyArray<unknown>>(receiver: ((...args: Args) => Done<R>) | undefined) =>
        receiver && ((...args: Args) => Effect.provideContext(Effect.suspend(() => receiver(...args)), context))
      return [...yield* All, {
        workerInit: provided(signals.workerInit),
        workerReady: provided(signals.workerReady),
        heartbeatSent: provided(signals.heartbeatSent),
        workerShuttingDown: provided(signals.workerShuttingDown),
        workerShutdown: provided(signals.workerShutdown)
      }]
    })
  )

/** Tells all that want to know. */
export const send = <K extends keyof WorkerSignals>(
  all: ReadonlyArray<WorkerSignals>,
  name: K,
  ...args: Parameters<NonNullable<WorkerSignals[K]>>
): Effect.Effect<void> =>
  Effect.forEach(all, (signals) => {
    // Each takes what its name says.
    const receiver = signals[name] as ((...args: ReadonlyArray<unknown>) => Done<never>) | undefined
    return receiver === undefined ? Effect.void : Effect.catchCause(
      receiver(...args),
      (cause) => Effect.logError(`A receiver of the signal ${name} failed:`, cause)
    )
  }, { discard: true })
