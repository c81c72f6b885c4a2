/** The same calls from Python's client and from this one, side by side on the wire. */
import { layer as amqp } from "@celeriac/amqp/AmqpTransport"
import * as Producer from "@celeriac/messaging/Producer"
import * as Client from "@celeriac/tasks/Client"
import * as RpcBackend from "@celeriac/tasks/result/backends/RpcBackend"
import * as Settings from "@celeriac/tasks/Settings"
import * as Signature from "@celeriac/tasks/Signature"
import { assert, describe, it } from "@effect/vitest"
import type { GetMessage } from "amqplib"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import { celeryVersion, has, runPython } from "../../../../test/peers/Python.ts"
import { Wire } from "../../../../test/peers/Wire.ts"

const url = brokerUrl()
const peer = `${celeryVersion()}.${process.pid}`

/** An hour from now, in whole seconds. */
const soon = Math.floor(Date.now() / 1000 + 3600) * 1000

/** Python's `send_task` and ours. */
const calls: ReadonlyArray<readonly [name: string, python: string, ours: Client.NamedCall]> = [
  ["nothing", "args=(), kwargs={}", {}],
  ["args", "args=(2, 2)", { args: [2, 2] }],
  ["kwargs", "kwargs={'x': 1, 'y': 'é'}", { kwargs: { x: 1, y: "é" } }],
  [
    "values",
    `args=('it\\'s', "q\\"", [1, [2.5, None]], {'k': True, 'n': {}}, -7, 1e16, 'žluť 🐎')`,
    { args: ["it's", "q\"", [1, [2.5, null]], { k: true, n: {} }, -7, 1e16, "žluť 🐎"] }
  ],
  [
    "eta",
    "eta=datetime(2040, 1, 2, 3, 4, 5, 678000, tzinfo=timezone.utc)",
    { eta: new Date("2040-01-02T03:04:05.678Z") }
  ],
  [
    "expires",
    `expires=datetime.fromtimestamp(${soon / 1000}, timezone.utc)`,
    { expires: new Date(soon) }
  ],
  ["options", "priority=5, shadow='shade', headers={'mine': 300, 'more': [1, {'a': 70000}]}", {
    priority: 5,
    shadow: "shade",
    headers: { mine: 300, more: [1, { a: 70000 }] }
  }],
  [
    "linked",
    "args=(1,), link=signature('it.next', args=(10,)), link_error=[signature('it.sorry', immutable=True, countdown=5, queue='q')]",
    {
      args: [1],
      link: Signature.make("it.next", { args: [10] }),
      linkError: [Signature.make("it.sorry", { immutable: true, countdown: "5 seconds", queue: "q" })]
    }
  ],
  ["limits", "time_limit=60, soft_time_limit=30.5", { timeLimit: "60 seconds", softTimeLimit: "30.5 seconds" }],
  ["shown", `args=('secret',), argsrepr="('***',)", kwargsrepr="{'a': 1}"`, {
    args: ["secret"],
    argsRepr: "('***',)",
    kwargsRepr: "{'a': 1}"
  }],
  ["answered elsewhere", "reply_to='elsewhere'", { replyTo: "elsewhere" }],
  ["tried again", "retry=True, retry_policy={'max_retries': 2}, serializer='json'", {
    retry: true,
    retryPolicy: { maxRetries: 2 },
    serializer: "json"
  }],
  ...(has("5.3")
    ? [
      ["stamped", "stamped_headers=['batch', 'ids'], batch='b1', ids=[1, 2]", { stamps: { batch: "b1", ids: [1, 2] } }]
    ] as const
    : []),
  ["ignored", "ignore_result=True", { ignoreResult: true }],
  ["compressed", "args=('x' * 500,), compression='gzip'", { args: ["x".repeat(500)], compression: "gzip" }],
  ["long", "args=('x' * 3000, list(range(500)))", {
    args: ["x".repeat(3000), Array.from({ length: 500 }, (_, n) => n)]
  }]
]

const clientOf = (queue: string) =>
  Client.layer.pipe(
    Layer.provide(RpcBackend.layer()),
    Layer.provide(Producer.layer()),
    Layer.provide(amqp({ url })),
    Layer.provide(Layer.succeed(Settings.DefaultQueue, queue))
  )

const source = (queue: string) => `
import os
from datetime import datetime, timezone
from celery import Celery, signature
app = Celery('wire', broker=os.environ['URL'], backend='rpc://')
app.conf.update(task_default_queue='${queue}')
${calls.map(([name, python]) => `app.send_task('it.wire', task_id='${name}', ${python})`).join("\n")}
`

/** Written by newer versions of Celery than Debian's. */
const newer = new Set(["stamped_headers", "stamps", "replaced_task_nesting"])
/** Who sent it. */
const own = new Set(["lang", "origin"])

/** Signatures had it up to 5.2. */
const withoutChordSize = (key: string, value: unknown): unknown => key === "chord_size" ? undefined : value

const bodyOf = (message: GetMessage): unknown => {
  const compression: unknown = message.properties.headers?.["compression"]
  return compression === undefined ? JSON.parse(message.content.toString(), withoutChordSize) : compression
}

describe("a message", () => {
  it.live("is what Python's own client sends for the same call", () =>
    Effect.scoped(Effect.gen(function*() {
      const queues = { python: `interop.wire.python.${peer}`, ours: `interop.wire.ours.${peer}` }
      const wire = yield* Effect.acquireRelease(
        Effect.promise(() => Wire.open(url)),
        (wire) => Effect.promise(() => wire.close())
      )
      yield* Effect.promise(() => runPython(source(queues.python), { env: { URL: url } }))
      yield* Effect.gen(function*() {
        const client = yield* Client.Client
        for (const [name, , call] of calls) yield* client.sendTask("it.wire", { ...call, taskId: name })
      }).pipe(
        Effect.provide(clientOf(queues.ours))
      )
      const theirs = yield* Effect.promise(() => wire.drain(queues.python))
      const ours = yield* Effect.promise(() => wire.drain(queues.ours))
      assert.strictEqual(theirs.length, calls.length)
      assert.strictEqual(ours.length, calls.length)
      for (const [i, [name]] of calls.entries()) {
        const [a, b] = [theirs[i]!, ours[i]!]
        const { expiration: expiresA, headers: headersA = {}, replyTo: replyToA, ...propertiesA } = a.properties
        const { expiration: expiresB, headers: headersB = {}, replyTo: replyToB, ...propertiesB } = b.properties
        assert.deepStrictEqual(propertiesB, propertiesA, `${name}: properties`)
        assert.strictEqual(expiresB === undefined, expiresA === undefined, `${name}: expiration`)
        assert.closeTo(Number(expiresB ?? 0), Number(expiresA ?? 0), 30_000, `${name}: expiration`)
        for (const replyTo of [replyToA, replyToB]) assert.strictEqual(typeof replyTo, "string", `${name}: reply-to`)
        assert.strictEqual(replyToA === "elsewhere", replyToB === "elsewhere", `${name}: reply-to`)
        for (const header of new Set([...Object.keys(headersA), ...Object.keys(headersB)])) {
          if (own.has(header)) continue
          if (newer.has(header) && !(header in headersA)) continue
          // Before 5.7, what nobody said was `false` here, and overruled the task.
          if (header === "ignore_result" && headersA[header] === false) {
            assert.isNull(headersB[header], `${name}: header '${header}'`)
            continue
          }
          assert.deepStrictEqual(headersB[header], headersA[header], `${name}: header '${header}'`)
        }
        assert.match(headersB["origin"], /^gen\d+@/)
        assert.deepStrictEqual(bodyOf(b), bodyOf(a), `${name}: body`)
        assert.strictEqual(b.fields.exchange, a.fields.exchange)
        assert.deepStrictEqual([a.fields.routingKey, b.fields.routingKey], [queues.python, queues.ours])
      }
    })), 120_000)

  it.live("may expire later than RabbitMQ allows: then the worker alone sees to it", () =>
    Effect.scoped(Effect.gen(function*() {
      const queue = `interop.wire.far.${peer}`
      const wire = yield* Effect.acquireRelease(
        Effect.promise(() => Wire.open(url)),
        (wire) => Effect.promise(() => wire.close())
      )
      yield* Effect.flatMap(
        Client.Client,
        (client) => client.sendTask("it.wire", { expires: new Date("2999-01-01T00:00:00Z"), ignoreResult: true })
      ).pipe(Effect.provide(clientOf(queue)))
      const [message] = yield* Effect.promise(() => wire.drain(queue))
      assert.isUndefined(message?.properties.expiration)
      assert.match(String(message?.properties.headers?.["expires"]), /^2999-01-01T00:00:00/)
    })))
})
