/**
 * JSON that somebody typed, read so that Python gets what they wrote: `1.0` is a
 * `float` and `1` an `int`, however large, which a number of JavaScript's does
 * not tell.
 */
import * as PythonValue from "@celeriac/messaging/PythonValue"

/** Throws for what is no JSON. */
export const parse = (text: string): unknown =>
  // The text of what was read is newer than the types of `JSON.parse`.
  (JSON.parse as Parse)(text, (_, value, { source }) => typeof value === "number" ? numberOf(value, source) : value)

type Parse = (
  text: string,
  revive: (key: string, value: unknown, context: { readonly source?: string | undefined }) => unknown
) => unknown

const numberOf = (value: number, source = ""): unknown => {
  if (/[.eE]/.test(source)) return Number.isInteger(value) ? new PythonValue.Float({ value }) : value
  return Number.isSafeInteger(value) || source === "" ? value : BigInt(source)
}
