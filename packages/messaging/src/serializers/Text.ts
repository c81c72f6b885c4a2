/**
 * A text as it is.
 *
 * @since 0.1.0
 */
import { because, Unencodable } from "../MessagingError.ts"
import type { Serializer } from "../Serializer.ts"
import * as Utf8 from "./internal/Utf8.ts"

/** `text/plain` in UTF-8. */
export const text: Serializer = {
  name: "text",
  contentType: "text/plain",
  contentEncoding: "utf-8",
  encode: (value) => {
    if (typeof value === "string") return Utf8.encode(value)
    throw because("encode", new Unencodable({ detail: `text content is a string, and this is ${typeof value}` }))
  },
  decode: Utf8.decode
}
