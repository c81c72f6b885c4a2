import * as Entity from "@celeriac/messaging/Entity"
import { because, ConnectionLost, type Reason } from "@celeriac/messaging/MessagingError"
import * as MemoryTransport from "@celeriac/messaging/transports/MemoryTransport"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { isCounted } from "../../src/consumer/internal/ReturnCount.ts"

const typed = (type: string) => Entity.queue("q", { arguments: { "x-queue-type": type } })

/** A broker that has this queue already. */
const having = (queue: Entity.Queue) =>
  Effect.gen(function*() {
    const broker = yield* MemoryTransport.makeBroker()
    const connection = yield* broker.connect()
    const channel = yield* connection.openChannel()
    yield* channel.declareQueue(queue)
    return connection.openChannel()
  })

const failing = (reason: Reason) => Effect.fail(because("openChannel", reason))

describe("returns of a queue are counted", () => {
  it.effect("not when the broker has it as a classic one, whatever we declare", () =>
    Effect.gen(function*() {
      for (const queue of [Entity.queue("q"), typed("classic")]) {
        assert.isFalse(yield* isCounted(queue, yield* having(queue)))
      }
    }))

  it.effect("when the broker has it as a quorum queue, though we declare nothing", () =>
    Effect.gen(function*() {
      const openChannel = yield* having(typed("quorum"))
      assert.isTrue(yield* isCounted(Entity.queue("q"), openChannel))
    }))

  it.effect("when we declare another type, without asking", () =>
    Effect.gen(function*() {
      assert.isTrue(yield* isCounted(typed("quorum"), Effect.die(new Error("asked"))))
      assert.isTrue(yield* isCounted(typed("stream"), Effect.die(new Error("asked"))))
    }))

  it.effect("for all we know when the broker cannot be asked", () =>
    Effect.gen(function*() {
      const openChannel = failing(new ConnectionLost({ uri: "amqp://here", detail: "gone" }))
      assert.isTrue(yield* isCounted(Entity.queue("q"), openChannel))
    }))
})
