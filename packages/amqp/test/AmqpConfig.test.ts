import * as MaskedUri from "@celeriac/messaging/MaskedUri"
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import { assert, describe, it } from "@effect/vitest"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as fc from "fast-check"
import * as AmqpConfig from "../src/AmqpConfig.ts"

const parse = (url: string, options?: AmqpConfig.AmqpOptions): AmqpConfig.Endpoint =>
  Result.getOrThrow(AmqpConfig.parseUrl(url, options))

const failure = (options: AmqpConfig.AmqpOptions): MessagingError => {
  const result = AmqpConfig.make(options)
  if (Result.isSuccess(result)) assert.fail("expected it to be refused")
  return result.failure
}

describe("AmqpConfig", () => {
  const uris: ReadonlyArray<readonly [url: string, masked: string, virtualHost: string, password: string]> = [
    ["amqp://", "amqp://guest:**@localhost:5672//", "/", "guest"],
    ["amqp://host", "amqp://guest:**@host:5672//", "/", "guest"],
    ["amqp://host/", "amqp://guest:**@host:5672//", "/", "guest"],
    ["amqp://host//", "amqp://guest:**@host:5672//", "/", "guest"],
    ["amqp://host/%2F", "amqp://guest:**@host:5672//", "/", "guest"],
    ["amqp://host/shop", "amqp://guest:**@host:5672/shop", "shop", "guest"],
    ["amqp://host//shop", "amqp://guest:**@host:5672//shop", "/shop", "guest"],
    ["pyamqp://me:secret@host:1234/a%20b", "amqp://me:**@host:1234/a%20b", "a b", "secret"],
    ["amqp://me:p%40ss%2Fw%3Ard@host/", "amqp://me:**@host:5672//", "/", "p@ss/w:rd"],
    ["amqp://me:a:b@c@host/", "amqp://me:**@host:5672//", "/", "a:b@c"],
    ["amqps://me:x@host/shop", "amqps://me:**@host:5671/shop", "shop", "x"],
    ["amqp://me:x@[::1]:5673/shop", "amqp://me:**@[::1]:5673/shop", "shop", "x"],
    ["amqp://admin:Tr0ub;4dor@h/v", "amqp://admin:**@h:5672/v", "v", "Tr0ub;4dor"],
    ["AMQP://me@host", "amqp://me:**@host:5672//", "/", ""]
  ]
  for (const [url, masked, virtualHost, password] of uris) {
    it(`reads ${url}`, () => {
      const endpoint = parse(url)
      assert.strictEqual(endpoint.uri, masked)
      assert.strictEqual(endpoint.virtualHost, virtualHost)
      assert.strictEqual(Redacted.value(endpoint.password), password)
    })
  }

  it("takes several URLs from a list and from between semicolons", () => {
    const config = Result.getOrThrow(AmqpConfig.make({ url: ["amqp://a;amqp://b", Redacted.make("amqp://c")] }))
    assert.deepStrictEqual(config.endpoints.map((endpoint) => endpoint.host), ["a", "b", "c"])
  })

  it("reads what is asked for in the query, in Kombu's names and RabbitMQ's", () => {
    const endpoint = parse(
      "amqps://host/?heartbeat=10&connect_timeout=2&ssl_ca_certs=/ca.pem&certfile=/c.pem&ssl_keyfile=/k.pem&ssl_cert_reqs=CERT_NONE&auth_mechanism=external"
    )
    assert.strictEqual(endpoint.heartbeat, 10)
    assert.strictEqual(endpoint.connectTimeout, 2000)
    assert.isTrue(endpoint.external)
    assert.deepStrictEqual(endpoint.tls, { ca: "/ca.pem", cert: "/c.pem", key: "/k.pem", verify: false })
    const over = Result.getOrThrow(
      AmqpConfig.make({ url: "amqps://h?certfile=/c.pem", tls: { cert: undefined, ca: "/a" } })
    )
    assert.deepStrictEqual(over.endpoints[0].tls, { cert: "/c.pem", ca: "/a" })
    assert.strictEqual(parse("amqp://host?connection_timeout=1500").connectTimeout, 1500)
    assert.strictEqual(parse("amqp://host?heartbeat=10", { heartbeat: "1 minute" }).heartbeat, 60)
  })

  it("knows how large a message may be by the options, else by the smallest of its URLs", () => {
    const limit = (options: AmqpConfig.AmqpOptions) => Result.getOrThrow(AmqpConfig.make(options)).maxMessageSize
    assert.strictEqual(limit({ url: "amqp://a" }), Infinity)
    assert.strictEqual(limit({ url: "amqp://a?max_message_size=20;amqp://b?max_message_size=10;amqp://c" }), 10)
    assert.strictEqual(limit({ url: "amqp://a?max_message_size=20", maxMessageSize: 30 }), 30)
    for (const size of ["", "0", "-1", "1e3", "16MB", "1.5"]) {
      assert.include(
        failure({ url: `amqp://a?max_message_size=${size}` }).message,
        "max_message_size must be a whole number of bytes"
      )
    }
  })

  it("has a heartbeat of 30 seconds, and of none when told so", () => {
    assert.strictEqual(parse("amqp://host").heartbeat, 30)
    assert.strictEqual(parse("amqp://host?heartbeat=0").heartbeat, 0)
  })

  const malformed: ReadonlyArray<readonly [url: string, says: string]> = [
    ["", "no broker URL"],
    ["localhost:5672", "is not a broker URL"],
    ["redis://me:secret@host", "'redis' is not a scheme of AMQP"],
    ["amqp://me:secret@host:99999", "host or port is malformed"],
    ["amqp://me:secret@host:port/", "host or port is malformed"],
    ["amqp://me:secret@a:b:c", "host or port is malformed"],
    ["amqp://me:secret%@host", "write '%' as '%25'"],
    ["amqp://me:secret@host?hartbeat=1", "no option 'hartbeat'"],
    ["amqp://me:secret@host?heartbeat=often", "number of seconds"],
    ["amqp://me:secret@host?verify=perhaps", "verify must be"],
    ["amqp://me:sec/ret@host", "write '/' as %2F, '?' as %3F, '#' as %23"],
    ["amqp://me:12/secret@host", "write '/' as %2F"],
    ["amqp://me:12?secret@host", "'amqp://...@host' is not a broker URL"],
    ["amqp://a;secret", "host or port is malformed"]
  ]
  for (const [url, says] of malformed) {
    it(`refuses '${url.replace(/secret/, "…")}'`, () => {
      const error = failure({ url })
      assert.strictEqual(error.reason._tag, "InvalidConfiguration")
      assert.isFalse(error.isRecoverable)
      assert.include(error.message, says)
      assert.notMatch(error.message, /sec\/?ret/)
    })
  }

  it("shows no part of a password, whatever it is made of", () => {
    const part = fc.string({ unit: fc.constantFrom(..."QWXYZ"), minLength: 4, maxLength: 8 })
    const special = fc.constantFrom(..."/?#@:;%&=+ []{}()<>|'\"`,!$*~^\\", "", "12/", "1?", "://", "%2")
    fc.assert(fc.property(part, special, part, special, part, (a, one, b, two, c) => {
      for (const url of [`amqp://admin:${a}${one}${b}${two}${c}@host/v`, `amqp://x;amqp://admin:${a}${one}${b}@host`]) {
        const result = AmqpConfig.make({ url })
        const shown = Result.isSuccess(result)
          ? JSON.stringify(result.success.endpoints.map(({ uri, host, virtualHost }) => [uri, host, virtualHost]))
          : result.failure.message
        for (const half of [a, b, c]) assert.notInclude(shown, half)
      }
    }))
  })

  it("shows no three characters of a password in a row, whatever is printed of ASCII", () => {
    const ascii = fc.string({
      unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
      maxLength: 12
    })
    // As they break URLs: with what separates its parts and its members.
    const piece = fc.oneof(
      ascii,
      fc.constantFrom("12345", "7/", "1?", ";x://", ";amqp://", "amqp://", "@", ":", "[::1]", "%41")
    )
    const passwords = fc.array(piece, { maxLength: 5 }).map((pieces) => pieces.join(""))
      // With the end of one address and the beginning of another in it, nobody can tell it from two.
      .filter((text) => text.length > 2 && !/@.*;\s*amqp:\/\//.test(text))
    const told = (url: string): string => {
      const result = AmqpConfig.make({ url })
      return [
        Result.isSuccess(result) ? JSON.stringify(result.success.endpoints) : result.failure.message,
        MaskedUri.mask(url),
        MaskedUri.maskIn(`cannot reach '${url}', giving up`)
      ].join("\n")
    }
    const frames: ReadonlyArray<(password: string) => string> = [
      (password) => `amqp://Z:${password}@Y/X`,
      (password) => `amqps://:${password}@Y:6/X?heartbeat=9;amqp://W`,
      (password) => `amqp://W;amqp://Z:${password}@Y`
    ]
    // What is said of other URLs says nothing about this one.
    const innocent = [
      ...frames.flatMap((frame) => ["V", "V/V", "V?V", "V#V", "%", ";V", "V:V"].map(frame)),
      ...["amqp://Y:Y", "amqp://Y?V=1", "amqp://Y?heartbeat=V", "V://Y", "V", ""]
    ].map(told).join("\n")
    fc.assert(
      fc.property(passwords, fc.constantFrom(...frames), (password, frame) => {
        const url = frame(password)
        const shown = told(url)
        for (let at = 0; at + 3 <= password.length; at++) {
          const part = password.slice(at, at + 3)
          if (!innocent.includes(part)) assert.notInclude(shown, part)
        }
      }),
      { numRuns: 2_000 }
    )
  })

  it("never shows a password, however the URL is broken", () => {
    fc.assert(fc.property(fc.string(), fc.string(), (before, after) => {
      const result = AmqpConfig.make({
        url: `amqp://me:hunter2${before.replaceAll(/[@;]/g, "")}@host${after.replaceAll("@", "")}`
      })
      assert.notInclude(
        Result.isSuccess(result)
          ? result.success.endpoints[0].uri + JSON.stringify(result.success)
          : result.failure.message,
        "hunter2"
      )
    }))
  })
})
