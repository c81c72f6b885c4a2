import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import * as MaskedUri from "../src/MaskedUri.ts"

describe("MaskedUri", () => {
  it("shows an address without its password, and scheme and host at most of one that is not well-formed", () => {
    const rows: ReadonlyArray<readonly [string, string]> = [
      ["amqp://me:secret@host:5672/shop", "amqp://me:**@host:5672/shop"],
      ["amqp://me:secret@[::1]:5672/shop", "amqp://me:**@[::1]:5672/shop"],
      ["redis://:secret@host/0", "redis://:**@host/0"],
      ["amqp://me:se:cr@et@host", "amqp://me:**@host"],
      ["amqp://me:sec;ret@host/v", "amqp://me:**@host/v"],
      ["amqp://host/shop?password=secret", "amqp://host/shop"],
      ["amqp://host", "amqp://host"],
      ["amqp://me:sec/ret@host/shop", "amqp://...@host"],
      ["amqp://me:12/secret@host/shop", "amqp://...@host"],
      ["amqp://me:12?secret@host/shop", "amqp://...@host"],
      ["amqp://me:sec#ret@host", "amqp://...@host"],
      ["amqp://me:secret@host:port/", "amqp://...@host"],
      ["amqp://me:secret", "amqp://..."],
      ["me:secret@host", "...@host"],
      ["secret", "..."]
    ]
    for (const [uri, masked] of rows) assert.strictEqual(MaskedUri.mask(uri), masked)
  })

  it("finds the addresses in a text", () => {
    const rows: ReadonlyArray<readonly [string, string]> = [
      ["cannot reach 'amqp://me:secret@host', giving up", "cannot reach 'amqp://me:**@host', giving up"],
      ["first redis://:secret@host/0, then amqps://me:sec/ret@host?x=1", "first redis://...@host"],
      ["cannot reach amqp://me:sec; ret, 1/2@host:1/v, giving up", "cannot reach amqp://...@host, giving up"],
      ["in file:///app/node_modules/@scope/name/index.js:1:2", "in file:///app/node_modules/@scope/name/index.js:1:2"],
      ["see https://example.org/?a=b and mail me@example.org", "see https://example.org/?a=b and mail me@example.org"]
    ]
    for (const [text, masked] of rows) assert.strictEqual(MaskedUri.maskIn(text), masked)
  })

  it("shows no part of a password, whatever it is made of", () => {
    const part = fc.string({ unit: fc.constantFrom(..."QWXYZ"), minLength: 4, maxLength: 8 })
    const special = fc.constantFrom(..."/?#@:;%&=+ []{}()<>|'\"`,!$*~^\\", "", "12/", "1?", "://", "%2")
    fc.assert(fc.property(part, special, part, special, part, (a, one, b, two, c) => {
      const uri = `amqp://admin:${a}${one}${b}${two}${c}@host/v`
      const shown = [MaskedUri.mask(uri), MaskedUri.maskIn(`cannot reach '${uri}', giving up`)]
      for (const text of shown) for (const half of [a, b, c]) assert.notInclude(text, half)
    }))
  })
})
