import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Broker from "../src/Broker.ts"
import * as Client from "../src/Client.ts"
import * as Producer from "../src/Producer.ts"
import * as Queue from "../src/Queue.ts"
import * as ResultReader from "../src/ResultReader.ts"
import * as ResultWriter from "../src/ResultWriter.ts"
import * as Task from "../src/Task.ts"
import * as Transport from "../src/Transport.ts"
import * as Worker from "../src/Worker.ts"

const add = Task.make("proj.add", { parameters: { x: Schema.Int, y: Schema.Int }, success: Schema.Int })

class Mailer extends Context.Service<Mailer, object>()("test/Mailer") {}

const what = Effect.gen(function*() {
  const { driver, uri } = yield* Transport.Transport
  const writer = yield* ResultWriter.ResultWriter
  const reader = yield* ResultReader.ResultReader
  assert.strictEqual(writer.uri, reader.uri)
  return { driver, uri, results: writer.uri }
})

const fromEnvironment = (env: Readonly<Record<string, string>>) =>
  what.pipe(
    Effect.provide(Broker.layerConfig()),
    Effect.provide(ConfigProvider.layer(ConfigProvider.fromUnknown(env))),
    Effect.exit
  )

const messageOf = (exit: Exit.Exit<unknown, unknown>): string =>
  Exit.isFailure(exit) ? String(Cause.squash(exit.cause)) : assert.fail("it succeeded")

describe("Broker", () => {
  it.effect("is all that a worker and a client need", () =>
    Effect.gen(function*() {
      const client = yield* Client.Client
      assert.strictEqual(yield* client.execute(add, { x: 1, y: 2 }), 3)
    }).pipe(
      Effect.provide(Worker.make({ tasks: [add.toLayer(({ x, y }) => Effect.succeed(x + y))] }).layer),
      Effect.provide(Broker.layerMemory)
    ))

  it.effect("makes a new broker for every layer in memory", () =>
    Effect.gen(function*() {
      const declare = Effect.flatMap(Producer.Producer, (producer) =>
        producer.publish("hello", { routingKey: "q", declare: [Queue.make("q")] }))
      const send = Effect.flatMap(Producer.Producer, (producer) =>
        producer.publish("hello", { routingKey: "q" }))
      yield* Effect.provide(Effect.andThen(declare, send), Broker.layer("memory://"))
      const lost = yield* Effect.exit(Effect.provide(send, Broker.layer("memory://")))
      assert.match(messageOf(lost), /q/)
    }))

  for (
    const [url, expected] of [
      ["memory://", { driver: "memory", uri: "memory://local", results: "memory://" }],
      ["memory", { driver: "memory", uri: "memory://local", results: "memory://" }],
      ["amqp://", { driver: "amqp", uri: "amqp://guest:**@localhost:5672//", results: "rpc://" }],
      ["amqp", { driver: "amqp", uri: "amqp://guest:**@localhost:5672//", results: "rpc://" }],
      ["pyamqp://me:hush@rabbit/prod", { driver: "amqp", uri: "amqp://me:**@rabbit:5672/prod", results: "rpc://" }],
      ["AMQPS://rabbit", { driver: "amqp", uri: "amqps://guest:**@rabbit:5671//", results: "rpc://" }],
      ["amqp://a;amqp://b", { driver: "amqp", uri: "amqp://guest:**@a:5672//", results: "rpc://" }]
    ] as const
  ) {
    it.effect(`knows ${url}`, () =>
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* Effect.provide(what, Broker.layer(url)), expected)
        assert.deepStrictEqual(yield* Effect.provide(what, Broker.layer(Redacted.make(url))), expected)
      }))
  }

  it.effect("puts results where it is told to", () =>
    Effect.gen(function*() {
      for (
        const [results, expected] of [
          ["rpc", "rpc://"],
          ["rpc://", "rpc://"],
          ["RPC://", "rpc://"],
          [Redacted.make("memory://"), "memory://"],
          ["cache+memory://", "memory://"],
          ["disabled", "disabled://"],
          ["redis", "redis://localhost:6379/0"],
          ["redis://me:hush@host/1", "redis://me:**@host:6379/1"],
          [Redacted.make("rediss://host"), "rediss://host:6379/0"],
          ["redis+socket:///run/redis.sock", "redis+socket:///run/redis.sock"],
          ["sentinel://a;sentinel://b?master_name=m", "sentinel://a:26379/0;sentinel://b:26379/0"],
          ["disabled://", "disabled://"]
        ] as const
      ) {
        assert.strictEqual((yield* Effect.provide(what, Broker.layer("memory://", { results }))).results, expected)
      }
    }))

  for (
    const url of ["foo://me:hush@host", "constructor://hush", "__proto__://hush", "me:hush@host", "hush", "", " ; "]
  ) {
    it.effect(`does not know '${url}', names what it knows, and keeps what may be a secret`, () =>
      Effect.gen(function*() {
        const message = messageOf(yield* Effect.exit(Effect.provide(what, Broker.layer(url))))
        assert.match(message, /known are amqp:\/\/, amqps:\/\/, .*memory:\/\/$/)
        assert.notInclude(message, "hush")
      }))
  }

  for (const results of ["mongodb://:hush@host", "me:hush@host", "hush", "", "__proto__://hush", "cache+hush"]) {
    it.effect(`does not know the result backend '${results}', and names what it knows`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(Effect.provide(what, Broker.layer("memory://", { results })))
        assert.isTrue(error._tag === "ResultError" && error.reason._tag === "InvalidBackend" && !error.isRecoverable)
        assert.match(
          error.message,
          /known are rpc:\/\/, memory:\/\/, cache\+memory:\/\/, disabled:\/\/, redis:\/\/, .*sentinel:\/\/$/
        )
        assert.notInclude(error.message, "hush")
      }))
  }

  it.effect("reads the environment, our names before Celery's", () =>
    Effect.gen(function*() {
      const uriOf = (exit: Exit.Exit<{ readonly uri: string; readonly results: string }, unknown>) =>
        Exit.isSuccess(exit) ? `${exit.value.uri} ${exit.value.results}` : assert.fail(String(exit))
      assert.strictEqual(uriOf(yield* fromEnvironment({ CELERY_BROKER_URL: "memory://" })), "memory://local memory://")
      assert.strictEqual(
        uriOf(yield* fromEnvironment({ CELERIAC_BROKER_URL: "memory://", CELERY_BROKER_URL: "amqp://" })),
        "memory://local memory://"
      )
      assert.strictEqual(
        uriOf(yield* fromEnvironment({ CELERIAC_BROKER_URL: "amqp://", CELERY_RESULT_BACKEND: "cache+memory://" })),
        "amqp://guest:**@localhost:5672// memory://"
      )
      assert.strictEqual(
        uriOf(yield* fromEnvironment({ CELERIAC_BROKER_URL: "memory://", CELERIAC_RESULT_BACKEND: "rpc://" })),
        "memory://local rpc://"
      )
    }))

  it.effect("asks for a URL where the environment has none, and for a backend that it knows", () =>
    Effect.gen(function*() {
      for (const env of [{}, { CELERIAC_BROKER_URL: "" }]) {
        assert.match(messageOf(yield* fromEnvironment(env)), /names none\. Set CELERIAC_BROKER_URL.* such as amqp:/)
      }
      const unknown = messageOf(
        yield* fromEnvironment({ CELERIAC_BROKER_URL: "memory://", CELERY_RESULT_BACKEND: "mongodb://:hush@host/0" })
      )
      assert.match(
        unknown,
        /no result backend for 'mongodb:\/\/': known are rpc:\/\/, memory:\/\/, cache\+memory:\/\/, disab/
      )
      assert.notInclude(unknown, "hush")
    }))
})

describe("the types", () => {
  it("ask a handler's needs of whoever runs the worker, wherever the handler is written", () => {
    const inline = Worker.make({
      tasks: [add.toLayer(() => Effect.as(Client.Client, 1)), Task.make("proj.noop").toLayer(() => Effect.void)]
    })
    const closed: Effect.Effect<void, unknown> = Effect.provide(inline.run, Broker.layerMemory)
    // @ts-expect-error the client is not there
    const open: Effect.Effect<void, unknown, Transport.Transport | ResultWriter.ResultWriter> = inline.run
    assert.isTrue(Effect.isEffect(closed) && Effect.isEffect(open))
    inline satisfies Worker.Definition<unknown, Broker.Broker>
    const needy = Worker.make({ tasks: [add.toLayer(() => Effect.as(Mailer, 1))] })
    // @ts-expect-error the command has no mailer
    needy satisfies Worker.Definition<unknown, Broker.Broker>
  })

  it("ask for nothing more when there are no tasks", () => {
    const none = Worker.make({ tasks: [] })
    const layer: Layer.Layer<Worker.Worker, unknown, Transport.Transport | ResultWriter.ResultWriter> = none.layer
    assert.isTrue(Layer.isLayer(layer))
  })
})
