/**
 * What a step may say about itself: its requirements, and the hooks that run as
 * it lives. `Bootstep` turns it into a step.
 *
 * @since 0.1.0
 */
import type * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Control } from "./Control.ts"
import type { Parent } from "./Parent.ts"
import type { Shutdown, StopReason } from "./StopReason.ts"

/**
 * Tags of services: of other steps, or of services from outside the blueprint.
 *
 * @category models
 * @since 0.1.0
 */
export type Tags = ReadonlyArray<Context.Key<any, any>>

type Identifier<K> = K extends Context.Key<infer I, any> ? I : never

/**
 * The services that a list of tags names.
 *
 * @category type-level
 * @since 0.1.0
 */
export type IdOf<T extends Tags> = Identifier<T[number]>

/**
 * What `start` may use without requiring it.
 *
 * @category models
 * @since 0.1.0
 */
export type Ambient = Scope.Scope | Control

/**
 * What is told of a step by `Blueprint.info`: anything JSON can hold.
 *
 * @category models
 * @since 0.1.0
 */
export type Info = Readonly<Record<string, unknown>>

/**
 * What every step may say. `A` is what `start` acquires, handed to the other
 * hooks as `self`.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options<Req extends Tags, A, E, R, EInit> {
  /** The name in logs and drawings; without it, what follows the last dot of the step's name. */
  readonly label?: string

  /** What must be up before this step: tags of other steps, or of services from outside. */
  readonly requires?: Req

  /** Boots after every other step of its blueprint. At most one step may say so. */
  readonly last?: boolean

  /** Only in some configurations, say drawings. Changes nothing else. */
  readonly conditional?: boolean

  /**
   * Prepares. Runs in boot order, before any step is started, once per boot of the
   * outermost blueprint; for a disabled step too.
   */
  readonly init?: (parent: Parent) => Effect.Effect<unknown, EInit, Control>

  /** Acquires. */
  readonly start: Effect.Effect<A, E, R> | ((parent: Parent) => Effect.Effect<A, E, R>)

  /**
   * Quiesces: runs for every step, in reverse, those of nested blueprints
   * included, before any step is stopped. Not on a restart, not on a cold
   * shutdown. Given up when the operator escalates.
   */
  readonly close?: (self: NoInfer<A>, reason: Shutdown, parent: Parent) => Effect.Effect<unknown, unknown, Within<Req>>

  /** Stops. Given up for `terminate` when the operator escalates. */
  readonly stop?: (self: NoInfer<A>, reason: StopReason, parent: Parent) => Effect.Effect<unknown, unknown, Within<Req>>

  /**
   * Cold path: instead of `stop`, or after a `stop` that was given up. Without it,
   * `stop` runs with the reason `Terminate`, unless it was given up.
   */
  readonly terminate?: (self: NoInfer<A>, parent: Parent) => Effect.Effect<unknown, unknown, Within<Req>>

  /**
   * Final stop of a step in a nested blueprint, when it is not restarted: runs
   * after the steps of the blueprint around it have stopped. A step that has it
   * keeps its scope open until then. Never runs in an outermost blueprint.
   */
  readonly shutdown?: (self: NoInfer<A>, parent: Parent) => Effect.Effect<unknown, unknown, Within<Req>>

  /** What `Blueprint.info` tells of this step. */
  readonly info?: (self: NoInfer<A>, parent: Parent) => Effect.Effect<Info, never, Within<Req>>
}

/**
 * What hooks other than `start` may use.
 *
 * @category type-level
 * @since 0.1.0
 */
export type Within<Req extends Tags> = NoInfer<IdOf<Req>> | Control

/**
 * Whether the step takes part. Asked when what it requires is up.
 *
 * @category options
 * @since 0.1.0
 */
export interface EnabledOption<Req extends Tags> {
  readonly enabled?: Effect.Effect<boolean, never, Within<Req>>
}

/**
 * A step that provides a service and may be disabled says what stands in for it.
 *
 * @category options
 * @since 0.1.0
 */
export type DisabledOption<Req extends Tags, Shape> =
  | { readonly enabled?: undefined; readonly disabled?: undefined }
  | {
    readonly enabled: Effect.Effect<boolean, never, Within<Req>>
    /** The service, when the step is disabled. */
    readonly disabled: Effect.Effect<Shape, never, Within<Req> | Scope.Scope>
  }

/**
 * Turns a use that is not required into a sentence. It stands at what is returned,
 * deep inside: further out it would settle `R` before `start` is looked at.
 *
 * @category type-level
 * @since 0.1.0
 */
export interface CheckUse<N extends string, Used> {
  readonly start: Sentence<N, Used> | ((parent: Parent) => Sentence<N, Used>)
}
type Sentence<N extends string, Used> = [Used] extends [never] ? unknown
  : `Bootstep '${N}' uses '${KeyName<Used>}' without requiring it`

/**
 * The name of a service, as a type.
 *
 * @category type-level
 * @since 0.1.0
 */
export type KeyName<I> = I extends { readonly key: infer K extends string } ? (K extends `Bootstep/${infer N}` ? N : K)
  : "a service without a name"
