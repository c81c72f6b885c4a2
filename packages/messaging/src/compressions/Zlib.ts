/**
 * Celery's `gzip`: the MIME type says gzip, the data is a zlib stream. A true
 * gzip stream is read too.
 *
 * @since 0.1.0
 */
import { deflateSync, unzipSync } from "node:zlib"
import type { Compression } from "../Compression.ts"
import { bounded } from "./internal/Bounded.ts"

/** `application/x-gzip`: what Kombu means by gzip, a zlib stream. */
export const zlib: Compression = {
  contentType: "application/x-gzip",
  names: ["gzip", "zlib"],
  compress: (bytes) => deflateSync(bytes),
  decompress: bounded("zlib", unzipSync)
}
