/**
 * Writes JSON: `JSON.stringify` for all that it writes rightly, which a walk
 * finds out, and a writer of our own for the rest.
 *
 * @since 0.1.0
 */
import * as BigDecimal from "effect/BigDecimal"
import * as DateTime from "effect/DateTime"
import * as Redacted from "effect/Redacted"
import { isUtf8 } from "node:buffer"
import { defaults as limits } from "../../Limits.ts"
import { because, Unencodable } from "../../MessagingError.ts"
import * as PythonValue from "../../PythonValue.ts"
import { isEnvelope } from "./JsonReader.ts"
import type { JsonType } from "./JsonType.ts"

/** Throws `Unencodable`. */
export const stringify = (value: unknown, types: ReadonlyArray<JsonType<any>>): string =>
  (types.length === 0 && isPlain(value, limits.depth)
    ? JSON.stringify(value)
    : write(value, { types, path: [], above: [] })) ?? "null"

/** Whether `JSON.stringify` writes all of it, and rightly. */
const isPlain = (value: unknown, depth: number): boolean => {
  switch (typeof value) {
    case "string":
    case "boolean":
    case "undefined":
      return true
    case "number":
      return value <= 9007199254740991 && value >= -9007199254740991
    case "object":
      break
    default:
      return false
  }
  if (value === null) return true
  if (depth === 0) return false
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const item = value[i]
      if (typeof item !== "string" && !isPlain(item, depth - 1)) return false
    }
    return true
  }
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return false
  const object = value as Record<string, unknown>
  for (const key in object) {
    const item = object[key]
    if (key === "__type__" && isEnvelope(object)) return false
    if (typeof item !== "string" && item !== null && !isPlain(item, depth - 1)) return false
  }
  return true
}

interface Writer {
  readonly types: ReadonlyArray<JsonType<any>>
  /** To where we are. */
  readonly path: Array<string | number>
  /** The objects we are in. */
  readonly above: Array<object>
}

/** Writes what `isPlain` refuses. As with `JSON.stringify`, nothing comes of `undefined`. */
const write = (value: unknown, writer: Writer): string | undefined => {
  for (const type of writer.types) {
    if (!type.is(value)) continue
    const encoded = type.encode(value)
    // Without an envelope, what comes out is not asked again: it may well be of the same type.
    return type.type === null
      ? writeBuiltin(encoded, writer)
      : envelope(type.type, write(encoded, writer) ?? "null")
  }
  return writeBuiltin(value, writer)
}

const writeBuiltin = (value: unknown, writer: Writer): string | undefined => {
  switch (typeof value) {
    case "undefined":
      return undefined
    case "string":
      return quote(value)
    case "boolean":
    case "bigint":
      return value.toString()
    case "number":
      return writeNumber(value)
    case "object":
      return value === null ? "null" : writeObject(value, writer)
    case "function":
    case "symbol":
      throw refuse(writer, `a ${typeof value} has no form in JSON`)
  }
}

const writeNumber = (value: number): string => {
  // Python tells a float from an integer by its form.
  const text = String(value)
  return Number.isInteger(value) && !Number.isSafeInteger(value) && !text.includes("e") ? `${text}.0` : text
}

const writeObject = (value: object, writer: Writer): string => {
  if (value instanceof Uint8Array) return writeBytes(value)
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw refuse(writer, "an invalid Date has no form in JSON")
    return envelope("datetime", quote(PythonValue.isoformat(DateTime.makeUnsafe(value))))
  }
  if (DateTime.isDateTime(value)) return envelope("datetime", quote(PythonValue.isoformat(value)))
  if (BigDecimal.isBigDecimal(value)) return envelope("decimal", quote(PythonValue.formatDecimal(value)))
  if (value instanceof PythonValue.PlainDateTime) return envelope("datetime", quote(value.toString()))
  if (value instanceof PythonValue.PlainDate) return envelope("date", quote(value.toString()))
  if (value instanceof PythonValue.PlainTime) return envelope("time", quote(value.toString()))
  if (value instanceof PythonValue.Uuid) return envelope("uuid", `{"hex":${quote(value.hex)}}`)
  if (value instanceof PythonValue.Float) return value.toString()
  if (Redacted.isRedacted(value)) {
    throw refuse(writer, "a Redacted value is not sent: unwrap it with Redacted.value where that is meant")
  }
  if (writer.above.includes(value)) throw refuse(writer, "a value that contains itself has no form in JSON")
  if (writer.above.length >= limits.depth) {
    throw refuse(writer, `nested deeper than ${limits.depth} levels, which no reader accepts`)
  }
  writer.above.push(value)
  const text = writeMembers(value, writer)
  writer.above.pop()
  return text
}

const writeMembers = (value: object, writer: Writer): string => {
  if ("toJSON" in value && typeof value.toJSON === "function") return write(value.toJSON(), writer) ?? "null"
  if (Array.isArray(value) || value instanceof Set) {
    let out = ""
    let index = 0
    for (const item of value) {
      out += (index === 0 ? "" : ",") + (at(writer, index, item) ?? "null")
      index++
    }
    return `[${out}]`
  }
  if (value instanceof Map) return writeEntries(value, writer)
  if (Object.prototype.toString.call(value) !== "[object Object]" || value instanceof WeakRef) {
    throw refuse(writer, `${Object.prototype.toString.call(value)} has no form in JSON`)
  }
  if (isEnvelope(value)) {
    throw refuse(
      writer,
      "an object with exactly the keys __type__ and __value__ would be read as an envelope: declare the type with Json.make"
    )
  }
  return writeEntries(Object.entries(value), writer)
}

const writeEntries = (entries: Iterable<[unknown, unknown]>, writer: Writer): string => {
  let out = ""
  for (const [key, item] of entries) {
    if (typeof key !== "string") throw refuse(writer, `the keys of a Map are strings, and one is a ${typeof key}`)
    const text = at(writer, key, item)
    if (text !== undefined) out += `${out === "" ? "" : ","}${quote(key)}:${text}`
  }
  return `{${out}}`
}

const at = (writer: Writer, key: string | number, item: unknown): string | undefined => {
  writer.path.push(key)
  const text = write(item, writer)
  writer.path.pop()
  return text
}

const writeBytes = (bytes: Uint8Array): string => {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return isUtf8(buffer)
    ? envelope("bytes", quote(buffer.toString("utf8")))
    : envelope("base64", quote(buffer.toString("base64")))
}

const envelope = (type: string, value: string): string => `{"__type__":${quote(type)},"__value__":${value}}`

const quote = (text: string): string => JSON.stringify(text)

const refuse = (writer: Writer, what: string) =>
  because("encode", new Unencodable({ detail: `${what} (at ${pathOf(writer.path)})` }))

const pathOf = (path: ReadonlyArray<string | number>): string =>
  path.length === 0
    ? "the value itself"
    : path.map((key) => typeof key === "number" ? `[${key}]` : `.${key.slice(0, 64)}`).join("").replace(/^\./, "")
