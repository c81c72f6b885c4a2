/**
 * Runs a decompressor of `node:zlib` under a bound, and says in our words what
 * went wrong.
 *
 * @since 0.1.0
 */
import { because, type MessagingError, TooLarge, Undecodable } from "../../MessagingError.ts"

export const bounded = (
  name: string,
  expand: (bytes: Uint8Array, options: { readonly maxOutputLength: number }) => Uint8Array
) =>
(bytes: Uint8Array, maxBytes: number): Uint8Array => {
  // An empty input is the end of no stream, which not every decompressor minds.
  if (bytes.length === 0) throw corrupt(name, "it is empty")
  try {
    return expand(bytes, { maxOutputLength: maxBytes })
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error"
    throw code === "ERR_BUFFER_TOO_LARGE"
      ? because("decompress", new TooLarge({ what: `the decompressed (${name}) body`, limit: maxBytes }))
      : corrupt(name, code)
  }
}

const corrupt = (name: string, detail: string): MessagingError =>
  because("decompress", new Undecodable({ detail: `the body is not ${name} data: ${detail}` }))
