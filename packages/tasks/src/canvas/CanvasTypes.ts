/**
 * What a canvas lacks and comes to, worked out from what is in it. `Canvas` makes
 * them; the sentences for what does not fit are those of `Signature.Fits`.
 *
 * @since 0.1.0
 */
import type * as AsyncResult from "../AsyncResult.ts"
import type * as GroupResult from "../GroupResult.ts"
import type * as ResultBase from "../ResultBase.ts"
import type * as ResultSet from "../ResultSet.ts"
import type * as Signature from "../Signature.ts"

type Tasks = ReadonlyArray<Signature.Any>

/** A signature that comes to the results of several tasks, `R`: what ends with a group. */
export type Several<Lacking, R extends GroupResult.Members, Failure = ResultSet.Failures<R>> = Signature.Signature<
  Lacking,
  ResultSet.Values<R>,
  Failure,
  Signature.Several<R>
>

/** A group. */
export type Parallel<Lacking, R extends GroupResult.Members> = Signature.Signature<
  Lacking,
  ResultSet.Values<R>,
  ResultSet.Failures<R>,
  Signature.Parallel<R>
>

type LackingOf<S> = S extends Signature.Signature<infer L, any, any, any> ? L : never
type FailureOf<S> = S extends Signature.Signature<any, any, infer E, any> ? E : never
type SuccessOf<S> = S extends Signature.Signature<any, infer A, any, any> ? A : never
type ShapeOf<S> = S extends Signature.Signature<any, any, any, infer X> ? X : never

type IsAny<L> = 0 extends 1 & L ? true : false

/** Those of a group. */
type GroupOf<S> = IsAny<ShapeOf<S>> extends true ? never
  : ShapeOf<S> extends Signature.Parallel<infer R extends GroupResult.Members> ? R
  : never

/** Those of what ends with a group, too. */
type SeveralOf<S> = IsAny<ShapeOf<S>> extends true ? never
  : ShapeOf<S> extends Signature.Several<infer R extends GroupResult.Members> ? R
  : never

/** What is had of one when it was sent. */
type ResultOf<S> = [SeveralOf<S>] extends [never] ? AsyncResult.AsyncResult<Value<SuccessOf<S>>, FailureOf<S>>
  : GroupResult.GroupResult<SeveralOf<S>, Exclude<FailureOf<S>, ResultSet.Failures<SeveralOf<S>>>>

/** Of a task that is known by name alone nobody knows. */
type Value<A> = IsAny<A> extends true ? unknown : A

/** The results of members, those of groups among them. */
type ResultsOf<S extends Tasks> = S extends readonly [] ? readonly []
  : S extends readonly [infer A, ...infer B extends Tasks] ? readonly [...MemberResults<A>, ...ResultsOf<B>]
  : ReadonlyArray<MemberResults<S[number]>[number]>

type MemberResults<S> = [GroupOf<S>] extends [never] ? readonly [ResultOf<S>] : GroupOf<S>

/** What the members of a group lack, those of groups among them. */
type Lackings<S extends Tasks> = { readonly [K in keyof S]: LackingOf<S[K]> }

/** Several, side by side. */
export type Group<S extends Tasks> = Parallel<Signature.Each<Lackings<S>>, ResultsOf<S>>

/** However many of one kind. */
export type Like<S extends Signature.Any> = Group<ReadonlyArray<S>>

/** What may be the header of a chord. */
export type Header = Tasks | Iterable<Signature.Any> | Signature.Any

type Members<H> = H extends Tasks ? Group<H>
  : H extends Signature.Any ? [GroupOf<H>] extends [never] ? Group<readonly [H]> : H
  : H extends Iterable<infer S extends Signature.Any> ? Like<S>
  : never

/** The body, or a sentence about why it does not take the results. */
export type FittingBody<H, B> = Fitted<List<GroupOf<Members<H>>>, B>

type Fitted<From, S> = Signature.Fits<From, LackingOf<S>> extends true ? S : Signature.Fits<From, LackingOf<S>>

/** What comes to the results of a header before. */
export type Chord<H, B extends Signature.Any> = Ending<
  LackingOf<Members<H>>,
  B,
  FailureOf<Members<H>> | FailureOf<B>
>

/** What a chain hands on: of a group of one, what its member comes to. */
type Handed<S> = [GroupOf<S>] extends [never] ? SuccessOf<S>
  : GroupOf<S> extends readonly [infer One] ? Anything<ResultBase.Success<One>>
  : List<GroupOf<S>>

/** What nobody knows fits everywhere. */
type Anything<A> = unknown extends A ? any : A

type List<R extends GroupResult.Members> = { readonly [K in keyof R]: Anything<ResultBase.Success<R[K]>> }

/** The tasks of a chain, each that does not take what comes replaced by a sentence about why. */
export type Fitting<S extends Tasks> = S extends readonly [] ? readonly ["a chain has at least one task"] : {
  readonly [K in keyof S]: K extends `${infer N extends number}` ?
    N extends 0 ? S[K] : Fitted<Handed<S[Before<S, N>]>, S[K]>
    : S[K]
}

/** The index before this one. */
type Before<S extends Tasks, N extends number, Seen extends ReadonlyArray<unknown> = []> =
  [...Seen, unknown]["length"] extends N ? Seen["length"] & keyof S
    : Before<S, N, [...Seen, unknown]>

/** Lacks what its first lacks, and comes to what its last comes to. */
export type Chain<S extends Tasks> = [GroupOf<Last<S>>] extends [never]
  ? Ending<LackingOf<S[0]>, Last<S>, FailureOf<S[number]>>
  : GroupOf<Last<S>> extends readonly [infer One]
    ? Signature.Signature<LackingOf<S[0]>, ResultBase.Success<One>, FailureOf<S[number]>>
  : Ending<LackingOf<S[0]>, Last<S>, FailureOf<S[number]>>

type Last<S extends Tasks> = S extends readonly [...Tasks, infer L extends Signature.Any] ? L : S[number]

/** Comes to what `S` comes to. */
type Ending<L, S extends Signature.Any, E> = [SeveralOf<S>] extends [never] ?
  Signature.Signature<L, SuccessOf<S>, E, ShapeOf<S>>
  : Several<L, SeveralOf<S>, E>
