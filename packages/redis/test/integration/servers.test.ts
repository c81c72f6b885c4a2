/** The ways to a Redis: TLS, a Unix socket, a user who may do little, sentinels; and what becomes of a client when they change. */
import { ResultReader } from "@celeriac/tasks/result/ResultReader"
import * as ResultRecord from "@celeriac/tasks/result/ResultRecord"
import { store } from "@celeriac/tasks/result/ResultWriter"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll } from "vitest"
import { answers, freePorts, Peer, run, until } from "../../../../test/peers/Process.ts"
import { Redis } from "../../../../test/peers/Redis.ts"
import { redisCommand } from "../../../../test/peers/Resp.ts"
import * as RedisBackend from "../../src/RedisBackend.ts"

const nobody = { replyTo: undefined, correlationId: undefined }
const success = (id: string) => ResultRecord.make(id, "SUCCESS", { result: 5, dateDone: 0 })

const server = (...args: ReadonlyArray<string>) =>
  Effect.acquireRelease(Effect.promise(() => Redis.start(...args)), (redis) => Effect.promise(() => redis.stop()))

const command = (redis: Redis, ...args: ReadonlyArray<string>) => Effect.promise(() => redisCommand(redis.url, ...args))

/** What a worker and its client do with it. */
const used = Effect.gen(function*() {
  const reader = yield* ResultReader
  const waiting = yield* Effect.forkChild(reader.wait("a"), { startImmediately: true })
  yield* reader.prepare("a", "5 seconds")
  yield* store(success("a"), nobody)
  assert.strictEqual((yield* Fiber.join(waiting)).result, 5)
  assert.strictEqual(yield* reader.state("a"), "SUCCESS")
  yield* reader.forget("a")
  assert.isUndefined(yield* reader.lookup("a"))
})

let folder: string

/** Two authorities; the first has signed the server's certificate. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "celeriac-redis-tls-"))
  const at = (name: string) => join(folder, name)
  for (const name of ["own", "wrong"]) {
    await run("openssl", [
      ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", `/CN=${name}`],
      ...["-keyout", at(`${name}.key`), "-out", at(`${name}.pem`)]
    ])
  }
  await writeFile(at("names"), "subjectAltName=DNS:localhost")
  await run("openssl", [
    ...[
      "req",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-subj",
      "/CN=localhost",
      "-keyout",
      at("key.pem"),
      "-out",
      at("csr.pem")
    ]
  ])
  await run("openssl", [
    ...["x509", "-req", "-in", at("csr.pem"), "-CA", at("own.pem"), "-CAkey", at("own.key"), "-CAcreateserial"],
    ...["-days", "2", "-extfile", at("names"), "-out", at("cert.pem")]
  ])
})

afterAll(() => rm(folder, { recursive: true, force: true }))

describe("a Redis", () => {
  it.live("over TLS is trusted by its own authority alone", () =>
    Effect.gen(function*() {
      const [port = 0] = yield* Effect.promise(() => freePorts(1))
      yield* server(
        ...["--tls-port", String(port), "--tls-auth-clients", "no", "--tls-ca-cert-file", join(folder, "own.pem")],
        ...["--tls-cert-file", join(folder, "cert.pem"), "--tls-key-file", join(folder, "key.pem")]
      )
      const url = (ca: string) => `rediss://localhost:${port}/0?ssl_ca_certs=${encodeURIComponent(join(folder, ca))}`
      yield* Effect.provide(used, RedisBackend.layer({ url: url("own.pem") }))
      const error = yield* Effect.flip(store(success("a"), nobody)).pipe(
        Effect.provide(RedisBackend.layer({ url: url("wrong.pem") }))
      )
      assert.match(error.message, /rediss:\/\/localhost:\d+\/0 .*certificate/)
      const plain = yield* Effect.flip(store(success("a"), nobody)).pipe(
        Effect.provide(RedisBackend.layer({ url: `redis://localhost:${port}/0`, connectTimeout: "1 second" }))
      )
      assert.strictEqual(plain.reason._tag, "BackendUnreachable")
    }).pipe(Effect.scoped))

  it.live("is reached by its Unix socket", () =>
    Effect.gen(function*() {
      const socket = join(folder, "redis.sock")
      yield* server("--unixsocket", socket)
      yield* Effect.provide(used, RedisBackend.layer({ url: `redis+socket://${socket}?virtual_host=3` }))
    }).pipe(Effect.scoped))

  it.live("asks of its user what the README says, and not more; says what is missing", () =>
    Effect.gen(function*() {
      const redis = yield* server()
      const commands = [
        "eval",
        "evalsha",
        "get",
        "getrange",
        "set",
        "setex",
        "del",
        "publish",
        "subscribe",
        "ping",
        "client|setname",
        "unsubscribe"
      ]
      yield* command(
        redis,
        ...["ACL", "SETUSER", "app", "on", ">right", "~celery-task*", "&celery-task*"],
        ...commands.map((name) => `+${name}`)
      )
      const url = redis.url.replace("redis://", "redis://app:right@")
      yield* Effect.provide(used, RedisBackend.layer({ url }))
      yield* command(redis, "ACL", "SETUSER", "app", "-getrange")
      const error = yield* Effect.flip(Effect.flatMap(ResultReader, (reader) => reader.lookup("a"))).pipe(
        Effect.provide(RedisBackend.layer({ url }))
      )
      assert.match(error.message, /NOPERM.*The user needs the commands/)
    }).pipe(Effect.scoped))

  it.live("whose password changes refuses with a clear error, and is used again when it is right", () =>
    Effect.gen(function*() {
      const redis = yield* server()
      const password = (word: string) => command(redis, "ACL", "SETUSER", "app", "resetpass", `>${word}`)
      yield* command(redis, "ACL", "SETUSER", "app", "on", ">right", "~*", "&*", "+@all")
      yield* Effect.gen(function*() {
        yield* used
        yield* password("other")
        yield* command(redis, "CLIENT", "KILL", "USER", "app")
        const refusal = Effect.filterOrFail(
          Effect.flip(store(success("b"), nobody)),
          ({ reason }) => reason._tag === "BackendRefused"
        )
        const error = yield* Effect.retry(refusal, Schedule.spaced("20 millis"))
        assert.match(error.message, /WRONGPASS.*Check the user name and the password/)
        const waiting = yield* Effect.flip(Effect.flatMap(ResultReader, (reader) => reader.wait("b")))
        assert.match(waiting.message, /WRONGPASS/)
        yield* password("right")
        yield* Effect.retry(store(success("b"), nobody), Schedule.spaced("20 millis"))
        assert.strictEqual((yield* (yield* ResultReader).wait("b")).result, 5)
      }).pipe(Effect.provide(RedisBackend.layer({ url: redis.url.replace("redis://", "redis://app:right@") })))
    }).pipe(Effect.scoped))

  it.live("that is flushed meanwhile has what is stored afterwards", () =>
    Effect.gen(function*() {
      const redis = yield* server()
      yield* Effect.gen(function*() {
        const reader = yield* ResultReader
        yield* store(success("before"), nobody)
        const waiting = yield* Effect.forkChild(reader.wait("a"), { startImmediately: true })
        yield* reader.state("a")
        yield* command(redis, "FLUSHALL")
        yield* command(redis, "SCRIPT", "FLUSH")
        assert.isUndefined(yield* reader.lookup("before"))
        yield* store(success("a"), nobody)
        assert.strictEqual((yield* Fiber.join(waiting)).result, 5)
      }).pipe(Effect.provide(RedisBackend.layer({ url: redis.url })))
    }).pipe(Effect.scoped))

  it.live("that became a replica is left for its master, which the sentinels name", () =>
    Effect.gen(function*() {
      const master = yield* server()
      const replica = yield* server("--replicaof", `127.0.0.1 ${master.port}`)
      const [port = 0] = yield* Effect.promise(() => freePorts(1))
      const file = join(folder, "sentinel.conf")
      yield* Effect.promise(() =>
        writeFile(
          file,
          `port ${port}\ndir ${folder}\nsentinel monitor mymaster 127.0.0.1 ${master.port} 1\n` +
            "sentinel down-after-milliseconds mymaster 1000\nsentinel failover-timeout mymaster 5000\n"
        )
      )
      const sentinel = yield* Effect.acquireRelease(
        Effect.sync(() => new Peer("redis-server", [file, "--sentinel"], { folder })),
        (peer) => Effect.promise(() => peer.stop("SIGTERM", 2000))
      )
      const url = `redis://127.0.0.1:${port}`
      yield* Effect.promise(() =>
        until(
          "the sentinel has found the replica",
          async () =>
            await answers(port, "PING\r\n", (data) => data.toString().startsWith("+PONG")) &&
            String(await redisCommand(url, "SENTINEL", "replicas", "mymaster")).includes(String(replica.port)),
          30_000,
          () => sentinel.output
        )
      )
      const layer = RedisBackend.layer({
        url: `sentinel://127.0.0.1:1;sentinel://127.0.0.1:${port}?master_name=mymaster`
      })
      yield* Effect.gen(function*() {
        yield* used
        yield* store(success("before"), nobody)
        const reader = yield* ResultReader
        const waiting = yield* Effect.forkChild(reader.wait("after"), { startImmediately: true })
        yield* command(master, "WAIT", "1", "5000")
        yield* Effect.promise(() => master.kill())
        yield* Effect.retry(store(success("after"), nobody), Schedule.spaced("100 millis"))
        assert.strictEqual((yield* Fiber.join(waiting)).result, 5)
        assert.strictEqual(yield* reader.state("before"), "SUCCESS")
        assert.include(String(yield* command(replica, "GET", "celery-task-meta-after")), "SUCCESS")
      }).pipe(Effect.provide(layer))
    }).pipe(Effect.scoped), 60_000)
})
