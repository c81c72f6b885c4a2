/**
 * Reads field tables: `FieldTable` says what becomes of which type.
 *
 * `cursor` moves on with every value; `damage` is set once, and the level that
 * is broken is given up. Reading is never interrupted, so both may be shared.
 *
 * @since 0.1.0
 */
import { maxDepth } from "./FieldTableError.ts"

/** Reads the fields of a table: `bytes` is all of it, without the length in front. */
export const decodeFields = (bytes: Buffer): Record<string, unknown> => {
  cursor = 0
  damage = undefined
  const table = readTable(bytes, bytes.length, 0)
  if (damage !== undefined) Object.defineProperty(table, Damage, { value: damage })
  return table
}

/** What was wrong with a table that `decodeFields` read, if anything was. */
export const damageOf = (table: object): string | undefined => (table as { readonly [Damage]?: string })[Damage]

const Damage: unique symbol = Symbol.for("@celeriac/amqp/FieldTable/damage")

let cursor = 0
let damage: string | undefined

const readTable = (bytes: Buffer, end: number, depth: number): Record<string, unknown> => {
  const table: Record<string, unknown> = {}
  while (cursor < end) {
    const length = bytes[cursor++]!
    if (cursor + length >= end) {
      broken("a field is cut off")
      break
    }
    const key = readKey(bytes, cursor, length)
    cursor += length
    const value = readValue(bytes, end, depth)
    if (value === Broken) break
    if (key === "__proto__") {
      Object.defineProperty(table, key, { value, enumerable: true, configurable: true, writable: true })
    } else {
      table[key] = value
    }
  }
  cursor = end
  return table
}

const readArray = (bytes: Buffer, end: number, depth: number): Array<unknown> => {
  const array: Array<unknown> = []
  while (cursor < end) {
    const value = readValue(bytes, end, depth)
    if (value === Broken) break
    array.push(value)
  }
  cursor = end
  return array
}

/** Where the rest of a table makes no sense. */
const Broken: unique symbol = Symbol("broken")

const broken = (what: string): typeof Broken => {
  damage ??= what
  return Broken
}

const readValue = (bytes: Buffer, end: number, depth: number): unknown => {
  const tag = bytes[cursor++]!
  const at = cursor
  switch (tag) {
    case 0x53: // S
    case 0x78: // x
    case 0x46: // F
    case 0x41: { // A
      if (at + 4 > end) return broken("a length is cut off")
      const from = at + 4
      const to = from + readUInt32(bytes, at)
      if (to > end) return broken("a value is longer than its table")
      cursor = to
      if (tag === 0x53) return readText(bytes, from, to)
      if (tag === 0x78) return new Uint8Array(bytes.subarray(from, to))
      if (depth >= maxDepth) return broken(`it nests deeper than ${maxDepth} levels`)
      cursor = from
      return tag === 0x46 ? readTable(bytes, to, depth + 1) : readArray(bytes, to, depth + 1)
    }
    case 0x56: // V
      return null
    case 0x49: // I
      if (!has(4, end)) return broken("an integer is cut off")
      return readUInt32(bytes, at) | 0
    case 0x74: // t
      if (!has(1, end)) return broken("a boolean is cut off")
      return bytes[at] !== 0
    case 0x6c: // l
    case 0x4c: // L
      if (!has(8, end)) return broken("an integer is cut off")
      return fromLong(bytes.readBigInt64BE(at))
    case 0x64: // d
      if (!has(8, end)) return broken("a number is cut off")
      return bytes.readDoubleBE(at)
    case 0x54: // T
      if (!has(8, end)) return broken("a timestamp is cut off")
      return fromTimestamp(bytes.readBigUInt64BE(at))
    case 0x69: // i
      if (!has(4, end)) return broken("an integer is cut off")
      return readUInt32(bytes, at)
    case 0x73: // s: a 16-bit integer to RabbitMQ; no client writes it as text
    case 0x55: // U
      if (!has(2, end)) return broken("an integer is cut off")
      return bytes.readInt16BE(at)
    case 0x75: // u
      if (!has(2, end)) return broken("an integer is cut off")
      return bytes.readUInt16BE(at)
    case 0x62: // b
      if (!has(1, end)) return broken("an integer is cut off")
      return bytes.readInt8(at)
    case 0x42: // B
      if (!has(1, end)) return broken("an integer is cut off")
      return bytes[at]
    case 0x66: // f
      if (!has(4, end)) return broken("a number is cut off")
      return bytes.readFloatBE(at)
    case 0x44: // D
      if (!has(5, end)) return broken("a decimal is cut off")
      return Number(`${bytes.readInt32BE(at + 1)}e-${bytes[at]!}`)
    default:
      return broken(`the type 0x${(tag ?? 0).toString(16).padStart(2, "0")} is not known`)
  }
}

/** Moves on by `size`, if so much is there. */
const has = (size: number, end: number): boolean => {
  cursor += size
  return cursor <= end
}

const readUInt32 = (bytes: Buffer, at: number): number =>
  ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0

const fromLong = (value: bigint): number | bigint => {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

/** Seconds since 1970; those that no `Date` can hold stay a number. */
const fromTimestamp = (seconds: bigint): Date | number => {
  const millis = Number(seconds) * 1000
  return millis <= 8.64e15 ? new Date(millis) : Number(seconds)
}

const readText = (bytes: Buffer, from: number, to: number): string =>
  to === from ? "" : bytes.toString("utf8", from, to)

/** Field names come again and again: the strings of the last ones are kept, by a hash of their bytes. */
const known: Array<KnownKey | undefined> = Array.from({ length: 512 }, () => undefined)

interface KnownKey {
  readonly bytes: Uint8Array
  readonly text: string
}

const readKey = (bytes: Buffer, at: number, length: number): string => {
  if (length === 0 || length > 48) return readText(bytes, at, at + length)
  const slot = (length * 31 + bytes[at]! * 7 + bytes[at + (length >> 1)]! * 13 + bytes[at + length - 1]! * 3) & 511
  const entry = known[slot]
  if (entry !== undefined && entry.bytes.length === length) {
    const expected = entry.bytes
    let i = 0
    while (i < length && expected[i] === bytes[at + i]) i++
    if (i === length) return entry.text
  }
  const text = readText(bytes, at, at + length)
  known[slot] = { bytes: new Uint8Array(bytes.subarray(at, at + length)), text }
  return text
}
