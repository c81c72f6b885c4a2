/**
 * The serializer `auth`: bodies that are signed, and refused when their
 * signature is not one of a known certificate.
 *
 * What is signed are the bytes of the body inside, written by JSON, so that
 * nothing of a body is looked at before its signature has been. It is what
 * Celery's serializer of this name writes and reads, byte for byte but for a line
 * feed at the end of a body: by it a reader knows that a `Seal` belongs to the
 * message, which signs the rest of it. Source: protocol section 12.
 *
 * Content of its type is `application/data`, which Kombu trusts unread; of a table
 * of serializers that has this one, nobody reads it who does not accept `auth`.
 *
 * @since 0.1.0
 */
import { because, Undecodable } from "../MessagingError.ts"
import type { Serializer } from "../Serializer.ts"
import { json } from "../serializers/Json.ts"
import * as Envelope from "./internal/Envelope.ts"
import type { Signing } from "./Signing.ts"

/** What stands behind a body whose message is sealed. JSON ends before it. */
const mark = 10

export interface AuthOptions {
  /** By which bodies inside are written. Default JSON. */
  readonly serializer?: Serializer | undefined
  /** By which they are read, besides. Default none. */
  readonly accept?: ReadonlyArray<Serializer> | undefined
  /** Whether bodies are marked as those of sealed messages. Default true. */
  readonly isSealed?: boolean | undefined
}

/** Over a key and the certificates that are known. */
export const make = (signing: Signing, options: AuthOptions = {}): Serializer => {
  const inner = options.serializer ?? json
  const readers = new Map([inner, ...options.accept ?? []].map((one) => [one.contentType, one]))
  const isMarked = (options.isSealed ?? true) && inner.contentType === json.contentType
  return {
    name: "auth",
    contentType: "application/data",
    contentEncoding: "utf-8",
    isSigned: true,
    encode: (value) => {
      const written = inner.encode(value)
      const body = isMarked ? Buffer.concat([written, Uint8Array.of(mark)]) : written
      return Envelope.pack({
        signer: signing.certificate.id,
        signature: signing.sign(body),
        contentType: inner.contentType,
        contentEncoding: inner.contentEncoding,
        body
      })
    },
    decode: (bytes, limits) => {
      const envelope = Envelope.unpack(bytes)
      const why = signing.refusal(envelope.signer, envelope.body, envelope.signature)
      if (why !== undefined) throw because("decode", new Undecodable({ detail: why }))
      const reader = readers.get(envelope.contentType)
      if (reader === undefined) {
        throw because(
          "decode",
          new Undecodable({ detail: `no serializer for signed content of type ${envelope.contentType.slice(0, 128)}` })
        )
      }
      return reader.decode(envelope.body, limits)
    }
  }
}

/** Whether the body is one of a sealed message, as whoever signed it says. Throws `Undecodable` for one that is no signed body. */
export const isMarked = (body: Uint8Array): boolean => {
  const envelope = Envelope.unpack(body)
  return envelope.contentType === json.contentType && envelope.body.at(-1) === mark
}
