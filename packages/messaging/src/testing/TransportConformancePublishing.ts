/** Conformance: publishes are confirmed, returned, and kept in order. */
import { assert, describe } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type { Address } from "../Message.ts"
import type { MessagingError } from "../MessagingError.ts"
import type { Channel, PublishOptions } from "../Transport.ts"
import { consumeInto, drain, failsWith, message, numbers, type Test, textOf, to } from "./TransportConformanceKit.ts"

/** The outcomes of publishes that are all under way at once, in the order of the publishes. */
const pipeline = (
  channel: Channel,
  publishes: ReadonlyArray<readonly [text: string, to: Address, options?: PublishOptions]>
): Effect.Effect<ReadonlyArray<MessagingError | undefined>> =>
  Effect.callback((resume) => {
    const outcomes: Array<MessagingError | undefined> = publishes.map(() => undefined)
    let pending = publishes.length
    publishes.forEach(([text, address, options], index) =>
      channel.publishUnsafe(message(text), address, options ?? {}, (error) => {
        outcomes[index] = error
        if (--pending === 0) resume(Effect.succeed(outcomes))
      })
    )
  })

export const publishing = (test: Test): void => {
  describe("publishing", () => {
    test("a confirmed message is in its queue", ({ channel, queue }) =>
      Effect.gen(function*() {
        const name = yield* queue()
        yield* channel.publish(message("safe", { properties: { deliveryMode: 2 } }), to(name))
        assert.strictEqual((yield* channel.queueState(name)).messageCount, 1)
      }))

    test("thousands of publishes under way at once keep their order and are all confirmed", ({ channel, queue }) =>
      Effect.gen(function*() {
        const name = yield* queue()
        const texts = numbers(5000)
        const outcomes = yield* pipeline(channel, texts.map((text) => [text, to(name)] as const))
        assert.deepStrictEqual(outcomes.filter((outcome) => outcome !== undefined), [])
        const box = yield* consumeInto(channel, name, { prefetch: 0, noAck: true })
        assert.deepStrictEqual((yield* box.takeN(texts.length)).map(textOf), texts)
      }))

    test("a message that reaches no queue is unroutable, and its neighbours are not", ({ channel, queue, queueName }) =>
      Effect.gen(function*() {
        const name = yield* queue()
        const nowhere = queueName()
        const outcomes = yield* pipeline(channel, [
          ["1", to(name)],
          ["2", to(nowhere)],
          ["3", to(name)],
          ["4", to(nowhere), { mandatory: false }],
          ["5", to(nowhere), { mandatory: true }]
        ])
        assert.deepStrictEqual(outcomes.map((outcome) => outcome?.reason._tag), [
          undefined,
          "Unroutable",
          undefined,
          undefined,
          "Unroutable"
        ])
        assert.deepStrictEqual(yield* drain(channel, name), ["1", "3"])
      }))

    test("an unroutable message names its exchange and routing key", ({ channel, exchange }) =>
      Effect.gen(function*() {
        const source = yield* exchange()
        const reason = yield* failsWith(
          channel.publish(message("x"), { exchange: source.name, routingKey: "nobody" }),
          "Unroutable"
        )
        assert.deepInclude(reason, { exchange: source.name, routingKey: "nobody" })
      }))

    test("nobody needs to get an optional message", ({ channel, queueName }) =>
      channel.publish(message("x"), to(queueName()), { mandatory: false }))

    test("a full queue that rejects publishes refuses the message", ({ channel, queue }) =>
      Effect.gen(function*() {
        const name = yield* queue({ maxLength: 1, arguments: { "x-overflow": "reject-publish" } })
        yield* channel.publish(message("fits"), to(name))
        yield* failsWith(channel.publish(message("refused"), to(name)), "Nacked")
        assert.deepStrictEqual(yield* drain(channel, name), ["fits"])
      }))

    test("a publish from within a delivery is one more publish", ({ channel, queue }) =>
      Effect.gen(function*() {
        const name = yield* queue()
        const last = yield* Deferred.make<number>()
        const hops = 2000
        yield* channel.consume(name, {
          prefetch: 1,
          onDelivery: (delivery) => {
            const hop = Number(textOf(delivery)) + 1
            if (hop === hops) Deferred.doneUnsafe(last, Effect.succeed(hop))
            else channel.publishUnsafe(message(`${hop}`), to(name), {}, () => {})
            delivery.settle("ack")
          }
        })
        yield* channel.publish(message("0"), to(name))
        assert.strictEqual(yield* Deferred.await(last), hops)
        assert.strictEqual((yield* channel.queueState(name)).messageCount, 0)
      }))
  })
}
