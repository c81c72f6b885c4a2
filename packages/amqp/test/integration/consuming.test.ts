/** Prefetch that changes, bodies that are too big, headers that are damaged. */
import { queue } from "@celeriac/messaging/Entity"
import type { Delivery } from "@celeriac/messaging/Message"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { createRequire } from "node:module"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import { connect, message, to } from "./Kit.ts"

const url = brokerUrl()

/** Asks until it holds; the test's time limit bounds it. */
const until = (holds: () => boolean) =>
  Effect.repeat(Effect.as(Effect.sleep("5 millis"), undefined), { until: () => holds() })

describe("consuming", () => {
  for (const type of ["classic", "quorum"] as const) {
    it.live(
      `a ${type} queue gives what is wanted, and never more than the grant before on top`,
      () =>
        Effect.scoped(Effect.gen(function*() {
          const channel = yield* (yield* connect(url)).openChannel()
          const name = `consuming.prefetch.${type}`
          yield* channel.declareQueue(queue(name, { type, expires: "1 minute" }))
          yield* channel.purgeQueue(name)
          yield* Effect.forEach(Array.from({ length: 400 }), (_, i) => channel.publish(message(`${i}`), to(name)), {
            concurrency: 100,
            discard: true
          })
          const held: Array<Delivery> = []
          let total = 0
          const subscription = yield* channel.consume(name, {
            prefetch: 8,
            onDelivery: (delivery) => {
              total++
              held.push(delivery)
            }
          })
          yield* until(() => held.length === 8)
          // as messages for later are kept, each asks for one more, as a worker does
          for (let kept = 1; kept <= 60; kept++) {
            yield* subscription.setPrefetch(8 + kept)
            assert.isAtMost(total, 2 * (8 + kept))
          }
          yield* until(() => held.length >= 68)
          // all are settled, and a small grant holds again
          yield* subscription.setPrefetch(3)
          while (total < 400) {
            const batch = held.splice(0)
            if (total > 300) assert.isAtMost(batch.length, 3)
            for (const delivery of batch) delivery.settle("ack")
            yield* Effect.sleep("2 millis")
          }
        })),
      120_000
    )
  }

  it.live("a prefetch that old deliveries were taken off grows back when they are settled", () =>
    Effect.scoped(Effect.gen(function*() {
      const channel = yield* (yield* connect(url)).openChannel()
      const name = (yield* channel.declareQueue(queue("", { exclusive: true }))).name
      yield* Effect.forEach(Array.from({ length: 60 }), (_, i) => channel.publish(message(`${i}`), to(name)), {
        discard: true
      })
      const held: Array<Delivery> = []
      const subscription = yield* channel.consume(name, {
        prefetch: 5,
        onDelivery: (delivery) => void held.push(delivery)
      })
      yield* until(() => held.length === 5)
      yield* subscription.setPrefetch(10)
      yield* until(() => held.length === 15)
      yield* subscription.setPrefetch(16)
      yield* until(() => held.length === 26)
      for (const delivery of held.splice(0)) delivery.settle("ack")
      yield* until(() => held.length >= 16)
      assert.isAtMost(held.length, 27)
    })))

  it.live("a body over the limit is dropped as it comes, and the next message is well", () =>
    Effect.scoped(Effect.gen(function*() {
      const channel = yield* (yield* connect(url, { maxBodySize: 200_000 })).openChannel()
      const name = (yield* channel.declareQueue(queue("", { exclusive: true }))).name
      yield* channel.publish({ ...message("big", { id: "1" }), body: Buffer.alloc(500_000) }, to(name))
      yield* channel.publish({ ...message("fits"), body: Buffer.alloc(200_000) }, to(name))
      const got: Array<Delivery> = []
      yield* channel.consume(name, { prefetch: 10, onDelivery: (delivery) => void got.push(delivery) })
      yield* until(() => got.length === 2)
      const [big, fits] = got
      assert.strictEqual(big?.defect?._tag, "TooLarge")
      assert.include(big?.defect?.message, "500000")
      assert.deepStrictEqual({ ...big?.headers }, { id: "1" })
      assert.strictEqual(big?.body.length, 0)
      assert.strictEqual(big?.settle("reject"), "settled")
      assert.isUndefined(fits?.defect)
      assert.strictEqual(fits?.body.length, 200_000)
      fits?.settle("ack")
    })))

  it.live("a consumer that throws on a message rejects it, and goes on", () =>
    Effect.scoped(Effect.gen(function*() {
      const channel = yield* (yield* connect(url)).openChannel()
      const name = (yield* channel.declareQueue(queue("", { exclusive: true }))).name
      const got: Array<string> = []
      yield* channel.consume(name, {
        prefetch: 1,
        onDelivery: (delivery) => {
          if (delivery.properties.correlationId === "bad") throw new Error("no good")
          got.push(delivery.properties.correlationId ?? "")
          delivery.settle("ack")
        }
      })
      for (const text of ["a", "bad", "b"]) yield* channel.publish(message(text), to(name))
      yield* until(() => got.length === 2)
      assert.deepStrictEqual(got, ["a", "b"])
    })))

  it.live("small integers from other Node clients arrive as what they were", () =>
    Effect.scoped(Effect.gen(function*() {
      const channel = yield* (yield* connect(url)).openChannel()
      const name = (yield* channel.declareQueue(queue("", { exclusive: true }))).name
      yield* channel.declareQueue(queue("consuming.peer", { expires: "1 minute" }))
      const amqplib = createRequire(import.meta.url)("amqplib")
      const sent = { tiny: 7, small: 300, negative: -300, int: 70_000, long: 2 ** 40, float: 1.5 }
      yield* Effect.promise(async () => {
        const peer = await amqplib.connect(url)
        const channel = await peer.createConfirmChannel()
        channel.publish("", "consuming.peer", Buffer.from("x"), { headers: sent })
        await channel.waitForConfirms()
        await peer.close()
      })
      assert.isString(name)
      const pulled = yield* channel.get("consuming.peer", { noAck: true })
      assert.deepStrictEqual(pulled._tag === "Some" ? { ...pulled.value.headers } : undefined, sent)
    })))
})
