/** Messages that nobody should send, on a real wire: the worker refuses each, and runs the next task. */
import * as AmqpTransport from "@celeriac/amqp/AmqpTransport"
import * as Entity from "@celeriac/messaging/Entity"
import * as Commands from "@celeriac/tasks/control/Commands"
import * as ControlSettings from "@celeriac/tasks/control/ControlSettings"
import * as RemoteControl from "@celeriac/tasks/control/RemoteControl"
import * as EventSettings from "@celeriac/tasks/event/EventSettings"
import * as Queues from "@celeriac/tasks/Queues"
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import type { Options } from "amqplib"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as fc from "fast-check"
import { gzipSync } from "node:zlib"
import { inject } from "vitest"
import { Lines } from "../support.ts"
import * as Kit from "./Kit.ts"

const url = inject("amqpUrl")

interface Bad {
  readonly body: string | Uint8Array
  readonly options: Options.Publish
}

const good = (id: string) => Kit.taskMessage("it.step", id, [1, 0])
const embed = { callbacks: null, errbacks: null, chain: null, chord: null }

/** A good message, but for this. */
const but = (
  change: {
    readonly body?: string | Uint8Array
    readonly options?: Options.Publish
    readonly headers?: Record<string, unknown>
  }
): Bad => {
  const { body, options } = good("bad")
  return {
    body: change.body ?? body,
    options: { ...options, ...change.options, headers: { ...options.headers, ...change.headers } }
  }
}

const bomb = gzipSync(Buffer.alloc(128 * 1024 * 1024, " "))

const bad: Readonly<Record<string, Bad>> = {
  "nothing at all": { body: "", options: {} },
  "an empty body": but({ body: "" }),
  "null": but({ body: "null" }),
  "an empty list": but({ body: "[]" }),
  "two items": but({ body: JSON.stringify([[1, 0], {}]) }),
  "an object": but({ body: "{}" }),
  "no JSON": but({ body: "certainly not JSON" }),
  "half of it": but({ body: good("x").body.slice(0, 30) }),
  "invalid UTF-8": but({ body: Buffer.from([0x5b, 0xff, 0xfe, 0x5d]) }),
  "100,000 levels": but({ body: "[".repeat(100_000) + "]".repeat(100_000) }),
  "arguments that are no list": but({ body: JSON.stringify(["x", {}, embed]) }),
  "keywords that are no object": but({ body: JSON.stringify([[], [1], embed]) }),
  "no headers": { body: good("x").body, options: { contentType: "application/json", contentEncoding: "utf-8" } },
  "no id": but({ headers: { id: undefined } }),
  "an id that is a number": but({ headers: { id: 5 } }),
  "a task that is a list": but({ headers: { task: ["it.step"] } }),
  "an unknown task": but({ headers: { task: "it.nowhere" } }),
  "a task named __proto__": but({ headers: { task: "__proto__" } }),
  "a task named constructor": but({ headers: { task: "constructor" } }),
  "an unknown content type": but({ options: { contentType: "application/x-nothing" } }),
  "a pickle": but({
    body: Buffer.from("gASVCgAAAAAAAABdlChLAUsCZS4=", "base64"),
    options: { contentType: "application/x-python-serialize", contentEncoding: "binary" }
  }),
  "an unknown encoding": but({ options: { contentEncoding: "utf-42" } }),
  "an unknown compression": but({ headers: { compression: "application/x-nothing" } }),
  "a compression that is not": but({ headers: { compression: "application/x-gzip" } }),
  "128 MB of blanks in 128 kB": but({ body: bomb, headers: { compression: "application/x-gzip" } }),
  "a body of 20 MB": but({ body: JSON.stringify([["x".repeat(20 * 1024 * 1024), 0], {}, embed]) }),
  "headers of odd types": {
    body: "x",
    options: {
      headers: {
        task: { "!": "timestamp", value: 253402300800 },
        id: { "!": "decimal", value: { places: 200, digits: 1 } },
        eta: Buffer.from([0, 255]),
        expires: { "!": "timestamp", value: 2 ** 52 },
        retries: { "!": "float", value: 1.5 },
        timelimit: { "!": "int8", value: -1 },
        nested: { a: { b: { c: [[[[{}]]]] } } }
      }
    }
  }
}

/** These have the form of a task: they run, or fail. */
const odd: Readonly<Record<string, Bad>> = {
  "__proto__ among the keywords": but({ body: `[[1, 0], {"__proto__": {"polluted": 1}, "constructor": 1}, null]` }),
  "an absurd ETA": but({ headers: { eta: "99999-99-99T99:99:99" } }),
  "an ETA that is an object": but({ headers: { eta: { year: 1 } } }),
  "an expiry that is a list": but({ headers: { expires: [1] } }),
  "retries that are text": but({ headers: { retries: "many" } }),
  "limits that are text": but({ headers: { timelimit: "short" } })
}

describe("hostile messages", () => {
  it.live("go to the dead-letter exchange, and the next task runs", () =>
    Effect.scoped(Effect.gen(function*() {
      const queue = Kit.newQueue("hostile")
      const dead = Kit.newQueue("dead")
      const at = { url, queue }
      const journal = new Kit.Journal()
      const wire = yield* Kit.wire(url)
      yield* Effect.promise(() => wire.channel.assertQueue(dead))
      const configured = [
        Entity.queue(queue, { exchange: Entity.exchange(""), deadLetterExchange: "", deadLetterRoutingKey: dead })
      ]
      yield* Kit.worker(Worker.make({ tasks: [journal.late], concurrency: 2 }), at).pipe(
        Effect.provideService(Queues.Configured, configured)
      )
      const client = yield* Kit.client(at).pipe(Effect.provideService(Queues.Configured, configured))
      assert.strictEqual(yield* client.execute(Kit.step, { n: 0, millis: 0 }), 0)
      const before = Kit.residentBytes(process.pid)
      let count = 0
      for (const [name, { body, options }] of Object.entries(bad)) {
        if (body.length > wire.maxMessageSize) continue // the broker itself refuses it
        yield* Effect.promise(() => wire.send(queue, body, { ...options, messageId: name }))
        count++
        const next = yield* client.delay(Kit.step, { n: count, millis: 0 })
        assert.strictEqual(
          yield* Effect.mapError(next.get({ timeout: "5 seconds" }), (error) => `after ${name}: ${error.message}`),
          count
        )
        yield* Kit.until(`${name} is dead`, async () => await wire.ready(dead) === 1, 5000)
        const [letter] = yield* Effect.promise(() => wire.drain(dead))
        assert.strictEqual(letter?.properties.messageId, name)
        assert.strictEqual(letter?.properties.headers?.["x-death"]?.[0]?.reason, "rejected")
      }
      assert.deepStrictEqual(journal.starts, Kit.numbers(count + 1), "none of them ran")
      const grown = Kit.residentBytes(process.pid) - before
      assert.isBelow(grown, 250 * 1024 * 1024, `grew by ${Math.round(grown / 1024 / 1024)} MB`)

      for (const [name, { body, options }] of Object.entries(odd)) {
        yield* Effect.promise(() => wire.send(queue, body, { ...options, messageId: name }))
        const next = yield* client.delay(Kit.step, { n: 7, millis: 0 })
        assert.strictEqual(
          yield* Effect.mapError(next.get({ timeout: "5 seconds" }), (error) => `after ${name}: ${error.message}`),
          7
        )
        yield* Kit.until(`${name} is settled`, async () => await wire.ready(queue) === 0, 5000)
      }
      assert.isUndefined(Reflect.get({}, "polluted"))
    })), 60_000)
})

const oddValue = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom<unknown>(2 ** 63, -1, 1e308, "__proto__", "constructor", "", "x".repeat(10_000), [[]], { "": 0 }),
  fc.constantFrom(".*", "(a+)+$", "*a".repeat(2_000), "[", "(?=a)*", "\\")
)

const deep = (text: string): string => `${"[".repeat(100_000)}${text}${"]".repeat(100_000)}`

/** How a good body can come to be none. */
const asSent = (body: unknown): fc.Arbitrary<string | Uint8Array> => {
  const text = JSON.stringify(body)
  return fc.oneof(
    { weight: 6, arbitrary: fc.constant(text) },
    fc.nat({ max: text.length }).map((end) => text.slice(0, end)),
    fc.uint8Array({ maxLength: 64 }),
    fc.constantFrom("", "null", "[]", "{}", "NaN", deep("0"), `{"arguments": ${deep("")}}`),
    fc.constant(text.replace("{", `{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}, `))
  )
}

const oddOptions: fc.Arbitrary<Options.Publish> = fc.record({
  contentType: fc.oneof(
    { weight: 6, arbitrary: fc.constant("application/json") },
    fc.constantFrom("application/x-python-serialize", "application/data", "text/plain", "x/y", "")
  ),
  contentEncoding: fc.oneof({ weight: 6, arbitrary: fc.constant("utf-8") }, fc.constantFrom("binary", "utf-42", "")),
  headers: fc.dictionary(
    fc.constantFrom("clock", "expires", "ticket", "hostname", "compression"),
    fc.constantFrom<unknown>(2 ** 52, -1, 0, 1.5, "soon", true, ["x"], { a: 1 }, "application/x-gzip")
  )
})

/** Those that stop what is asserted, when they are understood. */
const honest = new Set(["shutdown", "cancel_consumer", "add_consumer", "pool_grow", "pool_shrink", "pool_restart"])

const methods = Object.values({ ...Commands.inspect, ...Commands.control }).filter(({ name }) => !honest.has(name))

const oddCommand = fc.tuple(fc.constantFrom(...methods), fc.string()).chain(([{ fields, name }, unknown]) =>
  fc.record({
    method: fc.oneof({ weight: 6, arbitrary: fc.constant<unknown>(name) }, fc.constant<unknown>(unknown), oddValue),
    arguments: fc.oneof(
      {
        weight: 6,
        arbitrary: fc.dictionary(
          fc.constantFrom(
            "",
            "nosuch",
            ...Object.keys(fields).map((key) => key.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`))
          ),
          oddValue
        ) as fc.Arbitrary<unknown>
      },
      oddValue
    ),
    destination: fc.oneof({ weight: 6, arbitrary: fc.constant<unknown>(null) }, oddValue),
    pattern: fc.oneof({ weight: 3, arbitrary: fc.constant<unknown>(null) }, oddValue),
    matcher: fc.constantFrom<unknown>("pcre", "glob", null, 7, "__proto__"),
    ticket: fc.oneof(fc.uuid(), oddValue),
    reply_to: fc.oneof(
      oddValue,
      fc.record({ exchange: fc.constantFrom<unknown>("nowhere", "", 7), routing_key: oddValue })
    )
  }, { requiredKeys: [] })
)

const oddEvent = fc.dictionary(
  fc.constantFrom(
    ...["type", "hostname", "uuid", "clock", "timestamp", "utcoffset", "pid", "freq", "active", "processed"],
    ...["loadavg", "sw_ident", "name", "args", "kwargs", "eta", "id", "topic", "action", "cver", "retries", "runtime"]
  ),
  oddValue
).chain((event) =>
  fc.record({
    type: fc.constantFrom<unknown>(
      ...["worker-online", "worker-heartbeat", "worker-offline", "worker-elect", "worker-elect-ack"],
      ...["task-received", "task-started", "task-succeeded", "task-", "-", "nosuch", 7, null, "__proto__"]
    ),
    hostname: fc.constantFrom<unknown>("odd@here", "__proto__", 7, null),
    ...Object.fromEntries(Object.entries(event).map(([key, value]) => [key, fc.constant(value)]))
  }).chain((one) => fc.constantFrom<unknown>(one, [one, one, 7], [[one]]))
)

const routes = ["worker.heartbeat", "worker.online", "worker.elect", "worker.elect.ack", "task.multi", "task.sent", "x"]

const spoiled = (body: fc.Arbitrary<unknown>) => fc.tuple(body.chain(asSent), oddOptions, fc.constantFrom(...routes))

/** A cluster that no other test talks to. */
const siege = Kit.newQueue("besieged")

describe("hostile commands and events", () => {
  it.live(
    "leave a worker with all its steps alive, answering and consuming",
    () =>
      Effect.scoped(Effect.gen(function*() {
        const at = { url, queue: siege }
        const lines = new Lines()
        const journal = new Kit.Journal()
        yield* Kit.worker(Worker.make({ tasks: [journal.late], settings: { sendTaskEvents: true } }), at, lines.layer)
        const client = yield* Kit.client(at)
        const { ping } = Context.get(
          yield* Layer.build(Layer.orDie(RemoteControl.layer.pipe(Layer.provide(AmqpTransport.layer(at))))),
          RemoteControl.RemoteControl
        )
        const { channel } = yield* Kit.wire(url)
        const exchanges = [[oddCommand, `${siege}.pidbox`], [oddEvent, `${siege}.ev`]] as const
        let rounds = 0
        for (const [arbitrary, exchange] of exchanges) {
          const messages = fc.sample(spoiled(arbitrary), { numRuns: 600, seed: 9 })
          while (messages.length > 0) {
            for (const [body, options, route] of messages.splice(0, 50)) {
              channel.publish(exchange, route, Buffer.from(body), options)
            }
            yield* Effect.promise(() => channel.waitForConfirms())
            const sent = yield* client.delay(Kit.step, { n: rounds++, millis: 0 })
            assert.strictEqual(yield* sent.get({ timeout: "5 seconds" }), rounds - 1)
            assert.lengthOf(
              Object.values(yield* ping({ limit: 1, timeout: "5 seconds" })),
              1,
              JSON.stringify(lines.all.slice(-5))
            )
          }
        }
        assert.deepStrictEqual(journal.starts, Kit.numbers(rounds))
        // Some were understood, and refused.
        for (const told of ["pidbox command error: KeyError", "pidbox command error: TypeError"]) {
          assert.isTrue(lines.has(told), told)
        }
        assert.isFalse(lines.has("Connection to broker lost"))
        assert.isFalse(lines.has("Cannot start consuming"))
        assert.isUndefined(Reflect.get({}, "polluted"))
      })).pipe(
        Effect.provideService(ControlSettings.ControlExchange, siege),
        Effect.provideService(EventSettings.EventExchange, `${siege}.ev`)
      ),
    60_000
  )
})
