/**
 * The compressions of Celery that Node does not have. They are named, so that
 * the error can say what is missing and what to do.
 *
 * @since 0.1.0
 */
import type { Compression } from "../../Compression.ts"
import { because, Undecodable, Unencodable } from "../../MessagingError.ts"

const unsupported = (contentType: string, names: ReadonlyArray<string>): Compression => {
  const detail = `compression '${
    names[0]
  }' (${contentType}) is not supported here: use gzip, brotli or zstd, or add one to Compressions`
  return {
    contentType,
    names,
    compress: () => {
      throw because("compress", new Unencodable({ detail }))
    },
    decompress: () => {
      throw because("decompress", new Undecodable({ detail }))
    }
  }
}

export const bzip2: Compression = unsupported("application/x-bz2", ["bzip2", "bzip"])

export const lzma: Compression = unsupported("application/x-lzma", ["lzma", "xz"])
