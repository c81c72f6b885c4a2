/**
 * What a task's definition says about how it is sent and run.
 *
 * The first group is read by whoever sends the task, and a caller's own
 * option wins over it; the second is read by the worker that runs it. What is
 * left out falls back to `Settings`.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as PoolName from "./PoolName.ts"
import * as RateLimit from "./RateLimit.ts"
import * as RunSettings from "./RunSettings.ts"
import * as Settings from "./Settings.ts"
import { because, InvalidOption } from "./TaskError.ts"

/** Options of a definition. Celery's names are the same in snake_case. */
export interface TaskOptions {
  /** The queue to send to. Default: `Settings.DefaultQueue`. */
  readonly queue?: string | undefined
  /** The exchange to publish to, instead of the queue's own. */
  readonly exchange?: string | undefined
  /** The routing key to publish with, instead of the queue's own. */
  readonly routingKey?: string | undefined
  /** 0 to 255. On RabbitMQ higher comes first, in a queue that has `maxPriority`. */
  readonly priority?: number | undefined
  /** A task not started by then is revoked instead of run. */
  readonly expires?: Duration.Input | undefined
  /** The name of a serializer: `json`, ... */
  readonly serializer?: string | undefined
  /** The name of a compression: `gzip`, ... */
  readonly compression?: string | undefined

  /** Acknowledge after the task has run and not before: a lost worker's tasks run again. */
  readonly acksLate?: boolean | undefined
  /** With `acksLate`: `acksOnFailure` and `acksOnTimeout`, where those are left out. */
  readonly acksOnFailureOrTimeout?: boolean | undefined
  /** With `acksLate`, acknowledge a task that failed too. When false it is rejected, for the dead-letter exchange. */
  readonly acksOnFailure?: boolean | undefined
  /**
   * With `acksLate`, acknowledge a task that was ended by its time limit. When
   * false it goes back to its queue, `redeliveryLimit` times.
   */
  readonly acksOnTimeout?: boolean | undefined
  /**
   * With `acksLate`, have a task run again that went down with the thread or
   * process it ran in, `redeliveryLimit` times. When false it has failed.
   */
  readonly rejectOnWorkerLost?: boolean | undefined
  /**
   * Have a task run again that went down with the thread or process it ran in, by
   * a retry: `maxRetries` and `defaultRetryDelay` count, and when no retry is left
   * it has failed. Comes before `rejectOnWorkerLost`, and is for early
   * acknowledgement too. Default false.
   */
  readonly retryOnWorkerLost?: boolean | undefined
  /**
   * With `acksLate`, how often a message is put back into its queue that ran out
   * of time, or took down what it ran in: 0 or more. Then it has failed, and is
   * rejected. Default: the setting of the same name, 3.
   */
  readonly redeliveryLimit?: number | undefined
  /** Ends a run that takes so long: FAILURE `TimeLimitExceeded`. `"Infinity"` is without a limit. */
  readonly timeLimit?: Duration.Input | undefined
  /** Tells a run that takes so long, which may tidy up: see `Task.failOnSoftTimeLimit`. Not longer than `timeLimit`. */
  readonly softTimeLimit?: Duration.Input | undefined
  /**
   * Whether a run ends when it is interrupted, as its time limits do. Default
   * true; false for what nothing interrupts (`Effect.uninterruptible`, a library
   * that takes no signal): the worker says at its start which of them have limits.
   */
  readonly interruptible?: boolean | undefined
  /** Store no result. A sender can say otherwise per call. */
  readonly ignoreResult?: boolean | undefined
  /** Store the state STARTED when a run begins. */
  readonly trackStarted?: boolean | undefined
  /** How often it is run again, by `Task.retry`, before it fails; null is without end. Default 3. */
  readonly maxRetries?: number | null | undefined
  /** When it is run again, where a retry does not say. Default 3 minutes. */
  readonly defaultRetryDelay?: Duration.Input | undefined
  /** Classes of errors that are no surprise, or a function that knows them: logged in a line, as those that the task declares are. */
  readonly throws?: Expected | undefined
  /** How often each worker may start it: `"10/m"`, `"0.5/s"`, a number for each second; 0 is without a limit. */
  readonly rateLimit?: RateLimit.RateLimit | undefined
  /** Tell monitors of it, where the worker does so: see `sendTaskEvents`. Default true. */
  readonly sendEvents?: boolean | undefined
  /** Whether its result names the tasks that it has sent. Default true. */
  readonly trail?: boolean | undefined
  /**
   * The pool of its worker that it runs in: `processes` or `threads` for what
   * computes, `fibers` for what waits, `solo` for what must not run beside its like.
   * Default: the one that the worker's setting `pool` says.
   */
  readonly pool?: PoolName.PoolName | undefined
}

/** Errors that are no surprise. */
export type Expected = ReadonlyArray<abstract new(...args: never) => unknown> | ((error: unknown) => boolean)

/** Whether an error is among them. */
export const isExpected = (expected: Expected | undefined, error: unknown): boolean =>
  expected !== undefined &&
  (typeof expected === "function" ? expected(error) : expected.some((one) => error instanceof one))

/** The worker's part of the options, nothing left open. */
export interface ExecutionOptions {
  readonly acksLate: boolean
  readonly acksOnFailureOrTimeout: boolean
  readonly acksOnFailure: boolean
  readonly acksOnTimeout: boolean
  readonly rejectOnWorkerLost: boolean
  /** Undefined is false. */
  readonly retryOnWorkerLost?: boolean | undefined
  readonly redeliveryLimit: number
  /** Undefined is without a limit. */
  readonly timeLimit?: Duration.Input | undefined
  readonly softTimeLimit?: Duration.Input | undefined
  /** Undefined is true. */
  readonly interruptible?: boolean | undefined
  readonly ignoreResult: boolean
  readonly trackStarted: boolean
  readonly maxRetries: number | null
  readonly defaultRetryDelay: Duration.Input
  readonly throws?: Expected | undefined
  /** As it was given. Undefined is without a limit. */
  readonly rateLimit?: RateLimit.RateLimit | undefined
  readonly sendEvents: boolean
  /** Undefined is true. */
  readonly trail?: boolean | undefined
  /** Undefined is the worker's. */
  readonly pool?: PoolName.PoolName | undefined
}

/** Any of them. */
export type SomeExecutionOptions = { readonly [K in keyof ExecutionOptions]?: ExecutionOptions[K] | undefined }

/** Throws for options that make no sense, where somebody writes them. */
export const check = (options: SomeExecutionOptions): void => {
  const { defaultRetryDelay, maxRetries, pool, rateLimit, redeliveryLimit } = options
  Result.getOrThrow(RateLimit.parse(rateLimit))
  if (maxRetries != null && !(Number.isInteger(maxRetries) && maxRetries >= 0)) {
    throw wrong("maxRetries", `${maxRetries} is no number of retries: give 0 or more, or null`)
  }
  if (redeliveryLimit !== undefined && !(Number.isInteger(redeliveryLimit) && redeliveryLimit >= 0)) {
    throw wrong("redeliveryLimit", `${redeliveryLimit} is no number of redeliveries: give 0 or more`)
  }
  if (defaultRetryDelay !== undefined && Duration.fromInput(defaultRetryDelay)._tag === "None") {
    throw wrong("defaultRetryDelay", `${String(defaultRetryDelay)} is no duration`)
  }
  if (pool !== undefined && !PoolName.names.includes(pool)) {
    const instead = PoolName.instead(pool)
    const hint = instead === undefined ? "" : `: ${instead}`
    throw wrong("pool", `${String(pool)} is no pool, which are ${PoolName.expected}${hint}`)
  }
  const hard = limit("timeLimit", options.timeLimit)
  const soft = limit("softTimeLimit", options.softTimeLimit)
  if (soft > hard) throw wrong("softTimeLimit", "it is longer than timeLimit: it would never be reached")
}

const limit = (option: "timeLimit" | "softTimeLimit", given: Duration.Input | undefined): number => {
  if (given === undefined) return option === "timeLimit" ? Infinity : 0
  const time = Duration.fromInput(given)
  if (time._tag === "None" || !(Duration.toMillis(time.value) > 0)) {
    throw wrong(option, `${String(given)} is no time above 0`)
  }
  return Duration.toMillis(time.value)
}

const wrong = (option: string, detail: string) => because("define", new InvalidOption({ option, detail }))

/** Celery's `max_retries` and `default_retry_delay`. */
const mostRetries = 3
const retryDelay = Duration.minutes(3)

/** What is left open is the definition's, and what that left open is taken from the settings in effect. */
export const resolve: (
  options: SomeExecutionOptions,
  definition: TaskOptions
) => Effect.Effect<ExecutionOptions> = Effect.fnUntraced(
  function*(options, definition) {
    const throws = options.throws ?? definition.throws
    const acksOnEither = options.acksOnFailureOrTimeout ?? definition.acksOnFailureOrTimeout ??
      (yield* Settings.AcksOnFailureOrTimeout)
    return {
      ...(throws === undefined ? {} : { throws }),
      acksLate: options.acksLate ?? definition.acksLate ?? (yield* Settings.AcksLate),
      acksOnFailureOrTimeout: acksOnEither,
      acksOnFailure: options.acksOnFailure ?? definition.acksOnFailure ?? (yield* RunSettings.AcksOnFailure) ??
        acksOnEither,
      acksOnTimeout: options.acksOnTimeout ?? definition.acksOnTimeout ?? (yield* RunSettings.AcksOnTimeout) ??
        acksOnEither,
      rejectOnWorkerLost: options.rejectOnWorkerLost ?? definition.rejectOnWorkerLost ??
        (yield* RunSettings.RejectOnWorkerLost),
      retryOnWorkerLost: options.retryOnWorkerLost ?? definition.retryOnWorkerLost ??
        (yield* RunSettings.RetryOnWorkerLost),
      redeliveryLimit: options.redeliveryLimit ?? definition.redeliveryLimit ?? (yield* RunSettings.RedeliveryLimit),
      timeLimit: options.timeLimit ?? definition.timeLimit ?? (yield* RunSettings.TimeLimit),
      softTimeLimit: options.softTimeLimit ?? definition.softTimeLimit ?? (yield* RunSettings.SoftTimeLimit),
      interruptible: options.interruptible ?? definition.interruptible ?? true,
      ignoreResult: options.ignoreResult ?? definition.ignoreResult ?? (yield* Settings.IgnoreResult),
      trackStarted: options.trackStarted ?? definition.trackStarted ?? (yield* Settings.TrackStarted),
      maxRetries: firstOf(options.maxRetries, definition.maxRetries, mostRetries),
      defaultRetryDelay: options.defaultRetryDelay ?? definition.defaultRetryDelay ?? retryDelay,
      rateLimit: options.rateLimit ?? definition.rateLimit ?? (yield* Settings.DefaultRateLimit),
      sendEvents: options.sendEvents ?? definition.sendEvents ?? true,
      trail: options.trail ?? definition.trail ?? true,
      pool: options.pool ?? definition.pool
    }
  }
)

/** Null says something. */
const firstOf = <A>(...given: readonly [A | undefined, A | undefined, A]): A =>
  given.find((one) => one !== undefined) as A // the last is one
