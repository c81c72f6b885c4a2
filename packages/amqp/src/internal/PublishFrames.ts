/**
 * A message as the frames that publish it: `basic.publish`, a header, and the
 * body in pieces no larger than the broker takes.
 *
 * The driver encodes a message in eight allocations and as many copies; here a
 * small message is one buffer, and a large body is not copied at all.
 *
 * Spec: AMQP 0-9-1 §2.3.5 and §4.2.6.
 *
 * @since 0.1.0
 */
import type { Address, Message, Properties } from "@celeriac/messaging/Message"
import { encodeTable, FieldTableError } from "../FieldTable.ts"
import { writeAscii, writeUInt16, writeUInt32 } from "./Bytes.ts"

/** Writes the frames of one message; answers what the last `write` answered. Throws `FieldTableError`. */
export const writePublish = (
  channel: number,
  frameMax: number,
  message: Message,
  to: Address,
  mandatory: boolean,
  write: (frames: Buffer) => boolean
): boolean => {
  const body = message.body
  const start = writeMethod(channel, to, mandatory)
  let end = writeHeader(channel, message, start)
  if (end - start > frameMax) throw new FieldTableError(`headers are over ${frameMax} bytes`, frameMax)
  if (body.length === 0) return write(Buffer.from(scratch.subarray(0, end)))
  const piece = frameMax - 8
  if (body.length <= smallBody && body.length <= piece) {
    end = openFrame(3, channel, body.length, end)
    const frames = Buffer.allocUnsafe(end + body.length + 1)
    scratch.copy(frames, 0, 0, end)
    frames.set(body, end)
    frames[end + body.length] = 0xce
    return write(frames)
  }
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.length)
  let more = true
  for (let from = 0; from < bytes.length; from += piece) {
    const to = Math.min(from + piece, bytes.length)
    end = openFrame(3, channel, to - from, end)
    write(Buffer.from(scratch.subarray(0, end)))
    write(bytes.subarray(from, to))
    more = write(frameEnd)
    end = 0
  }
  return more
}

/** Bodies up to this size are copied next to their headers. */
const smallBody = 16 * 1024

/** RabbitMQ agrees on frames of 128 KiB; one method and one header of that size fit. */
const scratch = Buffer.allocUnsafeSlow(256 * 1024)

const frameEnd = Buffer.from([0xce])

const openFrame = (type: number, channel: number, size: number, at: number): number => {
  scratch[at] = type
  scratch[at + 1] = channel >>> 8
  scratch[at + 2] = channel
  return writeUInt32(scratch, size, at + 3)
}

const closeFrame = (start: number, at: number): number => {
  writeUInt32(scratch, at - start - 7, start + 3)
  scratch[at] = 0xce
  return at + 1
}

const writeMethod = (channel: number, to: Address, mandatory: boolean): number => {
  let at = openFrame(1, channel, 0, 0)
  at = writeUInt32(scratch, 0x003c0028, at) // basic.publish
  at = writeUInt16(scratch, 0, at) // ticket, unused
  at = writeShort("exchange", to.exchange, at)
  at = writeShort("routing key", to.routingKey, at)
  scratch[at++] = mandatory ? 1 : 0
  return closeFrame(0, at)
}

const writeHeader = (channel: number, message: Message, start: number): number => {
  const p: Properties = message.properties
  let at = openFrame(2, channel, 0, start)
  at = writeUInt32(scratch, 0x003c0000, at) // class basic, weight 0
  at = writeUInt32(scratch, 0, at)
  at = writeUInt32(scratch, message.body.length, at)
  const flagsAt = at
  flags = 0x2000
  at = writeText(0x8000, "content type", p.contentType, at + 2)
  at = writeText(0x4000, "content encoding", p.contentEncoding, at)
  at += encodeTable(scratch, message.headers, at)
  at = writeByte(0x1000, p.deliveryMode, at)
  at = writeByte(0x0800, p.priority, at)
  at = writeText(0x0400, "correlation id", p.correlationId, at)
  at = writeText(0x0200, "reply-to", p.replyTo, at)
  at = writeText(0x0100, "expiration", p.expiration, at)
  at = writeText(0x0080, "message id", p.messageId, at)
  at = writeTime(0x0040, p.timestamp, at)
  at = writeText(0x0020, "type", p.type, at)
  at = writeText(0x0010, "user id", p.userId, at)
  at = writeText(0x0008, "app id", p.appId, at)
  writeUInt16(scratch, flags, flagsAt)
  return closeFrame(start, at)
}

/** Which properties the header being written has. */
let flags = 0

const writeText = (flag: number, what: string, text: string | undefined, at: number): number => {
  if (text === undefined) return at
  flags |= flag
  return writeShort(what, text, at)
}

/** The nearest that a byte can hold. */
const writeByte = (flag: number, value: number | undefined, at: number): number => {
  if (value === undefined) return at
  flags |= flag
  scratch[at] = value < 0 ? 0 : value > 255 ? 255 : value
  return at + 1
}

/** Whole seconds; what is no time is written as 0. */
const writeTime = (flag: number, value: number | undefined, at: number): number => {
  if (value === undefined) return at
  flags |= flag
  const seconds = Number.isFinite(value) && value > 0 ? Math.trunc(value) : 0
  return writeUInt32(scratch, seconds >>> 0, writeUInt32(scratch, Math.trunc(seconds / 0x100000000), at))
}

const writeShort = (what: string, text: string, at: number): number => {
  const end = at + 1
  if (end + 256 > scratch.length) throw new FieldTableError(`headers are over ${scratch.length} bytes`, scratch.length)
  const length = text.length
  if (writeAscii(scratch, text, end)) {
    scratch[at] = length
    return end + length
  }
  if (length > 255 || Buffer.byteLength(text) > 255) {
    throw new FieldTableError(`the ${what} '${text.slice(0, 40)}…' is longer than 255 bytes`)
  }
  const written = scratch.write(text, end, "utf8")
  scratch[at] = written
  return end + written
}
