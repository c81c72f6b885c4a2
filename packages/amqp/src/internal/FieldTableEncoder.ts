/**
 * Writes field tables: `FieldTable` says in which types.
 *
 * Every function takes where to write, and answers where it ended.
 *
 * @since 0.1.0
 */
import { writeAscii, writeUInt32 } from "./Bytes.ts"
import { FieldTableError, maxDepth } from "./FieldTableError.ts"

/** Writes `table` into `buffer` from `offset` on, and answers how many bytes it took. */
export const encodeTable = (buffer: Buffer, table: object, offset: number): number =>
  writeTable(buffer, table, offset, 0) - offset

/** The same, but that what is read again is what was read before: a `number` never comes back as a `bigint`. */
export const encodeExactly = (buffer: Buffer, table: object, offset: number): number => {
  isExact = true
  try {
    return encodeTable(buffer, table, offset)
  } finally {
    isExact = false
  }
}

let isExact = false

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
  if (length > 255) {
    throw new FieldTableError(`the header or argument name '${key.slice(0, 40)}…' is longer than 255 bytes`)
  }
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
      if (isExact && !Number.isSafeInteger(value)) return writeDouble(buffer, value, at)
      if (Number.isInteger(value) && value >= -0x8000000000000000 && value < 0x8000000000000000) {
        return writeLong(buffer, BigInt(value), at)
      }
      return writeDouble(buffer, value, at)
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

const writeDouble = (buffer: Buffer, value: number, at: number): number => {
  buffer[at] = 0x64 // d
  return buffer.writeDoubleBE(value, at + 1)
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
  if (!(millis >= 0)) {
    throw new FieldTableError("a date before 1970, or an invalid one, has no form in headers or arguments")
  }
  buffer[at] = 0x54 // T
  return buffer.writeBigUInt64BE(BigInt(Math.trunc(millis / 1000)), at + 1)
}

/** Answers how many bytes it wrote. */
const writeText = (buffer: Buffer, text: string, at: number): number => {
  const length = text.length
  if (at + length > buffer.length) return full(buffer)
  if (writeAscii(buffer, text, at)) return length
  if (at + length * 3 > buffer.length && at + Buffer.byteLength(text) > buffer.length) return full(buffer)
  return buffer.write(text, at, "utf8")
}

const room = (buffer: Buffer, at: number, size: number): void => {
  if (at + size > buffer.length) full(buffer)
}

const full = (buffer: Buffer): never => {
  throw new FieldTableError(`headers or arguments are over ${buffer.length} bytes`, buffer.length)
}
