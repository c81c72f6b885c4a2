/**
 * How often a worker may start a task: Celery's `rate_limit`.
 *
 * `"10/m"` is ten a minute, `"0.5/s"` one every two seconds, a number so many a
 * second; 0 is without a limit. It counts for each worker by itself, not for
 * all together. Source: the guide's "Tasks", `Task.rate_limit`.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

/** So many in a second, a minute or an hour. */
export type RateLimit = number | `${number}` | `${number}/${"s" | "m" | "h"}`

/** What is no rate limit. */
export class InvalidRateLimit extends Schema.TaggedError<InvalidRateLimit>()("InvalidRateLimit", {
  /** As it reads in the message. */
  limit: Schema.String
}) {
  readonly isRecoverable = false
  override get message(): string {
    return `${this.limit} is no rate limit: ${expected}`
  }
}

/** What fits, as in "must be ...". */
export const expected =
  `a number from 0 upwards and what it is counted in, as in "10/s", "100/m" or "2.5/h", or a number for each second; 0 is without a limit`

/** How many a second. Undefined when there is no limit: nothing, empty text and 0 say so. */
export const parse = (limit: unknown): Result.Result<number | undefined, InvalidRateLimit> => {
  if (limit === undefined || limit === null || limit === "" || limit === 0) return Result.succeed(undefined)
  const perSecond = typeof limit === "number" ? limit : typeof limit === "string" ? ofText(limit) : NaN
  if (!(perSecond >= 0) || perSecond === Infinity) return Result.fail(new InvalidRateLimit({ limit: shown(limit) }))
  return Result.succeed(perSecond === 0 ? undefined : perSecond)
}

/** What was received, as a rate limit: undefined when there is none. */
export const read = (value: unknown): Result.Result<RateLimit | undefined, InvalidRateLimit> =>
  // It was looked at whether it is one.
  Result.map(parse(value), (perSecond) => perSecond === undefined ? undefined : value as RateLimit)

/** How many of these go into a second. */
const units: ReadonlyMap<string, number> = new Map([["s", 1], ["m", 60], ["h", 3_600]])

/** As Python reads a number, but for its underscores and names of what is no number. */
const decimal = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i

const ofText = (text: string): number => {
  const slash = text.indexOf("/")
  const count = slash === -1 ? text : text.slice(0, slash)
  // A slash with nothing behind it counts in seconds, in Celery too.
  const unit = units.get(slash === -1 ? "s" : text.slice(slash + 1) || "s")
  return unit === undefined || !decimal.test(count) ? NaN : Number(count) / unit
}

const shown = (limit: unknown): string => {
  if (typeof limit === "string") return `'${limit.length > 64 ? `${limit.slice(0, 64)}...` : limit}'`
  return typeof limit === "number" ? String(limit) : `a value of type ${typeof limit}`
}
