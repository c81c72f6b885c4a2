/**
 * What can be called: a definition with its arguments, or a signature with
 * what it lacks. The types that a client's methods have in common.
 *
 * @since 0.1.0
 */
import type * as Arguments from "./Arguments.ts"
import type * as AsyncResult from "./AsyncResult.ts"
import type { Known } from "./Callback.ts"
import type * as GroupResult from "./GroupResult.ts"
import type * as Signature from "./Signature.ts"
import type * as Task from "./Task.ts"

/** A definition, or a signature. */
export type Any = Task.Any | Signature.Any

/** Its arguments; nothing has to be given where nothing is required. */
export type Args<T extends Any> = T extends Signature.Signature<infer L, any, any, any> ? Signature.Rest<L>
  : T extends Task.Any ? [keyof T["parameters"]] extends [never] ? [args?: Signature.Nothing | undefined]
    : {} extends Arguments.Named<T["parameters"]> ? [args?: Task.Input<T> | undefined]
    : [args: Task.Input<T>]
  : never

/** The same, with the options of the call behind them. */
export type Call<T extends Any, Options> = [...Args<T>, options?: Options]

/** Its arguments, where one value stands for them. */
export type Input<T extends Any> = Args<T>[0]

/** What a call comes to. Of a task that is known by name alone nobody knows. */
export type Success<T extends Any> = T extends Signature.Signature<any, infer A, any, any> ?
  0 extends 1 & A ? unknown : A
  : T extends Task.Any ? Task.Success<T>
  : never

/** What a client gives that has sent it: the results of its members, where it comes to several. */
export type Sent<T extends Any> = T extends Signature.Signature<any, any, infer E, infer Shape>
  ? 0 extends 1 & Shape ? AsyncResult.Child
  : Shape extends Signature.Several<infer M extends GroupResult.Members>
    ? GroupResult.GroupResult<M, Exclude<E, GroupResult.Failures<M>>>
  : AsyncResult.AsyncResult<Success<T>, E>
  : AsyncResult.AsyncResult<Success<T>, Failure<T>>

/** What a callback of it takes. */
export type Result<T extends Any> = Known<Success<T>>

/** What a call fails with, as the definition declares it. */
export type Failure<T extends Any> = T extends Signature.Signature<any, any, infer E, any> ? E
  : T extends Task.Any ? Task.Failure<T>
  : never
