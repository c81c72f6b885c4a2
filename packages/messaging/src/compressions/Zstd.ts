/**
 * Zstandard.
 *
 * @since 0.1.0
 */
import { zstdCompressSync, zstdDecompressSync } from "node:zlib"
import type { Compression } from "../Compression.ts"
import { bounded } from "./internal/Bounded.ts"

/** `application/zstd`. */
export const zstd: Compression = {
  contentType: "application/zstd",
  names: ["zstd", "zstandard"],
  compress: (bytes) => zstdCompressSync(bytes),
  decompress: bounded("zstd", zstdDecompressSync)
}
