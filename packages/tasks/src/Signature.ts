/**
 * A call that is not sent yet, as a value: a task, arguments (all of them, or
 * some) and options. Celery's `Signature`.
 *
 * ```ts
 * const sum = add.s({ x: 2, y: 3 })
 * const sumAndTell = sum.set({ countdown: "10 seconds" }).link(tell.s())
 * yield* client.delay(sumAndTell)
 * ```
 *
 * What a signature still lacks is in its type: `add.s({ y: 3 })` is a
 * `Signature<{ x: number }, number>`. As a callback it takes the result of the
 * task before as its first argument, so it must lack that one alone; `task.si`
 * takes nothing. A signature is never changed: `set`, `link` and the others
 * give a new one. What makes no sense is told when it is sent.
 *
 * A task that is not defined here is called by its name, `Signature.make("proj.add", { args: [2] })`.
 * Source: the guide's chapter on canvas, protocol §1.4.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import type * as Arguments from "./Arguments.ts"
import type { Callback } from "./Callback.ts"
import * as ComposedReading from "./internal/ComposedReading.ts"
import * as Signed from "./internal/Signed.ts"
import type * as Variadic from "./internal/Variadic.ts"
import type { ProtocolError } from "./protocol/ProtocolError.ts"
import * as SignatureOptions from "./protocol/SignatureOptions.ts"
import * as TaskBody from "./protocol/TaskBody.ts"
import type * as TaskError from "./TaskError.ts"

const TypeId: typeof Signed.TypeId = Signed.TypeId

/** The options of a signature, of a task that comes to `A`. */
export type Options<A = never> = SignatureOptions.Options<A>

/**
 * A task with the parameters that nobody has given yet, and what it comes to.
 * `Lacking` is `Immutable` for one that takes nothing more; both are `any` for one
 * whose task is known by name alone. `Shape` says whether what is had of it when
 * it was sent is the result of one task or of several.
 */
export interface Signature<in out Lacking, out Success = any, out Failure = never, out Shape = Single>
  extends Callback<Takes<Lacking>>
{
  readonly [TypeId]: {
    readonly _Lacking: (_: Lacking) => Lacking
    readonly _Success: (_: never) => Success
    readonly _Failure: (_: never) => Failure
    readonly _Shape: (_: never) => Shape
  }
  /** The name. */
  readonly task: string
  /** Whether it takes nothing from whoever calls it. */
  readonly isImmutable: boolean
  /** With these options, which win over those that it has. */
  readonly set: (options: Options<Success>) => Signature<Lacking, Success, Failure, Shape>
  /** With more arguments: those by position in front of its own, those by keyword beside them. Celery's `clone`, a partial. */
  readonly clone: <const G extends More<Lacking> = {}>(
    more?: G & NoOthers<Lacking, G>,
    options?: Options<Success>
  ) => Signature<Without<Lacking, G>, Success, Failure, Shape>
  /** Sends `callback` with its result when it has succeeded. Once, however often it is said. */
  readonly link: (callback: Callback<Success>) => Signature<Lacking, Success, Failure, Shape>
  /** Sends `errback` with its id when it has failed. Once, however often it is said. Celery's `on_error`. */
  readonly onError: (errback: Callback<string>) => Signature<Lacking, Success, Failure, Shape>
  /** Marks it, and what is linked to it, for whoever revokes or watches tasks by their stamps. */
  readonly stamp: (stamps: Readonly<Record<string, unknown>>) => Signature<Lacking, Success, Failure, Shape>
  /** As Celery writes it. Throws a `TaskError` when something in it makes no sense. */
  readonly toJSON: () => TaskBody.SignatureJson
}

/** Any signature, for those who only look. */
export type Any = Signature<any, any, any, any>

/** It comes to the result of one task. */
export interface Single {
  readonly "~shape": "single"
}

/** It comes to the results of several, `R`: what ends with a group. */
export interface Several<out R> {
  readonly "~shape": "several" | "parallel"
  readonly "~results": (_: never) => R
}

/** It is a group: a part of any group in which it stands. */
export interface Parallel<out R> extends Several<R> {
  readonly "~shape": "parallel"
}

/** Takes no arguments: made by `si`. */
export interface Immutable {
  readonly "~takes nothing": true
}

/** What the members of a group lack, each of which gets what comes: what each lacks, in a list. */
export interface Each<in out All extends ReadonlyArray<unknown>> {
  readonly "~each": All
}

type IsAny<L> = 0 extends 1 & L ? true : false
type RequiredKeys<T> = { [K in keyof T]-?: {} extends Pick<T, K> ? never : K }[keyof T]
type IsUnion<T, U = T> = T extends unknown ? ([U] extends [T] ? false : true) : never

/** All of a union at once. */
type Both<U> = (U extends unknown ? (value: U) => void : never) extends (value: infer I) => void ? I : never

/** What must be given for all of these to be sent. */
type Lackings<U> = IsAny<U> extends true ? any
  : Both<U extends Immutable ? {} : U extends Each<infer All> ? Lackings<All[number]> : U>

type Named<L> = L extends Each<infer All> ? Lackings<All[number]> : L

/** Each of them may take what comes. */
type TakesAll<U> = U extends unknown ? (value: Takes<U>) => void : never

/** What comes by position goes into an optional parameter as it is; into `*args` as one of its items, and never into `**kwargs`. */
type Place<V> = keyof Variadic.Each extends keyof V ? V extends ReadonlyArray<infer Item> ? Item : never
  : keyof Variadic.Others extends keyof V ? never
  : V

/** Those that are not required. */
type Places<L> = { [K in keyof L]-?: Place<Exclude<L[K], undefined>> | Extract<L[K], undefined> }[keyof L]

/** What one that lacks `L` takes of the task before it; a sentence for people where it has no place for it. */
export type Takes<L> = IsAny<L> extends true ? any
  : [L] extends [Immutable] ? unknown
  : [L] extends [Each<infer All>] ? TakesAll<All[number]> extends (value: infer I) => void ? I : never
  : [RequiredKeys<L>] extends [never]
    ? [keyof L] extends [never] ? "its parameters are all given: use si(), or leave the one out that the result is for"
    : Places<L>
  : IsUnion<RequiredKeys<L>> extends true ? `more than one parameter is lacking: ${RequiredKeys<L> & string}`
  : L[RequiredKeys<L>]

/** Whether one that lacks `L` takes what comes; a sentence for people where it does not. */
export type Fits<From, L> = IsAny<L> extends true ? true
  : IsAny<From> extends true ? true
  : [L] extends [Immutable] ? true
  : [L] extends [Each<infer All>] ? FitsAll<From, All[number]>
  : [RequiredKeys<L>] extends [never]
    ? [keyof L] extends [never] ? "its parameters are all given: use si(), or leave the one out that the result is for"
    : [From] extends [Places<L>] ? true
    : `its parameter '${keyof L & string}' does not take the result of the one before`
  : IsUnion<RequiredKeys<L>> extends true ? `more than one parameter is lacking: ${RequiredKeys<L> & string}`
  : [From] extends [L[RequiredKeys<L>]] ? true
  : `its parameter '${RequiredKeys<L> & string}' does not take the result of the one before`

type FitsAll<From, U> = [Exclude<U extends unknown ? Fits<From, U> : never, true>] extends [never] ? true
  : Exclude<U extends unknown ? Fits<From, U> : never, true>

/** What may be given of what is lacking. */
export type More<L> = IsAny<L> extends true ? Readonly<Record<string, unknown>> | ReadonlyArray<unknown>
  : [L] extends [Immutable] ? {}
  : Partial<Named<L>>

/** Refuses names that are none of its parameters. */
export type NoOthers<L, G> = IsAny<L> extends true ? unknown
  : [L] extends [Each<infer All>] ? NoOthers<Lackings<All[number]>, G>
  : { readonly [K in Exclude<keyof G, keyof L>]: never }

/** What is still lacking when `G` is given. */
export type Without<L, G> = IsAny<L> extends true ? any
  : [L] extends [Immutable] ? L
  : [L] extends [Each<infer All>] ? Each<{ readonly [K in keyof All]: Without<All[K], G> }>
  : { readonly [K in keyof L as K extends keyof G ? never : K]: L[K] }

/** The arguments of what takes none: `{}` or `[]`. Options that are given in their place are refused in words. */
export type Nothing = { readonly [argument: string]: "it takes no arguments: options come after {}" } | readonly []

/** What has to be given to send one that lacks `L`. */
export type Rest<L> = IsAny<L> extends true
  ? [more?: Readonly<Record<string, unknown>> | ReadonlyArray<unknown> | undefined]
  : [L] extends [Immutable] ? [more?: Nothing | undefined]
  : [keyof L] extends [never] ? [more?: Nothing | undefined]
  : [L] extends [Each<infer All>] ? Rest<Lackings<All[number]>>
  : {} extends L ? [more?: L | undefined]
  : [more: L]

/** Refuses in words one that still lacks something. */
export type Complete<L> = IsAny<L> extends true ? unknown
  : [L] extends [Immutable] ? unknown
  : {} extends Named<L> ? unknown
  : `it still lacks a parameter: ${RequiredKeys<Named<L>> & string}`

/** Makes partials: `task.s`. Some of the arguments by keyword, or all of them by position. */
export interface Partials<F extends Arguments.Fields, Success, Failure> {
  <const G extends Partial<Arguments.Lacking<F>> & NoList = {}>(
    given?: G & NoOthers<Arguments.Lacking<F>, G>
  ): Signature<Without<Arguments.Lacking<F>, G>, Success, Failure>
  (given: Arguments.Positional<F>): Signature<{}, Success, Failure>
}

/** What any object of properties is. */
interface NoList {
  readonly [Symbol.iterator]?: undefined
}

/** Makes calls that take nothing more: `task.si`. */
export type Immutables<F extends Arguments.Fields, Success, Failure> = (
  ...args: {} extends Arguments.Named<F> ? [args?: Arguments.Input<F>] : [args: Arguments.Input<F>]
) => Signature<Immutable, Success, Failure>

/** What a signature by name alone says. */
export interface NamedOptions extends Options {
  /** By position. As they are: JSON values, or what else the serializer takes. */
  readonly args?: ReadonlyArray<unknown> | undefined
  /** By keyword. */
  readonly kwargs?: Readonly<Record<string, unknown>> | undefined
  /** Whether it takes nothing from whoever calls it. Default false. */
  readonly immutable?: boolean | undefined
}

/** Of a task whose definition is not at hand, such as a Python worker's. */
export const make = (
  task: string,
  { args = [], immutable = false, kwargs = {}, ...options }: NamedOptions = {}
): Signature<any> => cast(Signed.make({ task, args, kwargs, isImmutable: immutable }).set(options))

/** Of a definition: what `task.s` and `task.si` do. Its types are theirs. */
export const of = <L, A, E>(
  definition: Signed.Definition,
  given: Readonly<Record<string, unknown>> | ReadonlyArray<unknown> | undefined,
  isImmutable: boolean
): Signature<L, A, E> => cast(Signed.make({ definition, task: definition.name, ...Signed.split(given), isImmutable }))

/** One that was read: of one task, or of several. */
export type Decoded = Signature<any, any, never, any>

/** Reads one that was written by Celery, or here: a task, or a chain, a group, a chord. */
export const decode = (value: unknown): Result.Result<Decoded, ProtocolError> =>
  Result.map(TaskBody.decodeSignature(value), (json) => cast(ComposedReading.read(json)))

/** Whether it is a signature, of one task or of several. */
export const isSignature = (value: unknown): value is Decoded => Signed.isSigned(value)

/** As it stands in a message; what is lacking is left out. Fails with what makes no sense in it. */
export const encode = (signature: Any): Result.Result<TaskBody.SignatureJson, TaskError.TaskError> =>
  Signed.isSigned(signature) ? signature.encodeAlone() : signature.encode()

/** The class knows nothing of types. */
const cast = <L, A, E>(signed: Signed.Signed): Signature<L, A, E> => signed as unknown as Signature<L, A, E> // what it lacks is in types alone
