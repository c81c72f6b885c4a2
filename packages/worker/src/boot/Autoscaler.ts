/**
 * Gives the pool as many slots as there is work, between two bounds: Celery's
 * `--autoscale=10,3`.
 *
 * It looks when a task has come, and every second. What is prefetched goes by the
 * upper bound. A rule of your own is a layer, `Autoscaler.layer(rule)`; another
 * autoscaler altogether is another step that provides this service.
 *
 * @since 0.1.0
 */
import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type { Pool as Slots } from "../pool/Pool.ts"
import * as Autoscale from "../state/Autoscale.ts"
import * as WorkerLog from "../state/WorkerLog.ts"
import { has, WorkerSettings } from "../state/WorkerSettings.ts"
import { Pool, type Service } from "./Pool.ts"
import { Timer } from "./Timer.ts"

/** Bounds that cannot be taken. */
export class AutoscaleError extends Schema.TaggedError<AutoscaleError>()("AutoscaleError", {
  message: Schema.String
}) {
  readonly isRecoverable = false
}

/** What the step provides. */
export interface Autoscaling {
  /** While it is, nobody else should grow or shrink the pool. */
  readonly isEnabled: boolean
  /** Undefined when it is not enabled. */
  readonly bounds: () => Autoscale.Bounds | undefined
  /** Other bounds, at once; what is not said stays. Gives what they are then. */
  readonly update: (max?: number, min?: number) => Effect.Effect<Autoscale.Bounds, AutoscaleError>
}

/** The rule in effect: Celery's, unless another is provided. */
export const Rule: Context.Reference<Autoscale.Rule> = Context.Reference("@celeriac/worker/boot/Autoscaler/Rule", {
  defaultValue: () => Autoscale.celery
})

/** Scales by a rule of your own: `worker.layer.pipe(Layer.provide(Autoscaler.layer(rule)))`. */
export const layer = (rule: Autoscale.Rule): Layer.Layer<never> => Layer.succeed(Rule, rule)

/** For a pool that keeps its size. */
const disabled: Autoscaling = {
  isEnabled: false,
  bounds: () => undefined,
  update: () => Effect.fail(new AutoscaleError({ message: "Autoscale not enabled" }))
}

export class Autoscaler extends Bootstep.Service<Autoscaler, Autoscaling>()("Autoscaler", {
  requires: [Pool, Timer],
  conditional: true,
  enabled: has("autoscale"),
  disabled: Effect.succeed(disabled),
  start: Effect.gen(function*() {
    const pool = yield* Pool
    const slots = ownOf(pool)
    if (slots.most !== undefined) {
      const message = `the pool '${slots.implementation}' has ${slots.most} slot and never more: leave autoscale out`
      return yield* new AutoscaleError({ message })
    }
    const { autoscale, autoscaleKeepalive } = yield* WorkerSettings
    const keepalive = Duration.toMillis(autoscaleKeepalive)
    const rule = yield* Rule
    const clock = yield* Clock.Clock
    const log = yield* WorkerLog.make
    let bounds: Autoscale.Bounds = autoscale ?? { max: slots.concurrency(), min: slots.concurrency() }
    let activeAt: number | undefined
    let isScaling = false

    const resize = (to: number): void => {
      const by = to - slots.concurrency()
      if (by === 0) return
      log.log("Info", by > 0 ? `Scaling up ${by} processes.` : `Scaling down ${-by} processes.`)
      if (by > 0) activeAt = clock.currentTimeMillisUnsafe()
      pool.resize(to)
    }
    /** Growing starts tasks, which may end at once and look again. */
    const scale = (): void => {
      if (isScaling) return
      isScaling = true
      try {
        const quietFor = activeAt === undefined ? undefined : clock.currentTimeMillisUnsafe() - activeAt
        const load = {
          ...bounds,
          qty: slots.running() + slots.waiting(),
          current: slots.concurrency(),
          quietFor,
          keepalive
        }
        resize(Autoscale.wanted(rule, load))
      } catch (defect) {
        log.log("Error", "Autoscaler: The rule threw: the pool stays as it is.", undefined, Cause.die(defect))
      } finally {
        isScaling = false
      }
    }

    pool.reserve(bounds.max)
    yield* pool.onSubmit(() => {
      activeAt = clock.currentTimeMillisUnsafe()
      scale()
    })
    yield* (yield* Timer).callRepeatedly("1 second", Effect.sync(scale))
    yield* Effect.addFinalizer(() => Effect.sync(() => pool.reserve(undefined)))

    return {
      isEnabled: true,
      bounds: () => bounds,
      update: (max = bounds.max, min = bounds.min) =>
        Effect.suspend(() => {
          if (!Number.isSafeInteger(max) || !Number.isSafeInteger(min) || max < 1 || min < 0 || min > max) {
            return Effect.fail(
              new AutoscaleError({
                message: `autoscale cannot be max=${max} min=${min}: whole numbers, max not below min`
              })
            )
          }
          bounds = { max, min }
          pool.reserve(max)
          resize(Math.max(1, min, Math.min(max, slots.concurrency())))
          return Effect.succeed(bounds)
        })
    }
  }),
  info: (autoscaler) =>
    Effect.map(Pool, (pool) => {
      const slots = ownOf(pool)
      const bounds = autoscaler.bounds()
      return bounds === undefined
        ? {}
        : { autoscaler: { ...bounds, current: slots.concurrency(), qty: slots.running() + slots.waiting() } }
    })
}) {}

/** The worker's own pool: the others keep their size. */
const ownOf = (pool: Service): Slots => pool.pools().values().next().value ?? pool.slots
