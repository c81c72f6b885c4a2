/**
 * Compresses a serialized body and expands it again.
 *
 * The `compression` header names the MIME type; options may use the shorter
 * names. Expanding is bounded: a body that would grow past the limit is
 * refused with `TooLarge` while it grows. Both directions are synchronous: at
 * the default limits the longest takes a few tenths of a second. Those there
 * are stand in `compressions/`, and in the table `Compressions`. Source: protocol section 4.
 *
 * @since 0.1.0
 */

/** One way to make bytes fewer. */
export interface Compression {
  /** What the header says: `application/x-gzip`. */
  readonly contentType: string
  /** What options may call it besides; readers accept these in the header too. */
  readonly names: ReadonlyArray<string>
  readonly compress: (bytes: Uint8Array) => Uint8Array
  /** Throws a `MessagingError`: `TooLarge` past `maxBytes` of output, `Undecodable` for anything else. */
  readonly decompress: (bytes: Uint8Array, maxBytes: number) => Uint8Array
}
