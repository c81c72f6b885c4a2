/**
 * Values as Python prints them: what `argsrepr`, `kwargsrepr`, events, logs
 * and inspect replies hold, and what monitors show.
 *
 * `safe` is Celery's `saferepr`: cut in length and depth, so that it costs
 * little however large the value is. `repr` is Python's own `repr`, for the
 * text of exceptions. Values print as the Python peer receives them: an object
 * is a dict, an array is a list, 1.0 is the integer 1. Neither ever throws.
 * Source: tasks §18, and `test/fixtures/python-repr.json`, made by Python.
 *
 * @since 0.1.0
 */
import { quoteBytes, quoteText } from "../internal/PythonQuote.ts"
import { isList, type Members, open, scalar } from "../internal/PythonScalar.ts"

/** Where `safe` stops. */
export interface SafeOptions {
  /** Characters after which the rest is `...`. Default 1024. */
  readonly maxLength?: number | undefined
  /** Levels of lists and dicts below which there is only `[...]`. Default 3. */
  readonly maxLevels?: number | undefined
}

/** Positional arguments, as a tuple: `(2, 'a')`, `(2,)`, `()`. */
export const args = (values: ReadonlyArray<unknown>, maxLength = defaultLength): string => {
  const printer = new Printer(maxLength, defaultLevels)
  try {
    printer.tuple(values)
    return printer.out
  } catch {
    return unrepresentable
  }
}

/** Keyword arguments, as a dict: `{'a': 1}`. */
export const kwargs = (values: Readonly<Record<string, unknown>>, maxLength = defaultLength): string =>
  print(values, maxLength, defaultLevels)

/** Any value, as Celery's `saferepr`. */
export const safe = (value: unknown, options: SafeOptions = {}): string =>
  print(value, options.maxLength ?? defaultLength, options.maxLevels ?? defaultLevels)

/** Any value, as Python's `repr`; past 8192 characters or 32 levels it ends in `...`. */
export const repr = (value: unknown): string => {
  try {
    const text = plain(value, 0, reprLength)
    return text.length > reprLength ? `${text.slice(0, reprLength)}...` : text
  } catch {
    return unrepresentable
  }
}

const defaultLength = 1024
const defaultLevels = 3
const reprLength = 8192
const reprLevels = 32

/** What stands for a value that throws when it is looked at. */
const unrepresentable = "<unrepresentable>"

const print = (value: unknown, maxLength: number, maxLevels: number): string => {
  const printer = new Printer(maxLength, maxLevels)
  try {
    printer.value(value, 0)
    return printer.out
  } catch {
    return unrepresentable
  }
}

/**
 * Prints token by token while there is room. When there is none left, one
 * `, ...` is printed in the place of the next token, and then only the closing
 * brackets that are still due.
 */
class Printer {
  out = ""
  private room: number
  private full = false
  private readonly maxLevels: number

  constructor(maxLength: number, maxLevels: number) {
    this.room = maxLength
    this.maxLevels = maxLevels
  }

  tuple(values: ReadonlyArray<unknown>): void {
    this.list("(", values, values.length === 1 ? ",)" : ")", 0)
  }

  value(value: unknown, level: number): void {
    const text = scalar(value)
    if (text !== undefined) return this.token(text)
    if (typeof value === "string") return this.text(value)
    if (value instanceof Uint8Array) return this.bytes(value)
    const parts = open(value)
    if (isList(parts)) return level >= this.maxLevels ? this.token("[...]") : this.list("[", parts, "]", level)
    return level >= this.maxLevels ? this.token("{...}") : this.dict(parts, level)
  }

  private list(start: string, values: ReadonlyArray<unknown>, end: string, level: number): void {
    this.literal(start)
    for (let index = 0; index < values.length && !this.full; index++) {
      if (index > 0) this.literal(", ")
      if (!this.full) this.value(values[index], level + 1)
    }
    this.end(end)
  }

  private dict(values: Members, level: number): void {
    this.literal("{")
    let first = true
    for (const key of Object.keys(values)) {
      if (this.full) break
      const value = values[key]
      if (value === undefined) continue // JSON drops it, so no peer sees it
      if (!first) this.literal(", ")
      first = false
      if (!this.full) this.text(key)
      if (!this.full) this.literal(": ")
      if (!this.full) this.value(value, level + 1)
    }
    this.end("}")
  }

  /** A bracket or a separator: never cut short, but taking up room. */
  private literal(text: string): void {
    if (this.room <= 0) return this.overflow()
    this.out += text
    this.room -= text.length
  }

  /** A closing bracket is printed even without room, unless it is the token that found that out. */
  private end(text: string): void {
    if (this.full) this.out += text
    else this.literal(text)
  }

  private overflow(): void {
    this.full = true
    this.out += ", ..."
  }

  private token(text: string): void {
    if (this.room <= 0) return this.overflow()
    this.take(truncate(text, this.room))
  }

  private text(value: string): void {
    if (this.room <= 0) return this.overflow()
    const cut = truncate(value, this.room)
    this.take(cut.includes("'") ? `'${cut.replaceAll("'", "\\'")}'` : `'${cut}'`)
  }

  private bytes(value: Uint8Array): void {
    if (this.room <= 0) return this.overflow()
    this.take(value.length > this.room ? `b'${bytesText(value.subarray(0, this.room))}...'` : `b'${bytesText(value)}'`)
  }

  private take(text: string): void {
    this.out += text
    this.room -= width(text)
  }
}

/** Cut at a space where there is one. */
const truncate = (text: string, length: number): string => {
  if (text.length < length || width(text) < length) return text
  let end = length
  if (width(text.slice(0, length)) < length) end = unitsOf(text, length)
  const cut = text.slice(0, end)
  const space = cut.lastIndexOf(" ")
  return `${space === -1 ? cut : cut.slice(0, space)}...`
}

/** Characters as Python counts them: a surrogate pair is one. */
const width = (text: string): number => {
  let pairs = 0
  for (let index = 0; index < text.length - 1; index++) {
    if ((text.charCodeAt(index) & 0xfc00) === 0xd800 && (text.charCodeAt(index + 1) & 0xfc00) === 0xdc00) pairs++
  }
  return text.length - pairs
}

const unitsOf = (text: string, length: number): number => {
  let units = 0
  for (let count = 0; count < length && units < text.length; count++) {
    units += text.codePointAt(units)! > 0xffff ? 2 : 1
  }
  return units
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/** Text where it is text, or else hexadecimal. */
const bytesText = (bytes: Uint8Array): string => {
  try {
    return utf8.decode(bytes)
  } catch {
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex")
  }
}

/** Stops looking when `room` is used up: the rest would be cut off anyway. */
const plain = (value: unknown, level: number, room: number): string => {
  const text = scalar(value)
  if (text !== undefined) return text
  if (typeof value === "string") return quoteText(value.length > room ? value.slice(0, room) : value)
  if (value instanceof Uint8Array) return quoteBytes(value.length > room ? value.subarray(0, room) : value)
  const parts = open(value)
  return isList(parts) ? plainList(parts, level, room) : plainDict(parts, level, room)
}

const plainList = (values: ReadonlyArray<unknown>, level: number, room: number): string => {
  if (level >= reprLevels) return "[...]"
  let out = "["
  for (let index = 0; index < values.length && out.length <= room; index++) {
    if (index > 0) out += ", "
    out += plain(values[index], level + 1, room - out.length)
  }
  return out + "]"
}

const plainDict = (values: Members, level: number, room: number): string => {
  if (level >= reprLevels) return "{...}"
  let out = "{"
  for (const key of Object.keys(values)) {
    if (out.length > room) break
    const value = values[key]
    if (value === undefined) continue
    if (out.length > 1) out += ", "
    out += `${quoteText(key)}: ${plain(value, level + 1, room - out.length)}`
  }
  return out + "}"
}
