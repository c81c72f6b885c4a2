import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { constants, deflateRawSync, gzipSync } from "node:zlib"
import type { Compression } from "../src/Compression.ts"
import * as Compressions from "../src/Compressions.ts"
import { MessagingError } from "../src/MessagingError.ts"

const refusal = (run: () => unknown): MessagingError => {
  try {
    run()
  } catch (error) {
    if (error instanceof MessagingError) return error
    throw error
  }
  throw new Error("nothing was refused")
}

const get = (name: string): Compression => Compressions.defaults.get(name)!

/** A zlib stream of 1 GiB of zeros: one compressed block, over and over. */
const bomb = (): Uint8Array => {
  const block = deflateRawSync(Buffer.alloc(16 * 1024 * 1024), { finishFlush: constants.Z_FULL_FLUSH })
  return Buffer.concat([Buffer.from([0x78, 0x9c]), ...Array.from({ length: 64 }, () => block)])
}

describe("Compression", () => {
  for (
    const name of [
      "gzip",
      "zlib",
      "application/x-gzip",
      "brotli",
      "application/x-brotli",
      "zstd",
      "zstandard",
      "application/zstd"
    ]
  ) {
    it(`expands what it compressed: ${name}`, () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => {
          const { compress, decompress } = get(name)
          assert.deepStrictEqual(new Uint8Array(decompress(compress(bytes), 500)), new Uint8Array(bytes))
        }),
        { numRuns: 20 }
      )
    })
  }

  it("writes the zlib stream that Celery calls gzip", () => {
    assert.deepStrictEqual(Array.from(get("gzip").compress(Buffer.from("[]")).subarray(0, 2)), [0x78, 0x9c])
    assert.strictEqual(get("gzip").contentType, "application/x-gzip")
  })

  it("reads a true gzip stream too", () => {
    assert.strictEqual(Buffer.from(get("gzip").decompress(gzipSync("[]"), 10)).toString(), "[]")
  })

  for (const name of ["gzip", "brotli", "zstd"]) {
    it(`refuses what is not ${name} data, and what is cut off`, () => {
      const { compress, decompress } = get(name)
      const whole = compress(Buffer.from("hello ".repeat(1000)))
      for (
        const bytes of [Buffer.alloc(0), Buffer.from("not compressed at all"), whole.subarray(0, whole.length - 5)]
      ) {
        assert.strictEqual(refusal(() => decompress(bytes, 10_000)).reason._tag, "Undecodable")
      }
    })

    it(`takes exactly as much as the limit: ${name}`, () => {
      const { compress, decompress } = get(name)
      const bytes = compress(Buffer.alloc(1000))
      assert.strictEqual(decompress(bytes, 1000).length, 1000)
      const error = refusal(() => decompress(bytes, 999))
      assert.strictEqual(error.reason._tag, "TooLarge")
    })
  }

  it("refuses a bomb of 1 GiB before it has expanded", () => {
    const bytes = bomb()
    assert.isBelow(bytes.length, 2 * 1024 * 1024)
    const before = process.memoryUsage()
    assert.strictEqual(refusal(() => get("gzip").decompress(bytes, 8 * 1024 * 1024)).reason._tag, "TooLarge")
    const after = process.memoryUsage()
    assert.isBelow(after.arrayBuffers + after.external - before.arrayBuffers - before.external, 64 * 1024 * 1024)
  })

  it("names what it does not support", () => {
    for (const name of ["bzip2", "application/x-bz2", "lzma", "xz"]) {
      assert.match(
        refusal(() => get(name).decompress(Buffer.from("BZh9"), 10)).message,
        /(bzip2|lzma).* is not supported here/
      )
      assert.strictEqual(refusal(() => get(name).compress(Buffer.from("x"))).reason._tag, "Unencodable")
    }
  })
})
