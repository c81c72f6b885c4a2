/** The ways to a Redis: TLS, a Unix socket, a user who may do little, sentinels; and what becomes of a client when they change. */
import { ChordCounter } from "@celeriac/tasks/result/ChordCounter"
import type { ResultError } from "@celeriac/tasks/result/ResultError"
import { ResultReader } from "@celeriac/tasks/result/ResultReader"
import * as ResultRecord from "@celeriac/tasks/result/ResultRecord"
import { store } from "@celeriac/tasks/result/ResultWriter"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
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

/** A chord of two, with a part that ends before the size is known. */
const counted = (groupId: string) =>
  Effect.gen(function*() {
    const counter = yield* ChordCounter
    yield* counter.count({ groupId, index: 0, record: success("a") })
    yield* counter.setSize(groupId, 2)
    const records = yield* counter.count({ groupId, index: 1, record: success("b") })
    assert.deepStrictEqual(records?.map(({ taskId }) => taskId), ["a", "b"])
    yield* counter.forget(groupId)
  })

const readme = new URL("../../README.md", import.meta.url)

/** The commands of the README's table, by row. */
const allowances = (text: string) => {
  const row = (what: string) =>
    Array.from(
      new RegExp(`^\\| ${what} \\|(.*)$`, "m").exec(text)?.[1]?.matchAll(/`([^`]+)`/g) ?? [],
      ([, name]) => name!
    )
  return {
    results: row("for results"),
    chords: row("for chords, too"),
    select: row("for another database than 0")
  }
}

/** It says which commands are needed. */
const assertNotAllowed = (error: ResultError, needed: ReadonlyArray<string>) => {
  assert.strictEqual(error.reason._tag, "BackendRefused")
  assert.match(
    error.message,
    /(NOPERM|user executing the script can't|ACL failure in script).*The user needs the commands/
  )
  for (const name of needed) assert.include(error.message, name)
}

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

  it.live("asks of its user what the README says, each of it for something, and says what is missing", () =>
    Effect.gen(function*() {
      const redis = yield* server()
      const { chords, results, select } = allowances(yield* Effect.promise(() => readFile(readme, "utf8")))
      const may = (names: ReadonlyArray<string>) =>
        command(
          redis,
          ...["ACL", "SETUSER", "app", "reset", "on", ">right", "~celery-task*", "&celery-task*"],
          ...names.map((name) => `+${name.toLowerCase().replace(" ", "|")}`)
        )
      const url = redis.url.replace("redis://", "redis://app:right@")
      const backend = (at: string) => Layer.fresh(RedisBackend.layer({ url: at }))
      yield* may(results)
      yield* Effect.provide(used, backend(url))
      yield* may([...results, ...select])
      yield* Effect.provide(used, backend(url.replace(/0$/, "1")))
      yield* may([...results, ...chords])
      yield* Effect.provide(counted("all"), backend(url))

      for (const name of ["GETRANGE", "SETEX", "PUBLISH", "DEL", "SUBSCRIBE"]) {
        yield* may(results.filter((other) => other !== name))
        yield* command(redis, "FLUSHALL")
        assertNotAllowed(yield* Effect.flip(Effect.provide(used, backend(url))), results)
      }
      for (const name of chords) {
        yield* may([...results, ...chords.filter((other) => other !== name)])
        assertNotAllowed(yield* Effect.flip(Effect.provide(counted(name), backend(url))), chords)
      }
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

  it.live("is asked by all who wait over one connection, and forgets each channel with the last who waits for it", () =>
    Effect.gen(function*() {
      const redis = yield* server()
      const channels = () => redisCommand(redis.url, "PUBSUB", "CHANNELS") as Promise<ReadonlyArray<string>> // so it replies
      const ids = Array.from({ length: 200 }, (_, n) => `many-${n}`)
      yield* Effect.gen(function*() {
        const reader = yield* ResultReader
        const all = Effect.forEach(ids, (id) => reader.wait(id), { concurrency: "unbounded" })
        const waiting = yield* Effect.forkChild(Effect.all([all, all], { concurrency: 2 }), { startImmediately: true })
        yield* Effect.promise(() => until("all are subscribed to", async () => (await channels()).length === 200))
        const clients = String(yield* command(redis, "CLIENT", "LIST")).split("\n")
        assert.strictEqual(clients.filter((client) => / sub=[1-9]/.test(client)).length, 1)
        yield* Effect.forEach(ids, (id) => store(success(id), nobody), { concurrency: "unbounded" })
        const records = (yield* Fiber.join(waiting)).flat()
        assert.deepStrictEqual(records.map(({ taskId }) => taskId), [...ids, ...ids])
        yield* Effect.promise(() => until("none is", async () => (await channels()).length === 0))
      }).pipe(Effect.provide(RedisBackend.layer({ url: redis.url })))
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
      const master = yield* server("--repl-diskless-sync-delay", "0")
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
          100_000,
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
        yield* Effect.promise(() =>
          until(
            "the replica has what is stored",
            async () => await redisCommand(replica.url, "EXISTS", "celery-task-meta-before") === 1,
            100_000,
            () => sentinel.output
          )
        )
        yield* Effect.promise(() => master.kill())
        yield* Effect.retry(store(success("after"), nobody), Schedule.spaced("100 millis"))
        assert.strictEqual((yield* Fiber.join(waiting)).result, 5)
        assert.strictEqual(yield* reader.state("before"), "SUCCESS")
        assert.include(String(yield* command(replica, "GET", "celery-task-meta-after")), "SUCCESS")
      }).pipe(Effect.provide(layer))
    }).pipe(Effect.scoped), 120_000)
})
