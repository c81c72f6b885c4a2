/**
 * When a periodic task is due: `schedule` (an interval), `crontab` and `solar`, as
 * Celery names them, or whatever else says which slot comes next.
 *
 * A slot is an instant at which a task is due, in milliseconds since the epoch. A
 * schedule holds no state and knows no clock: of the same last slot it says the same
 * next one, on every machine.
 *
 * ```ts
 * Schedule.schedule("30 seconds")
 * Schedule.crontab({ hour: 8, minute: 0, dayOfWeek: "mon-fri", timeZone: "Europe/Berlin" })
 * Schedule.solar({ event: "sunset", latitude: 52.5, longitude: 13.4 })
 * ```
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import { BeatError, InvalidCrontab, InvalidSchedule } from "./BeatError.ts"
import * as Field from "./internal/CronField.ts"
import { type CronFields, nextWall } from "./internal/CronFields.ts"
import { human } from "./internal/Human.ts"
import { alignedEnd } from "./internal/Interval.ts"
import * as Sun from "./internal/Sun.ts"
import { zone } from "./internal/Zone.ts"

/** Which slots there are. One of your own needs `next` and `describe`. */
export interface Schedule {
  /** The first slot after an instant, which is a slot too or when the entry began. `undefined`: there is none any more. */
  readonly next: (after: number) => number | undefined
  /** As logs and lists show it. */
  readonly describe: string
  /** Milliseconds from each slot to the next, where they are always the same. Slots that were missed are then counted, not looked for. */
  readonly every?: number | undefined
  /** The zone in which its times are shown. */
  readonly timeZone?: string | undefined
  /** As it is kept in stores and settings: see `ScheduleForm`. Without it, an entry can be in code alone. */
  readonly toJSON?: (() => Json) | undefined
}

/** What JSON holds. */
export type Json = number | Readonly<Record<string, unknown>>

export interface IntervalOptions {
  /** Celery's `relative`: slots are kept to the clock, as every full hour, and not counted from when the entry began. */
  readonly relative?: boolean | undefined
  /** Whose clock. Default `UTC`. */
  readonly timeZone?: string | undefined
}

/** Every so often, from a millisecond to a century. */
export const schedule = (every: Duration.Input, options?: IntervalOptions): Schedule => {
  const millis = Duration.toMillis(every)
  if (!(millis >= 1 && millis <= maximumInterval)) {
    const detail = `schedule: an interval of ${millis} ms is not between a millisecond and a century`
    throw new BeatError({ reason: new InvalidSchedule({ detail }) })
  }
  if (options?.relative !== true) return new Interval(millis)
  const describe = `<freq: ${human(millis)}>`
  const seconds = millis / 1000
  const timeZone = options.timeZone ?? "UTC"
  const clock = zone(timeZone)
  return {
    next: (after) => {
      const end = alignedEnd(clock, after, millis)
      return end > after ? end : after + millis
    },
    describe,
    timeZone,
    toJSON: () => ({ __type__: "interval", every: seconds, relative: true, timezone: timeZone })
  }
}

/** A class, for there may be a hundred thousand. */
class Interval implements Schedule {
  readonly every: number

  constructor(every: number) {
    this.every = every
  }

  next(after: number): number {
    return after + this.every
  }

  get describe(): string {
    return `<freq: ${human(this.every)}>`
  }

  toJSON(): Json {
    return this.every / 1000
  }
}

export interface CrontabOptions {
  readonly minute?: Field.Cronspec | undefined
  readonly hour?: Field.Cronspec | undefined
  /** 0 is Sunday. */
  readonly dayOfWeek?: Field.Cronspec | undefined
  readonly dayOfMonth?: Field.Cronspec | undefined
  readonly monthOfYear?: Field.Cronspec | undefined
  /** A name of the IANA database, or an offset. Default `UTC`. */
  readonly timeZone?: string | undefined
}

/**
 * When the clocks of a zone show what all five fields name; one that is left out is
 * `*`. Fields are numbers, lists of them, or expressions: `*`, `8-17`, `22-4`,
 * `mon-fri`, `*` and ranges with a step as `8-17/2`, and these with commas between.
 *
 * A time that clocks skip is due as much later, one that they show twice at the first.
 */
export const crontab = (options: CrontabOptions = {}): Schedule => {
  const { dayOfMonth = "*", dayOfWeek = "*", hour = "*", minute = "*", monthOfYear = "*", timeZone = "UTC" } = options
  const fields = {
    minutes: Field.parse(Field.minute, minute),
    hours: Field.parse(Field.hour, hour),
    daysOfWeek: Field.parse(Field.dayOfWeek, dayOfWeek),
    daysOfMonth: Field.parse(Field.dayOfMonth, dayOfMonth),
    months: Field.parse(Field.monthOfYear, monthOfYear)
  }
  const longest = Math.max(...fields.months.map((month) => month === 2 ? 29 : [4, 6, 9, 11].includes(month) ? 30 : 31))
  if (fields.daysOfMonth[0]! > longest) {
    const detail = `is in no month of '${Field.written(monthOfYear)}': give a day that one of them has`
    const value = Field.written(dayOfMonth)
    throw new BeatError({ reason: new InvalidCrontab({ field: Field.dayOfMonth.name, value, detail }) })
  }
  return new Crontab({ dayOfMonth, dayOfWeek, hour, minute, monthOfYear }, fields, timeZone)
}

type Specs = Readonly<Record<"dayOfMonth" | "dayOfWeek" | "hour" | "minute" | "monthOfYear", Field.Cronspec>>

/** A class, too. */
class Crontab implements Schedule {
  readonly timeZone: string
  readonly #specs: Specs
  readonly #fields: CronFields

  constructor(specs: Specs, fields: CronFields, timeZone: string) {
    zone(timeZone)
    this.#specs = specs
    this.#fields = fields
    this.timeZone = timeZone
  }

  next(after: number): number | undefined {
    const clock = zone(this.timeZone)
    let wall = nextWall(this.#fields, clock.wallOf(after))
    while (wall !== undefined) {
      const slot = clock.instantOf(wall)
      if (slot > after) return slot
      // The clocks were put back: what they show was due before.
      wall = nextWall(this.#fields, wall)
    }
    return undefined
  }

  get describe(): string {
    const { dayOfMonth, dayOfWeek, hour, minute, monthOfYear } = this.#specs
    const text = [minute, hour, dayOfMonth, monthOfYear, dayOfWeek].map(Field.written).join(" ")
    return `<crontab: ${text} (m/h/dM/MY/d)>`
  }

  toJSON(): Json {
    const { dayOfMonth, dayOfWeek, hour, minute, monthOfYear } = this.#specs
    return {
      __type__: "crontab",
      minute,
      hour,
      day_of_week: dayOfWeek,
      day_of_month: dayOfMonth,
      month_of_year: monthOfYear,
      timezone: this.timeZone
    }
  }
}

/** Whether it is a `crontab`. */
export const isCrontab = (schedule: Schedule): boolean => schedule instanceof Crontab

/** A crontab as one line of five fields: minute, hour, day of month, month, day of week. Celery's `from_string`. */
export const crontabOf = (line: string, options?: { readonly timeZone?: string | undefined }): Schedule => {
  const parts = line.trim().split(/\s+/)
  const [minute, hour, dayOfMonth, monthOfYear, dayOfWeek] = parts
  if (parts.length !== 5) {
    const detail = `has ${parts.length} fields: write five, minute, hour, day of month, month and day of week`
    throw new BeatError({ reason: new InvalidCrontab({ field: "the line", value: line, detail }) })
  }
  return crontab({ minute, hour, dayOfMonth, monthOfYear, dayOfWeek, timeZone: options?.timeZone })
}

/** What the sun does: Celery's names. */
export type SolarEvent =
  | "dawn_astronomical"
  | "dawn_nautical"
  | "dawn_civil"
  | "sunrise"
  | "solar_noon"
  | "sunset"
  | "dusk_civil"
  | "dusk_nautical"
  | "dusk_astronomical"

export interface SolarOptions {
  readonly event: SolarEvent
  /** Degrees north of the equator, from -90 to 90. */
  readonly latitude: number
  /** Degrees east of Greenwich, from -180 to 180. */
  readonly longitude: number
  /** The zone in which its times are shown. Default `UTC`. */
  readonly timeZone?: string | undefined
}

const horizons: Readonly<Record<SolarEvent, readonly [Sun.Horizon, "rising" | "setting"] | undefined>> = {
  dawn_astronomical: [{ altitude: -18, limb: false }, "rising"],
  dawn_nautical: [{ altitude: -12, limb: false }, "rising"],
  dawn_civil: [{ altitude: -6, limb: false }, "rising"],
  sunrise: [{ altitude: -34 / 60, limb: true }, "rising"],
  solar_noon: undefined,
  sunset: [{ altitude: -34 / 60, limb: true }, "setting"],
  dusk_civil: [{ altitude: -6, limb: false }, "setting"],
  dusk_nautical: [{ altitude: -12, limb: false }, "setting"],
  dusk_astronomical: [{ altitude: -18, limb: false }, "setting"]
}

/** Each time the sun does something at a place; where it does not on some days, on the next day that it does. */
export const solar = (options: SolarOptions): Schedule => {
  const { event, latitude, longitude, timeZone = "UTC" } = options
  const refuse = (detail: string) => new BeatError({ reason: new InvalidSchedule({ detail: `solar: ${detail}` }) })
  if (!Object.hasOwn(horizons, event)) {
    throw refuse(`no event is named '${event}': take one of ${Object.keys(horizons).join(", ")}`)
  }
  if (!(latitude >= -90 && latitude <= 90)) throw refuse(`a latitude of ${latitude} is not from -90 to 90`)
  if (!(longitude >= -180 && longitude <= 180)) throw refuse(`a longitude of ${longitude} is not from -180 to 180`)
  zone(timeZone)
  const crossing = horizons[event]
  return {
    next: (after) =>
      crossing === undefined
        ? Math.ceil(Sun.nextTransit(after, options))
        : Sun.nextCrossing(after, options, ...crossing),
    describe: `<solar: ${event} at latitude ${latitude}, longitude: ${longitude}>`,
    timeZone,
    toJSON: () => ({ __type__: "solar", event, lat: latitude, lon: longitude, timezone: timeZone })
  }
}

/** A hundred years of 366 days, in milliseconds. */
const maximumInterval = 36_600 * 86_400_000
