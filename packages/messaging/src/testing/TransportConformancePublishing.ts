/** Conformance: publishes are confirmed, returned, and kept in order. */
import { assert, describe } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import type { Address, Message } from "../Message.ts"
import type { MessagingError, Reason } from "../MessagingError.ts"
import type { Channel, PublishOptions } from "../Transport.ts"
import {
  consumeInto,
  drain,
  failsWith,
  type Kit,
  message,
  numbers,
  type Test,
  textOf,
  to
} from "./TransportConformanceKit.ts"

/** The outcomes of publishes that are all under way at once, in the order of the publishes. */
const pipeline = (
  channel: Channel,
  publishes: ReadonlyArray<readonly [text: string, to: Address, options?: PublishOptions]>
): Effect.Effect<ReadonlyArray<MessagingError | undefined>> =>
  pipelineOf(channel, publishes.map(([text, address, options]) => [message(text), address, options] as const))

const pipelineOf = (
  channel: Channel,
  publishes: ReadonlyArray<readonly [message: Message, to: Address, options?: PublishOptions | undefined]>
): Effect.Effect<ReadonlyArray<MessagingError | undefined>> =>
  Effect.callback((resume) => {
    const outcomes: Array<MessagingError | undefined> = publishes.map(() => undefined)
    let pending = publishes.length
    publishes.forEach(([message, address, options], index) =>
      channel.publishUnsafe(message, address, options ?? {}, (error) => {
        outcomes[index] = error
        if (--pending === 0) resume(Effect.succeed(outcomes))
      })
    )
  })

/** A publish that failed so was never sent: whoever made it may send it again. */
const neverSent: ReadonlyArray<Reason["_tag"]> = ["ChannelClosed", "ConnectionLost"]

/** What ends a channel while publishes are under way on it. */
const endings: ReadonlyArray<readonly [how: string, end: (doomed: Doomed) => Effect.Effect<unknown>]> = [
  ["the broker closes the channel", ({ channel, missing }) => failsWith(channel.queueState(missing), "NotFound")],
  ["we close the channel", ({ channelScope }) => Scope.close(channelScope, Exit.void)],
  ["we close the connection", ({ connectionScope }) => Scope.close(connectionScope, Exit.void)]
]

interface Doomed {
  readonly channel: Channel
  readonly channelScope: Scope.Closeable
  readonly connectionScope: Scope.Closeable
  /** A queue that is not there. */
  readonly missing: string
}

const doom = Effect.fnUntraced(function*({ queueName, transport }: Kit) {
  const connectionScope = yield* Scope.fork(yield* Scope.Scope)
  const connection = yield* Scope.provide(transport.connect({ name: "doomed" }), connectionScope)
  const channelScope = yield* Scope.fork(connectionScope)
  const channel = yield* Scope.provide(connection.openChannel(), channelScope)
  const doomed: Doomed = { channel, channelScope, connectionScope, missing: queueName() }
  return doomed
})

export const publishing = (test: Test): void => {
  describe("publishing", () => {
    test("a confirmed message is in its queue", ({ channel, queue }) =>
      Effect.gen(function*() {
        const name = yield* queue()
        yield* channel.publish(message("safe", { properties: { deliveryMode: 2 } }), to(name))
        assert.strictEqual((yield* channel.queueState(name)).messageCount, 1)
      }))

    test("the body of a confirmed message may be written over", ({ channel, queue }) =>
      Effect.gen(function*() {
        const name = yield* queue()
        // Of a few bytes, and of several frames.
        const bodies = [7, 300_000].map((size) => Buffer.alloc(size, "a"))
        const messages = bodies.map((body) => ({ ...message(""), body }))
        yield* pipelineOf(channel, messages.map((one) => [one, to(name)] as const))
        for (const body of bodies) body.fill("b")
        assert.deepStrictEqual(yield* drain(channel, name), ["a".repeat(7), "a".repeat(300_000)])
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

    test("a message that the broker refuses for good ends alone, and nothing is lost or sent twice", (kit) =>
      Effect.gen(function*() {
        const name = yield* kit.queue()
        const doomed = yield* kit.openChannel()
        // Something to be confirmed first, as over any channel that has been in use.
        yield* doomed.publish(message("first"), to(name))
        const refused = message("refused", { properties: { expiration: "soon" } })
        const texts = numbers(200)
        const middle = 100
        const outcomes = yield* pipelineOf(
          doomed,
          texts.map((text, index) => [index === middle ? refused : message(text), to(name)] as const)
        )
        const tags = outcomes.map((outcome) => outcome?.reason._tag)
        assert.strictEqual(tags[middle], "MessageRefused")
        assert.isTrue(outcomes[middle]?.isRefusal)
        assert.deepStrictEqual(new Set(tags.slice(0, middle)), new Set([undefined]), "those before it are known")
        const stored = new Set(yield* drain(kit.channel, name))
        for (let index = middle + 1; index < texts.length; index++) {
          assert.include(neverSent, tags[index])
          assert.isFalse(stored.has(texts[index]!))
        }
        assert.isFalse(stored.has("refused"))
        assert.strictEqual(stored.size, 1 + middle)
      }))

    for (const [how, end] of endings) {
      test(`what is under way when ${how} was never sent, or is of unknown outcome`, (kit) =>
        Effect.gen(function*() {
          const name = yield* kit.queue()
          const doomed = yield* doom(kit)
          const texts = numbers(500)
          const publishes = pipeline(doomed.channel, texts.map((text) => [text, to(name)] as const))
          const fiber = yield* Effect.forkScoped(publishes, { startImmediately: true })
          yield* end(doomed)
          const outcomes = yield* Fiber.join(fiber)
          yield* failsWith(doomed.channel.publish(message("late"), to(name)), ...neverSent)

          const stored = new Set(yield* drain(kit.channel, name))
          assert.isFalse(stored.has("late"))
          outcomes.forEach((outcome, index) => {
            const tag = outcome?.reason._tag
            if (tag === undefined) assert.isTrue(stored.has(texts[index]!), `${index} was confirmed`)
            else if (neverSent.includes(tag)) assert.isFalse(stored.has(texts[index]!), `${index} failed with ${tag}`)
            else assert.strictEqual(tag, "OutcomeUnknown")
          })
        }))
    }
  })
}
