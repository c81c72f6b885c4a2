/**
 * A bootstep: a part of a worker that is started after what it requires, and
 * stopped before it.
 *
 * A step that others use is a class, at once the service's tag and the step
 * that provides it:
 *
 * ```ts
 * class Pool extends Bootstep.Service<Pool, { readonly size: number }>()("Pool", {
 *   requires: [Timer],
 *   start: Effect.succeed({ size: 4 }),
 *   stop: (pool, reason) => Effect.logInfo(`stopping ${pool.size} slots: ${reason._tag}`)
 * }) {}
 * ```
 *
 * A step that provides nothing is a value, made by {@link make}. What `start`
 * and the other hooks use must be listed in `requires`; the type checker sees to
 * it. `start` owns a scope: what it acquires or forks there is released when the
 * step has stopped.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type Pipeable, pipeArguments } from "effect/Pipeable"
import type * as Types from "effect/Types"
import type {
  DisabledOption,
  Enabled,
  EnabledOption,
  GenericOptions,
  IdOf,
  Options,
  StandIn,
  Tags,
  Used
} from "./Hooks.ts"
import { define } from "./internal/Defining.ts"
import type { Definition } from "./internal/Definition.ts"
import * as StepLayer from "./internal/StepLayer.ts"

export type { Ambient, IdOf, Info, KeyName, Options, Tags } from "./Hooks.ts"
export { forkSupervised } from "./internal/Supervising.ts"

/**
 * @category type ids
 * @since 0.1.0
 */
export const TypeId = "~@celeriac/bootsteps/Bootstep" as const

/**
 * What a blueprint sees of a step: the services it `Provides`, the errors `E` it
 * may fail with, and the services `R` it needs.
 *
 * @category models
 * @since 0.1.0
 */
export interface Bootstep<out Name extends string, in out Provides, out E, out R> extends Pipeable {
  readonly [TypeId]: Variance<Provides, E, R>
  readonly stepName: Name
  /**
   * The step by itself, a layer like any other: in an application without a
   * blueprint it starts when the layer is built, and stops warm when its scope is
   * closed. A blueprint composes the layers of its steps, and adds the phases.
   */
  readonly layer: Layer.Layer<Provides, E, R>
  /** The step with its types erased, for whoever boots or draws it. */
  readonly definition: Definition
  /** `step:Pool{Timer}`: its name and what it requires. */
  toString(): string
}

interface Variance<out Provides, out E, out R> {
  readonly _Provides: Types.Covariant<Provides>
  readonly _E: Types.Covariant<E>
  readonly _R: Types.Covariant<R>
}

/**
 * Any step. Not a `Bootstep` of unknowns: a layer is not one of more than it provides.
 *
 * @category models
 * @since 0.1.0
 */
export interface Any extends Pipeable {
  readonly [TypeId]: Variance<unknown, unknown, unknown>
  readonly stepName: string
  readonly layer: Layer.Layer<never, unknown, unknown>
  readonly definition: Definition
  toString(): string
}

/**
 * @category type-level
 * @since 0.1.0
 */
export type Name<S> = S extends { readonly [TypeId]: unknown; readonly stepName: infer N extends string } ? N : never

/**
 * The services a step provides.
 *
 * @category type-level
 * @since 0.1.0
 */
export type Provides<S> = S extends { readonly [TypeId]: Variance<infer P, unknown, unknown> } ? P : never

/**
 * The errors a step may fail with.
 *
 * @category type-level
 * @since 0.1.0
 */
export type Error<S> = S extends { readonly [TypeId]: Variance<unknown, infer E, unknown> } ? E : never

/**
 * The services a step needs.
 *
 * @category type-level
 * @since 0.1.0
 */
export type Requires<S> = S extends { readonly [TypeId]: Variance<unknown, unknown, infer R> } ? R : never

/**
 * A step that provides nothing.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <
  const N extends string,
  A,
  E,
  R,
  EInit = never,
  RClose = never,
  RStop = never,
  RTerminate = never,
  RShutdown = never,
  RInfo = never,
  REnabled = never,
  const Req extends Tags = []
>(
  name: N,
  options:
    & Options<N, Req, A, E, R, EInit, RClose, RStop, RTerminate, RShutdown, RInfo>
    & EnabledOption<N, Req, REnabled>
): Bootstep<N, never, E | EInit, IdOf<Req>> => fromDefinition(name, define(name, undefined, options, make))

/**
 * {@link make} for functions that make steps: what `start` uses may be generic
 * here, where `make` could not tell yet whether it is required. `Requires` says
 * what may be used; that `requires` names all of it is for the caller to see to.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeGeneric = <Requires>() =>
  function made<const N extends string, A, E, EInit = never>(
    name: N,
    requires: Tags,
    options: GenericOptions<A, E, Requires, EInit>
  ): Bootstep<N, never, E | EInit, Requires> {
    return fromDefinition(name, define(name, undefined, { ...options, requires }, made))
  }

/**
 * A class that is at once the tag of a service and the step that provides it.
 *
 * @category models
 * @since 0.1.0
 */
export interface ServiceClass<Self, N extends string, Shape, E, R>
  extends Context.ServiceClass<Self, `Bootstep/${N}`, Shape>, Bootstep<N, Self, E, R>
{}

/**
 * A step that provides a service, as a class to extend.
 *
 * @category constructors
 * @since 0.1.0
 */
export const Service = <Self, Shape>() =>
  function made<
    const N extends string,
    E,
    R,
    EInit = never,
    RClose = never,
    RStop = never,
    RTerminate = never,
    RShutdown = never,
    RInfo = never,
    En extends Enabled = undefined,
    In extends StandIn<Shape> = undefined,
    const Req extends Tags = []
  >(
    name: N,
    options:
      & Options<N, Req, Shape, E, R, EInit, RClose, RStop, RTerminate, RShutdown, RInfo>
      & DisabledOption<N, Req, En, In>
  ): ServiceClass<Self, N, Shape, E | EInit, IdOf<Req>> {
    const tag = Context.Service<Self, Shape>()(`Bootstep/${name}` as const)
    return Object.assign(tag, fromDefinition<N, Self, E | EInit, IdOf<Req>>(name, define(name, tag, options, made)))
  }

/**
 * A step that provides a service whose tag was declared elsewhere: one of
 * several implementations of a seam, or a stand-in for a test.
 *
 * @category constructors
 * @since 0.1.0
 */
export const implement = <Self, Shape>(tag: Context.Key<Self, Shape>) =>
  function made<
    const N extends string,
    E,
    R,
    EInit = never,
    RClose = never,
    RStop = never,
    RTerminate = never,
    RShutdown = never,
    RInfo = never,
    En extends Enabled = undefined,
    In extends StandIn<Shape> = undefined,
    const Req extends Tags = []
  >(
    name: N,
    options:
      & Options<N, Req, Shape, E, R, EInit, RClose, RStop, RTerminate, RShutdown, RInfo>
      & DisabledOption<N, Req, En, In>
  ): Bootstep<N, Self, E | EInit, IdOf<Req>> {
    return fromDefinition(name, define(name, tag, options, made))
  }

/**
 * A step made of a layer that provides one service: an application's own. It is
 * built with the application's memo map, so what the application has built of it
 * already is shared, and not built again.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromLayer = <Self, Shape, const N extends string, E, R, const Req extends Tags = []>(
  name: N,
  tag: Context.Key<Self, Shape>,
  layer: Used<N, NoInfer<Req>, "", Layer.Layer<Self, E, R>, R>,
  options?: Pick<Options<N, Req, Shape, E, never>, "label" | "requires" | "last" | "conditional">
): Bootstep<N, Self, E, IdOf<Req>> =>
  fromDefinition(
    name,
    define(
      name,
      tag,
      { ...options, start: Effect.map(Layer.build(layer), (context) => Context.get(context, tag)) },
      fromLayer
    )
  )

/**
 * A step of a definition made by hand.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromDefinition = <N extends string, P, E, R>(
  stepName: N,
  definition: Definition
): Bootstep<N, P, E, R> => ({
  [TypeId]: variance,
  stepName,
  layer: StepLayer.make(definition),
  definition,
  pipe,
  toString: () => {
    const requires = definition.requires.map((tag) => tag.key.replace(/^Bootstep\//, ""))
    return `step:${definition.name}{${requires.join(", ")}}`
  }
})

const identity = (_: never) => _
const variance = { _Provides: identity, _E: identity, _R: identity }
function pipe(this: unknown) {
  return pipeArguments(this, arguments)
}
