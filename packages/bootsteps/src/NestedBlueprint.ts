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
import * as Bootstep from "./Bootstep.ts"
import type { Used } from "./Hooks.ts"
import type { Blueprint } from "./internal/BlueprintModel.ts"
import * as Nested from "./internal/Nested.ts"

/**
 * How a blueprint is run inside a step of another one.
 *
 * @category options
 * @since 0.1.0
 */
export interface StepOptions<
  N extends string,
  P,
  E,
  R,
  EUntil,
  RUntil,
  Req extends Bootstep.Tags,
  REnabled = never,
  RRestart = never
> {
  /** What to run. What it expects from outside is required by the step. */
  readonly blueprint: Blueprint<string, P, E, R>

  /** Fails when the steps must be built anew: the connection is lost. May use what they provide. */
  readonly until: Used<N, Req, " in 'until'", Effect.Effect<never, EUntil, RUntil>, Exclude<RUntil, P | R>>

  /** What must be up before, besides what the blueprint expects. */
  readonly requires?: Req | undefined
  readonly label?: string | undefined
  readonly last?: boolean | undefined
  readonly conditional?: boolean | undefined
  readonly enabled?: Used<N, Req, " in 'enabled'", Effect.Effect<boolean, never, REnabled>, REnabled> | undefined

  /**
   * How long to wait before building anew. When it ends, the failure is for good.
   * Default: 0.25 s doubling to 5 s, then a jitter of a fifth either way, without end.
   */
  readonly restart?: Schedule.Schedule<unknown, NoInfer<E | EUntil>> | undefined

  /** How long the steps must have been up for `restart` to begin afresh. Default: 1 second. */
  readonly resetAfter?: Duration.Input | undefined

  /**
   * Whether building anew may help. Default: what the error's own `isRecoverable`
   * says, else yes. Defects are never recoverable. `wasUp` tells whether all steps
   * have been up, now or in an earlier turn: what is a mistake in the
   * configuration at first may be a trouble that passes later on.
   */
  readonly isRecoverable?: ((error: NoInfer<E | EUntil>, wasUp: boolean) => boolean) | undefined

  /** Called before the steps are stopped for a restart. Default: logs a warning. */
  readonly onRestart?:
    | ((
      error: NoInfer<E | EUntil>,
      details: RestartDetails
    ) => Used<N, Req, " in 'onRestart'", Effect.Effect<unknown, never, RRestart>, Exclude<RRestart, R>>)
    | undefined

  /** Whether the step counts as up only when the blueprint is, the first time. Default: true. */
  readonly awaitFirst?: boolean | undefined
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
  RUntil,
  REnabled = never,
  RRestart = never,
  const Req extends Bootstep.Tags = []
>(
  name: N,
  options: StepOptions<N, P, E, R, EUntil, RUntil, Req, REnabled, RRestart>
): Bootstep.Bootstep<N, never, E | EUntil, R | Bootstep.IdOf<Req>> => {
  const { expects, graph, steps } = options.blueprint
  return Bootstep.fromDefinition(name, {
    name,
    label: options.label ?? name,
    requires: [...expects, ...(options.requires ?? [])],
    provides: undefined,
    last: options.last ?? false,
    conditional: options.conditional ?? false,
    inChildren: false,
    init: undefined,
    start: () => Effect.void,
    close: undefined,
    stop: undefined,
    terminate: undefined,
    shutdown: undefined,
    info: undefined,
    enabled: options.enabled,
    disabled: undefined,
    child: { graph, make: Nested.make(graph, steps, options) }
  })
}
