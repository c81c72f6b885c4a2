import * as Entity from "@celeriac/messaging/Entity"
import * as Producer from "@celeriac/messaging/Producer"
import { Transport } from "@celeriac/messaging/Transport"
import { MemoryBroker } from "@celeriac/messaging/transports/MemoryBroker"
import * as MemoryTransport from "@celeriac/messaging/transports/MemoryTransport"
import * as DisabledBackend from "@celeriac/tasks/result/backends/DisabledBackend"
import * as MemoryBackend from "@celeriac/tasks/result/backends/MemoryBackend"
import * as RpcBackend from "@celeriac/tasks/result/backends/RpcBackend"
import * as ExceptionRecord from "@celeriac/tasks/result/ExceptionRecord"
import type { ResultError } from "@celeriac/tasks/result/ResultError"
import { ResultReader } from "@celeriac/tasks/result/ResultReader"
import * as ResultRecord from "@celeriac/tasks/result/ResultRecord"
import * as ResultTuple from "@celeriac/tasks/result/ResultTuple"
import { store } from "@celeriac/tasks/result/ResultWriter"
import * as Settings from "@celeriac/tasks/Settings"
import * as ResultBackendConformance from "@celeriac/tasks/testing/ResultBackendConformance"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import { bodyOf, countedIds, take } from "../fixtures/broker.ts"
import replies from "../fixtures/rpc-replies.json" with { type: "json" }

const broker = Producer.layer().pipe(Layer.provideMerge(Layer.mergeAll(MemoryTransport.layer(), countedIds)))
const rpc = RpcBackend.layer().pipe(Layer.provideMerge(broker))

ResultBackendConformance.suite("memory", MemoryBackend.layer)
ResultBackendConformance.suite("rpc", RpcBackend.layer().pipe(Layer.provide(broker)), {
  countsChords: false,
  savesGroups: false
})
ResultBackendConformance.suite("disabled", DisabledBackend.layer, {
  keepsResults: false,
  countsChords: false,
  savesGroups: false
})

const success = (id: string, result: unknown = 5) => ResultRecord.make(id, "SUCCESS", { result })
const toUs = (id: string) => ({ replyTo: "id-1", correlationId: id })

describe("memory result backend", () => {
  it.effect("drops a group when it expires", () =>
    Effect.gen(function*() {
      const reader = yield* ResultReader
      yield* reader.saveGroup(ResultTuple.group("g", []))
      yield* TestClock.adjust("59 minutes")
      assert.isDefined(yield* reader.restoreGroup("g"))
      yield* TestClock.adjust("1 minute")
      assert.isUndefined(yield* reader.restoreGroup("g"))
    }).pipe(Effect.provide(MemoryBackend.layer), Effect.provideService(Settings.ResultExpires, "1 hour")))

  it.effect("drops a result when it expires", () =>
    Effect.gen(function*() {
      const reader = yield* ResultReader
      yield* store(success("a"), toUs("a"))
      yield* TestClock.adjust("59 minutes")
      assert.strictEqual(yield* reader.state("a"), "SUCCESS")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* reader.state("a"), "PENDING")
    }).pipe(Effect.provide(MemoryBackend.layer), Effect.provideService(Settings.ResultExpires, "1 hour")))
})

describe("rpc result backend", () => {
  it.effect("opens nothing before a client asks", () =>
    Effect.gen(function*() {
      const memory = yield* MemoryBroker
      yield* store(success("a"), { replyTo: "", correlationId: "a" })
      yield* store(success("a"), { replyTo: undefined, correlationId: "a" })
      assert.deepStrictEqual(memory.queues(), [])
      assert.deepStrictEqual(memory.connections(), [])

      const reader = yield* ResultReader
      yield* reader.prepare("a", "1 second")
      const queue = memory.queue("id-1")
      assert.lengthOf(queue?.consumers ?? [], 1)
      assert.isFalse(queue?.declaration.durable)
      assert.deepStrictEqual(queue?.declaration.arguments, { "x-expires": 86_400_000 })
      yield* reader.prepare("b", "1 second")
      assert.lengthOf(memory.queues(), 1)
    }).pipe(Effect.provide(rpc)))

  it.effect("sends what Celery sends, of every outcome", () =>
    Effect.gen(function*() {
      const transport = yield* Transport
      const channel = yield* Effect.flatMap(transport.connect(), (connection) => connection.openChannel())
      yield* channel.declareQueue({
        ...Entity.queue("python"),
        durable: false,
        exclusive: false,
        autoDelete: true,
        arguments: {},
        bindings: []
      })
      for (const { body, headers, properties } of replies) {
        const record = Result.getOrThrow(ResultRecord.decode(JSON.parse(body)))
        yield* store(record, { replyTo: "python", correlationId: properties.correlationId })
        const sent = yield* take("python")
        assert.strictEqual(JSON.stringify(bodyOf(sent)), JSON.stringify(JSON.parse(body)))
        assert.deepEqual<unknown>(sent.properties, properties)
        assert.deepStrictEqual(sent.headers, headers)
      }
    }).pipe(Effect.scoped, Effect.provide(rpc)))

  it.effect("is content when the client is gone", () =>
    Effect.gen(function*() {
      yield* store(success("a"), { replyTo: "nobody", correlationId: "a" })
    }).pipe(Effect.provide(rpc)))

  it.effect("says that a result has no form", () =>
    Effect.gen(function*() {
      const cycle: Record<string, unknown> = {}
      cycle.self = cycle
      const odd = [() => 1, Symbol("s"), cycle, new Map([[1, 2]]), { toJSON: () => JSON.parse("{") }]
      for (const result of odd) {
        const error = yield* Effect.flip(store(success("a", result), { replyTo: "nobody", correlationId: "a" }))
        assert.deepStrictEqual([error.operation, error.reason._tag], ["store result", "Unencodable"])
      }
    }).pipe(Effect.provide(rpc)))

  it.effect("says that a result is refused, when its broker does so for good", () =>
    Effect.gen(function*() {
      const memory = yield* MemoryBroker
      yield* (yield* ResultReader).prepare("a", "1 second")
      memory.faults.limitMessageSize(1_000)
      const error = yield* Effect.flip(store(success("a", "x".repeat(2_000)), toUs("a")))
      assert.strictEqual(error.reason._tag, "ResultRefused")
      assert.isFalse(error.isRecoverable)
      assert.match(
        error.message,
        /rpc:\/\/ does not take this result: the message of 2\d{3} bytes is over the limit of 1000$/
      )
    }).pipe(Effect.provide(rpc)))

  it.effect("drops what is no result, or of no task of ours", () =>
    Effect.gen(function*() {
      const reader = yield* ResultReader
      const producer = yield* Producer.Producer
      yield* reader.prepare("a", "1 second")
      for (
        const [content, contentType] of [
          ["not JSON", "application/json"],
          ["null", "application/json"],
          ["[]", "application/json"],
          [`{"task_id": "a"}`, "application/json"],
          [`{"task_id": "a", "status": 7}`, "application/json"],
          [`{"task_id": "a", "status": "SUCCESS"}`, "application/x-python-serialize"],
          [`{"task_id": "__proto__", "status": "SUCCESS"}`, "application/json"],
          ["[".repeat(100_000), "application/json"]
        ] as const
      ) {
        yield* producer.publish({
          body: Buffer.from(content),
          headers: {},
          properties: { contentType, contentEncoding: "utf-8" }
        }, { routingKey: "id-1" })
      }
      yield* store(success("foreign"), toUs("foreign"))
      yield* store(success("a"), toUs("a"))
      assert.strictEqual((yield* reader.wait("a")).result, 5)
      assert.isUndefined(yield* reader.lookup("foreign"))
      assert.isUndefined(yield* reader.lookup("__proto__"))
    }).pipe(Effect.provide(rpc)))

  const reply = (result: string) =>
    `{"task_id": "a", "status": "SUCCESS", "result": ${result}, "traceback": null, "children": []}`

  const unreadable: ReadonlyArray<readonly [what: string, body: string, contentType: string, error: RegExp]> = [
    [
      "of 17 MB",
      reply(`"${"x".repeat(17_000_000)}"`),
      "application/json",
      /the body is over the limit of 16777216\. Return less/
    ],
    [
      "nested 250 levels deep",
      reply("[".repeat(250) + "]".repeat(250)),
      "application/json",
      /over the limit of 200\. Return less/
    ],
    [
      "in YAML",
      "status: SUCCESS",
      "application/x-yaml",
      /untrusted content of type .*yaml.*\. Let the worker send JSON/
    ],
    ["in pickle", "..", "application/x-python-serialize", /untrusted content of type .*\. Let the worker send JSON/],
    ["that is not JSON", "{", "application/json", /Can't decode message body/],
    ["that is none", "[]", "application/json", /Who sends such results\?/],
    ["without a state", `{"task_id": "a"}`, "application/json", /status.*Who sends such results\?/]
  ]
  for (const [what, body, contentType, words] of unreadable) {
    it.effect(`says why a result ${what} cannot be read, to whoever waits and whoever asks later`, () =>
      Effect.gen(function*() {
        const reader = yield* ResultReader
        const producer = yield* Producer.Producer
        yield* reader.prepare("a", "1 second")
        const waiting = yield* Effect.forkChild(Effect.flip(reader.wait("a")), { startImmediately: true })
        yield* producer.publish({
          body: Buffer.from(body),
          headers: {},
          properties: { contentType, contentEncoding: "utf-8", correlationId: "a" }
        }, { routingKey: "id-1" })
        const error = yield* Fiber.join(waiting)
        assert.strictEqual(error.reason._tag, "ResultUnreadable")
        assert.match(error.message, /^get: a result of task a came, and cannot be read: /)
        assert.match(error.message, words)
        const asks: ReadonlyArray<Effect.Effect<unknown, ResultError>> = [
          ...[reader.wait("a"), reader.state("a"), reader.lookup("a")]
        ]
        for (const ask of asks) assert.strictEqual(yield* Effect.flip(ask), error)
        yield* store(success("a"), toUs("a"))
        assert.strictEqual((yield* reader.wait("a")).result, 5, "what can be read takes its place")
      }).pipe(Effect.provide(rpc)))
  }

  it.effect("does not let what cannot be read take the place of a result", () =>
    Effect.gen(function*() {
      const reader = yield* ResultReader
      const producer = yield* Producer.Producer
      yield* reader.prepare("a", "1 second")
      yield* store(success("a"), toUs("a"))
      yield* producer.publish("{", { routingKey: "id-1", properties: { correlationId: "a" } })
      yield* producer.publish("{", { routingKey: "id-1", properties: { correlationId: "of nobody" } })
      assert.strictEqual((yield* reader.wait("a")).result, 5)
      assert.isUndefined(yield* reader.lookup("of nobody"))
    }).pipe(Effect.provide(rpc)))

  it.effect("keeps a bounded number of results that nobody reads", () =>
    Effect.gen(function*() {
      const reader = yield* ResultReader
      for (const id of ["a", "b", "c"]) {
        yield* reader.prepare(id, "1 second")
        yield* store(success(id), toUs(id))
      }
      yield* reader.wait("c")
      assert.isUndefined(yield* reader.lookup("a"))
      assert.isDefined(yield* reader.lookup("b"))
    }).pipe(Effect.provide(RpcBackend.layer({ unread: 2 }).pipe(Layer.provideMerge(broker)))))

  it.effect("expects a bounded number of results", () =>
    Effect.gen(function*() {
      const reader = yield* ResultReader
      for (const id of ["a", "b", "c"]) yield* reader.prepare(id, "1 second")
      for (const id of ["a", "b", "c"]) yield* store(success(id), toUs(id))
      yield* reader.wait("c")
      assert.isUndefined(yield* reader.lookup("a"))
      assert.isDefined(yield* reader.lookup("b"))
    }).pipe(Effect.provide(RpcBackend.layer({ expected: 2 }).pipe(Layer.provideMerge(broker)))))

  it.effect("hears of results that came while its connection was lost", () =>
    Effect.gen(function*() {
      const reader = yield* ResultReader
      const memory = yield* MemoryBroker
      yield* reader.prepare("a", "1 second")
      const waiting = yield* Effect.forkChild(reader.wait("a"), { startImmediately: true })
      memory.faults.dropConnections("gone", ({ name }) => name === "celeriac results")
      yield* store(success("a"), toUs("a"))
      assert.isUndefined(waiting.pollUnsafe())
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(waiting)).result, 5)
    }).pipe(Effect.provide(rpc)))

  for (
    const [name, strike] of [
      ["a restart of the broker", (memory: MemoryBroker["Service"]) => memory.faults.restart()],
      [
        "a closed channel",
        (memory: MemoryBroker["Service"]) => memory.faults.closeChannels(406, "PRECONDITION_FAILED")
      ],
      ["a cancelled consumer", (memory: MemoryBroker["Service"]) => memory.faults.cancelConsumers("id-1")]
    ] as const
  ) {
    it.effect(`consumes again after ${name}`, () =>
      Effect.gen(function*() {
        const reader = yield* ResultReader
        const memory = yield* MemoryBroker
        yield* reader.prepare("a", "1 second")
        strike(memory)
        const ready = yield* Effect.forkChild(reader.prepare("b", "10 seconds"))
        yield* TestClock.adjust("5 seconds")
        yield* Fiber.join(ready)
        yield* store(success("b"), toUs("b"))
        assert.strictEqual((yield* reader.wait("b")).result, 5)
        assert.lengthOf(memory.queue("id-1")?.consumers ?? [], 1)
      }).pipe(Effect.provide(rpc)))
  }

  it.effect("fails to prepare at the deadline, and says why", () =>
    Effect.gen(function*() {
      const reader = yield* ResultReader
      const memory = yield* MemoryBroker
      memory.faults.refuseConnects("ConnectionLost")
      const preparing = yield* Effect.forkChild(Effect.flip(reader.prepare("a", "3 seconds")))
      yield* TestClock.adjust("3 seconds")
      const error = yield* Fiber.join(preparing)
      assert.strictEqual(error.reason._tag, "BackendUnreachable")
      assert.isTrue(error.isRecoverable)
      assert.include(error.message, "queue 'id-1' could not be opened within 3000 ms")
      assert.include(error.message, "connection refused")
    }).pipe(Effect.provide(rpc)))

  it.effect("says at once that its password is refused, and tries again when asked again", () =>
    Effect.gen(function*() {
      const reader = yield* ResultReader
      const memory = yield* MemoryBroker
      memory.faults.refuseConnects("AccessRefused", 1)
      const error = yield* Effect.flip(reader.prepare("a", "3 seconds"))
      assert.strictEqual(error.reason._tag, "BackendRefused")
      assert.include(error.message, "refused access")
      yield* reader.prepare("a", "3 seconds")
      assert.isDefined(memory.queue("id-1"))
    }).pipe(Effect.provide(rpc)))

  it.effect("deletes its queue when it closes", () =>
    Effect.gen(function*() {
      const memory = yield* MemoryBroker
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(Layer.fresh(RpcBackend.layer()), scope)
      yield* Effect.provideContext(
        Effect.flatMap(ResultReader, (reader) => reader.prepare("a", "1 second")),
        context
      )
      assert.lengthOf(memory.queues(), 1)
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(memory.queues(), [])
    }).pipe(Effect.provide(broker)))

  it.effect("keeps the exception of a failure as it was", () =>
    Effect.gen(function*() {
      const reader = yield* ResultReader
      yield* reader.prepare("a", "1 second")
      yield* store(
        ResultRecord.make("a", "REVOKED", { exception: ExceptionRecord.taskRevoked("expired") }),
        toUs("a")
      )
      assert.deepStrictEqual((yield* reader.wait("a")).exception, ExceptionRecord.taskRevoked("expired"))
    }).pipe(Effect.provide(rpc)))
})
