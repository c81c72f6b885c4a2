/**
 * Values on their way to another thread or process, and back.
 *
 * What a structured clone takes as it is goes as it is. The rest (a `DateTime`,
 * a `Decimal`) goes as JSON with Python's types; what has no form in that
 * either cannot cross.
 *
 * Bytes are a view of something larger as often as not, such as of what a socket
 * read, and a clone would copy all of that: small ones are cut out. Large ones
 * are copied once and moved, where bytes can be moved.
 *
 * @since 0.1.0
 */
import * as Content from "@celeriac/messaging/Content"
import { defaults } from "@celeriac/messaging/Limits"
import type { Message } from "@celeriac/messaging/Message"
import * as Result from "effect/Result"
import { isPlain } from "../../trace/internal/Plain.ts"
import type { Coding } from "../../trace/Portable.ts"
import type { Packed } from "./Protocol.ts"

/** In words, why it cannot cross. */
export const pack = (value: unknown, coding: Coding): Result.Result<Packed, string> => {
  if (isPlain(value)) return Result.succeed({ plain: value })
  const sealed = Content.encode(value, { ...coding, serializer: "json" })
  return Result.isSuccess(sealed)
    ? Result.succeed({ sealed: sealed.success.body })
    : Result.fail(sealed.failure.message)
}

/** Of what was packed: what cannot be read is a defect. */
export const unpack = (packed: Packed, coding: Coding): unknown => {
  if ("plain" in packed) return packed.plain
  const { sealed: body } = packed
  return Result.getOrThrow(
    Content.decode({ body, headers: {}, properties: asJson }, { ...coding, accept: ["json"], limits: none })
  )
}

const asJson = { contentType: "application/json", contentEncoding: "utf-8" }

/** It is our own. */
const none = { ...defaults, bodyBytes: Infinity, values: Infinity }

/** Bytes of this size are worth being moved. */
const large = 64 * 1024

/** What of a message crosses. What is to be moved comes to `moved`. */
export const message = ({ body, headers, properties }: Message, moved: Array<ArrayBuffer>): Message => ({
  body: bytes(body, moved),
  headers,
  properties
})

const bytes = (from: Uint8Array, moved: Array<ArrayBuffer>): Uint8Array => {
  const copy = new Uint8Array(from)
  if (copy.byteLength >= large) moved.push(copy.buffer)
  return copy
}

/** The memory of bytes that are nobody else's, and worth being moved. */
export const movable = (value: unknown): ReadonlyArray<ArrayBuffer> =>
  value instanceof Uint8Array && value.buffer instanceof ArrayBuffer && value.byteLength >= large &&
    value.byteLength === value.buffer.byteLength
    ? [value.buffer]
    : []
