/**
 * The usual kinds of values of settings, each with its check and its forms: in
 * a program, in the environment and in flags, in a Celery configuration.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import type { Kind } from "./Setting.ts"

const asItIs = (value: unknown): unknown => value

/** Text that says something. */
export const text: Kind<string> = {
  schema: () => Schema.String.check(Schema.isPattern(/\S/)),
  expected: "text",
  fromText: asItIs,
  fromCelery: asItIs
}

const yes = ["true", "yes", "on", "1"]
const no = ["false", "no", "off", "0"]

/** Yes or no. In the environment also `yes`, `on`, `1` and their opposites. */
export const flag: Kind<boolean> = {
  schema: () => Schema.Boolean,
  expected: "true or false",
  fromText: (text) => yes.includes(text.toLowerCase()) ? true : no.includes(text.toLowerCase()) ? false : text,
  fromCelery: asItIs
}

/** A whole number within bounds. */
export const integer = (
  bounds: { readonly from: number; readonly to?: number; readonly expected: string }
): Kind<number> => ({
  schema: () =>
    Schema.Int.check(
      Schema.isGreaterThanOrEqualTo(bounds.from),
      Schema.isLessThanOrEqualTo(bounds.to ?? Number.MAX_SAFE_INTEGER)
    ),
  expected: bounds.expected,
  fromText: toNumber,
  fromCelery: asItIs
})

/** One of a few values. */
export const oneOf = <const L extends ReadonlyArray<string | number>>(...values: L): Kind<L[number]> => ({
  schema: () => Schema.Literals(values),
  expected: values.join(" or "),
  fromText: (text) => values.find((value) => String(value) === text) ?? text,
  fromCelery: asItIs
})

/** Some of a few names, or none of them. In the environment with commas between them. */
export const someOf = <const L extends ReadonlyArray<string>>(...values: L): Kind<ReadonlyArray<L[number]>> => ({
  schema: () => Schema.Array(Schema.Literals(values)),
  expected: `any of ${values.join(", ")}`,
  known: values,
  fromText: (text) => splitNames(text).filter((name) => name !== ""),
  fromCelery: asItIs
})

/** Names, in their order. In the environment with commas between them. */
export const names: Kind<ReadonlyArray<string>> = {
  schema: () => Schema.Array(text.schema()),
  expected: "names, none of them empty",
  fromText: splitNames,
  fromCelery: (value) => typeof value === "string" ? [value] : value
}

/**
 * A time that is more than nothing and ends. As Effect has it in a program; in
 * the environment and in Celery a number is seconds.
 */
export const duration: Kind<Duration.Input> = {
  schema: () => Schema.declare(isTime),
  expected: "a time of more than 0: seconds, or with a unit, such as \"90 minutes\"",
  fromText: (text) => toSeconds(toNumber(text)),
  fromCelery: toSeconds,
  toCelery: (time: Duration.Input) => Duration.toSeconds(time)
}

/** A time that may be nothing, and ends. */
export const pause: Kind<Duration.Input> = {
  ...duration,
  schema: () => Schema.declare(isPause),
  expected: "a time of 0 or more: seconds, or with a unit, such as \"90 minutes\""
}

function isTime(value: unknown): value is Duration.Input {
  return millisOf(value) > 0
}

function isPause(value: unknown): value is Duration.Input {
  return millisOf(value) >= 0
}

/** NaN where it does not end, or is no time. */
const millisOf = (value: unknown): number => {
  // Whatever it is: what is no input of a duration makes none.
  const time = Duration.fromInput(value as Duration.Input)
  return time._tag === "Some" && Duration.isFinite(time.value) ? Duration.toMillis(time.value) : NaN
}

/** The number that a text is, or the text. */
export function toNumber(text: string): number | string {
  return text.trim() === "" || Number.isNaN(Number(text)) ? text : Number(text)
}

function toSeconds(value: unknown): unknown {
  return typeof value === "number" ? value * 1000 : value
}

function splitNames(text: string): ReadonlyArray<string> {
  return text.split(",").map((name) => name.trim())
}
