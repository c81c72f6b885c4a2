/** Headers between us and Python's client, over a real broker, both ways. */
import { queue } from "@celeriac/messaging/Entity"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import { readsOwnLongs, runPython } from "../../../../test/peers/Python.ts"
import { connect, message, to } from "../integration/Kit.ts"

const url = brokerUrl()

/** Takes every message of a queue, prints its headers, and sends them on to another queue. */
const echo = `
import json, os
from kombu import Connection
with Connection(os.environ["URL"]) as connection:
    channel = connection.channel()
    while True:
        message = channel.basic_get(os.environ["FROM"], no_ack=True)
        if message is None:
            break
        print(json.dumps({"headers": message.headers, "correlation_id": message.properties.get("correlation_id")}, default=lambda o: "other " + type(o).__name__))
        channel.basic_publish(channel.prepare_message(bytes(message.body), headers=message.headers), "", os.environ["TO"])
`

const text = fc.string({ unit: "grapheme", maxLength: 40 })
const value = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    text,
    fc.boolean(),
    fc.constant(null),
    fc.constantFrom(
      0,
      1,
      127,
      128,
      255,
      300,
      32767,
      32768,
      65535,
      2 ** 31 - 1,
      2 ** 31,
      2 ** 32,
      2 ** 53 - 1,
      -1,
      -129,
      -40000,
      -(2 ** 31),
      -(2 ** 40)
    ),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }).filter((n) => !Number.isInteger(n)),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.string({ unit: "grapheme-ascii", maxLength: 20 }), tie("value"), {
      maxKeys: 4,
      noNullPrototype: true
    })
  )
})).value

/** The same, but for integers below -2^31. */
const withoutLowLongs = <A>(value: A): A =>
  JSON.parse(
    JSON.stringify(value),
    (_, item: unknown) => typeof item === "number" && Number.isInteger(item) && item < -(2 ** 31) ? 0 : item
  )

describe("headers", () => {
  it.live(
    "arrive at Python as they were sent, and come back as Python sends them",
    () =>
      Effect.scoped(Effect.gen(function*() {
        let sent = fc.sample(
          fc.dictionary(fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 20 }), value, {
            maxKeys: 8,
            noNullPrototype: true
          }),
          {
            numRuns: 200,
            seed: 20261120
          }
        )
        const channel = yield* (yield* connect(url)).openChannel()
        // What Python does not read as it wrote it, it could not send back.
        if (!(yield* Effect.promise(() => readsOwnLongs(url)))) sent = sent.map(withoutLowLongs)
        const out = (yield* channel.declareQueue(queue("interop.headers.out", { expires: "1 minute" }))).name
        const back = (yield* channel.declareQueue(queue("interop.headers.back", { expires: "1 minute" }))).name
        yield* Effect.forEach([out, back], (name) => channel.purgeQueue(name))
        for (const headers of sent) yield* channel.publish(message("x", headers), to(out))
        const lines = yield* Effect.promise(() => runPython(echo, { env: { URL: url, FROM: out, TO: back } }))
        assert.deepStrictEqual(lines, sent.map((headers) => ({ headers, correlation_id: "x" })))
        const received: Array<unknown> = []
        for (let i = 0; i < sent.length; i++) {
          const delivery = yield* channel.get(back, { noAck: true })
          if (delivery._tag === "Some") {
            assert.isUndefined(delivery.value.defect)
            received.push(delivery.value.headers)
          }
        }
        assert.deepStrictEqual(received, sent)
      })),
    120_000
  )
})
