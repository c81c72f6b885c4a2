/** Messages that nobody should send, on a real wire: the worker refuses each, and runs the next task. */
import * as Entity from "@celeriac/messaging/Entity"
import * as Queues from "@celeriac/tasks/Queues"
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import type { Options } from "amqplib"
import * as Effect from "effect/Effect"
import { gzipSync } from "node:zlib"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import * as Kit from "./Kit.ts"

const url = brokerUrl()

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
          yield* Effect.mapError(next.get({ timeout: "1 minute" }), (error) => `after ${name}: ${error.message}`),
          count
        )
        yield* Kit.until(`${name} is dead`, async () => await wire.ready(dead) === 1, 100_000)
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
          yield* Effect.mapError(next.get({ timeout: "1 minute" }), (error) => `after ${name}: ${error.message}`),
          7
        )
        yield* Kit.until(`${name} is settled`, async () => await wire.ready(queue) === 0, 100_000)
      }
      assert.isUndefined(Reflect.get({}, "polluted"))
    })), 120_000)
})
