/**
 * A field of a crontab, as Celery reads it: `*`, a number or a name, a range that
 * may wrap around, each with a step, and lists of them.
 *
 * `effect/Cron` reads other things: a step behind a single number, 7 as Sunday, no
 * range that wraps; and it joins the fields of days by "or". So Celery's rules are
 * read here (celery/schedules.py, `crontab_parser`).
 */
import { BeatError, InvalidCrontab } from "../BeatError.ts"

export interface Field {
  /** As it is written in Celery's settings. */
  readonly name: string
  readonly first: number
  readonly last: number
  /** Names of its numbers, from the first on. */
  readonly names: ReadonlyArray<string>
}

/** What a field is given as: a number, the text of an expression, or a list of numbers. */
export type Cronspec = number | string | ReadonlyArray<number>

const months = [
  "january",
  "february",
  "march",
  "april",
  "may",
  "june",
  "july",
  "august",
  "september",
  "october",
  "november",
  "december"
]

const weekdays = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]

export const minute: Field = { name: "minute", first: 0, last: 59, names: [] }
export const hour: Field = { name: "hour", first: 0, last: 23, names: [] }
export const dayOfWeek: Field = { name: "day_of_week", first: 0, last: 6, names: weekdays }
export const dayOfMonth: Field = { name: "day_of_month", first: 1, last: 31, names: [] }
export const monthOfYear: Field = { name: "month_of_year", first: 1, last: 12, names: months }

/** What was read before: of a hundred thousand entries most fields are the same. */
const read = new Map<string, ReadonlyArray<number>>()

/** So many are remembered. */
const mostRead = 1000

/** The numbers that a field stands for, in order, each once. */
export const parse = (field: Field, spec: Cronspec): ReadonlyArray<number> => {
  const key = typeof spec === "object" ? undefined : `${field.name} ${spec}`
  const known = key === undefined ? undefined : read.get(key)
  if (known !== undefined) return known
  const refuse = (detail: string): never => {
    throw new BeatError({ reason: new InvalidCrontab({ field: field.name, value: written(spec), detail }) })
  }
  const values = typeof spec === "string"
    ? spec.split(",").flatMap((part) => expand(field, part.trim(), refuse))
    : (typeof spec === "number" ? [spec] : Array.from(spec)).map((value) => checked(field, value, refuse))
  if (values.length === 0) return refuse("names no time: leave it out, or write '*', for all")
  const sorted = Array.from(new Set(values)).sort((a, b) => a - b)
  if (key !== undefined && key.length < 100 && read.size < mostRead) read.set(key, sorted)
  return sorted
}

/** A field as one writes it. */
export const written = (spec: Cronspec): string => typeof spec === "object" ? spec.join(",") : String(spec)

type Refuse = (detail: string) => never

const expand = (field: Field, part: string, refuse: Refuse): ReadonlyArray<number> => {
  if (part === "") return refuse("has an empty part: write numbers, ranges and '*' with single commas between them")
  const match = /^(?:(\*)|(\w+)(?:-(\w+))?)(?:\/(\w*))?$/.exec(part)
  if (match === null) return refuse(`has '${part}', which is no number, range, or step as '*/5' or '8-17/2'`)
  const [, star, from, to, step] = match
  if (step !== undefined && star === undefined && to === undefined) {
    return refuse(`has a step behind one number in '${part}': write '${from}-${field.last}/${step}'`)
  }
  const every = step === undefined ? 1 : stepOf(part, step, refuse)
  const all = star !== undefined
    ? between(field.first, field.last)
    : ranged(field, numberOf(field, from!, refuse), to === undefined ? undefined : numberOf(field, to, refuse))
  return every === 1 ? all : all.filter((_, index) => index % every === 0)
}

const stepOf = (part: string, step: string, refuse: Refuse): number =>
  /^\d{1,4}$/.test(step) && Number(step) > 0
    ? Number(step)
    : refuse(`has the step '${step}' in '${part}': write a whole number above 0`)

const between = (from: number, to: number): ReadonlyArray<number> =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index)

/** A range whose end lies before its start goes on from the first number. */
const ranged = (field: Field, from: number, to: number | undefined): ReadonlyArray<number> => {
  if (to === undefined) return [from]
  return to < from ? [...between(from, field.last), ...between(field.first, to)] : between(from, to)
}

const numberOf = (field: Field, text: string, refuse: Refuse): number => {
  if (/^\d{1,9}$/.test(text)) return checked(field, Number(text), refuse)
  const name = text.toLowerCase()
  const index = field.names.findIndex((known) => known === name || known.slice(0, 3) === name)
  if (index >= 0) return field.first + index
  const names = field.names.length === 0 ?
    "" :
    `, or '${field.names[0]!.slice(0, 3)}' to '${field.names.at(-1)!.slice(0, 3)}'`
  return refuse(`has '${text}': write a number from ${field.first} to ${field.last}${names}`)
}

const checked = (field: Field, value: number, refuse: Refuse): number => {
  if (Number.isInteger(value) && value >= field.first && value <= field.last) return value
  const sunday = field === dayOfWeek && value === 7 ? " (Sunday is 0)" : ""
  return refuse(`has ${value}: write whole numbers from ${field.first} to ${field.last}${sunday}`)
}
