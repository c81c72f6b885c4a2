/**
 * What is sent because of another task: its `link`s when it succeeds, with its
 * result in front of their arguments; its `linkError`s when it fails, with its id.
 *
 * A `Signature` is one. `A` is what it takes of the task before: so a callback
 * that has no place for a result is refused by the compiler. What types cannot
 * tell, that the place is its first one, is checked when it is written.
 * Source: the guide's chapter on canvas, protocol §1.3.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import type { SignatureJson } from "./protocol/TaskBody.ts"
import type { TaskError } from "./TaskError.ts"

/** To be sent with an `A`. */
export interface Callback<in A> {
  /** Only the compiler reads it. */
  readonly "~takes"?: ((result: A) => void) | undefined
  /** As it stands in a message, or why it could not take what comes. */
  readonly encode: () => Result.Result<SignatureJson, TaskError>
}

/** What a callback is sent with; anything, when nobody knows what it is. */
export type Known<A> = unknown extends A ? never : A

/** One or many. */
export type Callbacks<A> = Callback<A> | ReadonlyArray<Callback<A>>

/** A callback as it stood in a message: it is passed on. */
export const fromJson = (signature: SignatureJson): Callback<unknown> => ({ encode: () => Result.succeed(signature) })

/** All of them as they stand in a message; the first failure when one cannot be. */
export const encodeAll = (
  callbacks: Callbacks<never> | undefined
): Result.Result<ReadonlyArray<SignatureJson> | undefined, TaskError> =>
  callbacks === undefined ? none : Result.all(listOf(callbacks).map((callback) => callback.encode()))

const none = Result.succeed(undefined)

const listOf = (callbacks: Callbacks<never>): ReadonlyArray<Callback<never>> =>
  isList(callbacks) ? callbacks : [callbacks]

/** `Array.isArray` forgets that a list may be read only. */
const isList = (callbacks: Callbacks<never>): callbacks is ReadonlyArray<Callback<never>> => Array.isArray(callbacks)
