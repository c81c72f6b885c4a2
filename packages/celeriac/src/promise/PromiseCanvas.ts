/** What a signature comes to when it was sent with promises, and many calls of one task as one signature. */
import type * as AsyncResult from "@celeriac/tasks/AsyncResult"
import type * as Callable from "@celeriac/tasks/Callable"
import * as Canvas from "@celeriac/tasks/Canvas"
import type * as EffectGroup from "@celeriac/tasks/GroupResult"
import type * as Signature from "@celeriac/tasks/Signature"
import type * as Task from "@celeriac/tasks/Task"
import type * as Model from "./ResultModel.ts"
import type * as Schemas from "./Schemas.ts"

/** The result of a task, or of what comes to several: see `Callable.Sent`. */
export type Sent<S extends Callable.Any> = Held<Callable.Sent<S>>

/** As callers hold it. */
type Held<R> = R extends EffectGroup.GroupResult<infer M, any>
  ? HeldAll<M> extends infer H extends Model.Members ? Model.GroupResult<H> : never
  : R extends AsyncResult.AsyncResult<infer A, any> ? Model.Result<A>
  : Model.Identified<unknown>

type HeldAll<M extends EffectGroup.Members> = { readonly [K in keyof M]: Held<M[K]> }

/** Many calls of one task. */
export interface Many<F extends Schemas.Fields, A> {
  /** A call for each of these, one after the other, in one message: its first parameter takes them. */
  readonly map: (
    items: Iterable<Signature.Takes<Schemas.Arguments<F>>>
  ) => Signature.Signature<Signature.Immutable, ReadonlyArray<A>>
  /** The same with all of its arguments. */
  readonly starmap: (
    items: Iterable<Schemas.Arguments<F>>
  ) => Signature.Signature<Signature.Immutable, ReadonlyArray<A>>
  /** `starmap` in messages of so many calls each, side by side. */
  readonly chunks: (
    items: Iterable<Schemas.Arguments<F>>,
    size: number
  ) => Canvas.Like<Signature.Signature<Signature.Immutable, ReadonlyArray<A>>>
}

export const many = (task: Task.Any): Many<Schemas.Fields, unknown> => {
  const { names } = task.arguments
  // By position, which is how they travel: those at the end that are not given are left out.
  const placed = (items: Iterable<Readonly<Record<string, unknown>>>) =>
    Array.from(items, (item) => {
      const last = names.findLastIndex((name) => item[name] !== undefined)
      return names.slice(0, last + 1).map((name) => item[name])
    })
  const made: Record<keyof Many<Schemas.Fields, unknown>, (items: Iterable<any>, size: number) => unknown> = {
    map: (items) => Canvas.map<any>(task, items),
    starmap: (items) => Canvas.starmap<any>(task, placed(items) as Iterable<any>),
    chunks: (items, size) => Canvas.chunks<any>(task, placed(items) as Iterable<any>, size)
  }
  // What is in them the types of this form have seen.
  return made as unknown as Many<Schemas.Fields, unknown>
}
