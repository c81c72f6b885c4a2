/**
 * The place of a scheduler inside of a worker: Celery's `-B`.
 *
 * The worker knows no scheduler. One is a layer, made by `Beat.layer`, around the
 * worker; with `beat` it runs as long as the worker does, and what it fails with
 * stops the worker. Where there is none, `beat` keeps the worker from starting.
 *
 * ```ts
 * const Every = Beat.layer(Effect.forever(Effect.andThen(Effect.sleep("1 minute"), client.delay(report, {}))))
 * worker.layer.pipe(Layer.provide(Every))
 * ```
 *
 * @since 0.1.0
 */
import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { NoScheduler } from "../state/WorkerError.ts"
import { has } from "../state/WorkerSettings.ts"

/** What runs: until it is interrupted, or fails. */
export type Schedules = Effect.Effect<unknown, unknown>

/** The scheduler there is. */
const Scheduler: Context.Reference<Schedules | undefined> = Context.Reference(
  "@celeriac/worker/boot/Beat/Scheduler",
  { defaultValue: (): Schedules | undefined => undefined }
)

/** A scheduler, for the workers below that run with `beat`. */
export const layer = <E, R>(run: Effect.Effect<unknown, E, R>): Layer.Layer<never, never, R> =>
  Layer.effect(Scheduler, Effect.map(Effect.context<R>(), (context) => Effect.provideContext(run, context)))

export class Beat extends Bootstep.Service<Beat, {
  /** Whether a scheduler runs inside of this worker. */
  readonly isEmbedded: boolean
}>()("Beat", {
  conditional: true,
  enabled: has("beat"),
  disabled: Effect.succeed({ isEmbedded: false }),
  start: Effect.gen(function*() {
    const scheduler = yield* Scheduler
    if (scheduler === undefined) return yield* new NoScheduler()
    yield* Bootstep.forkSupervised(scheduler)
    return { isEmbedded: true }
  })
}) {}
