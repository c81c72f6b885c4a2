/**
 * Retries that a task's options ask for: an error of one of these kinds has the
 * task run again, after a pause that grows. Celery's `autoretry`.
 *
 * Only a task that asks for it is wrapped.
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import type { Handler } from "../Middleware.ts"
import * as SoftTimeLimit from "../SoftTimeLimit.ts"
import { because, InvalidOption } from "../TaskError.ts"
import * as TaskPredicate from "../TaskPredicate.ts"

/** Errors: by their tag, by their class, or all of which a function says so. */
export type Errors<E = never> =
  | ReadonlyArray<Tag<E | SoftTimeLimit.SoftTimeLimitExceeded> | Class>
  | ((error: unknown) => boolean)

type Tag<E> = E extends { readonly _tag: infer T extends string } ? T : never

/** Of errors that a task declares or dies of. */
type Class = abstract new(...args: never) => unknown

/** Pauses, and how many there are; its input is the error. */
type Backoff = Schedule.Schedule<unknown, unknown>

/** What is run again by itself, and when. */
export interface Options<E = never> {
  /** A task that fails with one of these is run again, `maxRetries` times. */
  readonly autoretryFor?: Errors<E> | undefined
  /** But for these. */
  readonly dontAutoretryFor?: Errors<E> | undefined
  /**
   * Pause before the first retry, twice as long before each one after it; true is
   * one second. A `Schedule` says it itself, and when it has ended the task has
   * failed: it is asked anew at each retry, for the pause of that one. Default:
   * `defaultRetryDelay`, always.
   */
  readonly retryBackoff?: boolean | Duration.Input | Backoff | undefined
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
      return Effect.flatMap(pause(options, request.retries, error), (next) =>
        next === undefined ? Effect.failCause(cause) : Effect.fail(TaskPredicate.retry({ ...reason, ...next })))
    })
}

/** Throws for options that make no sense, where somebody writes them. */
export const check = ({ autoretryFor, dontAutoretryFor, retryBackoff, retryBackoffMax }: Options<any>): void => {
  for (const [option, errors] of [["autoretryFor", autoretryFor], ["dontAutoretryFor", dontAutoretryFor]] as const) {
    if (errors === undefined || typeof errors === "function") continue
    const stranger = Array.isArray(errors) ? errors.find((one) => !isKind(one)) : errors
    if (stranger !== undefined) {
      throw wrong(option, `${String(stranger)} is no kind of errors: give tags, classes, or a function`)
    }
  }
  if (retryBackoff !== undefined && typeof retryBackoff !== "boolean" && !Schedule.isSchedule(retryBackoff)) {
    checkTime("retryBackoff", retryBackoff)
  }
  if (retryBackoffMax !== undefined) checkTime("retryBackoffMax", retryBackoffMax)
}

const isKind = (kind: unknown): boolean => typeof kind === "function" || (typeof kind === "string" && kind !== "")

const checkTime = (option: string, given: Duration.Input): void => {
  const time = Duration.fromInput(given)
  if (time._tag === "None" || !(Duration.toMillis(time.value) > 0) || !Duration.isFinite(time.value)) {
    throw wrong(option, `${String(given)} is no time above 0 that ends`)
  }
}

const wrong = (option: string, detail: string) => because("define", new InvalidOption({ option, detail }))

const fits = (errors: Errors<any>, error: unknown): boolean =>
  typeof errors === "function"
    ? errors(error)
    : errors.some((one: string | Class) =>
      typeof one === "string"
        ? typeof error === "object" && error !== null && "_tag" in error && error._tag === one
        : error instanceof one
    )

type Pause = Pick<TaskPredicate.RetryOptions, "countdown">

/** Undefined: there is none, and no retry. Full jitter, in whole seconds as Celery's, or in milliseconds where the pause begins below one. */
const pause = (
  { retryBackoff = false, retryBackoffMax = "10 minutes", retryJitter = true }: Options<any>,
  retries: number,
  error: unknown
): Effect.Effect<Pause | undefined> => {
  if (retryBackoff === false) return Effect.succeed({})
  if (Schedule.isSchedule(retryBackoff)) return scheduled(retryBackoff as Backoff, retries, error) // as its type says
  const factor = retryBackoff === true ? 1_000 : Duration.toMillis(retryBackoff as Duration.Input) // nothing else is left
  const longest = Math.min(Duration.toMillis(retryBackoffMax), factor * 2 ** retries)
  if (!retryJitter) return Effect.succeed({ countdown: longest })
  const unit = factor < 1_000 ? 1 : 1_000
  return Effect.map(Random.nextIntBetween(0, Math.floor(longest / unit)), (n) => ({ countdown: n * unit }))
}

/** A message says any number of retries. */
const mostSteps = 1_000

/** Of the attempts before, nothing is left but their number: what they waited is worked out again. */
const scheduled = (schedule: Backoff, retries: number, error: unknown): Effect.Effect<Pause | undefined> =>
  Effect.gen(function*() {
    const step = yield* Schedule.toStep(schedule)
    let elapsed = 0
    let last = Duration.zero
    for (let i = 0; i <= Math.min(retries, mostSteps); i++) {
      last = (yield* step(elapsed, error))[1]
      elapsed += Duration.toMillis(last)
    }
    return { countdown: last }
  }).pipe(Pull.catchDone(() => Effect.succeed(undefined)))
