/**
 * What the result of one task and that of many have in common: it can be
 * waited for, looked at, forgotten, and the tasks behind it revoked.
 *
 * `AsyncResult` is the result of one task, `ResultSet` that of several.
 * Celery's `ResultBase`.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Result from "effect/Result"
import type * as Stream from "effect/Stream"
import type { AskError, AskOptions, RemoteControl } from "./control/RemoteControl.ts"
import type { SyncOptions } from "./internal/Parenthood.ts"
import type { TaskException } from "./result/ExceptionRecord.ts"
import type { ResultError } from "./result/ResultError.ts"
import type { ResultRecord } from "./result/ResultRecord.ts"
import type { ResultTuple } from "./result/ResultTuple.ts"
import type { TaskState } from "./TaskState.ts"

/** How long `get` waits, and for whom. */
export interface GetOptions extends SyncOptions {
  /** How long to wait, before failing with `ResultTimeout`. Default: for ever. */
  readonly timeout?: Duration.Input | undefined
  /**
   * Whether the failure of a task that this one followed in a chain ends the
   * wait, as nothing will come of it any more: it is what this one comes to,
   * then. Default true. Of a group of more than 100 that is not looked for: there
   * the workers alone tell it. Celery's `follow_parents`.
   */
  readonly followParents?: boolean | undefined
}

/** What a task came to: its value, the error it declares, or another exception. */
export type Final<A, E> = Result.Result<A, E | TaskException>

/** A state of a task, as it was stored. */
export interface Progress<A, E> {
  readonly taskId: string
  readonly state: TaskState
  /** What was stored with a state that is no end: the `meta` of `updateState`, process and node with STARTED. */
  readonly meta: unknown
  /** What the task came to; undefined in the states that are no end. */
  readonly final: Final<A, E> | undefined
  readonly record: ResultRecord
}

/** What becomes of the tasks that are revoked, and which workers are told. */
export interface RevokeOptions extends Pick<AskOptions, "destination" | "deadline"> {
  /** Ends what runs already. Default false. */
  readonly terminate?: boolean | undefined
  /** With which signal, where tasks are processes. Default `TERM`. */
  readonly signal?: string | number | undefined
  /** Whether what it follows is revoked, too, as far as it has not run: all of a chain. Default true. */
  readonly parents?: boolean | undefined
}

/** How the tasks behind a result are gone through. */
export interface CollectOptions extends GetOptions {
  /** Whether to go on with what is there when a task has not ended: its children are not known. Default false: fail. */
  readonly intermediate?: boolean | undefined
}

/** The result of one task or of several, which succeed with `A` and declare the errors `E`. */
export interface ResultBase<out A, out E = never> {
  /** Of the task, or of the group. */
  readonly id: string | undefined
  /** The tasks that it stands for, by their ids. */
  readonly ids: ReadonlyArray<string>
  /** What it followed in a chain, where that is known. */
  readonly parent: AnyIdentified | undefined

  /**
   * Waits for the end, and comes to what it came to. Fails with the error that
   * a task declares, with `TaskException` when one failed otherwise or was
   * revoked, with `ResultError` when a result does not come in time, is not kept
   * or cannot be read.
   */
  readonly get: (options?: GetOptions) => Effect.Effect<A, E | TaskException | ResultError>

  /** Waits for the end, and gives a failure as a value. */
  readonly final: (options?: GetOptions) => Effect.Effect<Final<A, E>, ResultError>
  /** Whether it ended. Does not wait, as nothing below does. */
  readonly ready: Effect.Effect<boolean, ResultError>
  readonly successful: Effect.Effect<boolean, ResultError>
  /** Whether it ended in FAILURE, or one of several did. */
  readonly failed: Effect.Effect<boolean, ResultError>
  /** The tasks that were sent while it ran, the members of a group. Undefined while nobody knows. */
  readonly children: Effect.Effect<ReadonlyArray<Any> | undefined, ResultError>

  /**
   * Each state as it is stored, the present one first, to the end. Who reads
   * slowly misses states in between, never the end. When what it followed has
   * failed, that is the end: FAILURE, also where nothing is stored of it.
   */
  readonly progress: Stream.Stream<Progress<unknown, unknown>, ResultError>

  /** Drops what the backend keeps about it, and about what it followed. */
  readonly forget: Effect.Effect<void, ResultError>

  /**
   * Tells the workers not to run it. Does not wait for them to have heard:
   * `final` does. Gives whether any worker was there to be told.
   */
  readonly revoke: (options?: RevokeOptions) => Effect.Effect<boolean, AskError, RemoteControl>
}

/**
 * The result of a task or of a group: it has an id, by which it can be written
 * down, with all that it hangs on, and read again by another process.
 */
export interface Identified<out A, out E = never> extends ResultBase<A, E> {
  readonly id: string
  /** It, what it followed, and its members: Celery's `as_tuple`. `AsyncResult.encode` makes text of it. */
  readonly asTuple: ResultTuple
}

/** Any. */
export type Any = ResultBase<unknown, unknown>

/** Any that has an id. */
export type AnyIdentified = Identified<unknown, unknown>

/** What it succeeds with. */
export type Success<R> = R extends Settling<infer A, any> ? A : never

/** The errors it declares. */
export type Failure<R> = R extends Settling<any, infer E> ? Exclude<E, TaskException> : never

/** What tells the type of a result. */
interface Settling<A, E> {
  readonly final: (options?: GetOptions) => Effect.Effect<Result.Result<A, E>, ResultError>
}
