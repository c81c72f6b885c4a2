import type { Message } from "@celeriac/messaging/Message"
import { MemoryBroker } from "@celeriac/messaging/transports/MemoryBroker"
import * as Task from "@celeriac/tasks/Task"
import { TaskRegistry } from "@celeriac/tasks/TaskRegistry"
import { Worker } from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as fc from "fast-check"
import { deflateSync, gzipSync } from "node:zlib"
import {
  bytes,
  counts,
  define,
  digGraveyard,
  drain,
  inject,
  json,
  Lines,
  lookup,
  publish,
  quiet,
  running,
  settled,
  taskMessage,
  withGraveyard
} from "../support.ts"

const echo = Task.make("proj.echo", { parameters: { value: Schema.Unknown }, success: Schema.Unknown })
const EchoLive = echo.toLayer(({ value }) => Effect.succeed(value), { acksLate: true })

const worker = withGraveyard(running(define({ tasks: [EchoLive], concurrency: 1 })))

/** A good message with something replaced. */
const good = taskMessage({ task: "proj.echo", id: "id", args: [1] })
const withBody = (body: string | Uint8Array, properties: Message["properties"] = json): Message => ({
  body: typeof body === "string" ? bytes(body) : body,
  headers: good.headers,
  properties: { ...good.properties, ...properties }
})
const withHeaders = (headers: Record<string, unknown>): Message => ({
  ...good,
  headers: { ...good.headers, ...headers }
})
const bare = (body: string): Message => ({ body: bytes(body), headers: {}, properties: json })

const nested = (levels: number) => `${"[".repeat(levels)}${"]".repeat(levels)}`
const bomb = deflateSync(Buffer.alloc(256 * 1024 * 1024))

/** Messages that cannot be run, and what is stored of them: InvalidTaskError where nothing is said, nothing where there is no id. */
const hostile: ReadonlyArray<{ readonly name: string; readonly message: Message; readonly stores?: string | false }> = [
  { name: "an empty body", message: withBody("") },
  { name: "a body of null", message: withBody("null") },
  { name: "a body of two items", message: withBody("[[1], {}]") },
  { name: "a body of four items", message: withBody("[[1], {}, {}, {}]") },
  { name: "a body that is a number", message: withBody("42") },
  { name: "a body that is a text", message: withBody("\"text\"") },
  { name: "a body that is not JSON", message: withBody("hello") },
  { name: "a truncated body", message: withBody("[[1], {}, {\"callba") },
  { name: "a body that is not UTF-8", message: withBody(Uint8Array.of(0x5b, 0x22, 0xff, 0xfe, 0x22, 0x5d)) },
  { name: "a body 100,000 levels deep", message: withBody(`[[${nested(100_000)}], {}, {}]`) },
  { name: "a body of 17 MiB", message: withBody(`[["${"x".repeat(17 * 1024 * 1024)}"], {}, {}]`) },
  { name: "arguments that are no list", message: withBody("[{\"0\": 1}, {}, {}]") },
  { name: "keyword arguments that are a list", message: withBody("[[1], [], {}]") },
  { name: "an embed that is a text", message: withBody("[[1], {}, \"chain\"]") },
  { name: "a chain of numbers", message: withBody("[[1], {}, {\"chain\": [1, 2]}]") },
  { name: "a callback without a name", message: withBody("[[1], {}, {\"callbacks\": [{}]}]") },
  { name: "a content type nobody knows", message: withBody("[]", { contentType: "application/x-unknown" }) },
  {
    name: "pickle, which is not accepted",
    message: withBody("gASVAA==", { contentType: "application/x-python-serialize" })
  },
  { name: "an encoding nobody knows", message: withBody("[[1], {}, {}]", { contentEncoding: "utf-7" }) },
  { name: "no content type", message: { ...good, properties: {} } },
  { name: "a compression nobody knows", message: withHeaders({ compression: "application/x-unknown" }) },
  { name: "a compression that is a number", message: withHeaders({ compression: 7 }) },
  { name: "a body that is not compressed as it says", message: withHeaders({ compression: "application/x-gzip" }) },
  {
    name: "a body whose compression is cut off",
    message: { ...withHeaders({ compression: "application/x-gzip" }), body: gzipSync("[[1], {}, {}]").subarray(0, 20) }
  },
  {
    name: "a body of 256 MiB in a quarter of a MiB",
    message: { ...withHeaders({ compression: "application/x-gzip" }), body: bomb }
  },
  { name: "a name that is a number", message: withHeaders({ task: 42 }) },
  { name: "a name that is null", message: withHeaders({ task: null }) },
  { name: "an empty name", message: withHeaders({ task: "" }) },
  { name: "no id", message: withHeaders({ id: undefined }), stores: false },
  { name: "an id that is a number", message: withHeaders({ id: 42 }), stores: false },
  { name: "an id that is an object", message: withHeaders({ id: { $ne: null } }), stores: false },
  { name: "retries that are a text", message: withHeaders({ retries: "many" }) },
  { name: "retries below nothing", message: withHeaders({ retries: -1 }) },
  { name: "a time limit that is an object", message: withHeaders({ timelimit: { hard: 1 } }) },
  { name: "a time limit of infinity", message: withHeaders({ timelimit: [Infinity, null] }) },
  { name: "an eta that is no time", message: withHeaders({ eta: "tomorrow" }) },
  { name: "an eta that is a number", message: withHeaders({ eta: 1e300 }) },
  { name: "an eta in the year 99999", message: withHeaders({ eta: "99999-01-01T00:00:00+00:00" }) },
  { name: "an eta on the 30th of February", message: withHeaders({ eta: "2024-02-30T00:00:00" }) },
  { name: "an expiry that is no time", message: withHeaders({ expires: "never" }) },
  { name: "a group that is a list", message: withHeaders({ group: ["g"] }) },
  { name: "an ignore_result that is a text", message: withHeaders({ ignore_result: "yes" }) },
  { name: "headers of half a MiB", message: withHeaders({ mine: "x".repeat(512 * 1024) }) },
  { name: "headers 10,000 levels deep", message: withHeaders({ mine: JSON.parse(nested(10_000)) }) },
  { name: "the name of no task", message: withHeaders({ task: "proj.unknown" }), stores: "NotRegistered" },
  { name: "the name __proto__", message: withHeaders({ task: "__proto__" }), stores: "NotRegistered" },
  { name: "the name constructor", message: withHeaders({ task: "constructor" }), stores: "NotRegistered" },
  { name: "the name toString", message: withHeaders({ task: "toString" }), stores: "NotRegistered" },
  { name: "nothing that says it is a task", message: bare("{\"hello\": \"world\"}"), stores: false },
  { name: "neither headers nor body", message: { body: new Uint8Array(), headers: {}, properties: {} }, stores: false },
  { name: "a version 1 body without an id", message: bare("{\"task\": \"proj.echo\"}"), stores: false },
  { name: "a version 1 body whose eta is no time", message: bare("{\"task\":\"proj.echo\",\"id\":\"id\",\"eta\":[]}") },
  {
    name: "a version 1 body whose arguments are a text",
    message: bare("{\"task\":\"proj.echo\",\"id\":\"id\",\"args\":\"1\"}")
  }
]

describe("a message that cannot be run", () => {
  for (const { message, name, stores = "InvalidTaskError" } of hostile) {
    it.effect(`is rejected, with a failure where it has an id, and the next one runs: ${name}`, () => {
      const lines = new Lines()
      return Effect.gen(function*() {
        yield* digGraveyard
        yield* inject(message)
        yield* publish(taskMessage({ task: "proj.echo", id: "next", args: ["fine"] }))
        yield* settled
        assert.deepStrictEqual(yield* counts(), [0, 0])
        assert.strictEqual((yield* lookup("next"))?.result, "fine")
        const buried = yield* drain("graveyard")
        assert.deepStrictEqual(buried.map(({ body }) => body), [message.body])
        const record = yield* lookup("id")
        assert.deepStrictEqual(
          [record?.status, record?.exception?.excType],
          stores === false ? [undefined, undefined] : ["FAILURE", stores]
        )
        assert.strictEqual(lines.of("Error").length, 1)
        assert.isBelow(lines.of("Error")[0]!.length, 1_000)
        const { state } = yield* Worker
        assert.deepStrictEqual([state.requests.size, state.active.size, state.succeeded], [0, 0, 1])
      }).pipe(Effect.provide(worker), Effect.provide(lines.layer))
    })
  }

  it.effect("because some of what follows makes no sense comes to a failure for all whose end somebody waits for", () => {
    const sign = (id: string, task = "proj.echo", kwargs: object = {}, options: object = {}) => ({
      task,
      args: [],
      kwargs,
      options: { task_id: id, reply_to: "client", ...options },
      subtask_type: null,
      immutable: false
    })
    /** Deeper than anybody builds. */
    const deep = Array.from({ length: 55 }).reduce<object>(
      (link) => ({ ...sign("deep"), options: { link: [link] } }),
      sign("deep")
    )
    const embed = {
      callbacks: [sign("callback", "proj.echo", {}, { link: [sign("its own")], link_error: [sign("its error")] })],
      chain: [
        sign("end"),
        sign("group", "celery.group", { tasks: [sign("member 1"), sign("member 2")] }),
        sign("chord", "celery.chord", { header: [sign("header")], body: sign("body") }),
        sign("quiet", "proj.echo", {}, { ignore_result: true }),
        { ...sign("none"), options: null },
        sign("no stamps", "proj.echo", {}, { stamped_headers: "no list" }),
        deep
      ],
      chord: sign("the body", "celery.chain", { tasks: [sign("first"), sign("last")] })
    }
    const many = Array.from({ length: 70_000 }, (_, n) => sign(`many-${n}`))
    return Effect.gen(function*() {
      yield* digGraveyard
      for (const [id, one] of [["id", embed], ["many", { chain: many }]] as const) {
        yield* publish({ ...taskMessage({ task: "proj.echo", id }), body: bytes(JSON.stringify([[1], {}, one])) })
      }
      yield* settled
      const waitedFor = [
        "id",
        "callback",
        "its own",
        "its error",
        "end",
        "member 1",
        "member 2",
        "chord",
        "header",
        "body"
      ]
      for (const id of [...waitedFor, "the body", "first", "last", "many", "many-0", "many-65535"]) {
        const record = yield* lookup(id)
        assert.deepStrictEqual([record?.status, record?.exception?.excType], ["FAILURE", "ValueError"], id)
      }
      for (const id of ["group", "quiet", "none", "deep", "many-65536"]) assert.isUndefined(yield* lookup(id), id)
      assert.strictEqual((yield* drain("graveyard")).length, 2)
      assert.deepStrictEqual(yield* counts(), [0, 0])
    }).pipe(Effect.provide(worker), Effect.provide(quiet))
  })

  it.effect("because of what follows says what makes no sense, and nothing of it runs", () => {
    const next = { task: "proj.echo", args: [], kwargs: {}, options: {}, subtask_type: null, immutable: false }
    const lines = new Lines()
    return Effect.gen(function*() {
      yield* digGraveyard
      const message = (id: string, embed: object): Message => ({
        ...taskMessage({ task: "proj.echo", id }),
        body: bytes(JSON.stringify([[1], {}, embed]))
      })
      yield* publish(message("callbacks", { callbacks: [{ ...next, options: { link: [7] } }] }))
      yield* publish(message("errbacks", { errbacks: [next, { ...next, options: { countdown: "soon" } }] }))
      yield* publish(message("chain", { chain: [{ ...next, subtask_type: "chain" }] }))
      yield* publish(message("chord", { chord: { ...next, options: { stamped_headers: 1 } } }))
      yield* publish(message("empty", { callbacks: [], errbacks: [], chain: [], chord: null }))
      yield* publish({
        ...bare(
          JSON.stringify({ task: "proj.echo", id: "version 1", args: [1], callbacks: { ...next, options: { eta: 1 } } })
        )
      })
      yield* settled
      const records = yield* Effect.forEach(["callbacks", "errbacks", "chain", "chord", "version 1"], lookup)
      const why = "what follows the task makes no sense to this worker"
      assert.deepStrictEqual(records.map((record) => record?.exception?.args[0]), [
        `${why}: embed.callbacks[0].options.link[0] is no signature: it was not run`,
        `${why}: embed.errbacks[1] proj.echo[no id]: options.countdown should be a number or null, and is "soon": it was not run`,
        `${why}: embed.chain[0].kwargs.tasks is no list: it was not run`,
        `${why}: embed.chord.options.stamped_headers is no list: it was not run`,
        `${why}: embed.callbacks[0] proj.echo[no id]: options.eta should be an ISO-8601 time or null, and is the number 1: it was not run`
      ])
      assert.strictEqual((yield* lookup("empty"))?.status, "SUCCESS")
      assert.strictEqual((yield* drain("graveyard")).length, 5)
      assert.deepStrictEqual(yield* counts(), [0, 0])
      assert.strictEqual(lines.of("Error").length, 5)
    }).pipe(Effect.provide(worker), Effect.provide(lines.layer))
  })

  it.effect("because its task breaks what it promises is rejected, and others go on", () => {
    const broken = Layer.effectDiscard(Effect.gen(function*() {
      const registry = yield* TaskRegistry
      const registered = registry.get("proj.echo")
      if (registered === undefined) return yield* Effect.die("no echo")
      yield* Effect.orDie(registry.register({
        ...registered,
        name: "broken",
        bind: () => {
          throw new Error("bind threw")
        }
      }))
    }))
    const lines = new Lines()
    return Effect.gen(function*() {
      yield* publish(taskMessage({ task: "broken", id: "a" }))
      yield* publish(taskMessage({ task: "proj.echo", id: "next", args: ["fine"] }))
      yield* settled
      assert.strictEqual((yield* lookup("next"))?.result, "fine")
      assert.deepStrictEqual(yield* counts(), [0, 0])
      assert.deepStrictEqual(lines.of("Fatal"), ["Task broken[a] INTERNAL ERROR: Error: bind threw"])
    }).pipe(
      Effect.provide(running(define({ tasks: [Layer.provideMerge(broken, EchoLive)], concurrency: 1 }))),
      Effect.provide(lines.layer)
    )
  })
})

describe("a message that looks strange and is not", () => {
  const fine: ReadonlyArray<{ readonly name: string; readonly message: Message; readonly result: unknown }> = [
    {
      name: "keys named __proto__ and constructor",
      message: withBody("[[{\"__proto__\": 1, \"constructor\": {\"prototype\": 2}}], {}, {}]"),
      result: JSON.parse("{\"__proto__\": 1, \"constructor\": {\"prototype\": 2}}")
    },
    { name: "an eta a long time ago", message: withHeaders({ eta: "0001-01-01T00:00:00" }), result: 1 },
    { name: "headers of others", message: withHeaders({ "x-mine": [1, { a: null }], __proto__: null }), result: 1 },
    { name: "an embed of null", message: withBody("[[1], {}, null]"), result: 1 },
    {
      name: "version 1",
      message: bare("{\"task\":\"proj.echo\",\"id\":\"id\",\"args\":[1],\"kwargs\":{}}"),
      result: 1
    },
    {
      name: "the headers of version 2 over the body of version 1",
      message: withBody("{\"args\": [1], \"kwargs\": {}}"),
      result: 1
    },
    {
      name: "JSON that is said to be text of JSON",
      message: withBody("[[1], {}, {}]", { contentType: "application/json; charset=utf-8" }),
      result: 1
    }
  ]
  for (const { message, name, result } of fine) {
    it.effect(`runs: ${name}`, () =>
      Effect.gen(function*() {
        yield* publish(message)
        yield* settled
        const record = yield* lookup("id")
        assert.deepStrictEqual([record?.status, record?.result], ["SUCCESS", result])
        assert.strictEqual(({} as Record<string, unknown>)["prototype"], undefined)
        assert.deepStrictEqual(yield* counts(), [0, 0])
      }).pipe(Effect.provide(worker), Effect.provide(quiet)))
  }

  it.effect("waits: an eta in the year 9999", () =>
    Effect.gen(function*() {
      yield* publish(withHeaders({ eta: "9999-12-31T23:59:59+00:00" }))
      yield* publish(taskMessage({ task: "proj.echo", id: "next", args: ["fine"] }))
      yield* settled
      assert.strictEqual((yield* lookup("next"))?.result, "fine")
      assert.deepStrictEqual(yield* counts(), [0, 1])
    }).pipe(Effect.provide(worker), Effect.provide(quiet)))
})

describe("whatever is sent", () => {
  const value = fc.anything({ withNullPrototype: true, maxDepth: 3, withBigInt: true, withDate: true })
  const header = fc.oneof(value, fc.constantFrom("proj.echo", "id", null, "", 0, "2024-01-01T00:00:00", [null, null]))
  const names = [
    "task",
    "id",
    "eta",
    "expires",
    "retries",
    "timelimit",
    "group",
    "root_id",
    "compression",
    "stamps",
    "lang"
  ]
  const headers = fc.record(
    Object.fromEntries(names.map((name) => [name, header])),
    { requiredKeys: [] }
  )
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.json().map(bytes),
    fc.tuple(fc.array(fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue())
      .map((parts) => bytes(JSON.stringify(parts)))
  )
  const properties = fc.record({
    contentType: fc.constantFrom("application/json", "text/plain", "application/data", "", "x/y"),
    contentEncoding: fc.constantFrom("utf-8", "binary", "latin1", "", "x"),
    correlationId: fc.string(),
    replyTo: fc.constantFrom("", "nobody")
  }, { requiredKeys: [] })
  const message = fc.record({ body, headers, properties }).map(({ body, headers, properties }): Message => ({
    body,
    // Half of them say at least which task they are.
    headers: body.length % 2 === 0 ? headers : { ...good.headers, ...headers },
    properties
  }))

  it("is settled, throws nothing, kills nobody, and the next good task runs", () =>
    fc.assert(
      fc.asyncProperty(fc.array(message, { minLength: 1, maxLength: 8 }), (messages) =>
        Effect.runPromise(
          Effect.gen(function*() {
            for (const one of messages) yield* inject(one)
            yield* publish(taskMessage({ task: "proj.echo", id: "the next", args: ["fine"] }))
            yield* settled
            assert.strictEqual((yield* lookup("the next"))?.result, "fine")
            const { state } = yield* Worker
            const [ready, unacked] = yield* counts()
            // What is left is held for its time, and nothing else.
            assert.deepStrictEqual([ready, unacked], [0, state.requests.size])
            assert.isTrue(Array.from(state.requests).every((request) => request.timeStart === undefined))
            assert.strictEqual((yield* MemoryBroker).queue("celery")?.consumers.length, 1)
          }).pipe(Effect.provide(worker), Effect.provide(quiet))
        )),
      { numRuns: 150 }
    ))
})
