/**
 * Brotli.
 *
 * @since 0.1.0
 */
import { brotliCompressSync, brotliDecompressSync, constants } from "node:zlib"
import type { Compression } from "../Compression.ts"
import { bounded } from "./internal/Bounded.ts"

/** `application/x-brotli`: small, and slow to write. */
export const brotli: Compression = {
  contentType: "application/x-brotli",
  names: ["brotli"],
  // The default quality, 11, is meant for files that are compressed once and read often.
  compress: (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }),
  decompress: bounded("brotli", brotliDecompressSync)
}
