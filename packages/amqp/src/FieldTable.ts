/**
 * AMQP field tables: the form of message headers and of the arguments of
 * declarations.
 *
 * The driver's own encoder picks the smallest type for an integer (`b`, `s`),
 * and Python's clients read `s` as a short string and `b` as unsigned: a
 * header `300` stops a Python worker. Its decoder does not know `L`, which is
 * what Python writes for integers of more than 31 bits, and throws out of the
 * frame parser. `Driver` puts this module in their place.
 *
 * Written: integers as `I`; from 32 bits on as `l`, below -2^31 as `L`, since
 * Python reads `l` as unsigned; numbers with a fraction, and integers of 64
 * bits and more, as `d`; `bigint` like an integer; strings `S`, booleans `t`,
 * null `V`, arrays `A`, objects `F`, bytes `x`, `Date` and Effect's `DateTime`
 * as `T` (whole seconds). Undefined fields are left out.
 *
 * Read: every type that RabbitMQ and its clients write. 64-bit integers that
 * a `number` cannot hold come as `bigint`, decimals as `number`, timestamps as
 * `Date`. A table that cannot be read to its end never throws: what was read is
 * kept, and `damageOf` says what was wrong.
 *
 * Spec: AMQP 0-9-1 §4.2.5.5, and RabbitMQ's errata on field types.
 *
 * @since 0.1.0
 */

/** How deep tables and arrays may nest, both ways. */
export const maxDepth = 64

/** A value has no form in a field table, or the table is too big. */
export class FieldTableError extends Error {
  override readonly name = "FieldTableError"
  /** The size that was exceeded, in bytes. */
  readonly limit: number | undefined
  constructor(message: string, limit?: number) {
    super(message)
    this.limit = limit
  }
}

/** Writes `table` into `buffer` from `offset` on, and answers how many bytes it took. */
export const encodeTable = (buffer: Buffer, table: object, offset: number): number =>
  writeTable(buffer, table, offset, 0) - offset

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

// -----------------------------------------------------------------------------------------------------------------
// writing: every function takes where to write, and answers where it ended
// -----------------------------------------------------------------------------------------------------------------

const hasOwn = Object.prototype.hasOwnProperty

const writeTable = (buffer: Buffer, table: object, start: number, depth: number): number => {
  if (depth > maxDepth) throw new FieldTableError(`headers or arguments nest deeper than ${maxDepth} levels`)
  room(buffer, start, 4)
  let at = start + 4
  const record = table as Readonly<Record<string, unknown>>
  for (const key in record) {
    if (!hasOwn.call(record, key)) continue
    const value = record[key]
    if (value === undefined) continue
    at = writeValue(buffer, value, writeKey(buffer, key, at), depth)
  }
  writeUInt32(buffer, at - start - 4, start)
  return at
}

const writeArray = (buffer: Buffer, array: ReadonlyArray<unknown>, start: number, depth: number): number => {
  if (depth > maxDepth) throw new FieldTableError(`headers or arguments nest deeper than ${maxDepth} levels`)
  room(buffer, start, 4)
  let at = start + 4
  for (let i = 0; i < array.length; i++) {
    at = writeValue(buffer, array[i] ?? null, at, depth)
  }
  writeUInt32(buffer, at - start - 4, start)
  return at
}

const writeKey = (buffer: Buffer, key: string, at: number): number => {
  const length = writeText(buffer, key, at + 1)
  if (length > 255) throw new FieldTableError(`the header or argument name '${key.slice(0, 40)}…' is longer than 255 bytes`)
  buffer[at] = length
  return at + 1 + length
}

const writeValue = (buffer: Buffer, value: unknown, at: number, depth: number): number => {
  room(buffer, at, 9)
  switch (typeof value) {
    case "string": {
      buffer[at] = 0x53 // S
      const length = writeText(buffer, value, at + 5)
      writeUInt32(buffer, length, at + 1)
      return at + 5 + length
    }
    case "number": {
      const integer = value | 0
      if (integer === value) {
        buffer[at] = 0x49 // I
        writeUInt32(buffer, integer, at + 1)
        return at + 5
      }
      if (Number.isInteger(value) && value >= -0x8000000000000000 && value < 0x8000000000000000) {
        return writeLong(buffer, BigInt(value), at)
      }
      buffer[at] = 0x64 // d
      return buffer.writeDoubleBE(value, at + 1)
    }
    case "boolean":
      buffer[at] = 0x74 // t
      buffer[at + 1] = value ? 1 : 0
      return at + 2
    case "bigint": {
      if (value === BigInt.asIntN(32, value)) {
        buffer[at] = 0x49 // I
        return buffer.writeInt32BE(Number(value), at + 1)
      }
      if (value !== BigInt.asIntN(64, value)) {
        throw new FieldTableError(`the integer ${value} does not fit in 64 bits: send it as text`)
      }
      return writeLong(buffer, value, at)
    }
    case "object":
      return value === null ? writeNull(buffer, at) : writeObject(buffer, value, at, depth)
    default:
      throw new FieldTableError(`a ${typeof value} has no form in headers or arguments`)
  }
}

const writeNull = (buffer: Buffer, at: number): number => {
  buffer[at] = 0x56 // V
  return at + 1
}

const writeLong = (buffer: Buffer, value: bigint, at: number): number => {
  buffer[at] = value < 0n ? 0x4c : 0x6c // L, l
  return buffer.writeBigInt64BE(value, at + 1)
}

const writeObject = (buffer: Buffer, value: object, at: number, depth: number): number => {
  if (Array.isArray(value)) {
    buffer[at] = 0x41 // A
    return writeArray(buffer, value, at + 1, depth + 1)
  }
  if (value instanceof Uint8Array) {
    room(buffer, at, 5 + value.length)
    buffer[at] = 0x78 // x
    writeUInt32(buffer, value.length, at + 1)
    buffer.set(value, at + 5)
    return at + 5 + value.length
  }
  if (value instanceof Date) return writeTimestamp(buffer, value.getTime(), at)
  if (isDateTime(value)) return writeTimestamp(buffer, value.epochMilliseconds, at)
  buffer[at] = 0x46 // F
  return writeTable(buffer, value, at + 1, depth + 1)
}

/** By its brand: importing `effect/DateTime` for this alone would cost every boot. */
const isDateTime = (value: object): value is { readonly epochMilliseconds: number } => "~effect/DateTime" in value

const writeTimestamp = (buffer: Buffer, millis: number, at: number): number => {
  if (!(millis >= 0)) throw new FieldTableError("a date before 1970, or an invalid one, has no form in headers or arguments")
  buffer[at] = 0x54 // T
  return buffer.writeBigUInt64BE(BigInt(Math.trunc(millis / 1000)), at + 1)
}

/** Answers how many bytes it wrote. Short ASCII, which nearly everything is, needs no call into native code. */
const writeText = (buffer: Buffer, text: string, at: number): number => {
  const length = text.length
  if (at + length > buffer.length) return full(buffer)
  if (length <= 48) {
    let i = 0
    for (; i < length; i++) {
      const code = text.charCodeAt(i)
      if (code > 0x7f) break
      buffer[at + i] = code
    }
    if (i === length) return length
  }
  if (at + length * 3 > buffer.length && at + Buffer.byteLength(text) > buffer.length) return full(buffer)
  return buffer.write(text, at, "utf8")
}

const writeUInt32 = (buffer: Buffer, value: number, at: number): number => {
  buffer[at] = value >>> 24
  buffer[at + 1] = value >>> 16
  buffer[at + 2] = value >>> 8
  buffer[at + 3] = value
  return at + 4
}

const room = (buffer: Buffer, at: number, size: number): void => {
  if (at + size > buffer.length) full(buffer)
}

const full = (buffer: Buffer): never => {
  throw new FieldTableError(`headers or arguments are over ${buffer.length} bytes`, buffer.length)
}

// -----------------------------------------------------------------------------------------------------------------
// reading: `cursor` moves on; `damage` is set once, and the level that is broken is given up
// -----------------------------------------------------------------------------------------------------------------

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

const readText = (bytes: Buffer, from: number, to: number): string => to === from ? "" : bytes.toString("utf8", from, to)

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
