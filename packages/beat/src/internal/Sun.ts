/**
 * When the sun stands where an event of Celery's `solar` has it.
 *
 * Its place is that of Meeus, Astronomical Algorithms, chapter 25 (to 0.01°, two
 * seconds of time), its horizons are those that Celery gives to PyEphem: without
 * refraction, 34' below the horizon for the upper limb, 6, 12 and 18° for the centre.
 * Python's answers are within a few seconds of it, where the sun rises and sets every day.
 */
import { dayMillis } from "./Wall.ts"

const radians = Math.PI / 180

/** 1 January 2000, noon: what the formulas count from. */
const epoch = Date.UTC(2000, 0, 1, 12)

/** How far the centre of the sun stands below that limb of it; its parallax. Degrees, at a mean distance. */
const radius = 959.63 / 3600
const parallax = 8.794 / 3600

/** A year and a day: what does not happen in it does not happen there. */
const searchDays = 366

export interface Horizon {
  /** Degrees above the horizon. */
  readonly altitude: number
  /** Whether it is the upper limb that stands there, or the centre. */
  readonly limb: boolean
}

interface Place {
  readonly latitude: number
  readonly longitude: number
}

interface Position {
  /** How far it is west of the meridian, from 0 up to 360 degrees. */
  readonly hourAngle: number
  readonly altitude: number
  readonly distance: number
}

const turn = (degrees: number): number => ((degrees % 360) + 360) % 360

const positionAt = (instant: number, place: Place): Position => {
  const days = (instant - epoch) / dayMillis
  const t = days / 36_525
  const anomaly = radians * (357.52911 + t * (35_999.05029 - t * 0.0001537))
  const center = (1.914602 - t * (0.004817 + t * 0.000014)) * Math.sin(anomaly) +
    (0.019993 - t * 0.000101) * Math.sin(2 * anomaly) + 0.000289 * Math.sin(3 * anomaly)
  const node = radians * (125.04 - 1934.136 * t)
  const mean = 280.46646 + t * (36_000.76983 + t * 0.0003032)
  const longitude = radians * (mean + center - 0.00569 - 0.00478 * Math.sin(node))
  const obliquity = radians * (23.439291 - t * 0.0130042 + 0.00256 * Math.cos(node))
  const ascension = Math.atan2(Math.cos(obliquity) * Math.sin(longitude), Math.cos(longitude)) / radians
  const declination = Math.asin(Math.sin(obliquity) * Math.sin(longitude))
  const eccentricity = 0.016708634 - t * 0.000042037
  const distance = 1.000001018 * (1 - eccentricity ** 2) /
    (1 + eccentricity * Math.cos(anomaly + radians * center))
  const sidereal = 280.46061837 + 360.98564736629 * days
  const hourAngle = turn(sidereal + place.longitude - ascension)
  const latitude = radians * place.latitude
  const altitude = Math.asin(
    Math.sin(latitude) * Math.sin(declination) +
      Math.cos(latitude) * Math.cos(declination) * Math.cos(radians * hourAngle)
  ) / radians
  return { hourAngle, altitude, distance }
}

/** When the sun next passes the meridian (0), or the one opposite (180), after an instant. */
export const nextTransit = (after: number, place: Place, angle: 0 | 180 = 0): number => {
  const ahead = turn(angle - positionAt(after, place).hourAngle)
  // It may stand there already, but for a rounding.
  let instant = after + (ahead < 1e-3 ? 360 : ahead) / 360 * dayMillis
  for (let round = 0; round < 4; round++) {
    const off = turn(positionAt(instant, place).hourAngle - angle + 180) - 180
    instant -= off / 360 * dayMillis
  }
  return instant
}

/** When the sun next comes up through a horizon, or goes down through it. `undefined` of what is not within a year. */
export const nextCrossing = (
  after: number,
  place: Place,
  horizon: Horizon,
  direction: "rising" | "setting"
): number | undefined => {
  const height = (instant: number) => {
    const { altitude, distance } = positionAt(instant, place)
    return altitude - horizon.altitude + (horizon.limb ? radius / distance : 0) - parallax
  }
  const sign = direction === "rising" ? 1 : -1
  let from = after
  for (let half = 0; half <= 2 * searchDays; half++) {
    // Between the two meridians it only climbs, or only falls.
    const to = Math.min(nextTransit(from, place, 0), nextTransit(from, place, 180))
    if (sign * height(from) < 0 && sign * height(to) >= 0) return crossing(height, from, to, sign)
    from = to
  }
  return undefined
}

const crossing = (height: (instant: number) => number, from: number, to: number, sign: number): number => {
  let [low, high] = [from, to]
  while (high - low > 1) {
    const middle = (low + high) / 2
    if (sign * height(middle) < 0) low = middle
    else high = middle
  }
  return Math.ceil(high)
}
