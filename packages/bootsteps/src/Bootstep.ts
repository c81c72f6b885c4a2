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
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { type Pipeable, pipeArguments } from "effect/Pipeable"
import type * as Scope from "effect/Scope"
import type * as Types from "effect/Types"
import type { Control } from "./Control.ts"
import type { Ambient, CheckUse, DisabledOption, EnabledOption, IdOf, Options, Tags } from "./Hooks.ts"
import { CurrentStep } from "./internal/CurrentStep.ts"
import type { Definition } from "./internal/Definition.ts"

export type { Ambient, IdOf, Info, KeyName, Options, Tags } from "./Hooks.ts"

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
export interface Bootstep<out Name extends string, out Provides, out E, out R> extends Pipeable {
  readonly [TypeId]: {
    readonly _Provides: Types.Covariant<Provides>
    readonly _E: Types.Covariant<E>
    readonly _R: Types.Covariant<R>
  }
  readonly stepName: Name
  /** The step with its types erased, for whoever boots or draws it. */
  readonly definition: Definition
  /** `step:Pool{Timer}`: its name and what it requires. */
  toString(): string
}

/**
 * @category models
 * @since 0.1.0
 */
export type Any = Bootstep<string, unknown, unknown, unknown>

/**
 * @category type-level
 * @since 0.1.0
 */
export type Name<S> = S extends Bootstep<infer N, unknown, unknown, unknown> ? N : never

/**
 * The services a step provides.
 *
 * @category type-level
 * @since 0.1.0
 */
export type Provides<S> = S extends Bootstep<string, infer P, unknown, unknown> ? P : never

/**
 * The errors a step may fail with.
 *
 * @category type-level
 * @since 0.1.0
 */
export type Error<S> = S extends Bootstep<string, unknown, infer E, unknown> ? E : never

/**
 * The services a step needs.
 *
 * @category type-level
 * @since 0.1.0
 */
export type Requires<S> = S extends Bootstep<string, unknown, unknown, infer R> ? R : never

/**
 * A step that provides nothing.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <const N extends string, A, E, R, EInit = never, const Req extends Tags = []>(
  name: N,
  options: Options<Req, A, E, R, EInit> & EnabledOption<Req> & CheckUse<N, Exclude<R, IdOf<Req> | Ambient>>
): Bootstep<N, never, E | EInit, IdOf<Req>> => fromDefinition(name, define(name, undefined, options))

/**
 * {@link make} for functions that make steps: what `start` uses may be generic
 * here, where `make` could not tell yet whether it is required. `Requires` says
 * what may be used; that `requires` names all of it is for the caller to see to.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeGeneric = <Requires>() =>
<const N extends string, A, E, EInit = never>(
  name: N,
  requires: Tags,
  options: Omit<Options<Tags, A, E, Requires | Ambient, EInit>, "requires"> & EnabledOption<Tags>
): Bootstep<N, never, E | EInit, Requires> => fromDefinition(name, define(name, undefined, { ...options, requires }))

/**
 * A class that is at once the tag of a service and the step that provides it.
 *
 * @category models
 * @since 0.1.0
 */
export interface ServiceClass<Self, N extends string, Shape, E, R>
  extends Context.ServiceClass<Self, `Bootstep/${N}`, Shape>, Bootstep<N, Self, E, R>
{}

/** What a step that provides a service says. */
type ProvidingOptions<N extends string, Shape, E, R, EInit, Req extends Tags> =
  & Options<Req, Shape, E, R, EInit>
  & DisabledOption<Req, Shape>
  & CheckUse<N, Exclude<R, IdOf<Req> | Ambient>>

/**
 * A step that provides a service, as a class to extend.
 *
 * @category constructors
 * @since 0.1.0
 */
export const Service = <Self, Shape>() =>
<const N extends string, E, R, EInit = never, const Req extends Tags = []>(
  name: N,
  options: ProvidingOptions<N, Shape, E, R, EInit, Req>
): ServiceClass<Self, N, Shape, E | EInit, IdOf<Req>> => {
  const tag = Context.Service<Self, Shape>()(`Bootstep/${name}` as const)
  return Object.assign(tag, fromDefinition<N, Self, E | EInit, IdOf<Req>>(name, define(name, tag, options)))
}

/**
 * A step that provides a service whose tag was declared elsewhere: one of
 * several implementations of a seam, or a stand-in for a test.
 *
 * @category constructors
 * @since 0.1.0
 */
export const implement =
  <Self, Shape>(tag: Context.Key<Self, Shape>) =>
  <const N extends string, E, R, EInit = never, const Req extends Tags = []>(
    name: N,
    options: ProvidingOptions<N, Shape, E, R, EInit, Req>
  ): Bootstep<N, Self, E | EInit, IdOf<Req>> => fromDefinition(name, define(name, tag, options))

/**
 * A step made of a layer that provides one service.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromLayer = <Self, Shape, const N extends string, E, const Req extends Tags = []>(
  name: N,
  tag: Context.Key<Self, Shape>,
  layer: Layer.Layer<Self, E, IdOf<NoInfer<Req>> | Control>,
  options?: Pick<Options<Req, Shape, E, never, never>, "label" | "requires" | "last" | "conditional">
): Bootstep<N, Self, E, IdOf<Req>> =>
  fromDefinition(
    name,
    define(name, tag, { ...options, start: Effect.map(Layer.build(layer), (context) => Context.get(context, tag)) })
  )

/**
 * Forks a fiber into the scope of the step. When it fails, the blueprint of the
 * step fails: a nested one is restarted if the error allows it, an outermost
 * one stops with that error, which is why `E` is among the errors of `start`.
 *
 * @category combinators
 * @since 0.1.0
 */
export const forkSupervised = <A, E, R>(
  self: Effect.Effect<A, E, R>
): Effect.Effect<Fiber.Fiber<A, E>, E, R | Scope.Scope> =>
  Effect.flatMap(
    CurrentStep,
    (step) =>
      Effect.forkScoped(Effect.onExit(self, (exit) =>
        Exit.isFailure(exit) && !Cause.hasInterruptsOnly(exit.cause) ? step.fail(exit.cause) : Effect.void))
  )

/** The one place where the types of a step's hooks are erased: hooks are methods there, so none is cast. */
const define = <Req extends Tags, A, E, R, EInit>(
  name: string,
  provides: Context.Key<any, any> | undefined,
  options: Options<Req, A, E, R, EInit> & {
    readonly enabled?: Effect.Effect<boolean, never, unknown> | undefined
    readonly disabled?: Effect.Effect<A, never, unknown> | undefined
  }
): Definition => {
  const start = options.start
  return {
    name,
    label: options.label ?? name.slice(name.lastIndexOf(".") + 1),
    requires: options.requires ?? [],
    provides,
    last: options.last ?? false,
    conditional: options.conditional ?? false,
    init: options.init,
    start: Effect.isEffect(start) ? () => start : start,
    close: options.close,
    stop: options.stop,
    terminate: options.terminate,
    shutdown: options.shutdown,
    info: options.info,
    enabled: options.enabled,
    disabled: options.disabled,
    child: undefined
  }
}

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
