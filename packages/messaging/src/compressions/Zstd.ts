/**
 * Zstandard.
 *
 * @since 0.1.0
 */
// By its namespace: a Node that has none must come far enough to say what it lacks.
import * as zlib from "node:zlib"
import type { Compression } from "../Compression.ts"
import { bounded } from "./internal/Bounded.ts"

/** `application/zstd`. */
export const zstd: Compression = {
  contentType: "application/zstd",
  names: ["zstd", "zstandard"],
  compress: (bytes) => zlib.zstdCompressSync(bytes),
  decompress: bounded("zstd", (...args) => zlib.zstdDecompressSync(...args))
}
