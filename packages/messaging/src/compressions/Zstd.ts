/**
 * Zstandard.
 *
 * @since 0.1.0
 */
import type { Compression } from "../Compression.ts"
import { bounded } from "./internal/Bounded.ts"
import * as NodeZlib from "./internal/NodeZlib.ts"

/** `application/zstd`. */
export const zstd: Compression = {
  contentType: "application/zstd",
  names: ["zstd", "zstandard"],
  compress: (bytes) => NodeZlib.zlib().zstdCompressSync(bytes),
  decompress: bounded("zstd", (bytes, options) => NodeZlib.zlib().zstdDecompressSync(bytes, options))
}
