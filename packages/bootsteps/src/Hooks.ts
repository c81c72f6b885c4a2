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
 * hooks as `self`. What a hook uses must be required: `R` is of `start`, and `RClose`
 * to `RInfo` are of the hooks in their order.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options<
  N extends string,
  Req extends Tags,
  A,
  E,
  R,
  EInit = never,
  RClose = never,
  RStop = never,
  RTerminate = never,
  RShutdown = never,
  RInfo = never
> {
  /** The name in logs and drawings; without it, what follows the last dot of the step's name. */
  readonly label?: string | undefined

  /** What must be up before this step: tags of other steps, or of services from outside. */
  readonly requires?: Req | undefined

  /** Boots after every other step of its blueprint. At most one step may say so. */
  readonly last?: boolean | undefined

  /** Only in some configurations, say drawings. Changes nothing else. */
  readonly conditional?: boolean | undefined

  /**
   * Whether each thread and each process that runs tasks of a worker starts it too,
   * for the tasks there. Default: if it provides a service.
   */
  readonly inChildren?: boolean | undefined

  /**
   * Prepares. Runs in boot order, before any step is started, once per boot of the
   * outermost blueprint; for a disabled step too.
   */
  readonly init?: ((parent: Parent) => Effect.Effect<unknown, EInit, Control>) | undefined

  /** Acquires. */
  readonly start:
    | Used<N, Req, "", Effect.Effect<A, E, R>, Exclude<R, Scope.Scope>>
    | ((parent: Parent) => Used<N, Req, "", Effect.Effect<A, E, R>, Exclude<R, Scope.Scope>>)

  /**
   * Quiesces: runs for every step, in reverse, those of nested blueprints
   * included, before any step is stopped. Not on a restart, not on a cold
   * shutdown. Given up when the operator escalates.
   */
  readonly close?:
    | ((
      self: NoInfer<A>,
      reason: Shutdown,
      parent: Parent
    ) => Used<N, Req, " in 'close'", Effect.Effect<unknown, unknown, RClose>, RClose>)
    | undefined

  /** Stops. Given up for `terminate` when the operator escalates. */
  readonly stop?:
    | ((
      self: NoInfer<A>,
      reason: StopReason,
      parent: Parent
    ) => Used<N, Req, " in 'stop'", Effect.Effect<unknown, unknown, RStop>, RStop>)
    | undefined

  /**
   * Cold path: instead of `stop`, or after a `stop` that was given up. Without it,
   * `stop` runs with the reason `Terminate`, unless it was given up.
   */
  readonly terminate?:
    | ((
      self: NoInfer<A>,
      parent: Parent
    ) => Used<N, Req, " in 'terminate'", Effect.Effect<unknown, unknown, RTerminate>, RTerminate>)
    | undefined

  /**
   * Final stop of a step in a nested blueprint, when it is not restarted: runs
   * after the steps of the blueprint around it have stopped. A step that has it
   * keeps its scope open until then. Never runs in an outermost blueprint.
   */
  readonly shutdown?:
    | ((
      self: NoInfer<A>,
      parent: Parent
    ) => Used<N, Req, " in 'shutdown'", Effect.Effect<unknown, unknown, RShutdown>, RShutdown>)
    | undefined

  /** What `Blueprint.info` tells of this step. */
  readonly info?:
    | ((self: NoInfer<A>, parent: Parent) => Used<N, Req, " in 'info'", Effect.Effect<Info, never, RInfo>, RInfo>)
    | undefined
}

/**
 * An effect of a hook; when it uses what the step does not require, a sentence that
 * it cannot be as well. The sentence stands at what is returned, deep inside:
 * further out it would settle `R` before the hook is looked at.
 *
 * @category type-level
 * @since 0.1.0
 */
export type Used<N extends string, Req extends Tags, Where extends string, Hook, R> =
  & Hook
  & ([Exclude<R, IdOf<Req> | Control>] extends [never] ? unknown
    : `Bootstep '${N}' uses '${KeyName<Exclude<R, IdOf<Req> | Control>>}'${Where} without requiring it`)

/**
 * What a step says whose `start` may use `R`, nothing being said of what it
 * requires.
 *
 * @category options
 * @since 0.1.0
 */
export interface GenericOptions<A, E, R, EInit>
  extends Pick<Options<string, Tags, A, E, never, EInit>, "label" | "last" | "conditional" | "inChildren" | "init">
{
  readonly start: Effect.Effect<A, E, R | Ambient> | ((parent: Parent) => Effect.Effect<A, E, R | Ambient>)
  readonly close?:
    | ((self: NoInfer<A>, reason: Shutdown, parent: Parent) => Effect.Effect<unknown, unknown, R | Control>)
    | undefined
  readonly stop?:
    | ((self: NoInfer<A>, reason: StopReason, parent: Parent) => Effect.Effect<unknown, unknown, R | Control>)
    | undefined
  readonly terminate?: ((self: NoInfer<A>, parent: Parent) => Effect.Effect<unknown, unknown, R | Control>) | undefined
  readonly shutdown?: ((self: NoInfer<A>, parent: Parent) => Effect.Effect<unknown, unknown, R | Control>) | undefined
  readonly info?: ((self: NoInfer<A>, parent: Parent) => Effect.Effect<Info, never, R | Control>) | undefined
  readonly enabled?: Effect.Effect<boolean, never, R | Control> | undefined
}

/**
 * Whether the step takes part. Asked when what it requires is up.
 *
 * @category options
 * @since 0.1.0
 */
export interface EnabledOption<N extends string, Req extends Tags, REnabled> {
  readonly enabled?: Used<N, Req, " in 'enabled'", Effect.Effect<boolean, never, REnabled>, REnabled> | undefined
}

/**
 * An effect that tells whether a step takes part.
 *
 * @category options
 * @since 0.1.0
 */
export type Enabled = Effect.Effect<boolean, never, any> | undefined

/**
 * An effect that gives the service of a disabled step.
 *
 * @category options
 * @since 0.1.0
 */
export type StandIn<Shape> = Effect.Effect<Shape, never, any> | undefined

/**
 * A step that provides a service and may be disabled says what stands in for it.
 *
 * @category options
 * @since 0.1.0
 */
export interface DisabledOption<N extends string, Req extends Tags, En extends Enabled, In extends StandIn<any>> {
  /** Whether the step takes part. Asked when what it requires is up. */
  readonly enabled?: (Used<N, Req, " in 'enabled'", En, ServicesOf<En>> & Paired<N, En, In>) | undefined
  /** The service, when the step is disabled. */
  readonly disabled?:
    | (Used<N, Req, " in 'disabled'", In, Exclude<ServicesOf<In>, Scope.Scope>> & Paired<N, En, In>)
    | undefined
}

type ServicesOf<T> = T extends Effect.Effect<any, any, infer R> ? R : never

/** One is not there without the other. */
type Paired<N extends string, En, In> = [En, In] extends [undefined, undefined] ? unknown
  : [In] extends [undefined] ? `Bootstep '${N}' may be disabled: say in 'disabled' what stands in for its service`
  : [En] extends [undefined] ? `Bootstep '${N}' has a stand-in: say in 'enabled' whether it takes part itself`
  : unknown

/**
 * The name of a service, as a type.
 *
 * @category type-level
 * @since 0.1.0
 */
export type KeyName<I> = I extends { readonly key: infer K extends string } ? (K extends `Bootstep/${infer N}` ? N : K)
  : "a service without a name"
