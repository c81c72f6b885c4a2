/** Messages that a real broker closes the channel for, in the midst of others. */
import * as Entity from "@celeriac/messaging/Entity"
import type { Message } from "@celeriac/messaging/Message"
import * as Producer from "@celeriac/messaging/Producer"
import { Transport } from "@celeriac/messaging/Transport"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import * as AmqpTransport from "../../src/AmqpTransport.ts"
import { connect, message } from "./Kit.ts"

interface Case {
  readonly what: string
  readonly reason: string
  readonly words: RegExp
  readonly culprit?: Partial<Message>
  readonly exchange?: string
}

const cases: ReadonlyArray<Case> = [
  {
    what: "an exchange that is not there",
    reason: "NotFound",
    words: /no exchange 'celeriac\.nowhere'/,
    exchange: "celeriac.nowhere"
  },
  {
    what: "an exchange that is the broker's own",
    reason: "MessageRefused",
    words: /\(403\).*internal exchange.*Grant the permission/,
    exchange: "amq.rabbitmq.trace"
  },
  {
    what: "the name of another user",
    reason: "MessageRefused",
    words: /user_id property set to 'bob'/,
    culprit: { properties: { userId: "bob" } }
  },
  {
    what: "an expiration that is no number",
    reason: "MessageRefused",
    words: /invalid expiration 'soon'/,
    culprit: { properties: { expiration: "soon" } }
  },
  { what: "a header of the broker's", reason: "MessageRefused", words: /"CC"/, culprit: { headers: { CC: 5 } } },
  {
    what: "a body of 150 MB",
    reason: "TooLarge",
    words: /^publish: the message of 150000000 bytes is over the limit of \d+$/,
    culprit: { body: Buffer.alloc(150_000_000) }
  }
]

describe("a message that the broker refuses, between others on one channel", () => {
  for (const { culprit, exchange = "", reason, what, words } of cases) {
    it.live(
      `for ${what}, is told why; the others are stored once, in order`,
      () =>
        Effect.scoped(Effect.gen(function*() {
          const channel = yield* (yield* connect(brokerUrl())).openChannel()
          const { name: queue } = yield* channel.declareQueue(Entity.queue("", { durable: false, exclusive: true }))
          const producer = yield* Producer.make()
          const texts = Array.from({ length: 200 }, (_, n) => `${n}`)
          const outcomes = yield* Effect.forEach(texts, (text, n) =>
            Effect.result(
              n === 100
                ? producer.publish({ ...message(text), ...culprit }, { exchange, routingKey: queue })
                : producer.publish(message(text), { routingKey: queue })
            ), { concurrency: "unbounded" })
          const failures = outcomes.flatMap((outcome, n) =>
            Result.isFailure(outcome) ? [{ n, error: outcome.failure }] : []
          )
          assert.deepStrictEqual(failures.map(({ n }) => n), [100])
          const [{ error } = assert.fail("nothing was refused")] = failures
          assert.strictEqual(error.reason._tag, reason)
          assert.match(error.message, words)
          assert.isTrue(error.isRefusal)
          const stored: Array<string> = []
          for (;;) {
            const next = yield* channel.get(queue, { noAck: true })
            if (next._tag === "None") break
            stored.push(Buffer.from(next.value.body).toString())
          }
          assert.deepStrictEqual(stored, texts.filter((_, n) => n !== 100))
        })).pipe(Effect.provide(AmqpTransport.layer({ url: brokerUrl() }))),
      120_000
    )
  }

  it.live("is not sent by any connection, once one of them has learnt the limit", () =>
    Effect.scoped(Effect.gen(function*() {
      const transport = yield* Transport
      const large = { ...message(""), body: Buffer.alloc(150_000_000) }
      const nowhere = { exchange: "", routingKey: "nowhere" }
      const first = yield* (yield* transport.connect()).openChannel()
      const refused = yield* Effect.flip(first.publish(large, nowhere, { mandatory: false }))
      const second = yield* (yield* transport.connect()).openChannel()
      const again = yield* Effect.flip(second.publish(large, nowhere, { mandatory: false }))
      assert.strictEqual(again.message, refused.message)
      assert.strictEqual(again.reason._tag, "TooLarge")
      // The broker heard nothing of it.
      yield* second.publish(message("small"), nowhere, { mandatory: false })
    })).pipe(Effect.provide(AmqpTransport.layer({ url: brokerUrl() }))))

  it.live("is not sent at all when the limit is known", () =>
    Effect.scoped(Effect.gen(function*() {
      const channel = yield* (yield* connect(brokerUrl(), { maxMessageSize: 10 })).openChannel()
      const publish = (text: string) =>
        channel.publish(message(text), { exchange: "", routingKey: "nowhere" }, { mandatory: false })
      const error = yield* Effect.flip(publish("x".repeat(11)))
      assert.strictEqual(error.message, "publish: the message of 11 bytes is over the limit of 10")
      yield* publish("x".repeat(10))
    })))
})
