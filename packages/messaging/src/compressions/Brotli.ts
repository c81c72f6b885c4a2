/**
 * Brotli.
 *
 * @since 0.1.0
 */
import type { Compression } from "../Compression.ts"
import { bounded } from "./internal/Bounded.ts"
import * as NodeZlib from "./internal/NodeZlib.ts"

/** `application/x-brotli`: small, and slow to write. */
export const brotli: Compression = {
  contentType: "application/x-brotli",
  names: ["brotli"],
  // The default quality, 11, is meant for files that are compressed once and read often.
  compress: (bytes) => {
    const { brotliCompressSync, constants } = NodeZlib.zlib()
    return brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } })
  },
  decompress: bounded("brotli", (bytes, options) => NodeZlib.zlib().brotliDecompressSync(bytes, options))
}
