import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Broker from "../src/Broker.ts"
import * as Client from "../src/Client.ts"
import { celeriac } from "../src/promise.ts"
import * as Queue from "../src/Queue.ts"
import * as ResultWriter from "../src/ResultWriter.ts"
import * as Settings from "../src/Settings.ts"
import * as Task from "../src/Task.ts"
import * as Transport from "../src/Transport.ts"
import * as Worker from "../src/Worker.ts"

describe("settings", () => {
  it("are read from a Celery configuration, of all rooms at once", () => {
    const { brokerUrl, ...settings } = Settings.fromCelery({
      broker_url: "amqp://me:hush@host//",
      result_backend: null,
      task_default_queue: "emails",
      worker_concurrency: 4,
      worker_prefetch_multiplier: 1,
      broker_connection_max_retries: null
    })
    assert.deepStrictEqual(settings, {
      defaultQueue: "emails",
      concurrency: 4,
      prefetch: { multiplier: 1 },
      connectionMaxRetries: 0
    })
    assert.isTrue(Redacted.isRedacted(brokerUrl))
    // @ts-expect-error a number of tasks is no text
    settings.concurrency satisfies string | undefined
  })

  it("of a Celery configuration are refused with all that is wrong", () => {
    const read = Settings.fromCeleryResult({
      worker_concurency: 4,
      worker_concurrency: 0,
      s3_bucket: "b"
    })
    assert.isTrue(Result.isFailure(read) && read.failure._tag === "SettingsError")
    assert.throws(
      () => Settings.fromCelery({ worker_concurency: 4, worker_concurrency: 0, s3_bucket: "b" }),
      "settings: there is no setting worker_concurency: did you mean worker_concurrency?; " +
        "worker_concurrency is 0, and must be a whole number of at least 1, or left out for the number of processors; " +
        "s3_bucket is a setting of Celery that does nothing here: leave it out, and let result_backend name one that there is here, such as rpc:// or redis://"
    )
  })

  it("of the log are formats of Python's, and refused with what there is", () => {
    const template = "%(asctime)s %(message)s"
    const read = Settings.fromCelery({ worker_log_format: template, worker_redirect_stdouts_level: "ERROR" })
    assert.deepStrictEqual(read, { logFormat: template, redirectStdoutsLevel: "error" })
    assert.throws(
      () => Settings.fromCelery({ worker_log_format: "%(lineno)d" }),
      /there is no field lineno: there are asctime/
    )
    assert.throws(
      () => Settings.fromCelery({ worker_task_log_format: "50% %(message)s" }),
      /there is no field in % %\(message/
    )
    assert.throws(
      () => Settings.fromCelery({ worker_log_datefmt: "%Q" }),
      /must be a time as strftime writes it.*: there is no %Q/
    )
  })

  it("have names of their own for the environment", () => {
    const variables = { CELERIAC_CONCURRENCY: "4", CELERIAC_QUEUES: "a,b", CELERIAC_PREFETCH: "100 messages" }
    assert.deepStrictEqual(Settings.fromEnvironment(variables), {
      concurrency: 4,
      queues: ["a", "b"],
      prefetch: { count: 100 }
    })
    assert.deepStrictEqual(Settings.fromEnvironment({ CELERIAC_PREFETCH: "0.5" }), { prefetch: { multiplier: 0.5 } })
    assert.deepStrictEqual(Settings.fromEnvironment({ CELERIAC_PREFETCH: "adaptive" }), { prefetch: "adaptive" })
    assert.throws(() => Settings.fromEnvironment({ CELERIAC_PREFETCH: "many messages" }), "CELERIAC_PREFETCH is")
  })

  it.effect("given to a broker hold for its client and its worker, where the worker's own do not say otherwise", () =>
    Effect.gen(function*() {
      const settings = Settings.fromCelery({
        task_default_queue: "emails",
        task_acks_late: true,
        worker_concurrency: 3
      })
      const seen: Array<unknown> = []
      const look = Task.make("look")
      const worker = Worker.make({
        tasks: [look.toLayer((_, request) =>
          Effect.gen(function*() {
            seen.push(request.deliveryInfo.routingKey, yield* Settings.AcksLate)
          })
        )],
        settings: { acksLate: false }
      })
      yield* Effect.flatMap(Client.Client, (client) => client.execute(look)).pipe(
        Effect.provide(worker.layer),
        Effect.provide(Broker.layer("memory://", { settings }))
      )
      assert.deepStrictEqual(seen, ["emails", false])
      const same = Worker.make({ tasks: [], settings })
      assert.deepStrictEqual([same.settings.concurrency, same.taskSettings.defaultQueue], [3, "emails"])
      assert.strictEqual(same.with({ settings: { defaultQueue: "other" } }).taskSettings.defaultQueue, "other")
    }))

  it.effect("of a worker reach what its handlers send and what becomes of them, whatever the broker was made by", () =>
    Effect.gen(function*() {
      const relay = Task.make("relay")
      const sent = Task.make("sent", { success: Schema.Int })
      const worker = Worker.make({
        tasks: [
          relay.toLayer(() =>
            Effect.flatMap(Client.Client, (client) => Effect.orDie(client.applyAsync(sent, {}, { ignoreResult: true })))
          )
        ],
        queues: ["celery"],
        settings: { routes: { sent: "elsewhere" }, defaultPriority: 7, resultSerializer: "nonsense" }
      })
      const lines: Array<string> = []
      const logger = Logger.layer([Logger.make(({ message }) => void lines.push(String(message)))])
      yield* Effect.gen(function*() {
        const client = yield* Client.Client
        const asked = yield* client.delay(relay)
        // The result has no form in a serializer that is not there, and so comes as the failure to write it.
        const channel = yield* (yield* (yield* Transport.Transport).connect()).openChannel()
        yield* channel.declareQueue(Queue.make("elsewhere"))
        const letter = yield* channel.get("elsewhere", { noAck: true }).pipe(
          Effect.repeat({ until: (pulled) => pulled._tag === "Some" })
        )
        assert.strictEqual(letter._tag === "Some" && letter.value.properties.priority, 7)
        // The client around the worker is the broker's, and goes by its settings.
        yield* client.applyAsync(sent, {}, { ignoreResult: true })
        assert.strictEqual((yield* channel.queueState("elsewhere")).messageCount, 0)
        return asked
      }).pipe(
        Effect.scoped,
        Effect.provide(worker.layer),
        Effect.provide(Broker.layer("memory://")),
        Effect.provide(logger)
      )
      assert.isTrue(lines.some((line) => line.includes("no serializer 'nonsense'")), lines.join("\n"))
      assert.isFalse(lines.some((line) => line.includes("No worker reads")))
    }))

  it.effect("of a worker say where its handlers send what is not routed", () =>
    Effect.gen(function*() {
      const relay = Task.make("relay")
      const worker = Worker.make({
        tasks: [
          relay.toLayer(() =>
            Effect.flatMap(Client.Client, (client) => Effect.orDie(client.sendTask("any", { ignoreResult: true })))
          )
        ],
        queues: ["celery"],
        settings: { defaultQueue: "emails" }
      })
      yield* Effect.gen(function*() {
        yield* (yield* Client.Client).execute(relay)
        const channel = yield* (yield* (yield* Transport.Transport).connect()).openChannel()
        assert.strictEqual((yield* channel.queueState("emails")).messageCount, 1)
      }).pipe(Effect.scoped, Effect.provide(worker.layer), Effect.provide(Broker.layer("memory://")))
    }))

  it.effect("that only the broker reads are warned of, when the worker alone has them", () =>
    Effect.gen(function*() {
      const lines: Array<string> = []
      const logger = Logger.layer([Logger.make(({ message }) => void lines.push(String(message)))])
      const settings = {
        resultExpires: "1 hour",
        acksLate: true,
        routes: { "a": "b" },
        resultSerializer: "text"
      } as const
      const boot = <E>(broker: Layer.Layer<Broker.Broker, E>) =>
        Effect.void.pipe(
          Effect.provide(Worker.make({ tasks: [], settings }).layer),
          Effect.provide(broker),
          Effect.provide(logger)
        )
      yield* boot(Broker.layer("memory://", { settings }))
      assert.isFalse(lines.some((line) => line.includes("No worker reads")))
      yield* boot(Broker.layer("memory://"))
      assert.isTrue(lines.some((line) => line.includes("No worker reads the settings resultExpires: give")))
      // A store of somebody else's, which may have read them when it was built.
      const other = Layer.effect(
        ResultWriter.ResultWriter,
        Effect.map(ResultWriter.ResultWriter, (writer) => ({ ...writer }))
      )
      yield* boot(Layer.provideMerge(other, Broker.layer("memory://")))
      assert.isTrue(
        lines.some((line) => line.includes("No worker reads the settings resultExpires, resultSerializer: give"))
      )
    }))

  it("of a worker are its broker's too, given once", () =>
    Effect.runPromise(Effect.gen(function*() {
      const worker = Worker.make({
        tasks: [],
        settings: {
          ...Settings.fromCelery({ broker_url: "memory://", result_backend: "disabled://" }),
          routes: { "proj.*": "routed" }
        }
      })
      const sent = Effect.scoped(Effect.gen(function*() {
        const transport = yield* Transport.Transport
        yield* (yield* Client.Client).sendTask("proj.any", { ignoreResult: true })
        const channel = yield* (yield* transport.connect()).openChannel()
        const { messageCount } = yield* channel.queueState("routed")
        return [transport.uri, (yield* ResultWriter.ResultWriter).uri, messageCount]
      }))
      const layer = Broker.layerFor(worker)
      assert.deepStrictEqual(yield* Effect.provide(sent, layer), ["memory://local", "disabled://", 1])
    })))

  it("of a worker are its own options, which count before these", () => {
    const { settings } = Worker.make({ tasks: [], concurrency: 2, settings: { concurrency: 3, queues: ["a"] } })
    assert.deepStrictEqual([settings.concurrency, settings.queues], [2, ["a"]])
    // @ts-expect-error the broker is not the worker's
    Worker.make({ tasks: [], settings: { brokerUrl: "memory://" } })
    // @ts-expect-error there is no such setting
    assert.throws(() => Worker.make({ tasks: [], settings: { concurency: 3 } }), "did you mean concurrency?")
  })

  it("of an application hold for its clients and workers", async () => {
    const app = celeriac({
      broker: "memory://",
      log: "critical",
      settings: { defaultQueue: "main", routes: { "proj.*": "routed" }, concurrency: 3 }
    })
    try {
      const where = app.task("proj.where", {}, (_, request) => request.deliveryInfo.routingKey)
      const other = app.task("other.where", {}, (_, request) => request.deliveryInfo.routingKey)
      const worker = app.worker({ queues: ["main", "routed"] })
      assert.strictEqual(worker.definition.settings.concurrency, 3)
      await worker.start()
      assert.deepStrictEqual([await where.execute(), await other.execute()], ["routed", "main"])
    } finally {
      await app.close()
    }
  })

  it("of an application may name its broker and where results go", async () => {
    const app = celeriac({
      log: "critical",
      settings: Settings.fromCelery({ broker_url: "memory://", result_backend: "disabled://" })
    })
    try {
      const noop = app.task("proj.noop", {}, () => null)
      const sent = await noop.delay()
      const error = await sent.get().then(() => undefined, (error: unknown) => error)
      assert.match(String(error), /disabled:\/\/ has no result/)
    } finally {
      await app.close()
    }
  })

  it.effect("of the environment hold where the program says nothing", () =>
    Effect.gen(function*() {
      const read = Effect.all([Settings.DefaultQueue, Settings.Serializer])
      const environment = ConfigProvider.layer(ConfigProvider.fromUnknown({
        CELERIAC_BROKER_URL: "memory://",
        CELERIAC_DEFAULT_QUEUE: "theirs",
        CELERIAC_SERIALIZER: "yaml"
      }))
      assert.deepStrictEqual(
        yield* read.pipe(
          Effect.provide(Broker.layerConfig({ settings: { defaultQueue: "ours" } })),
          Effect.provide(environment)
        ),
        ["ours", "yaml"]
      )
    }))
})
