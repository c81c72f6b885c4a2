/**
 * Compresses a serialized body and expands it again.
 *
 * The `compression` header names the MIME type; options may use the shorter
 * names. Expanding is bounded: a body that would grow past the limit is
 * refused with `TooLarge` while it grows. Both directions are synchronous: at
 * the default limits the longest takes a few tenths of a second.
 * Source: protocol section 4.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import { brotli } from "./compressions/Brotli.ts"
import { bzip2, lzma } from "./compressions/internal/Unsupported.ts"
import { zlib } from "./compressions/Zlib.ts"
import { zstd } from "./compressions/Zstd.ts"

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

/** The compressions that can be used, by MIME type and by name. */
export type CompressionTable = ReadonlyMap<string, Compression>

/** By MIME type and by every name; of two with the same, the later one counts. */
export const table = (...compressions: ReadonlyArray<Compression>): CompressionTable =>
  new Map(
    compressions.flatMap((compression) =>
      [compression.contentType, ...compression.names].map((name) => [name, compression] as const)
    )
  )

/** zlib, brotli and zstd; bzip2 and lzma are known by name, and refused with a word of explanation. */
export const defaults: CompressionTable = table(zlib, brotli, zstd, bzip2, lzma)

/** The table that producers and consumers use. */
export const Compressions: Context.Reference<CompressionTable> = Context.Reference<CompressionTable>(
  "@celeriac/messaging/Compression/Compressions",
  { defaultValue: () => defaults }
)
