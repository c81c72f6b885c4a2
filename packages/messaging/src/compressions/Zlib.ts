/**
 * Celery's `gzip`: the MIME type says gzip, the data is a zlib stream. A true
 * gzip stream is read too.
 *
 * @since 0.1.0
 */
import type { Compression } from "../Compression.ts"
import { bounded } from "./internal/Bounded.ts"
import * as NodeZlib from "./internal/NodeZlib.ts"

/** `application/x-gzip`: what Kombu means by gzip, a zlib stream. */
export const zlib: Compression = {
  contentType: "application/x-gzip",
  names: ["gzip", "zlib"],
  compress: (bytes) => NodeZlib.zlib().deflateSync(bytes),
  decompress: bounded("zlib", (bytes, options) => NodeZlib.zlib().unzipSync(bytes, options))
}
