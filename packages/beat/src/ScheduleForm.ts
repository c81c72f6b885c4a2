/**
 * Schedules as they stand in settings, in stores and in commands: what Celery's
 * `beat_schedule` holds, where that is JSON.
 *
 * | | |
 * |---|---|
 * | a number | an interval in seconds |
 * | text | a crontab of five fields, as `0 8 * * mon-fri` |
 * | `{"__type__": "interval", "every": 30, "relative": true}` | an interval |
 * | `{"__type__": "crontab", "minute": "0", "hour": 8, "day_of_week": "mon-fri", "timezone": "Europe/Berlin"}` | a crontab |
 * | `{"__type__": "solar", "event": "sunset", "lat": 52.5, "lon": 13.4}` | the sun |
 *
 * The objects are those that RedBeat keeps, with a zone added. A `Schedule` made in
 * code stands for itself.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import { BeatError, InvalidSchedule } from "./BeatError.ts"
import type { Cronspec } from "./internal/CronField.ts"
import { isTable, textOr } from "./internal/Json.ts"
import * as Schedule from "./Schedule.ts"

export interface Options {
  /** Of what names none. Default `UTC`. */
  readonly timeZone?: string | undefined
  /** Whether intervals are kept to the clock that do not say. Default false. */
  readonly relative?: boolean | undefined
}

/** Reads one. Fails with a `BeatError` for what is none. */
export const decode = (value: unknown, options?: Options): Result.Result<Schedule.Schedule, BeatError> => {
  try {
    return Result.succeed(read(value, options ?? {}))
  } catch (error) {
    if (error instanceof BeatError) return Result.fail(error)
    throw error
  }
}

const kinds: Readonly<Record<string, ReadonlyArray<string>>> = {
  interval: ["every", "relative", "timezone"],
  crontab: ["minute", "hour", "day_of_week", "day_of_month", "month_of_year", "timezone"],
  solar: ["event", "lat", "lon", "timezone"]
}

const read = (value: unknown, options: Options): Schedule.Schedule => {
  if (typeof value === "number") return interval(value, options.relative, options.timeZone)
  if (typeof value === "string") return Schedule.crontabOf(value, { timeZone: options.timeZone })
  if (!isTable(value)) return refuse("a schedule is a number of seconds, a line of crontab, or an object")
  if (isSchedule(value)) return value
  const { __type__: kind, ...fields } = value
  const known = typeof kind === "string" && Object.hasOwn(kinds, kind) ? kinds[kind]! : undefined
  if (known === undefined) {
    return refuse(`__type__ is ${JSON.stringify(kind) ?? "missing"}: write one of ${Object.keys(kinds).join(", ")}`)
  }
  const other = Object.keys(fields).find((name) => !known.includes(name))
  if (other !== undefined) return refuse(`${kind} has no '${other}': it has ${known.join(", ")}`)
  const timeZone = textOr(fields.timezone, () => refuse("timezone is no text")) ?? options.timeZone
  if (kind === "interval") return interval(fields.every, fields.relative ?? options.relative, timeZone)
  if (kind === "crontab") {
    return Schedule.crontab({
      minute: cronspec("minute", fields.minute),
      hour: cronspec("hour", fields.hour),
      dayOfWeek: cronspec("day_of_week", fields.day_of_week),
      dayOfMonth: cronspec("day_of_month", fields.day_of_month),
      monthOfYear: cronspec("month_of_year", fields.month_of_year),
      timeZone
    })
  }
  const event = fields.event as Schedule.SolarEvent // `solar` refuses what is none
  return Schedule.solar({ event, latitude: number("lat", fields.lat), longitude: number("lon", fields.lon), timeZone })
}

const refuse = (detail: string): never => {
  throw new BeatError({ reason: new InvalidSchedule({ detail: `schedule: ${detail}` }) })
}

const isSchedule = (value: object): value is Schedule.Schedule =>
  "next" in value && typeof value.next === "function" && "describe" in value && typeof value.describe === "string"

const number = (name: string, value: unknown): number =>
  typeof value === "number" ? value : refuse(`${name} is no number`)

const interval = (every: unknown, relative: unknown, timeZone: string | undefined): Schedule.Schedule =>
  Schedule.schedule(number("every", every) * 1000, { relative: relative === true, timeZone })

const cronspec = (name: string, value: unknown): Cronspec | undefined => {
  if (value == null) return undefined
  if (typeof value === "string" || typeof value === "number") return value
  if (Array.isArray(value) && value.every((item) => typeof item === "number")) return value
  return refuse(`${name} is neither text, a number, nor a list of numbers`)
}
