/**
 * Watches boots and stops from outside, without touching the steps.
 *
 * The observer is a setting: put one into the context of whoever boots, and it is
 * told of every step of every blueprint, nested ones included. `BootTimeline`
 * and `StepSpans` are observers.
 *
 * @since 0.1.0
 */
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { StopReason } from "./StopReason.ts"

/**
 * - `initializing`, `initialized`: the `init` hook runs, has run
 * - `starting`, `started`: `start` runs, the step is up
 * - `failed`: `init` or `start` failed or was interrupted
 * - `disabled`: the step takes no part
 * - `closing`, `closed`: the `close` hook
 * - `stopping`, `stopped`: from the `stop` or `terminate` hook until the scope of
 *   the step is closed, or kept for `shutdown`
 * - `shuttingDown`, `shutDown`: the `shutdown` hook and the rest of the scope
 *
 * @category models
 * @since 0.1.0
 */
export type Phase =
  | "initializing"
  | "initialized"
  | "starting"
  | "started"
  | "failed"
  | "disabled"
  | "closing"
  | "closed"
  | "stopping"
  | "stopped"
  | "shuttingDown"
  | "shutDown"

/**
 * @category models
 * @since 0.1.0
 */
export interface StepEvent {
  readonly blueprint: string
  readonly step: string
  readonly label: string
  readonly phase: Phase
  /** When, in milliseconds since 1970. */
  readonly at: number
  /** Milliseconds since the phase that this one ends began; 0 where one begins. */
  readonly duration: number
  /** Why it failed. */
  readonly cause?: Cause.Cause<unknown> | undefined
  /** Why it stops. */
  readonly reason?: StopReason | undefined
}

/**
 * Called in the fiber of the step, which waits for it. What it fails with is
 * logged and changes nothing.
 *
 * @category models
 * @since 0.1.0
 */
export type Observe = (event: StepEvent) => Effect.Effect<void>

/**
 * @category references
 * @since 0.1.0
 */
export const Observer = Context.Reference<Observe | undefined>("@celeriac/bootsteps/Observer", {
  defaultValue: () => undefined
})

/**
 * Adds an observer to those there are.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (observe: Observe): Layer.Layer<never> => layerEffect(Effect.succeed(observe))

/**
 * Adds an observer that has to be made to those there are.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerEffect = <E, R>(make: Effect.Effect<Observe, E, R>): Layer.Layer<never, E, R> =>
  Layer.effect(
    Observer,
    Effect.map(
      Effect.zip(Observer, make),
      ([others, observe]) =>
        others === undefined ? observe : (event: StepEvent) => Effect.andThen(others(event), observe(event))
    )
  )
