/**
 * A scheduler inside of a worker: what `celery worker -B` is.
 *
 * The worker knows no scheduler; it has a place for one (`@celeriac/worker/boot/Beat`),
 * which is used when its setting `beat` says so. Of several such workers one leads, so
 * each may have it.
 *
 * ```ts
 * const worker = Worker.make({ tasks: [ReportLive], settings: { beat: true } })
 * worker.layer.pipe(Layer.provide(BeatStep.layer), Layer.provide(Scheduler.layer()))
 * ```
 *
 * What the scheduler fails with, such as a lease that it can never have, stops the worker.
 *
 * @since 0.1.0
 */
import * as Beat from "@celeriac/worker/boot/Beat"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import { Scheduler } from "./Scheduler.ts"

/** Runs the scheduler that there is in the workers below that run with `beat`. */
export const layer: Layer.Layer<never, never, Scheduler> = Beat.layer(Effect.flatMap(Scheduler, ({ run }) => run))
