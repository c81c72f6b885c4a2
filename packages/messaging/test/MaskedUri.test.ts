import { assert, describe, it } from "@effect/vitest"
import * as MaskedUri from "../src/MaskedUri.ts"

describe("MaskedUri", () => {
  it("shows an address without its password, well-formed or not", () => {
    const rows: ReadonlyArray<readonly [string, string]> = [
      ["amqp://me:secret@host:5672/shop", "amqp://me:**@host:5672/shop"],
      ["redis://:secret@host/0", "redis://:**@host/0"],
      ["amqp://me:se:cr@et@host", "amqp://me:**@host"],
      ["amqp://me:sec/ret@host/shop", "amqp://me:**@host/shop"],
      ["me:secret@host", "me:**@host"],
      ["amqp://host/shop?password=secret", "amqp://host/shop"],
      ["amqp://me:sec?ret@host", "amqp://me:**@host"],
      ["amqp://host", "amqp://host"]
    ]
    for (const [uri, masked] of rows) assert.strictEqual(MaskedUri.mask(uri), masked)
  })

  it("finds the addresses in a text", () => {
    const rows: ReadonlyArray<readonly [string, string]> = [
      ["cannot reach 'amqp://me:secret@host', giving up", "cannot reach 'amqp://me:**@host', giving up"],
      [
        "first redis://:secret@host/0, then amqps://me:sec/ret@host?x=1",
        "first redis://:**@host/0, then amqps://me:**@host"
      ],
      ["in file:///app/node_modules/@scope/name/index.js:1:2", "in file:///app/node_modules/@scope/name/index.js:1:2"],
      ["see https://example.org/?a=b and mail me@example.org", "see https://example.org/?a=b and mail me@example.org"]
    ]
    for (const [text, masked] of rows) assert.strictEqual(MaskedUri.maskIn(text), masked)
  })
})
