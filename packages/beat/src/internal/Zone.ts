/**
 * A time zone as schedules need it: how far its clocks are from UTC at an
 * instant, and which instants they show a time at.
 *
 * Zones are `effect/DateTime`'s. Asking one costs a format of `Intl` each time
 * (6 µs); so the days are remembered through which its clocks stand still,
 * which are all but two a year, and cost a look into a map.
 */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import { BeatError, UnknownTimeZone } from "../BeatError.ts"
import { dayMillis } from "./Wall.ts"

/** Days that are remembered of one zone: two years of them. */
const remembered = 800

export class Zone {
  readonly name: string
  readonly #zone: DateTime.TimeZone
  /** By number of the day: its offset, or NaN of one in which the clocks are changed. */
  readonly #days = new Map<number, number>()

  constructor(name: string, zone: DateTime.TimeZone) {
    this.name = name
    this.#zone = zone
  }

  /** Milliseconds that the clocks are ahead of UTC. */
  offsetAt(instant: number): number {
    if (this.#zone._tag === "Offset") return this.#zone.offset
    const day = Math.floor(instant / dayMillis)
    let offset = this.#days.get(day)
    if (offset === undefined) {
      const first = this.#ask(day * dayMillis)
      offset = first === this.#ask((day + 1) * dayMillis) ? first : NaN
      if (this.#days.size >= remembered) this.#days.clear()
      this.#days.set(day, offset)
    }
    return Number.isNaN(offset) ? this.#ask(instant) : offset
  }

  /** What the clocks show, as milliseconds since their 1 January 1970. */
  wallOf(instant: number): number {
    return instant + this.offsetAt(instant)
  }

  /**
   * The instants at which the clocks show a time, first and last: the same one
   * but when they are put back. A time that they skip is as much later as they
   * are put forward.
   */
  instantsOf(wall: number): readonly [number, number] {
    const before = wall - this.offsetAt(wall - dayMillis)
    const after = wall - this.offsetAt(wall + dayMillis)
    if (before === after) return [before, before]
    const isBefore = this.wallOf(before) === wall
    const isAfter = this.wallOf(after) === wall
    if (isBefore && isAfter) return before < after ? [before, after] : [after, before]
    return isAfter ? [after, after] : [before, before]
  }

  /** The first instant at which the clocks show a time. */
  instantOf(wall: number): number {
    return this.instantsOf(wall)[0]
  }

  #ask(instant: number): number {
    return DateTime.zonedOffset(DateTime.makeZonedUnsafe(instant, { timeZone: this.#zone }))
  }
}

/** One of each name: what is known of its days is known to all entries in it. */
const zones = new Map<string, Zone>()

export const zone = (name: string): Zone => {
  const known = zones.get(name)
  if (known !== undefined) return known
  const found = DateTime.zoneFromString(name)
  if (Option.isNone(found)) throw new BeatError({ reason: new UnknownTimeZone({ zone: name }) })
  const made = new Zone(name, found.value)
  zones.set(name, made)
  return made
}
