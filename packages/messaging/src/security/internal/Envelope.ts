/**
 * What a signed body is on the wire: five fields, joined by two bytes that are
 * in none of the first four, the whole as base64. Source: protocol section 12.
 *
 * @since 0.1.0
 */
import { because, Undecodable } from "../../MessagingError.ts"

export interface Envelope {
  readonly signer: string
  readonly signature: Uint8Array
  readonly contentType: string
  readonly contentEncoding: string
  /** The bytes that are signed. */
  readonly body: Uint8Array
}

const separator = Buffer.from([0, 1])

export const pack = ({ body, contentEncoding, contentType, signature, signer }: Envelope): Uint8Array => {
  const fields = [
    Buffer.from(Buffer.from(signer).toString("base64")),
    Buffer.from(Buffer.from(signature).toString("base64")),
    Buffer.from(contentType),
    Buffer.from(contentEncoding),
    body
  ]
  const parts = fields.flatMap((field, index) => index === 0 ? [field] : [separator, field])
  return Buffer.from(Buffer.concat(parts).toString("base64"))
}

/** Throws `Undecodable`. */
export const unpack = (bytes: Uint8Array): Envelope => {
  const raw = base64(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1"))
  const fields: Array<Buffer> = []
  let at = 0
  for (let count = 0; count < 4; count++) {
    const end = raw.indexOf(separator, at)
    if (end === -1) {
      throw because("decode", new Undecodable({ detail: `the signed body has ${count + 1} fields, not 5` }))
    }
    fields.push(raw.subarray(at, end))
    at = end + separator.length
  }
  const [signer, signature, contentType, contentEncoding] = fields.map((field) => field.toString("latin1"))
  return {
    signer: base64(signer!).toString("utf8"),
    signature: base64(signature!),
    contentType: contentType!,
    contentEncoding: contentEncoding!,
    body: raw.subarray(at)
  }
}

/** Strictly: one text for one value. */
const base64 = (text: string): Buffer => {
  const bytes = Buffer.from(text, "base64")
  if (bytes.toString("base64") !== text) {
    throw because("decode", new Undecodable({ detail: "the signed body is not base64" }))
  }
  return bytes
}
