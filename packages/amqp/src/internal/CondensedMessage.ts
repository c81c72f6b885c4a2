/**
 * A message that is kept for long, in as little memory as it takes: what came
 * over the wire, as one string of bytes, and nothing that was read out of it.
 *
 * The driver's message is five objects and some thirty strings, and a view into
 * the piece of the socket's input that it came in, all of which it keeps. This is
 * one object, and is read again whenever it is looked at; the last reading is
 * kept, for one look is seldom the only one.
 *
 * @since 0.1.0
 */
import { damageOf, decodeFields, encodeExactly } from "../FieldTable.ts"
import type { DroppedBody } from "./Driver.ts"
import type { RawMessage, RawProperties } from "./DriverFrame.ts"

/** Bodies over this many bytes stay out of the heap. */
const longBody = 16 * 1024

/** Nothing when it would not be the same message any more: its headers are damaged, or too large. */
export const condense = (raw: RawMessage): RawMessage | undefined => {
  const { headers } = raw.properties
  const isWhole = (raw.properties as DroppedBody).droppedBody === undefined &&
    (headers === undefined || damageOf(headers) === undefined)
  if (!isWhole || raw instanceof CondensedMessage) return undefined
  try {
    return new CondensedMessage(raw, write(raw))
  } catch {
    return undefined
  }
}

interface Reading {
  readonly properties: RawProperties
  readonly content: Buffer
}

class CondensedMessage implements RawMessage {
  readonly #deliveryTag: number
  readonly #redelivered: boolean
  readonly #consumerTag: string
  readonly #exchange: string
  readonly #routingKey: string
  /** A character a byte: properties, headers, and the body unless it is long. */
  readonly #bytes: string
  readonly #longBody: Buffer | undefined

  constructor({ content, fields }: RawMessage, bytes: string) {
    this.#deliveryTag = fields.deliveryTag
    this.#redelivered = fields.redelivered
    this.#consumerTag = shared(0, fields.consumerTag ?? "")
    this.#exchange = shared(1, fields.exchange)
    this.#routingKey = shared(2, fields.routingKey)
    this.#bytes = bytes
    this.#longBody = content.length > longBody ? ownCopy(content) : undefined
  }

  get fields(): RawMessage["fields"] {
    return {
      consumerTag: this.#consumerTag,
      deliveryTag: this.#deliveryTag,
      redelivered: this.#redelivered,
      exchange: this.#exchange,
      routingKey: this.#routingKey
    }
  }

  get properties(): RawProperties {
    return readingOf(this, this.#bytes, this.#longBody).properties
  }

  get content(): Buffer {
    return readingOf(this, this.#bytes, this.#longBody).content
  }
}

const readingOf = (message: CondensedMessage, bytes: string, longBody: Buffer | undefined): Reading => {
  if (lastRead !== message) {
    lastReading = read(Buffer.from(bytes, "latin1"), longBody)
    lastRead = message
  }
  return lastReading!
}

let lastRead: CondensedMessage | undefined
let lastReading: Reading | undefined

/** What is the same for most messages is the same string for all of them. */
const shared = (kind: number, text: string): string => {
  if (lastTexts[kind] !== text) lastTexts[kind] = text
  return lastTexts[kind]!
}

const lastTexts = ["", "", ""]

const ownCopy = (bytes: Buffer): Buffer => {
  const copy = Buffer.allocUnsafeSlow(bytes.length)
  bytes.copy(copy)
  return copy
}

/** Enough for every header that fits in a frame, and the body behind it. */
const scratchSize = 128 * 1024 + longBody

let scratch: Buffer | undefined

/** Two lengths of four bytes, and what is so long: the properties, and the headers; then the body. */
const write = ({ content, properties }: RawMessage): string => {
  scratch ??= Buffer.allocUnsafeSlow(scratchSize)
  const propertiesLength = scratch.write(JSON.stringify(names.map((name) => properties[name])), 8, "utf8")
  let at = 8 + propertiesLength
  scratch.writeUInt32BE(propertiesLength, 0)
  if (properties.headers === undefined) scratch.writeUInt32BE(noHeaders, 4)
  else {
    // The encoder writes the length of a table itself, in front of it.
    const tableLength = encodeExactly(scratch, properties.headers, at)
    scratch.writeUInt32BE(tableLength, 4)
    at += tableLength
  }
  return content.length > longBody
    ? scratch.toString("latin1", 0, at)
    : scratch.toString("latin1", 0, at + content.copy(scratch, at))
}

const noHeaders = 0

const read = (bytes: Buffer, longBody: Buffer | undefined): Reading => {
  const headersAt = 8 + bytes.readUInt32BE(0)
  const tableLength = bytes.readUInt32BE(4)
  const bodyAt = headersAt + tableLength
  // It is what `write` wrote: the values of `names`, in their order.
  const values = JSON.parse(bytes.toString("utf8", 8, headersAt)) as ReadonlyArray<string | number | null>
  const properties: Record<string, unknown> = {
    headers: tableLength === noHeaders ? undefined : decodeFields(bytes.subarray(headersAt + 4, bodyAt))
  }
  for (let i = 0; i < names.length; i++) properties[names[i]!] = values[i] ?? undefined
  // every one of its names has been set
  return { properties: properties as unknown as RawProperties, content: longBody ?? bytes.subarray(bodyAt) }
}

const names = [
  "contentType",
  "contentEncoding",
  "deliveryMode",
  "priority",
  "correlationId",
  "replyTo",
  "expiration",
  "messageId",
  "timestamp",
  "type",
  "userId",
  "appId"
] as const satisfies ReadonlyArray<keyof RawProperties>
