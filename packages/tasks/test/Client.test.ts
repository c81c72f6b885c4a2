import * as Entity from "@celeriac/messaging/Entity"
import { MemoryBroker } from "@celeriac/messaging/transports/MemoryBroker"
import type * as AsyncResult from "@celeriac/tasks/AsyncResult"
import * as Client from "@celeriac/tasks/Client"
import * as Queues from "@celeriac/tasks/Queues"
import * as DisabledBackend from "@celeriac/tasks/result/backends/DisabledBackend"
import * as MemoryBackend from "@celeriac/tasks/result/backends/MemoryBackend"
import type { TaskException } from "@celeriac/tasks/result/ExceptionRecord"
import * as Router from "@celeriac/tasks/Router"
import * as Settings from "@celeriac/tasks/Settings"
import * as Task from "@celeriac/tasks/Task"
import * as TaskRegistry from "@celeriac/tasks/TaskRegistry"
import * as TaskSettings from "@celeriac/tasks/TaskSettings"
import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import { bodyOf, clientWith, rpc, take, workOnce } from "./fixtures/broker.ts"
import { request } from "./fixtures/request.ts"
import captured from "./fixtures/task-messages.json" with { type: "json" }

class Negative extends Schema.TaggedError<Negative>()("Negative", { value: Schema.Int }) {}

const add = Task.make("proj.add", { parameters: { x: Schema.Int, y: Schema.Int }, success: Schema.Int })
const root = Task.make("proj.root", { parameters: { x: Schema.Int }, success: Schema.Number, error: Negative })
const noop = Task.make("proj.noop")

const handlers = Layer.mergeAll(
  add.toLayer(({ x, y }) => Effect.succeed(x + y)),
  root.toLayer(({ x }) => x < 0 ? Effect.fail(new Negative({ value: x })) : Effect.succeed(Math.sqrt(x)))
).pipe(Layer.provideMerge(TaskRegistry.layer))

const sendError = <A>(effect: Effect.Effect<A, Client.SendError>) =>
  Effect.map(Effect.flip(effect), (error) => ({ tag: error.reason._tag, message: error.message }))

describe("Client", () => {
  describe("a message", () => {
    it.effect("is what Python's client sends, but for the language, the origin and the reply queue", () =>
      Effect.gen(function*() {
        const client = yield* Client.Client
        const python = captured[1]!
        yield* client.applyAsync(add, [1, 2], { taskId: python.headers.id })
        const sent = yield* take("celery")

        const { lang, origin, ...headers } = sent.headers
        const { lang: _, origin: __, ...expected } = python.headers
        assert.deepStrictEqual(headers, expected)
        assert.deepStrictEqual(Object.keys(sent.headers), Object.keys(python.headers))
        assert.strictEqual(lang, "js")
        assert.match(String(origin), /^gen\d+@./)
        assert.deepStrictEqual(bodyOf(sent), JSON.parse(python.body))
        assert.deepStrictEqual(sent.properties, {
          contentType: python.properties.content_type,
          contentEncoding: python.properties.content_encoding,
          deliveryMode: 2,
          priority: python.properties.priority,
          correlationId: python.properties.correlation_id,
          replyTo: "id-1"
        })
        assert.deepStrictEqual([sent.exchange, sent.routingKey], ["", "celery"])
      }).pipe(Effect.provide(rpc)))

    it.effect("carries a call's options as Python's does", () =>
      Effect.gen(function*() {
        const client = yield* Client.Client
        const python = captured[0]!
        yield* TestClock.setTime(Date.parse("2026-11-20T23:14:56.922Z"))
        yield* client.applyAsync(add, [2, 2], {
          countdown: "60 seconds",
          expires: "120 seconds",
          priority: 5,
          shadow: "shade",
          compression: "gzip",
          headers: { my: "h" },
          taskId: python.headers.id
        })
        const { headers, properties } = yield* take("celery")
        assert.strictEqual(headers.eta, "2026-11-20T23:15:56.922000+00:00")
        assert.strictEqual(headers.expires, "2026-11-20T23:16:56.922000+00:00")
        assert.strictEqual(String(headers.eta).slice(0, 23), python.headers.eta!.slice(0, 23))
        assert.strictEqual(String(headers.expires).slice(0, 23), python.headers.expires!.slice(0, 23))
        assert.strictEqual(properties.expiration, python.properties.expiration)
        assert.strictEqual(properties.priority, python.properties.priority)
        for (const name of ["shadow", "my", "compression", "argsrepr"] as const) {
          assert.strictEqual(headers[name], python.headers[name])
        }
      }).pipe(Effect.provide(rpc)))

    it.effect("has keywords where arguments were given by keyword", () =>
      Effect.gen(function*() {
        const client = yield* Client.Client
        yield* client.delay(add, { x: 1, y: 2 })
        const sent = yield* take("celery")
        assert.deepStrictEqual((bodyOf(sent) as ReadonlyArray<unknown>).slice(0, 2), [[], { x: 1, y: 2 }])
        assert.strictEqual(sent.headers.kwargsrepr, "{'x': 1, 'y': 2}")
      }).pipe(Effect.provide(rpc)))

    it.effect("shows no secret, and carries it", () =>
      Effect.gen(function*() {
        const client = yield* Client.Client
        const login = Task.make("login", { parameters: { password: Schema.RedactedFromValue(Schema.String) } })
        yield* client.delay(login, { password: Redacted.make("hunter2") })
        const sent = yield* take("celery")
        assert.notInclude(JSON.stringify(sent.headers), "hunter2")
        assert.strictEqual(sent.headers.kwargsrepr, "{'password': '<redacted>'}")
        assert.include(JSON.stringify(bodyOf(sent)), "hunter2")
      }).pipe(Effect.provide(rpc)))

    it.effect("of a child names its parent and its root", () =>
      Effect.gen(function*() {
        const client = yield* Client.Client
        yield* client.applyAsync(noop, {}, { parent: { ...request, id: "p", rootId: "r" } })
        const { headers } = yield* take("celery")
        assert.deepStrictEqual([headers.parent_id, headers.root_id], ["p", "r"])
      }).pipe(Effect.provide(rpc)))

    it.effect("of a child has its parent's priority where that is wanted, and nobody says another", () =>
      Effect.gen(function*() {
        const client = yield* Client.Client
        const parent = { ...request, deliveryInfo: { ...request.deliveryInfo, priority: 7 } }
        const own = Task.make("own", { options: { priority: 3 } })
        const priorities: Array<number | undefined> = []
        for (
          const send of [
            client.applyAsync(noop, {}, { parent }),
            client.applyAsync(own, {}, { parent }),
            client.applyAsync(noop, {}, { parent, priority: 1 }),
            client.applyAsync(noop, {})
          ]
        ) {
          yield* send
          priorities.push((yield* take("celery")).properties.priority)
        }
        assert.deepStrictEqual(priorities, [7, 3, 1, 2])
      }).pipe(
        Effect.provide(Layer.provide(rpc, TaskSettings.layer({ inheritParentPriority: true, defaultPriority: 2 })))
      ))

    it.effect("asks for no reply where the result is ignored", () =>
      Effect.gen(function*() {
        const client = yield* Client.Client
        const broker = yield* MemoryBroker
        yield* client.applyAsync(noop, {}, { ignoreResult: true })
        yield* client.delay(Task.make("quiet", { options: { ignoreResult: true } }))
        for (const _ of [1, 2]) {
          const { headers, properties } = yield* take("celery")
          assert.isTrue(headers.ignore_result)
          assert.strictEqual(properties.replyTo, "")
        }
        assert.isUndefined(broker.queue("id-1"))
      }).pipe(Effect.provide(rpc)))
  })

  describe("a destination", () => {
    it.effect("is declared as Python's clients and workers declare it", () =>
      Effect.gen(function*() {
        const client = yield* Client.Client
        const broker = yield* MemoryBroker
        yield* client.applyAsync(noop, {}, { queue: "emails" })
        assert.deepStrictEqual(
          broker.queue("emails")?.declaration,
          Entity.queue("emails", { exchange: Entity.exchange("emails"), routingKey: "emails" })
        )
        assert.strictEqual((yield* take("emails")).exchange, "")
      }).pipe(Effect.provide(rpc)))

    it.effect("is the call's, or else the definition's, or else the routes', or else the default", () =>
      Effect.gen(function*() {
        const client = yield* Client.Client
        const mailed = Task.make("mail.send", { options: { queue: "defined" } })
        yield* client.applyAsync(mailed, {}, { queue: "called" })
        yield* client.delay(mailed)
        yield* client.sendTask("mail.other")
        yield* client.sendTask("other")
        assert.strictEqual((yield* take("called")).headers.task, "mail.send")
        assert.strictEqual((yield* take("defined")).headers.task, "mail.send")
        const routed = yield* take("routed")
        assert.deepStrictEqual([routed.headers.task, routed.properties.priority], ["mail.other", 7])
        assert.strictEqual((yield* take("main")).headers.task, "other")
      }).pipe(
        Effect.provide(rpc),
        Effect.provideService(Settings.DefaultQueue, "main"),
        Effect.provideService(Router.Routes, [Router.table({ "mail.*": { queue: "routed", priority: 7 } })])
      ))

    it.effect("says what the message is like, where neither the call nor the definition says it", () =>
      Effect.gen(function*() {
        const client = yield* Client.Client
        const seen = Effect.map(take("routed"), ({ headers, properties }) => [
          ...[headers.compression, headers.a, headers.b, properties.priority, properties.deliveryMode]
        ])
        const defined = Task.make("mail.defined", { options: { compression: "zstd", priority: 5 } })
        // As Celery 5.7.0 does it.
        yield* client.sendTask("mail.any")
        assert.deepStrictEqual(yield* seen, ["application/x-gzip", 1, 2, 3, 1])
        yield* client.sendTask("mail.any", { headers: { b: 5 } })
        assert.deepStrictEqual(yield* seen, ["application/x-gzip", undefined, 5, 3, 1])
        yield* client.sendTask("mail.any", { compression: "brotli", priority: 9 })
        assert.deepStrictEqual(yield* seen, ["application/x-brotli", 1, 2, 9, 1])
        yield* client.delay(defined)
        assert.deepStrictEqual(yield* seen, ["application/zstd", 1, 2, 5, 1])
      }).pipe(
        Effect.provide(rpc),
        Effect.provideService(Router.Routes, [
          Router.table({
            "mail.*": { queue: "routed", priority: 3, compression: "gzip", deliveryMode: 1, headers: { a: 1, b: 2 } }
          })
        ])
      ))

    it.effect("may not name a serializer that does not exist, nor a header of the protocol", () =>
      Effect.gen(function*() {
        const client = yield* Client.Client
        assert.match((yield* sendError(client.sendTask("a"))).message, /serializer.*'jason'/)
        assert.match((yield* sendError(client.sendTask("b"))).message, /headers.*'root_id' is the protocol's own/)
      }).pipe(
        Effect.provide(rpc),
        Effect.provideService(Router.Routes, [
          Router.table({ a: { serializer: "jason" }, b: { headers: { root_id: "x" } } })
        ])
      ))

    it.effect("that leads nowhere fails the send", () =>
      Effect.gen(function*() {
        const client = yield* Client.Client
        const sent = client.applyAsync(noop, {}, { exchange: "amq.direct", routingKey: "nobody" })
        assert.strictEqual((yield* sendError(sent)).tag, "Unroutable")
      }).pipe(Effect.provide(rpc)))

    it.effect("must be known where queues are not made as needed", () =>
      Effect.gen(function*() {
        const client = yield* Client.Client
        yield* client.applyAsync(noop, {}, { queue: "known" })
        assert.deepStrictEqual(yield* sendError(client.applyAsync(noop, {}, { queue: "typo" })), {
          tag: "QueueNotFound",
          message:
            "route: queue 'typo' is not among the configured queues. Add it to Queues.Configured, or let queues be created (Settings.CreateMissingQueues)"
        })
      }).pipe(
        Effect.provide(rpc),
        Effect.provideService(Settings.CreateMissingQueues, false),
        Effect.provideService(Queues.Configured, [Entity.queue("known")])
      ))

    it.effect("is not declared by a client that may not", () =>
      Effect.gen(function*() {
        const client = yield* Client.Client
        const broker = yield* MemoryBroker
        yield* Effect.flip(client.delay(noop))
        assert.isUndefined(broker.queue("celery"))
      }).pipe(Effect.provide(rpc), Effect.provideService(Settings.DeclareQueues, false)))
  })

  describe("refuses before sending", () => {
    const at = new Date(0)
    const cases: ReadonlyArray<
      readonly [string, (client: Client.Client["Service"]) => Effect.Effect<unknown, Client.SendError>, string]
    > = [
      [
        "arguments that do not fit",
        (client) => client.delay(add, [1.5, 2]),
        "add() argument 'x': Expected an integer, got 1.5"
      ],
      [
        "an eta and a countdown",
        (client) => client.applyAsync(noop, {}, { eta: at, countdown: 1 }),
        "option 'eta': give it or countdown, not both"
      ],
      [
        "an eta that is no time",
        (client) => client.applyAsync(noop, {}, { eta: new Date(NaN) }),
        "option 'eta': no time"
      ],
      [
        "a countdown without end",
        (client) => client.applyAsync(noop, {}, { countdown: Infinity }),
        "option 'countdown': no time"
      ],
      [
        "expiry that is no time",
        (client) => client.applyAsync(noop, {}, { expires: NaN }),
        "option 'expires': no time"
      ],
      [
        "a priority that AMQP has not",
        (client) => client.applyAsync(noop, {}, { priority: 256 }),
        "option 'priority': 256"
      ],
      [
        "an empty id",
        (client) => client.applyAsync(noop, {}, { taskId: "" }),
        "option 'taskId'"
      ],
      [
        "an id too long for AMQP",
        (client) => client.applyAsync(noop, {}, { taskId: "ä".repeat(128) }),
        "option 'taskId'"
      ],
      [
        "a header of the protocol",
        (client) => client.applyAsync(noop, {}, { headers: { retries: 1 } }),
        "'retries' is the protocol's own"
      ],
      [
        "a serializer that is not there",
        (client) => client.applyAsync(noop, {}, { serializer: "pickle" }),
        "no serializer 'pickle'"
      ],
      [
        "arguments that have no form",
        (client) => client.sendTask("t", { args: [() => 1] }),
        "Can't encode"
      ]
    ]
    for (const [name, send, message] of cases) {
      it.effect(name, () =>
        Effect.gen(function*() {
          const broker = yield* MemoryBroker
          const error = yield* sendError(send(yield* Client.Client))
          assert.include(error.message, message)
          assert.deepStrictEqual(broker.queues(), [])
        }).pipe(
          Effect.provide(rpc),
          Effect.provideService(Queues.Configured, [Entity.queue("bare")])
        ))
    }
  })

  it.effect("takes absolute times too", () =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      yield* client.applyAsync(noop, {}, {
        eta: DateTime.makeUnsafe("2026-11-20T00:00:00Z"),
        expires: new Date("2026-11-21T00:00:00Z")
      })
      const { headers } = yield* take("celery")
      assert.deepStrictEqual([headers.eta, headers.expires], [
        "2026-11-20T00:00:00+00:00",
        "2026-11-21T00:00:00+00:00"
      ])
    }).pipe(Effect.provide(rpc)))

  it.effect("lets a task that is past its expiry go at once", () =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      const broker = yield* MemoryBroker
      yield* TestClock.setTime(Date.parse("2026-11-20T00:00:00Z"))
      yield* Effect.exit(client.applyAsync(noop, {}, { expires: new Date("2026-11-19T00:00:00Z") }))
      assert.strictEqual(broker.queue("celery")?.ready, 0)
    }).pipe(Effect.provide(rpc)))

  it.effect("fails within its deadline when the broker is away, and sends nothing later", () =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      const broker = yield* MemoryBroker
      broker.faults.refuseConnects("ConnectionLost")
      const sending = yield* Effect.forkChild(Effect.exit(client.applyAsync(noop, {}, { deadline: "2 seconds" })))
      yield* TestClock.adjust("2 seconds")
      assert.isTrue(Exit.isFailure(yield* Fiber.join(sending)))
      broker.faults.allowConnects()
      yield* TestClock.adjust("1 minute")
      assert.isUndefined(broker.queue("celery"))
    }).pipe(Effect.provide(rpc)))

  const retryPolicy = {
    maxRetries: 2,
    intervalStart: "1 second",
    intervalStep: "2 seconds",
    intervalMax: "5 seconds"
  } as const
  for (
    const [says, call, settings, seconds] of [
      ["at once, when it is not to be tried again", { retry: false }, {}, 0],
      ["at once, when nothing is to be tried again", {}, { publishRetry: false }, 0],
      ["at once, when it is not to be tried again and others are", { retry: false }, {
        publishRetryPolicy: retryPolicy
      }, 0],
      ["after so many attempts, each after a longer pause", { retryPolicy }, {}, 4],
      ["after as many attempts as the settings say", {}, { publishRetryPolicy: retryPolicy }, 4],
      ["after as many as the call says", { retryPolicy }, { publishRetryPolicy: { maxRetries: 0 } }, 4]
    ] as const
  ) {
    it.effect(`fails ${says}, when the broker is away`, () =>
      Effect.gen(function*() {
        const client = yield* Client.Client
        ;(yield* MemoryBroker).faults.refuseConnects("ConnectionLost")
        const sending = yield* Effect.forkChild(
          sendError(client.applyAsync(noop, {}, { ...call, deadline: "1 minute" }))
        )
        for (let passed = 0; passed < seconds; passed++) {
          assert.isUndefined(sending.pollUnsafe(), `${passed} s`)
          yield* TestClock.adjust("1 second")
        }
        yield* TestClock.adjust("10 millis")
        assert.strictEqual((yield* Fiber.join(sending)).tag, "ConnectionLost")
      }).pipe(Effect.provide(rpc), Effect.provide(TaskSettings.layer(settings))))
  }

  for (
    const [name, environment] of [
      ["results come by message", rpc],
      ["results lie in memory", clientWith(MemoryBackend.layer)]
    ] as const
  ) {
    it.effect(`says what it waited for in vain, whoever waits and wherever ${name}, and warns once`, () => {
      const lines: Array<string> = []
      const logger = Logger.make(({ logLevel, message }) => void lines.push(`${logLevel} ${String(message)}`))
      return Effect.gen(function*() {
        const client = yield* Client.Client
        const broker = yield* MemoryBroker
        broker.faults.refuseConnects("ConnectionLost")
        for (
          const sending of [
            client.execute(add, [1, 2], { timeout: "2 seconds" }),
            client.execute(add, [1, 2], { timeout: "1 minute", deadline: "2 seconds" }),
            client.applyAsync(noop, {}, { deadline: "2 seconds" }),
            client.sendTask("proj.noop", { deadline: "2 seconds" })
          ]
        ) {
          const failing = yield* Effect.forkChild(sendError(sending as Effect.Effect<unknown, Client.SendError>))
          yield* TestClock.adjust("2 seconds")
          const { message, tag } = yield* Fiber.join(failing)
          assert.strictEqual(tag, "PublishTimedOut")
          assert.include(message, "could not send within 2 s: connection refused at memory://local (to exchange")
        }
        broker.faults.allowConnects()
        const sending = yield* Effect.forkChild(client.delay(noop))
        yield* TestClock.adjust("20 seconds")
        yield* Fiber.join(sending)
        assert.lengthOf(lines, 2)
        assert.match(lines[0]!, /^Warn celeriac \w+: trying again in .*: connection refused at memory:\/\/local$/)
        assert.match(lines[1]!, /^Warn celeriac \w+: connected again$/)
      }).pipe(Effect.provide(environment), Effect.provide(Logger.layer([logger])))
    })
  }

  it.effect("says at once that its password is refused", () =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      const broker = yield* MemoryBroker
      broker.faults.refuseConnects("AccessRefused")
      assert.strictEqual((yield* sendError(client.delay(noop))).tag, "BackendRefused")
      broker.faults.allowConnects()
      yield* client.delay(noop)
      assert.strictEqual((yield* take("celery")).headers.task, "proj.noop")
    }).pipe(Effect.provide(rpc)))

  it.effect("has a thousand under way at a time", () =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      const broker = yield* MemoryBroker
      const sent = yield* Effect.forEach(
        Array.from({ length: 1000 }, (_, x) => x),
        (x) => client.delay(add, [x, 1]),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(broker.queue("celery")?.ready, 1000)
      assert.strictEqual(new Set(sent.map(({ id }) => id)).size, 1000)
    }).pipe(Effect.provide(rpc)))

  describe("executes", () => {
    for (
      const [name, environment] of [
        ["over messages", rpc],
        ["over memory", clientWith(MemoryBackend.layer)]
      ] as const
    ) {
      it.effect(`${name}: comes to the typed result`, () =>
        Effect.gen(function*() {
          const client = yield* Client.Client
          const sum = yield* Effect.forkChild(client.execute(add, { x: 2, y: 3 }), { startImmediately: true })
          yield* workOnce("celery")
          assert.strictEqual(yield* Fiber.join(sum), 5)
        }).pipe(Effect.provide(handlers.pipe(Layer.provideMerge(environment)))))

      it.effect(`${name}: fails with the typed error`, () =>
        Effect.gen(function*() {
          const client = yield* Client.Client
          const result = yield* Effect.forkChild(Effect.flip(client.execute(root, { x: -1 })), {
            startImmediately: true
          })
          yield* workOnce("celery")
          assert.deepStrictEqual(yield* Fiber.join(result), new Negative({ value: -1 }))
        }).pipe(Effect.provide(handlers.pipe(Layer.provideMerge(environment)))))
    }

    it.effect("and gives up in time", () =>
      Effect.gen(function*() {
        const client = yield* Client.Client
        const result = yield* Effect.forkChild(Effect.flip(client.execute(add, [2, 3], { timeout: "5 seconds" })))
        yield* TestClock.adjust("5 seconds")
        const error = yield* Fiber.join(result)
        assert.isTrue(error._tag === "ResultError" && error.reason._tag === "ResultTimeout")
      }).pipe(Effect.provide(rpc)))

    it.effect("within a time that is for sending and waiting together", () =>
      Effect.gen(function*() {
        const client = yield* Client.Client
        const broker = yield* MemoryBroker
        broker.faults.refuseConnects("ConnectionLost", 1)
        const result = yield* Effect.forkChild(Effect.flip(client.execute(add, [2, 3], { timeout: "5 seconds" })))
        yield* TestClock.adjust("4 seconds")
        assert.strictEqual(broker.queue("celery")?.ready, 1)
        yield* TestClock.adjust("1 second")
        assert.match((yield* Fiber.join(result)).message, /no result of task .* within 5000 ms/)
      }).pipe(Effect.provide(rpc)))

    it.effect("and says so where no results are kept", () =>
      Effect.gen(function*() {
        const client = yield* Client.Client
        const error = yield* Effect.flip(client.execute(add, [2, 3]))
        assert.isTrue(error._tag === "ResultError" && error.reason._tag === "ResultUnavailable")
        assert.include(error.message, "the result backend disabled:// has no result of task")
      }).pipe(Effect.provide(clientWith(DisabledBackend.layer))))
  })

  describe("answers a call that no compiler has seen", () => {
    // As callers without types have it.
    const loose = (client: unknown) => client as Record<"delay" | "applyAsync" | "execute" | "sendTask", Loose>
    type Loose = (...args: ReadonlyArray<unknown>) => Effect.Effect<unknown, Client.SendError>
    for (
      const [call, says] of [
        [
          (client: Record<string, Loose>) => client["delay"]!(add, 2, 3),
          "pass one object or an array, such as { x: 2, y: 3 } or [2, 3]"
        ],
        [
          (client: Record<string, Loose>) => client["applyAsync"]!(add, 2),
          "task 'proj.add' do not fit: pass one object or an array"
        ],
        [(client: Record<string, Loose>) => client["execute"]!(add, "2"), "pass one object or an array"],
        [
          (client: Record<string, Loose>) => client["delay"]!(add, [2, 3], { countdown: 1 }),
          "delay takes no options: give them to applyAsync"
        ],
        [
          (client: Record<string, Loose>) => client["delay"]!("proj.add"),
          "'proj.add' is the name of one: use sendTask, or its definition"
        ],
        [(client: Record<string, Loose>) => client["execute"]!("proj.add", [2, 3]), "use sendTask"],
        [(client: Record<string, Loose>) => client["delay"]!(undefined), "it is no definition of one"],
        [(client: Record<string, Loose>) => client["sendTask"]!(add), "sendTask takes the name of one"]
      ] as const
    ) {
      it.effect(`with: ${says}`, () =>
        Effect.gen(function*() {
          const { message } = yield* sendError(call(loose(yield* Client.Client)))
          assert.include(message, says)
          assert.isUndefined((yield* MemoryBroker).queue("celery"))
        }).pipe(Effect.provide(rpc)))
    }
  })

  it("types calls by the definition", () => {
    const program = Effect.gen(function*() {
      const client = yield* Client.Client
      expectTypeOf(yield* client.delay(root, { x: 1 })).toEqualTypeOf<AsyncResult.AsyncResult<number, Negative>>()
      expectTypeOf(client.execute(root, [1])).toEqualTypeOf<
        Effect.Effect<number, Negative | TaskException | Client.SendError>
      >()
      expectTypeOf(yield* client.sendTask("any")).toEqualTypeOf<AsyncResult.AsyncResult<unknown>>()
      yield* client.delay(noop)
      // @ts-expect-error the arguments are missing
      yield* client.delay(add)
      // @ts-expect-error y is missing
      yield* client.delay(add, { x: 1 })
      // @ts-expect-error x is a number
      yield* client.delay(add, { x: "1", y: 2 })
      // @ts-expect-error there are two parameters
      yield* client.delay(add, [1, 2, 3])
      // @ts-expect-error there is no such option
      yield* client.applyAsync(add, [1, 2], { whenever: true })
    })
    expectTypeOf(program).toExtend<Effect.Effect<void, unknown, Client.Client>>()
  })
})
