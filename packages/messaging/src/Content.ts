/**
 * The way from a value to the body of a message and back.
 *
 * `decode` checks before it spends: whether the message is all there, sizes,
 * whether the content type is accepted, then encoding and compression, and only
 * then does a serializer see the bytes. Whatever a message holds, `decode` answers with a value or a
 * typed error: it never throws. Source: protocol sections 3 and 4.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import * as Compressions from "./Compressions.ts"
import * as Limits from "./Limits.ts"
import type { Delivery, Headers, Message } from "./Message.ts"
import { because, ContentDisallowed, MessagingError, TooLarge, Undecodable, Unencodable } from "./MessagingError.ts"
import type { Serializer } from "./Serializer.ts"
import * as Serializers from "./Serializers.ts"
import * as Utf8 from "./serializers/internal/Utf8.ts"

/** What is read, and how much of it. */
export interface DecodeOptions {
  /**
   * Names of serializers or MIME types. Default `["json"]`. `text/plain` and
   * `application/data` are always accepted: nothing in them is interpreted.
   */
  readonly accept?: ReadonlyArray<string> | undefined
  readonly limits?: Limits.Limits | undefined
  readonly serializers?: Serializers.SerializerTable | undefined
  readonly compressions?: Compressions.CompressionTable | undefined
}

/** In which form a value is written. */
export interface EncodeOptions {
  /** By name or itself. Left out: a string is `text/plain`, bytes are `application/data`, the rest is JSON. */
  readonly serializer?: string | Serializer | undefined
  /** A name or MIME type: `gzip`, `brotli`, `zstd`. */
  readonly compression?: string | undefined
  readonly serializers?: Serializers.SerializerTable | undefined
  readonly compressions?: Compressions.CompressionTable | undefined
}

/** The part of a message that `encode` makes. */
export interface Encoded {
  readonly body: Uint8Array
  /** `compression`, where there is one. */
  readonly headers: Headers
  readonly properties: { readonly contentType: string; readonly contentEncoding: string }
}

/** A message, or a delivery, which may say that it is not all there. */
type Readable = Message & Pick<Delivery, "defect">

/** The value in the body; fails with `TooLarge`, `ContentDisallowed` or `Undecodable`, or with the delivery's `defect`. */
export const decode = (message: Readable, options: DecodeOptions = {}): Result.Result<unknown, MessagingError> => {
  const { defect } = message
  if (defect !== undefined) return Result.fail(because("decode", defect))
  try {
    return Result.succeed(decodeUnsafe(message, options))
  } catch (error) {
    return Result.fail(toMessagingError("decode", error))
  }
}

/** The body and what describes it; fails with `Unencodable`. */
export const encode = (value: unknown, options: EncodeOptions = {}): Result.Result<Encoded, MessagingError> => {
  try {
    return Result.succeed(encodeUnsafe(value, options))
  } catch (error) {
    return Result.fail(toMessagingError("encode", error))
  }
}

/** The body without its compression, undecoded; throws a `MessagingError` for one that is over a bound. */
export const open = (message: Message, options: DecodeOptions = {}): Uint8Array => {
  const limits = options.limits ?? Limits.defaults
  if (message.body.length > limits.bodyBytes) throw tooLarge("the body", limits.bodyBytes)
  return decompress(message, limits, options.compressions ?? Compressions.defaults)
}

const decodeUnsafe = (message: Message, options: DecodeOptions): unknown => {
  const limits = options.limits ?? Limits.defaults
  const serializers = options.serializers ?? Serializers.defaults
  if (message.body.length > limits.bodyBytes) throw tooLarge("the body", limits.bodyBytes)
  if (roughSize(message.headers, limits.headerBytes, 16) < 0) throw tooLarge("the headers", limits.headerBytes)

  // Without a content type it is data: this is what Kombu takes it for.
  const contentType = textOf(message.properties.contentType, "content type") ?? "application/data"
  const serializer = serializers.byContentType.get(contentType) ??
    serializers.byContentType.get(contentType.split(";", 1)[0]!.trim().toLowerCase())
  if (!isAccepted(serializer, contentType, options.accept ?? acceptJson)) {
    throw because("decode", new ContentDisallowed({ contentType: describe(serializer, contentType) }))
  }
  if (serializer === undefined) {
    throw because("decode", new Undecodable({ detail: `no serializer for content type ${contentType.slice(0, 128)}` }))
  }
  const encoding = encodingOf(textOf(message.properties.contentEncoding, "content encoding"))
  const body = decompress(message, limits, options.compressions ?? Compressions.defaults)

  switch (encoding) {
    case "utf-8":
      return isText(serializer) && serializer.contentType === "application/data"
        ? Utf8.decode(body)
        : serializer.decode(body, limits)
    case "binary":
      return serializer.decode(body, limits)
    case "ascii":
    case "latin1": {
      if (serializer.contentEncoding === "binary" && !isText(serializer)) return serializer.decode(body, limits)
      const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("latin1")
      if (encoding === "ascii" && body.some((byte) => byte > 127)) {
        throw because("decode", new Undecodable({ detail: "the body is not ASCII, as its content encoding says" }))
      }
      return isText(serializer) ? text : serializer.decode(Utf8.encode(text), limits)
    }
  }
}

const acceptJson: ReadonlyArray<string> = ["json"]

/** Content in which nothing is interpreted. */
const isText = ({ contentType, isSigned }: Serializer): boolean =>
  isSigned !== true && (contentType === "text/plain" || contentType === "application/data")

const isAccepted = (
  serializer: Serializer | undefined,
  contentType: string,
  accept: ReadonlyArray<string>
): boolean => {
  if (serializer === undefined) return accept.includes(contentType)
  for (let i = 0; i < accept.length; i++) {
    if (accept[i] === serializer.name || accept[i] === serializer.contentType) return true
  }
  return isText(serializer)
}

/** `json (application/json)`, as Kombu puts it. */
const describe = (serializer: Serializer | undefined, contentType: string): string =>
  serializer === undefined ? contentType.slice(0, 128) : `${serializer.name} (${serializer.contentType})`

const textOf = (value: unknown, what: string): string | undefined => {
  if (value === undefined || value === null || value === "") return undefined
  if (typeof value === "string") return value
  throw because("decode", new Undecodable({ detail: `the ${what} is not a text but ${typeof value}` }))
}

const encodings: ReadonlyMap<string, "utf-8" | "binary" | "ascii" | "latin1"> = new Map([
  ["utf-8", "utf-8"],
  ["utf8", "utf-8"],
  ["binary", "binary"],
  ["ascii-8bit", "binary"],
  ["us-ascii", "ascii"],
  ["ascii", "ascii"],
  ["latin1", "latin1"],
  ["latin-1", "latin1"],
  ["iso-8859-1", "latin1"],
  ["iso8859-1", "latin1"]
])

const encodingOf = (name = "utf-8") => {
  const encoding = encodings.get(name) ?? encodings.get(name.toLowerCase().replaceAll("_", "-"))
  if (encoding !== undefined) return encoding
  throw because("decode", new Undecodable({ detail: `unknown content encoding ${name.slice(0, 64)}` }))
}

const decompress = (
  message: Message,
  limits: Limits.Limits,
  compressions: Compressions.CompressionTable
): Uint8Array => {
  const name = textOf(message.headers["compression"], "compression header")
  if (name === undefined) return message.body
  const compression = compressions.get(name) ?? compressions.get(name.toLowerCase())
  if (compression === undefined) {
    throw because("decode", new Undecodable({ detail: `unknown compression ${name.slice(0, 64)}` }))
  }
  return compression.decompress(message.body, limits.decompressedBytes)
}

/** What is left of `budget` bytes, negative when the value is larger or nested deeper than `depth` levels. */
const roughSize = (value: unknown, budget: number, depth: number): number => {
  if (typeof value === "string") return budget - value.length
  if (typeof value !== "object" || value === null) return budget - 8
  if (value instanceof Uint8Array) return budget - value.length
  if (depth === 0) return -1
  let left = budget - 8
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length && left >= 0; i++) left = roughSize(value[i], left, depth - 1)
    return left
  }
  const object = value as Record<string, unknown>
  for (const key in object) {
    left = roughSize(object[key], left - key.length, depth - 1)
    if (left < 0) return left
  }
  return left
}

const tooLarge = (what: string, limit: number) => because("decode", new TooLarge({ what, limit }))

const encodeUnsafe = (value: unknown, options: EncodeOptions): Encoded => {
  const serializer = serializerFor(value, options)
  const body = serializer.encode(value)
  const properties = {
    contentType: serializer.contentType,
    contentEncoding: serializer.contentType === "application/data" && typeof value === "string"
      ? "utf-8"
      : serializer.contentEncoding
  }
  if (options.compression === undefined) return { body, headers: {}, properties }
  const compression = (options.compressions ?? Compressions.defaults).get(options.compression)
  if (compression === undefined) {
    throw because("encode", new Unencodable({ detail: `unknown compression '${options.compression}'` }))
  }
  return { body: compression.compress(body), headers: { compression: compression.contentType }, properties }
}

const serializerFor = (value: unknown, options: EncodeOptions): Serializer => {
  if (typeof options.serializer === "object") return options.serializer
  const { byContentType, byName } = options.serializers ?? Serializers.defaults
  const name = options.serializer ?? (typeof value === "string" ? "text" : value instanceof Uint8Array ? "raw" : "json")
  const serializer = byName.get(name) ?? byContentType.get(name)
  if (serializer !== undefined) return serializer
  throw because(
    "encode",
    new Unencodable({
      detail: `no serializer '${name}': known are ${Array.from(byName.keys()).join(", ")}`
    })
  )
}

/** Serializers and compressions of others may throw anything. */
const toMessagingError = (operation: "decode" | "encode", error: unknown): MessagingError => {
  if (error instanceof MessagingError) return error
  const detail = error instanceof Error ? `${error.name}: ${error.message.slice(0, 256)}` : "the serializer threw"
  return because(operation, operation === "decode" ? new Undecodable({ detail }) : new Unencodable({ detail }))
}
