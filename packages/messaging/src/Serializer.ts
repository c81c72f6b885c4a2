/**
 * Turns values into bytes and back.
 *
 * `Content` calls it, after the size, the content type and the compression were
 * checked; nothing else should. Those there are stand in `serializers/`, and in
 * the table `Serializers`. Source: the guide's chapter on
 * serializers.
 *
 * @since 0.1.0
 */
import type { Limits } from "./Limits.ts"

/** How values of one content type are written and read. */
export interface Serializer {
  /** What options call it: `json`. */
  readonly name: string
  /** MIME type. */
  readonly contentType: string
  /** `utf-8` or `binary`. */
  readonly contentEncoding: string
  /** Its content says who wrote it, and is read only where it is accepted, whatever its type. */
  readonly isSigned?: boolean | undefined
  /** Throws a `MessagingError` (`Unencodable`) for a value that has no form in it; anything else thrown becomes one. */
  readonly encode: (value: unknown) => Uint8Array
  /** Throws a `MessagingError` (`Undecodable`, `TooLarge`) for bytes it refuses; anything else thrown becomes one. */
  readonly decode: (bytes: Uint8Array, limits: Limits) => unknown
}
