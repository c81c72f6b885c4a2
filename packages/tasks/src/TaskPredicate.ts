/**
 * What a handler fails with to say what is to become of its task, which is no
 * failure: that it is to run again, that nothing is to be stored of it, that its
 * message is refused, that another one takes its place. Celery's `TaskPredicate`s,
 * and its `replace`.
 *
 * ```ts
 * const FetchLive = fetch.toLayer(({ url }) =>
 *   Effect.catchTag(get(url), "Busy", (error) => Task.retry({ error, countdown: "10 seconds" })))
 * ```
 *
 * They are values that `Task.retry`, `Task.ignore`, `Task.reject` and `Task.replace`
 * fail with; a handler without Effect throws them. A middleware sees them like any failure.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import type * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import * as CallOptions from "./CallOptions.ts"
import type { SignatureJson } from "./protocol/TaskBody.ts"
import type { Destination } from "./Router.ts"
import * as Signature from "./Signature.ts"

const TypeId = "~@celeriac/tasks/TaskPredicate"

/** How a task is to run again. What is left out stays as it was in its message. */
export interface RetryOptions<out E = never> extends Destination {
  /**
   * Why, as the task declares it: shown as the reason of the retry, and what the
   * task fails with when there is no further attempt. Default: then it fails with
   * `MaxRetriesExceededError`.
   */
  readonly error?: E | undefined
  /** The same, for what the task does not declare: whoever waits gets a `TaskException`. */
  readonly defect?: unknown | undefined
  /** So much time from now. Default: the task's `defaultRetryDelay`. */
  readonly countdown?: Duration.Input | undefined
  /** Not before. Not together with `countdown`. */
  readonly eta?: Date | DateTime.DateTime | undefined
  /** How often the task may be run again, in all; null is without end. Default: the task's `maxRetries`. */
  readonly maxRetries?: number | null | undefined
  /** 0 to 255. */
  readonly priority?: number | undefined
  /** Not run, but revoked, when not started by then; a duration counts from now. */
  readonly expires?: CallOptions.CallOptions["expires"] | undefined
  /** Other arguments by position, as they travel. */
  readonly args?: ReadonlyArray<unknown> | undefined
  /** Other arguments by keyword, as they travel. */
  readonly kwargs?: Readonly<Record<string, unknown>> | undefined
  /** Ends the run that takes so long. */
  readonly timeLimit?: Duration.Input | undefined
  /** Tells the run that takes so long. Not longer than `timeLimit`. */
  readonly softTimeLimit?: Duration.Input | undefined
  /** Headers of your own, beside those that the message has. */
  readonly headers?: Readonly<Record<string, unknown>> | undefined
}

/** The task is to run again, by a message of the same id. */
export class Retry<out E = never> extends Data.TaggedError("Retry")<{ readonly options: RetryOptions<unknown> }> {
  readonly [TypeId] = TypeId
  declare readonly options: RetryOptions<E>

  override get message(): string {
    return "the task is to run again"
  }
}

/** Nothing is stored of the task, and its message is acknowledged. */
export class Ignore extends Data.TaggedError("Ignore")<{ readonly reason: string | undefined }> {
  readonly [TypeId] = TypeId

  override get message(): string {
    return this.reason ?? ""
  }
}

/** The message is refused: it goes to the dead-letter exchange, or back to its queue. */
export class Reject extends Data.TaggedError("Reject")<{
  readonly reason: string | undefined
  readonly requeue: boolean
}> {
  readonly [TypeId] = TypeId

  override get message(): string {
    return this.reason ?? ""
  }
}

/** Another task takes its place, and comes to an `A`. */
export class Replace<out A = unknown> extends Data.TaggedError("Replace")<{ readonly signature: SignatureJson }> {
  readonly [TypeId] = TypeId
  /** Only the compiler reads it. */
  declare readonly "~comes to"?: A

  override get message(): string {
    return `the task is replaced by ${this.signature.task}`
  }
}

/** Any of them; `E` is what the task declares, `A` what it comes to. */
export type TaskPredicate<E = never, A = unknown> = Retry<E> | Ignore | Reject | Replace<A>

/** Whether it is one: also one of another copy of this package. */
export const isTaskPredicate = (error: unknown): error is TaskPredicate<unknown> =>
  typeof error === "object" && error !== null && TypeId in error

/** To be failed with, or thrown. Throws a `TaskError` for options that make no sense. */
export const retry = <E = never>(options: RetryOptions<E> = {}): Retry<E> => {
  Result.getOrThrow(CallOptions.times(options, 0))
  Result.getOrThrow(CallOptions.limits(options))
  const wrong = CallOptions.problem({ headers: options.headers }, options.priority ?? 0)
  if (wrong !== undefined) throw wrong
  return new Retry<E>({ options })
}

/** To be failed with, or thrown. */
export const ignore = (reason?: string): Ignore => new Ignore({ reason })

/** To be failed with, or thrown. */
export const reject = ({ reason, requeue = false }: RejectOptions = {}): Reject => new Reject({ reason, requeue })

/** To be failed with, or thrown. Throws a `TaskError` for a signature that makes no sense. */
export const replace = <L, A, E>(
  signature: Signature.Signature<L, A, E, any> & Signature.Complete<L>
): Replace<A> => new Replace<A>({ signature: Result.getOrThrow(Signature.encode(signature)) })

/** Why, and where to. */
export interface RejectOptions {
  readonly reason?: string | undefined
  /** Back to its queue. Default false: to the dead-letter exchange, if there is one. */
  readonly requeue?: boolean | undefined
}

/** Whether there is no further attempt after one with so many retries behind it. `most` is that of the task. */
export const isExhausted = (
  { options: { maxRetries } }: Retry<unknown>,
  retries: number,
  most: number | null
): boolean => {
  const limit = maxRetries === undefined ? most : maxRetries
  return limit !== null && retries + 1 > limit
}
