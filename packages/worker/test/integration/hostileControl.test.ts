/** Commands and events that nobody should send, on a real wire: a worker lives on, answers and consumes. */
import * as Commands from "@celeriac/tasks/control/Commands"
import * as ControlSettings from "@celeriac/tasks/control/ControlSettings"
import * as EventSettings from "@celeriac/tasks/event/EventSettings"
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import type { Options } from "amqplib"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import { Lines } from "../support.ts"
import * as Kit from "./Kit.ts"

const url = brokerUrl()

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

/** Those that change what is asserted, when they are understood: they have a siege of their own. */
const obeyed = [
  Commands.control.election,
  Commands.control.shutdown,
  Commands.control.addConsumer,
  Commands.control.cancelConsumer,
  Commands.control.poolGrow,
  Commands.control.poolShrink,
  Commands.control.poolRestart,
  Commands.control.autoscale
] as const

const methods = Object.values({ ...Commands.inspect, ...Commands.control })
  .filter(({ name }) => obeyed.every((one) => one.name !== name))

const onWire = (key: string): string => key.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`)

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
            ...Object.keys(fields).map(onWire)
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

const revolt = Kit.newQueue("in-revolt")

/** What is not understood, or only by half, or asks for what cannot be. */
const misshapen = fc.constantFrom(...obeyed).chain(({ fields, name }) =>
  fc.record({
    method: fc.constant(name),
    arguments: fc.oneof(
      {
        weight: 8,
        // A shutdown takes any text for its reason, and none.
        arbitrary: name === "shutdown"
          ? fc.record({ msg: oddValue.filter((value) => typeof value !== "string" && value !== null) })
          : fc.dictionary(
            fc.constantFrom("", "nosuch", "__proto__", ...Object.keys(fields).map(onWire)),
            fc.oneof(oddValue, fc.constantFrom<unknown>(0, 1, 1.5, "7", "task", "odd queue", { "x-queue-type": "odd" }))
          ) as fc.Arbitrary<unknown>
      },
      // Read as no arguments, which is all that a shutdown needs.
      ...(name === "shutdown" ? [] : [oddValue])
    ),
    ticket: fc.uuid(),
    reply_to: fc.constant({ exchange: `reply.${revolt}.pidbox`, routing_key: "nobody" })
  })
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
        const { ping } = yield* Kit.remote(at)
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
            assert.strictEqual(yield* sent.get({ timeout: "1 minute" }), rounds - 1)
            assert.lengthOf(
              Object.values(yield* ping({ limit: 1, timeout: "1 minute" })),
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
    120_000
  )

  it.live(
    "that would be obeyed if they had a meaning, leave a worker running, consuming and with slots to run in",
    () =>
      Effect.scoped(Effect.gen(function*() {
        const at = { url, queue: revolt }
        const lines = new Lines()
        const journal = new Kit.Journal()
        const worker = yield* Kit.worker(Worker.make({ tasks: [journal.late], concurrency: 2 }), at, lines.layer)
        const client = yield* Kit.client(at)
        const control = yield* Kit.remote(at)
        const { channel } = yield* Kit.wire(url)
        const messages = fc.sample(misshapen, { numRuns: 400, seed: 9 })
        let rounds = 0
        while (messages.length > 0) {
          for (const command of messages.splice(0, 25)) {
            channel.publish(`${revolt}.pidbox`, "", Buffer.from(JSON.stringify(command)), {
              contentType: "application/json",
              contentEncoding: "utf-8"
            })
          }
          yield* Effect.promise(() => channel.waitForConfirms())
          const sent = yield* client.delay(Kit.step, { n: rounds++, millis: 0 })
          assert.strictEqual(yield* sent.get({ timeout: "1 minute" }), rounds - 1)
          assert.lengthOf(
            Object.values(yield* control.ping({ limit: 1, timeout: "1 minute" })),
            1,
            JSON.stringify(lines.all.slice(-5))
          )
        }
        assert.deepStrictEqual(journal.starts, Kit.numbers(rounds))
        const { pool } = yield* worker.info
        const slots = (pool as { readonly "max-concurrency"?: unknown })["max-concurrency"]
        assert.isTrue(typeof slots === "number" && slots >= 1 && slots <= 65_535, JSON.stringify(pool))
        assert.isTrue(lines.has("pidbox command error: TypeError"))
        assert.isFalse(lines.has("Got shutdown from remote"))
        assert.isFalse(lines.has("Connection to broker lost"))
        assert.isUndefined(Reflect.get({}, "polluted"))
      })).pipe(
        Effect.provideService(ControlSettings.ControlExchange, revolt),
        Effect.provideService(EventSettings.EventExchange, `${revolt}.ev`)
      ),
    120_000
  )
})
