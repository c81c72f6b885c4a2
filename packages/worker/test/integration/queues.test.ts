/** What happens to queues under a worker's feet. */
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import { Wire } from "../../../../test/peers/Wire.ts"
import { Lines } from "../support.ts"
import * as Kit from "./Kit.ts"

const url = brokerUrl()

/** To ask for a queue that is not there costs a channel. */
const isConsumed = async (queue: string): Promise<boolean> => {
  const probe = await Wire.open(url)
  try {
    return await probe.consumers(queue) === 1
  } catch {
    return false
  } finally {
    await probe.close()
  }
}

describe.concurrent("a queue", () => {
  it.live("that is deleted is declared again, and consumed", () =>
    Effect.scoped(Effect.gen(function*() {
      const at = { url, queue: Kit.newQueue("deleted") }
      const journal = new Kit.Journal()
      const lines = new Lines()
      yield* Kit.worker(Worker.make({ tasks: [journal.late], concurrency: 2 }), at, lines.layer)
      const client = yield* Kit.client(at)
      const wire = yield* Kit.wire(url)
      const running = yield* client.delay(Kit.step, { n: 1, millis: 600 })
      yield* Kit.until("the task runs", () => journal.starts.length === 1)
      yield* Effect.promise(() => wire.channel.deleteQueue(at.queue))
      yield* Kit.until("the loss is noticed", () => lines.has(`Consuming from ${at.queue} stopped`))
      assert.strictEqual(yield* running.get({ timeout: "1 minute" }), 1, "what ran is finished")
      // The worker has declared it, not this client: nothing else does.
      yield* Kit.until("it is consumed again", () => isConsumed(at.queue))
      const next = yield* client.delay(Kit.step, { n: 2, millis: 0 })
      assert.strictEqual(yield* next.get({ timeout: "1 minute" }), 2)
      assert.isFalse(lines.has("Connection to broker lost"), "the connection lived on")
    })))

  it.live("whose channel is closed by a 406 is tried again until it fits, and other queues go on", () =>
    Effect.scoped(Effect.gen(function*() {
      const at = { url, queue: Kit.newQueue("other") }
      const taken = Kit.newQueue("taken")
      const journal = new Kit.Journal()
      const lines = new Lines()
      const wire = yield* Kit.wire(url)
      yield* Kit.worker(
        Worker.make({ tasks: [journal.late], concurrency: 2, queues: [at.queue, taken] }),
        at,
        lines.layer
      )
      const client = yield* Kit.client(at)
      // Declared otherwise before the worker is back, which may be first once and again.
      yield* Kit.until("it is declared otherwise", async () => {
        const other = await Wire.open(url)
        try {
          void other.channel.deleteQueue(taken).catch(() => {})
          await other.channel.assertQueue(taken, { durable: true, arguments: { "x-max-length": 5 } })
          return true
        } catch {
          return false
        } finally {
          await other.close()
        }
      })
      yield* Kit.until("the broker refuses", () => lines.has(`Cannot consume from ${taken}`))
      assert.match(lines.of("Error").find((line) => line.includes(`Cannot consume from ${taken}`))!, /x-max-length/)
      assert.strictEqual(yield* client.execute(Kit.step, { n: 1, millis: 0 }), 1, "the other queue goes on")
      yield* Effect.promise(() => wire.channel.deleteQueue(taken))
      yield* Kit.until("it is consumed again", () => isConsumed(taken))
      const sent = yield* client.applyAsync(Kit.step, { n: 2, millis: 0 }, { queue: taken })
      assert.strictEqual(yield* sent.get({ timeout: "1 minute" }), 2)
    })))
})
