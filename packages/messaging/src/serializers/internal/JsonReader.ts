/**
 * Reads JSON: `JSON.parse`, a walk that looks for what it may have got wrong,
 * and more only where the walk found something.
 *
 * @since 0.1.0
 */
import type { Limits } from "../../Limits.ts"
import { because, Undecodable } from "../../MessagingError.ts"
import * as PythonValue from "../../PythonValue.ts"
import * as JsonText from "./JsonText.ts"
import type { JsonType } from "./JsonType.ts"

/** Makes a value of what an envelope holds; throws to refuse. */
type Decoder = (value: unknown) => unknown

/** By `__type__`: the built-in ones, and those of `types`, which count more. */
export const decoders = (types: ReadonlyArray<JsonType<any>>): ReadonlyMap<string, Decoder> => {
  const all = new Map(builtin)
  for (const { decode, type } of types) {
    if (type !== null && decode !== undefined) all.set(type, decode)
  }
  return all
}

/** A text this long is looked through before anything is built from it; a shorter one can do no harm. */
const longText = 64 * 1024

/** Throws `Undecodable` or `TooLarge`. */
export const parse = (text: string, limits: Limits, decoders: ReadonlyMap<string, Decoder>): unknown => {
  if (text.length > longText) JsonText.survey(text, limits)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    value = JsonText.parse(text, limits.depth)
  }
  let found = inspect(value, limits.depth)
  if (found & TooDeep) throw JsonText.tooDeep(limits.depth)
  if (found & Inexact) {
    value = JsonText.parse(text, limits.depth)
    found = found & ~Inexact
  }
  return found === Plain ? value : revive(value, decoders)
}

const Plain = 0
/** A number that `JSON.parse` may have rounded. */
const Inexact = 1
/** A key `__type__`. */
const Typed = 2
const TooDeep = 4

/** What a parsed value has in it, by one walk. */
const inspect = (value: unknown, depth: number): number => {
  if (typeof value === "number") return value <= 9007199254740991 && value >= -9007199254740991 ? Plain : Inexact
  if (typeof value !== "object" || value === null) return Plain
  if (depth === 0) return TooDeep
  let found = Plain
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const item = value[i]
      if (typeof item !== "string") found |= inspect(item, depth - 1)
    }
    return found
  }
  const object = value as Record<string, unknown>
  for (const key in object) {
    const item = object[key]
    if (key === "__type__") found |= Typed
    if (typeof item !== "string" && item !== null) found |= inspect(item, depth - 1)
  }
  return found
}

/** Replaces envelopes by what is in them, inner ones first. The value is ours: it is changed in place. */
const revive = (value: unknown, decoders: ReadonlyMap<string, Decoder>): unknown => {
  if (typeof value !== "object" || value === null) return value
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) value[i] = revive(value[i], decoders)
    return value
  }
  const object = value as Record<string, unknown>
  // Assigning to an own property is safe, `__proto__` included.
  for (const key of Object.keys(object)) object[key] = revive(object[key], decoders)
  if (!isEnvelope(object)) return object
  const type = object["__type__"]
  const decoder = typeof type === "string" ? decoders.get(type) : undefined
  if (decoder === undefined) {
    throw because(
      "decode",
      new Undecodable({
        detail: `Unsupported type ${typeof type === "string" ? `'${type.slice(0, 64)}'` : typeof type} in an envelope`
      })
    )
  }
  return decoder(object["__value__"])
}

/** Exactly two keys, and these. */
export const isEnvelope = (object: object): boolean =>
  Object.hasOwn(object, "__type__") && Object.hasOwn(object, "__value__") && Object.keys(object).length === 2

const ofText = (type: string, parse: (text: string) => unknown): readonly [string, Decoder] => [type, (value) => {
  const parsed = typeof value === "string" ? parse(value) : undefined
  if (parsed === undefined) {
    throw because("decode", new Undecodable({ detail: `an envelope of type '${type}' holds no ${type}` }))
  }
  return parsed
}]

const hexOf = (value: unknown): unknown =>
  typeof value === "object" && value !== null && "hex" in value ? value.hex : value

const uuid = ofText("uuid", PythonValue.parseUuid)

const builtin: ReadonlyArray<readonly [string, Decoder]> = [
  ofText("datetime", PythonValue.parseDateTime),
  ofText("date", (text) => PythonValue.parseDate(text.slice(0, 10))),
  ofText("time", PythonValue.parseTime),
  ofText("decimal", PythonValue.parseDecimal),
  [uuid[0], (value) => uuid[1](hexOf(value))],
  ofText("bytes", (text) => text.isWellFormed() ? new Uint8Array(Buffer.from(text, "utf8")) : undefined),
  ofText(
    "base64",
    (text) =>
      text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text)
        ? new Uint8Array(Buffer.from(text, "base64"))
        : undefined
  )
]
