/**
 * A step that runs a blueprint, again and again, inside another blueprint: the
 * Consumer of a worker, which lives as long as one broker connection.
 *
 * Used as `Blueprint.step`.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Schedule from "effect/Schedule"
import type { Blueprint } from "./Blueprint.ts"
import * as Bootstep from "./Bootstep.ts"
import type { Control } from "./Control.ts"
import * as Nested from "./internal/Nested.ts"

/**
 * How a blueprint is run inside a step of another one.
 *
 * @category options
 * @since 0.1.0
 */
export interface StepOptions<P, E, R, EUntil, RUntil, Req extends Bootstep.Tags> {
  /** What to run. What it expects from outside is required by the step. */
  readonly blueprint: Blueprint<string, P, E, R>

  /** Fails when the steps must be built anew: the connection is lost. May use what they provide. */
  readonly until: Effect.Effect<never, EUntil, RUntil>

  /** What must be up before, besides what the blueprint expects. */
  readonly requires?: Req
  readonly label?: string
  readonly last?: boolean
  readonly conditional?: boolean
  readonly enabled?: Effect.Effect<boolean, never, NoInfer<Bootstep.IdOf<Req>> | Control>

  /**
   * How long to wait before building anew. When it ends, the failure is for good.
   * Default: 0.2 s doubling to 5 s, jittered, without end.
   */
  readonly restart?: Schedule.Schedule<unknown, NoInfer<E | EUntil>>

  /** How long the steps must have been up for `restart` to begin afresh. Default: 1 second. */
  readonly resetAfter?: Duration.Input

  /**
   * Whether building anew may help. Default: what the error's own `isRecoverable`
   * says, else yes. Defects are never recoverable.
   */
  readonly isRecoverable?: (error: NoInfer<E | EUntil>) => boolean

  /** Called before the steps are stopped for a restart. Default: logs a warning. */
  readonly onRestart?: (
    error: NoInfer<E | EUntil>,
    details: RestartDetails
  ) => Effect.Effect<unknown, never, NoInfer<R | Bootstep.IdOf<Req>> | Control>

  /** Whether the step counts as up only when the blueprint is, the first time. Default: true. */
  readonly awaitFirst?: boolean
}

/**
 * @category models
 * @since 0.1.0
 */
export type RestartDetails = Nested.RestartDetails

/**
 * A step that runs a blueprint for as long as the one around it lives.
 *
 * Fails with what its steps or `until` fail with, when that is not recoverable.
 *
 * @category constructors
 * @since 0.1.0
 */
export const step = <
  const N extends string,
  P,
  E,
  R,
  EUntil,
  RUntil extends P | R | Bootstep.IdOf<Req> | Control,
  const Req extends Bootstep.Tags = []
>(
  name: N,
  options: StepOptions<P, E, R, EUntil, RUntil, Req>
): Bootstep.Bootstep<N, never, E | EUntil, R | Bootstep.IdOf<Req>> =>
  Bootstep.fromDefinition(name, {
    name,
    label: options.label ?? name,
    requires: [...options.blueprint.expects, ...(options.requires ?? [])],
    provides: undefined,
    last: options.last ?? false,
    conditional: options.conditional ?? false,
    init: undefined,
    start: () => Effect.void,
    close: undefined,
    stop: undefined,
    terminate: undefined,
    shutdown: undefined,
    info: undefined,
    enabled: options.enabled,
    disabled: undefined,
    child: { graph: options.blueprint.graph, make: Nested.make(options.blueprint.graph, options) }
  })
