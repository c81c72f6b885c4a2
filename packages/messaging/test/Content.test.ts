import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import * as fc from "fast-check"
import { readFileSync } from "node:fs"
import { deflateSync } from "node:zlib"
import * as Content from "../src/Content.ts"
import { defaults as limits } from "../src/Limits.ts"
import type { Headers, Message, Properties } from "../src/Message.ts"
import { type Reason, Undecodable } from "../src/MessagingError.ts"
import type { Serializer } from "../src/Serializer.ts"
import * as Serializers from "../src/Serializers.ts"
import { json } from "../src/serializers/Json.ts"

const message = (body: string | Uint8Array, properties: Properties = {}, headers: Headers = {}): Message => ({
  body: typeof body === "string" ? Buffer.from(body) : body,
  headers,
  properties: { contentType: "application/json", contentEncoding: "utf-8", ...properties }
})

/** Serializers that nobody may ask. */
const untouchable = Serializers.table({ ...json, decode: () => assert.fail("it was decoded") })

const failure = (message: Message & { readonly defect?: Reason }, options?: Content.DecodeOptions) => {
  const result = Content.decode(message, options)
  return Result.isFailure(result) ? result.failure : assert.fail("it was decoded")
}

const success = (message: Message, options?: Content.DecodeOptions): unknown => {
  const result = Content.decode(message, options)
  return Result.isSuccess(result) ? result.success : assert.fail(result.failure.message)
}

const encoded = (value: unknown, options?: Content.EncodeOptions) => {
  const result = Content.encode(value, options)
  return Result.isSuccess(result) ? result.success : assert.fail(result.failure.message)
}

describe("Content.decode", () => {
  it("reads captured messages, compressed and not", () => {
    const captured = JSON.parse(readFileSync(new URL("./fixtures/task-messages.json", import.meta.url), "utf8"))
    for (const { body, headers } of captured) {
      const bytes = headers.compression === "application/x-gzip" ? deflateSync(body) : body
      assert.deepStrictEqual(success(message(bytes, {}, headers)), success(message(body)))
    }
  })

  it("decodes only what is accepted, by name or by MIME type", () => {
    const pickle = message("x", { contentType: "application/x-python-serialize" })
    assert.strictEqual(
      failure(pickle).message,
      "decode: Refusing to deserialize untrusted content of type application/x-python-serialize"
    )
    assert.strictEqual(
      failure(message("[]"), { accept: ["yaml"] }).message,
      "decode: Refusing to deserialize untrusted content of type json (application/json)"
    )
    assert.deepStrictEqual(success(message("[]"), { accept: ["application/json"] }), [])
    assert.include(
      failure(pickle, { accept: ["application/x-python-serialize"] }).message,
      "no serializer for content type"
    )
  })

  it("decodes nothing of a delivery that is not all there", () => {
    const defect = new Undecodable({ detail: "the headers are damaged: a field is cut off" })
    assert.strictEqual(failure({ ...message("[]"), defect }, { serializers: untouchable }).reason, defect)
  })

  it("decodes nothing of what it refuses", () => {
    assert.strictEqual(
      failure(message("[]"), { accept: [], serializers: untouchable }).reason._tag,
      "ContentDisallowed"
    )
  })

  it("trusts text and data, which nobody interprets", () => {
    assert.strictEqual(success(message("hi", { contentType: "text/plain" }), { accept: [] }), "hi")
    assert.strictEqual(success(message("hi", { contentType: "application/data" }), { accept: [] }), "hi")
    assert.deepStrictEqual(
      success(message(Uint8Array.of(255), { contentType: "application/data", contentEncoding: "binary" })),
      Uint8Array.of(255)
    )
  })

  it("takes a message without a content type for data", () => {
    assert.strictEqual(success({ body: Buffer.from("[]"), headers: {}, properties: {} }), "[]")
  })

  it("takes parameters and capitals of a content type for what they are", () => {
    assert.deepStrictEqual(success(message("[]", { contentType: "Application/JSON; charset=utf-8" })), [])
  })

  it("reads the encodings it knows and refuses the others", () => {
    for (const contentEncoding of ["utf-8", "UTF-8", "utf8", "binary", "us-ascii", "latin-1", "iso_8859-1"]) {
      assert.deepStrictEqual(success(message(`["a"]`, { contentEncoding })), ["a"])
    }
    assert.deepStrictEqual(success(message(Uint8Array.of(0x22, 0xe9, 0x22), { contentEncoding: "latin1" })), "é")
    assert.include(
      failure(message(Uint8Array.of(0x22, 0xe9, 0x22), { contentEncoding: "us-ascii" })).message,
      "not ASCII"
    )
    assert.include(failure(message("[]", { contentEncoding: "utf-7" })).message, "unknown content encoding utf-7")
  })

  it("refuses an unknown or malformed compression", () => {
    assert.include(failure(message("[]", {}, { compression: "application/x-rar" })).message, "unknown compression")
    assert.include(failure(message("[]", {}, { compression: 7 })).message, "compression header is not a text")
    assert.include(failure(message("[]", {}, { compression: "application/x-bz2" })).message, "not supported here")
    assert.strictEqual(failure(message("[]", {}, { compression: "gzip" })).reason._tag, "Undecodable")
    assert.deepStrictEqual(success(message("[]", {}, { compression: null })), [])
  })

  it("bounds the body, what it expands to, its depth and the headers", () => {
    const tooLarge = (message: Message, options?: Content.DecodeOptions) => {
      const { reason } = failure(message, options)
      return reason._tag === "TooLarge" ? reason.what : reason._tag
    }
    assert.strictEqual(tooLarge(message("[1]"), { limits: { ...limits, bodyBytes: 2 } }), "the body")
    assert.strictEqual(tooLarge(message(new Uint8Array(limits.bodyBytes + 1))), "the body")
    const packed = message(deflateSync("[" + " ".repeat(1000) + "]"), {}, { compression: "application/x-gzip" })
    assert.include(tooLarge(packed, { limits: { ...limits, decompressedBytes: 1001 } }), "decompressed")
    assert.include(tooLarge(message("[[[]]]"), { limits: { ...limits, depth: 2 } }), "nesting")
    assert.strictEqual(tooLarge(message("[]", {}, { note: "x".repeat(limits.headerBytes) })), "the headers")
    assert.strictEqual(
      tooLarge(message("[]", {}, { list: Array.from({ length: limits.headerBytes / 8 }, () => 1) })),
      "the headers"
    )
    let deep: unknown = 1
    for (let i = 0; i < 100_000; i++) deep = [deep]
    assert.strictEqual(tooLarge(message("[]", {}, { deep })), "the headers")
  })

  it("says in a typed error what a foreign serializer throws", () => {
    const broken: Serializer = {
      ...json,
      decode: () => {
        throw new RangeError("Maximum call stack size exceeded")
      }
    }
    const error = failure(message("[]"), { serializers: Serializers.table(broken) })
    assert.strictEqual(error.reason._tag, "Undecodable")
    assert.include(error.message, "Maximum call stack")
  })

  it("throws nothing, whatever a message holds", () => {
    const odd = fc.oneof(
      fc.string(),
      fc.integer(),
      fc.constant(null),
      fc.constant(undefined),
      fc.constantFrom("json", "gzip", "application/json", "utf-8"),
      fc.object()
    )
    fc.assert(fc.property(
      fc.uint8Array({ maxLength: 40 }),
      odd,
      odd,
      fc.record({ compression: odd, other: odd }, { requiredKeys: [] }),
      (body, contentType, contentEncoding, headers) => {
        // A transport may hand over properties of any type: the types are what peers should send.
        const properties = { contentType, contentEncoding } as Properties
        assert.isTrue(Result.isResult(Content.decode({ body, headers, properties })))
      }
    ))
  })
})

describe("Content.encode", () => {
  it("chooses by the value where no serializer is named", () => {
    assert.deepStrictEqual(encoded("hi").properties, { contentType: "text/plain", contentEncoding: "utf-8" })
    assert.deepStrictEqual(encoded(Uint8Array.of(1)).properties, {
      contentType: "application/data",
      contentEncoding: "binary"
    })
    assert.deepStrictEqual(encoded([1]).properties, { contentType: "application/json", contentEncoding: "utf-8" })
    assert.deepStrictEqual(encoded("hi", { serializer: "json" }).properties, {
      contentType: "application/json",
      contentEncoding: "utf-8"
    })
    assert.deepStrictEqual(encoded("hi", { serializer: "raw" }).properties, {
      contentType: "application/data",
      contentEncoding: "utf-8"
    })
  })

  it("names the MIME type of the compression, whichever name it was given", () => {
    for (
      const [name, header] of [["zlib", "application/x-gzip"], ["gzip", "application/x-gzip"], [
        "zstd",
        "application/zstd"
      ], ["brotli", "application/x-brotli"]] as const
    ) {
      const { body, headers, properties } = encoded([1, 2], { compression: name })
      assert.deepStrictEqual(headers, { compression: header })
      assert.deepStrictEqual(success({ body, headers, properties }), [1, 2])
    }
  })

  it("says what it does not know", () => {
    const message = (options: Content.EncodeOptions) => {
      const result = Content.encode({}, options)
      return Result.isFailure(result) ? result.failure.message : "it was encoded"
    }
    assert.include(message({ serializer: "pickle" }), "no serializer 'pickle': known are json, raw, text")
    assert.include(message({ compression: "rar" }), "unknown compression 'rar'")
    assert.include(message({ serializer: "text" }), "text content is a string")
  })
})
