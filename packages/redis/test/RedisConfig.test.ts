import * as MaskedUri from "@celeriac/messaging/MaskedUri"
import type { ResultError } from "@celeriac/tasks/result/ResultError"
import { assert, describe, it } from "@effect/vitest"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as fc from "fast-check"
import * as RedisConfig from "../src/RedisConfig.ts"

const read = (options: RedisConfig.RedisOptions): RedisConfig.RedisConfig =>
  Result.getOrThrow(RedisConfig.make(options))

const failure = (options: RedisConfig.RedisOptions): ResultError => {
  const result = RedisConfig.make(options)
  if (Result.isSuccess(result)) assert.fail("expected it to be refused")
  return result.failure
}

const passwordOf = ({ password }: RedisConfig.Credentials) =>
  password === undefined ? undefined : Redacted.value(password)

describe("RedisConfig", () => {
  const uris: ReadonlyArray<
    readonly [url: string, shown: string, user: string | undefined, password: string | undefined]
  > = [
    ["redis://", "redis://localhost:6379/0", undefined, undefined],
    ["redis://host", "redis://host:6379/0", undefined, undefined],
    ["redis://host/", "redis://host:6379/0", undefined, undefined],
    ["redis://host:1234/7", "redis://host:1234/7", undefined, undefined],
    ["redis://:secret@host/1", "redis://:**@host:6379/1", undefined, "secret"],
    ["redis://me:secret@host/1", "redis://me:**@host:6379/1", "me", "secret"],
    ["redis://me:p%40ss%2Fw%3Ard@host", "redis://me:**@host:6379/0", "me", "p@ss/w:rd"],
    ["redis://me:a:b@c@host/0", "redis://me:**@host:6379/0", "me", "a:b@c"],
    ["redis://host/2?username=me&password=secret", "redis://me:**@host:6379/2", "me", "secret"],
    ["rediss://:x@[::1]:5673/3", "rediss://:**@[::1]:5673/3", undefined, "x"],
    ["REDIS://host", "redis://host:6379/0", undefined, undefined],
    ["redis+socket:///run/redis.sock", "redis+socket:///run/redis.sock", undefined, undefined],
    [
      "redis+socket://:x@/run/a%20b.sock?virtual_host=4",
      "redis+socket://:**@/run/a%20b.sock?virtual_host=4",
      undefined,
      "x"
    ],
    [
      "sentinel://me:x@a:1/2;sentinel://b?master_name=m",
      "sentinel://me:**@a:1/2;sentinel://b:26379/0",
      "me",
      "x"
    ]
  ]
  for (const [url, shown, user, password] of uris) {
    it(`reads ${url}`, () => {
      const config = read({ url, masterName: "m" })
      assert.deepStrictEqual([config.uri, config.username, passwordOf(config)], [shown, user, password])
    })
  }

  it("reads the place and the database", () => {
    assert.deepStrictEqual(read({ url: "redis://h:7/3" }).places, [{ _tag: "Tcp", host: "h", port: 7 }])
    assert.deepStrictEqual(read({ url: "redis+socket:///a%20b" }).places, [{ _tag: "Unix", path: "/a b" }])
    assert.strictEqual(read({ url: "redis://h/3" }).database, 3)
    assert.strictEqual(read({ url: "redis://h//3/" }).database, 3)
    assert.strictEqual(read({ url: "redis+socket:///a?virtual_host=5" }).database, 5)
  })

  it("reads what is asked for in the query, in Celery's names", () => {
    const config = read({
      url:
        "rediss://host?ssl_ca_certs=/ca.pem&ssl_certfile=/c.pem&ssl_keyfile=/k.pem&ssl_cert_reqs=CERT_NONE&socket_timeout=7&socket_connect_timeout=2&client_name=me&global_keyprefix=shop&health_check_interval=5"
    })
    assert.deepStrictEqual(config.tls, { ca: "/ca.pem", cert: "/c.pem", key: "/k.pem", verify: false })
    assert.deepStrictEqual(
      [config.socketTimeout, config.connectTimeout, config.clientName, config.keyPrefix],
      [7000, 2000, "me", "shop_"]
    )
  })

  it("puts an underscore behind a prefix that does not end by itself", () => {
    const prefixes = ["", "a", "a:", "a_", "a-", "a."].map((keyPrefix) => read({ keyPrefix }).keyPrefix)
    assert.deepStrictEqual(prefixes, ["", "a_", "a:", "a_", "a-", "a."])
  })

  it("lets options count over the URL", () => {
    const config = read({
      url: "redis://me:secret@host/1",
      username: "you",
      password: Redacted.make("other"),
      database: 2,
      tls: { ca: "/ca", cert: undefined }
    })
    assert.deepStrictEqual(
      [config.uri, passwordOf(config), config.database, config.tls],
      ["rediss://you:**@host:6379/2", "other", 2, { ca: "/ca" }]
    )
  })

  it("reads sentinels from a list and from between semicolons", () => {
    const config = read({ url: ["sentinel://a/1", Redacted.make("sentinel://b;sentinel://c")], masterName: "m" })
    assert.deepStrictEqual(config.places.map((place) => place._tag === "Tcp" && place.host), ["a", "b", "c"])
    assert.deepStrictEqual([config.sentinel?.masterName, config.database], ["m", 1])
    assert.isUndefined(read({}).sentinel)
  })

  const refused: ReadonlyArray<readonly [url: string, words: RegExp]> = [
    ["", /no Redis URL was given/],
    ["amqp://host", /'amqp' is not a scheme of Redis/],
    ["unix:///run/redis.sock", /expected redis, rediss, redis\+socket or sentinel/],
    ["host:6379", /is not a Redis URL/],
    ["redis://host/shop", /the database is not a whole number/],
    ["redis://host/-1", /the database is not a whole number/],
    ["redis://host/1.5", /the database is not a whole number/],
    ["redis://host:0", /host or port is malformed/],
    ["redis://host:66666", /host or port is malformed/],
    ["redis://me:%zz@host", /the password is not well percent-encoded/],
    ["redis://host?ssl_cert_reqs=required", /is not encrypted.*write rediss/],
    ["rediss://host?ssl_cert_reqs=perhaps", /ssl_cert_reqs must be required or none/],
    ["redis://host?socket_timeout=soon", /socket_timeout must be a positive number/],
    ["redis://host?tiemout=3", /no option 'tiemout': expected virtual_host/],
    ["redis+socket://", /the path of a socket behind three slashes/],
    ["redis+socket://host/a", /the path of a socket behind three slashes/],
    ["sentinel://a", /which of the masters/],
    ["redis://a;redis://b", /2 Redis URLs were given/],
    [
      "redis+cluster://a:6379",
      /'redis\+cluster:\/\/a:6379': no result backend of Celery can use a cluster.*sentinel:\/\//
    ],
    ["rediss-cluster://a", /no result backend of Celery can use a cluster/],
    ["redis+cluster://me:5ecre7@a", /\*\*.*no result backend of Celery can use a cluster/]
  ]
  for (const [url, words] of refused) {
    it(`refuses '${url}'`, () => {
      const { isRecoverable, message, reason } = failure({ url })
      assert.deepStrictEqual([reason._tag, isRecoverable], ["InvalidBackend", false])
      assert.match(message, words)
    })
  }

  const text = fc.string({ unit: "binary", minLength: 1, maxLength: 20 })

  it("gives back whatever was percent-encoded, and shows no password", () => {
    fc.assert(
      fc.property(text, text, fc.nat(65534), fc.nat(100), (user, password, port, database) => {
        const config = read({
          url: `redis://${encodeURIComponent(user)}:${encodeURIComponent(password)}@host:${port + 1}/${database}`
        })
        assert.deepStrictEqual(
          [config.username, passwordOf(config), config.database, config.places[0]],
          [user, password, database, { _tag: "Tcp", host: "host", port: port + 1 }]
        )
        assert.strictEqual(config.uri, `redis://${encodeURIComponent(user)}:**@host:${port + 1}/${database}`)
        assert.strictEqual(MaskedUri.maskIn(config.uri), config.uri)
      })
    )
  })

  const schemes = fc.constantFrom("redis", "rediss", "redis+socket", "sentinel", "rdis")

  it("answers every text, and shows nothing of a password, in an error or elsewhere", () => {
    const secret = "5ecre7"
    const around = fc.string({ unit: fc.constantFrom(..."ab@:/?#;%&= []5"), maxLength: 6 })
    fc.assert(
      fc.property(schemes, around, around, around, (scheme, before, after, rest) => {
        const url = `${scheme}://me:${before}${secret}${after}@host${rest}`
        const result = RedisConfig.make({ url, masterName: "m" })
        const shown = Result.isSuccess(result) ? result.success.uri : result.failure.message
        assert.notInclude(shown, secret, url)
      }),
      { numRuns: 2000 }
    )
  })
})
