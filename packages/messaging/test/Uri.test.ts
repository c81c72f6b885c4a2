import * as Uri from "@celeriac/messaging/Uri"
import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import * as fc from "fast-check"

const expected: Uri.Expected<"plain" | "tls"> = {
  what: "broker URL",
  form: "kv://user:password@host:port/name",
  family: "KV",
  schemes: new Map([["kv", "plain"], ["kvs", "tls"]]),
  schemesShown: "kv or kvs",
  path: "name"
}

const nobody = { user: undefined, password: undefined, port: undefined, path: "", query: "" }

describe("Uri", () => {
  const addresses: ReadonlyArray<readonly [string, Uri.Uri<"plain" | "tls">]> = [
    ["kv://", { ...nobody, scheme: "plain", host: "" }],
    ["KVS://h:1/p?q=1", { ...nobody, scheme: "tls", host: "h", port: 1, path: "p", query: "q=1" }],
    ["kv://u@h", { ...nobody, scheme: "plain", host: "h", user: "u", password: "" }],
    ["kv://:p@[::1]:", { ...nobody, scheme: "plain", host: "::1", user: "", password: "p" }],
    ["kv://u:a:b%40@h//x", { ...nobody, scheme: "plain", host: "h", user: "u", password: "a:b@", path: "/x" }]
  ]
  for (const [text, parts] of addresses) {
    it(`takes apart ${text}`, () => {
      assert.deepStrictEqual(Result.getOrThrow(Uri.parse(text, expected)), parts)
    })
  }

  const mistakes: ReadonlyArray<readonly [string, RegExp]> = [
    ["h:1", /is not a broker URL: expected kv:\/\/user:password@host:port\/name\. In user name/],
    ["x://h", /'x' is not a scheme of KV: expected kv or kvs/],
    ["kv://h:0", /the host or port is malformed/],
    ["kv://h:65536", /the host or port is malformed/],
    ["kv://u:%zz@h", /the password is not well percent-encoded/],
    ["kv://h/%zz", /the name is not well percent-encoded/]
  ]
  for (const [text, sentence] of mistakes) {
    it(`refuses ${text}`, () => {
      const parsed = Uri.parse(text, expected)
      assert.isTrue(Result.isFailure(parsed))
      if (Result.isFailure(parsed)) assert.match(parsed.failure, sentence)
    })
  }

  it("reads back what is written encoded, and shows no password of what it refuses", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ minLength: 4, unit: "grapheme" }), (user, secret) => {
        const write = (text: string) => encodeURIComponent(text.toWellFormed())
        const parsed = Result.getOrThrow(Uri.parse(`kv://${write(user)}:${write(secret)}@h`, expected))
        assert.deepStrictEqual([parsed.user, parsed.password], [user.toWellFormed(), secret.toWellFormed()])
        const bare = Uri.parse(`kv://u:~~${secret}~~@h:0`, expected)
        assert.isTrue(Result.isFailure(bare))
        if (Result.isFailure(bare)) assert.notInclude(bare.failure, `~~${secret}`)
      })
    )
  })
})
