/**
 * What one call says about how it is sent, and the check that it makes sense.
 *
 * Celery's `apply_async` options, in camelCase. What a call leaves out its
 * task's definition says, then the routes, then the settings.
 *
 * @since 0.1.0
 */
import type * as Producer from "@celeriac/messaging/Producer"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import type { Callbacks } from "./Callback.ts"
import * as TaskHeaders from "./protocol/TaskHeaders.ts"
import type { Destination } from "./Router.ts"
import { because, InvalidOption, type TaskError } from "./TaskError.ts"

/** What a task takes from the one that sends it: any handler's request. */
export interface Sender {
  readonly id: string
  readonly rootId: string
  readonly deliveryInfo: { readonly priority: number | undefined }
}

/** All may be left out. `A` is what the task comes to, for those who follow it. */
export interface CallOptions<in A = never> extends Destination {
  /** Run not before so much time from now. */
  readonly countdown?: Duration.Input | undefined
  /** Run not before. Not together with `countdown`. */
  readonly eta?: Date | DateTime.DateTime | undefined
  /** Not run, but revoked, when not started by then; a duration counts from now. */
  readonly expires?: Duration.Input | Date | DateTime.DateTime | undefined
  /** Default: a random one. Two tasks of one id are taken for one. */
  readonly taskId?: string | undefined
  /** What the ids of the tasks of a canvas are made from: sent again with the same, it is the same canvas. Default: they are random. */
  readonly idsFrom?: string | undefined
  /** 0 to 255. */
  readonly priority?: number | undefined
  /** Headers of your own, which the handler sees in `request.headers`. */
  readonly headers?: Readonly<Record<string, unknown>> | undefined
  /** The name to show in logs and monitors. */
  readonly shadow?: string | undefined
  readonly serializer?: string | undefined
  readonly compression?: string | undefined
  /** Ends it when it has run for so long. Celery's `time_limit`. */
  readonly timeLimit?: Duration.Input | undefined
  /** Tells it so before, for it to clean up. Not longer than `timeLimit`. Celery's `soft_time_limit`. */
  readonly softTimeLimit?: Duration.Input | undefined
  /** What monitors and logs show of the arguments by position. Default: made from them. */
  readonly argsRepr?: string | undefined
  /** The same of those by keyword. */
  readonly kwargsRepr?: string | undefined
  /** The queue that an `rpc://` result goes to, instead of this client's own: then its result cannot be waited for here. */
  readonly replyTo?: string | undefined
  /** Store no result, and do not wait for one. */
  readonly ignoreResult?: boolean | undefined
  /** Sent when it has succeeded, with its result in front of their arguments: one signature or many. */
  readonly link?: Callbacks<A> | undefined
  /** Sent when it has failed, with its id in front of their arguments: one signature or many. Celery's `link_error`. */
  readonly linkError?: Callbacks<string> | undefined
  /** What it is marked with, for whoever revokes or watches tasks by it: Celery's `stamped_headers`. */
  readonly stamps?: Readonly<Record<string, unknown>> | undefined
  /** The request that this task is sent for: it becomes the parent. Default, inside of a handler: the one that is being run. */
  readonly parent?: Sender | undefined
  /** Whether the result of the task that is being run names this one among its children. Default true. */
  readonly addToParent?: boolean | undefined
  /** Whether to wait for a connection that is not there. Default true: until the deadline. */
  readonly retry?: boolean | undefined
  /** How many attempts to wait for, instead. */
  readonly retryPolicy?: Producer.RetryPolicy | undefined
  /** How long until the broker has confirmed. Default: `Settings.PublishDeadline`. */
  readonly deadline?: Duration.Input | undefined
}

/** The options that a clock has to do with, in milliseconds since the epoch. */
export interface Times {
  readonly eta: number | undefined
  readonly expires: number | undefined
}

/** Now, and for ever. */
export const untimed: Times = Object.freeze({ eta: undefined, expires: undefined })

/** The options of a call that have to do with time. */
export type Timing = Pick<CallOptions, "countdown" | "eta" | "expires">

/** Whether the current time is needed. */
export const isTimed = ({ countdown, eta, expires }: Timing): boolean =>
  countdown !== undefined || eta !== undefined || expires !== undefined

/** Works out `eta` and `expires`, given the time; fails with `InvalidOption`. */
export const times = ({ countdown, eta, expires }: Timing, now: number): Result.Result<Times, TaskError> => {
  if (countdown !== undefined && eta !== undefined) return invalid("eta", "give it or countdown, not both")
  const notBefore = countdown !== undefined ? now + millisOf(countdown) : eta === undefined ? undefined : instant(eta)
  if (notBefore !== undefined && !isInstant(notBefore)) {
    return invalid(eta === undefined ? "countdown" : "eta", "no time in the years 1 to 9999")
  }
  const notAfter = expires === undefined ? undefined : isPoint(expires) ? instant(expires) : now + millisOf(expires)
  if (notAfter !== undefined && !isInstant(notAfter)) return invalid("expires", "no time in the years 1 to 9999")
  return Result.succeed({ eta: notBefore, expires: notAfter })
}

/** The limits of the run in seconds, as the protocol has them. Fails with `InvalidOption`. */
export const limits = (
  call: Pick<CallOptions, "softTimeLimit" | "timeLimit">
): Result.Result<Partial<TaskHeaders.TimeLimit> | undefined, TaskError> => {
  const { softTimeLimit, timeLimit } = call
  if (timeLimit === undefined && softTimeLimit === undefined) return noLimits
  const hard = timeLimit === undefined ? undefined : millisOf(timeLimit) / 1000
  const soft = softTimeLimit === undefined ? undefined : millisOf(softTimeLimit) / 1000
  if (!isLimit(hard)) return invalid("timeLimit", "a time above 0 that ends")
  if (!isLimit(soft)) return invalid("softTimeLimit", "a time above 0 that ends")
  if (hard !== undefined && soft !== undefined && soft > hard) {
    return invalid("softTimeLimit", "it is longer than timeLimit: it would never be reached")
  }
  return Result.succeed({ hard, soft })
}

const noLimits = Result.succeed(undefined)

const isLimit = (seconds: number | undefined): boolean =>
  seconds === undefined || (seconds > 0 && Number.isFinite(seconds))

/** What is wrong with the rest of the options, and the priority in effect, if anything is. */
export const problem = ({ headers, taskId }: CallOptions, priority: number): TaskError | undefined => {
  if (taskId !== undefined && (taskId === "" || taskId.length > longestId || Buffer.byteLength(taskId) > longestId)) {
    return because("send", new InvalidOption({ option: "taskId", detail: `an id has 1 to ${longestId} bytes` }))
  }
  if (!(Number.isInteger(priority) && priority >= 0 && priority <= 255)) {
    return because("send", new InvalidOption({ option: "priority", detail: `${priority} is no integer from 0 to 255` }))
  }
  if (headers !== undefined) {
    for (const name of Object.keys(headers)) {
      if (TaskHeaders.isReserved(name)) {
        return because("send", new InvalidOption({ option: "headers", detail: `'${name}' is the protocol's own` }))
      }
    }
  }
  return undefined
}

/** An id is a correlation id too, which AMQP bounds. */
const longestId = 255

const invalid = (option: string, detail: string) => Result.fail(because("send", new InvalidOption({ option, detail })))

const isPoint = (value: Duration.Input | Date | DateTime.DateTime): value is Date | DateTime.DateTime =>
  value instanceof Date || DateTime.isDateTime(value)

const instant = (point: Date | DateTime.DateTime): number =>
  point instanceof Date ? point.getTime() : point.epochMilliseconds

/** NaN for what is no duration at all; Effect takes that very number for zero. */
const millisOf = (input: Duration.Input): number => {
  if (Number.isNaN(input)) return NaN
  const duration = Duration.fromInput(input)
  return duration._tag === "Some" ? Duration.toMillis(duration.value) : NaN
}

const earliest = -62_135_596_800_000
const latest = 253_402_300_799_999

const isInstant = (millis: number): boolean => millis >= earliest && millis <= latest
