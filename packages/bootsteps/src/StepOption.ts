/**
 * Options of a step: values that whoever puts a worker together gives it, and
 * that the step reads by their types. Celery's `user_options`.
 *
 * ```ts
 * const DeadlockTimeout = StepOption.make("deadlockTimeout", Schema.Finite, {
 *   default: 3600,
 *   doc: "After how many seconds a task counts as stuck."
 * })
 *
 * const DeadlockDetection = Bootstep.make("DeadlockDetection", {
 *   requires: [Timer, DeadlockTimeout],
 *   start: Effect.gen(function*() {
 *     const timeout = yield* DeadlockTimeout // a number
 *   })
 * })
 *
 * Worker.make({ steps: { worker: [DeadlockDetection] }, options: { deadlockTimeout: 60 } })
 * ```
 *
 * An option is a service that comes from outside: what a step requires is what
 * it may be given, and an option without a default has to be given, or the
 * worker does not compile. Without a worker, provide it like any service.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { Tags } from "./Hooks.ts"

/**
 * @category type ids
 * @since 0.1.0
 */
export const TypeId = "~@celeriac/bootsteps/StepOption" as const

/**
 * What the types of steps know of an option: its name, what is given for it, and
 * whether it has to be.
 *
 * @category models
 * @since 0.1.0
 */
export interface Id<out Name extends string, out In, out Required extends boolean> {
  readonly key: `StepOption/${Name}`
  readonly [TypeId]: { readonly name: Name; readonly given: In; readonly isRequired: Required }
}

/**
 * Any option, as types know it.
 *
 * @category models
 * @since 0.1.0
 */
export type AnyId = Id<string, unknown, boolean>

/**
 * An option, given as an `In` and read as an `A`: a tag to require and to yield.
 *
 * @category models
 * @since 0.1.0
 */
export interface StepOption<in out Name extends string, in out A, in out In, in out Required extends boolean>
  extends Context.Service<Id<Name, In, Required>, A>
{
  readonly [TypeId]: Details<Name>
}

/** What an option says of itself, its types erased. */
interface Details<out Name extends string = string> {
  readonly name: Name
  readonly decode: (given: unknown) => Result.Result<unknown, string>
  /** Undefined for one that has to be given. */
  readonly fallback: { readonly value: unknown } | undefined
  readonly doc: string
}

/**
 * An option of which only what it says of itself is known.
 *
 * @category models
 * @since 0.1.0
 */
export interface Any extends Context.Key<any, any> {
  readonly [TypeId]: Details
}

/**
 * @category options
 * @since 0.1.0
 */
export interface Options<A> {
  /** What the step reads where nothing is given. Without it, something has to be. */
  readonly default?: A | undefined
  /** One line. */
  readonly doc?: string | undefined
}

/**
 * An option. Its name is the one under which it is given, in camel case.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: {
  <const Name extends string, A, In>(
    name: Name,
    schema: Schema.Codec<A, In>,
    options: Options<A> & { readonly default: A }
  ): StepOption<Name, A, In, false>
  <const Name extends string, A, In>(
    name: Name,
    schema: Schema.Codec<A, In>,
    options?: { readonly doc?: string | undefined }
  ): StepOption<Name, A, In, true>
} = <const Name extends string, A, In, Required extends boolean>(
  name: Name,
  schema: Schema.Codec<A, In>,
  options: Options<A> = {}
): StepOption<Name, A, In, Required> => {
  const decode = Schema.decodeUnknownResult(schema)
  const details: Details<Name> = {
    name,
    decode: (given) => Result.mapError(decode(given), (error) => error.message),
    fallback: "default" in options ? { value: options.default } : undefined,
    doc: options.doc ?? ""
  }
  return Object.assign(Context.Service<Id<Name, In, Required>, A>(`StepOption/${name}`), { [TypeId]: details } as const)
}

const isStepOption = (tag: object): tag is Any => TypeId in tag

/**
 * The options among what is required, each once.
 *
 * @category getters
 * @since 0.1.0
 */
export const among = (tags: Tags): ReadonlyArray<Any> => Array.from(new Set(tags.filter(isStepOption)))

type Named<R, N> = Extract<R, { readonly key: `StepOption/${N & string}` }>

type NamesOf<R> = R extends Id<infer N, unknown, boolean> ? N : never

type RequiredOf<R> = R extends Id<string, unknown, infer Required> ? true extends Required ? R : never : never

type InOf<R> = R extends Id<string, infer In, boolean> ? In : never

/**
 * What may be given for the options among the requirements `R`.
 *
 * @category type-level
 * @since 0.1.0
 */
export type Some<R> = unknown extends R ? Readonly<Record<string, unknown>>
  : { readonly [N in NamesOf<R>]?: InOf<Named<R, N>> | undefined }

/**
 * What is to be given for the options among the requirements `R`: all that have no
 * default, unless they are among those of `Given`.
 *
 * @category type-level
 * @since 0.1.0
 */
export type All<R, Given = never> =
  & Some<R>
  & { readonly [N in NamesOf<Exclude<RequiredOf<R>, Given>>]: InOf<Named<R, N>> }

/**
 * An options object that has to have `options` when the steps that require `R` have
 * one without a default, and may have them otherwise.
 *
 * @category type-level
 * @since 0.1.0
 */
export type Taken<R, Given = never> = [Exclude<RequiredOf<R>, Given>] extends [never]
  ? { readonly options?: All<R, Given> | undefined }
  : { readonly options: All<R, Given> }
