/**
 * Which compressions there are, by MIME type and by name.
 *
 * `Content` looks here, where a body is made and where one is read. What is
 * not in the table cannot be used, whatever a message says. To add one,
 * implement `Compression` and provide `Compressions`:
 *
 * ```ts
 * Effect.provideService(Compressions.Compressions, Compressions.table(...Compressions.defaults.values(), snappy))
 * ```
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type { Compression } from "./Compression.ts"
import { brotli } from "./compressions/Brotli.ts"
import { bzip2, lzma } from "./compressions/internal/Unsupported.ts"
import { zlib } from "./compressions/Zlib.ts"
import { zstd } from "./compressions/Zstd.ts"

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
  "@celeriac/messaging/Compressions",
  { defaultValue: () => defaults }
)
