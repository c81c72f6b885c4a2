/**
 * Retries that a task's options ask for: an error of one of these kinds has the
 * task run again, after a pause that grows. Celery's `autoretry`.
 *
 * Only a task that asks for it is wrapped.
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type { Handler } from "../Middleware.ts"
import * as SoftTimeLimit from "../SoftTimeLimit.ts"
import * as TaskPredicate from "../TaskPredicate.ts"

/** Errors: by their tag, by their class, or all of which a function says so. */
export type Errors<E = never> =
  | ReadonlyArray<Tag<E | SoftTimeLimit.SoftTimeLimitExceeded> | Class>
  | ((error: unknown) => boolean)

type Tag<E> = E extends { readonly _tag: infer T extends string } ? T : never

/** Of errors that a task declares or dies of. */
type Class = abstract new(...args: never) => unknown

/** What is run again by itself, and when. */
export interface Options<E = never> {
  /** A task that fails with one of these is run again, `maxRetries` times. */
  readonly autoretryFor?: Errors<E> | undefined
  /** But for these. */
  readonly dontAutoretryFor?: Errors<E> | undefined
  /** Pause before the first retry, twice as long before each one after it; true is one second. Default: `defaultRetryDelay`, always. */
  readonly retryBackoff?: boolean | Duration.Input | undefined
  /** The longest pause. Default 10 minutes. */
  readonly retryBackoffMax?: Duration.Input | undefined
  /** A pause of any length up to that one, so that not all come at once. Default true. */
  readonly retryJitter?: boolean | undefined
}

/** The handler, run again for the errors of the options. */
export const wrap = (handler: Handler, options: Options<any>): Handler => {
  const { autoretryFor, dontAutoretryFor } = options
  if (autoretryFor === undefined) return handler
  return (parameters, request) =>
    // A soft time limit is an error like any other, where somebody else has not caught it.
    Effect.catchCause(SoftTimeLimit.fail(Effect.suspend(() => handler(parameters, request))), (cause) => {
      // An interruption is the worker's, and not the task's.
      if (Cause.hasInterruptsOnly(cause)) return Effect.failCause(cause)
      const error = Cause.squash(cause)
      if (TaskPredicate.isTaskPredicate(error) || !fits(autoretryFor, error)) return Effect.failCause(cause)
      if (dontAutoretryFor !== undefined && fits(dontAutoretryFor, error)) return Effect.failCause(cause)
      const reason = cause.reasons.some(Cause.isFailReason) ? { error } : { defect: error }
      return Effect.flatMap(pause(options, request.retries), (countdown) =>
        Effect.fail(TaskPredicate.retry({ ...reason, ...countdown })))
    })
}

const fits = (errors: Errors<any>, error: unknown): boolean =>
  typeof errors === "function"
    ? errors(error)
    : errors.some((one: string | Class) =>
      typeof one === "string"
        ? typeof error === "object" && error !== null && "_tag" in error && error._tag === one
        : error instanceof one
    )

/** Full jitter, in whole seconds as Celery's, or in milliseconds where the pause begins below one. */
const pause = (
  { retryBackoff = false, retryBackoffMax = "10 minutes", retryJitter = true }: Options<any>,
  retries: number
): Effect.Effect<Pick<TaskPredicate.RetryOptions, "countdown">> => {
  if (retryBackoff === false) return Effect.succeed({})
  const factor = retryBackoff === true ? 1_000 : Duration.toMillis(retryBackoff)
  const longest = Math.min(Duration.toMillis(retryBackoffMax), factor * 2 ** retries)
  if (!retryJitter) return Effect.succeed({ countdown: longest })
  const unit = factor < 1_000 ? 1 : 1_000
  return Effect.map(Random.nextIntBetween(0, Math.floor(longest / unit)), (n) => ({ countdown: n * unit }))
}
