/**
 * UTF-8, strictly: what is not valid is refused and not replaced.
 *
 * @since 0.1.0
 */
import { because, Undecodable } from "../../MessagingError.ts"

// A byte order mark stays in the text: JSON refuses it, as Python does.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/** Throws `Undecodable`. */
export const decode = (bytes: Uint8Array): string => {
  try {
    return decoder.decode(bytes)
  } catch {
    throw because("decode", new Undecodable({ detail: "the body is not valid UTF-8" }))
  }
}

/** A lone surrogate, which has no bytes, becomes U+FFFD. */
export const encode = (text: string): Uint8Array => Buffer.from(text, "utf8")
