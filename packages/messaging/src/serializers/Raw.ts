/**
 * Bytes as they are.
 *
 * @since 0.1.0
 */
import { because, Unencodable } from "../MessagingError.ts"
import type { Serializer } from "../Serializer.ts"
import * as Utf8 from "./internal/Utf8.ts"

/** `application/data`: bytes, or a text in UTF-8. */
export const raw: Serializer = {
  name: "raw",
  contentType: "application/data",
  contentEncoding: "binary",
  encode: (value) => {
    if (value instanceof Uint8Array) return value
    if (typeof value === "string") return Utf8.encode(value)
    throw because("encode", new Unencodable({ detail: `raw content is bytes or a text, and this is ${typeof value}` }))
  },
  decode: (bytes) => bytes
}
