/** Tasks that are held for their time, of a queue that counts how often each comes back. */
import * as Entity from "@celeriac/messaging/Entity"
import * as Queues from "@celeriac/tasks/Queues"
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import { taskMessage } from "../support.ts"
import * as Kit from "./Kit.ts"
import { MovedClock } from "./MovedClock.ts"

const url = brokerUrl()

const count = 40

const day = 86_400_000

describe("held tasks of a quorum queue", () => {
  it.live(
    "do not hold up others, go back once when the worker stops, and run once when they are due",
    () => {
      const at = { url, queue: Kit.newQueue("heldQuorum") }
      // One may come back once, and is dropped after that.
      const quorum = Entity.queue(at.queue, { type: "quorum", arguments: { "x-delivery-limit": 1 } })
      return Effect.scoped(Effect.gen(function*() {
        const wire = yield* Kit.wire(url)
        const client = yield* Kit.client(at)
        const first = new Kit.Journal()
        const due = (yield* Clock.currentTimeMillis) + day
        const node = (journal: Kit.Journal) => Kit.worker(Worker.make({ tasks: [journal.late], concurrency: 2 }), at)

        yield* Effect.scoped(Effect.gen(function*() {
          const { awaitShutdown, shutdown, state } = yield* node(first)
          yield* Effect.promise(async () => {
            for (const n of Kit.numbers(count)) {
              const { body, headers } = taskMessage({
                task: "it.step",
                id: `held ${n}`,
                args: [n, 0],
                eta: due
              })
              wire.channel.sendToQueue(at.queue, Buffer.from(body), {
                contentType: "application/json",
                contentEncoding: "utf-8",
                correlationId: `held ${n}`,
                headers,
                deliveryMode: 2
              })
            }
            await wire.channel.waitForConfirms()
          })
          yield* Kit.until("all are held", () => state.requests.size === count)
          const behind = yield* client.delay(Kit.step, { n: 1_000, millis: 0 })
          assert.strictEqual(yield* behind.get({ timeout: "1 minute" }), 1_000)
          yield* shutdown
          yield* awaitShutdown
        }))
        yield* Kit.until("all are back", async () => (await wire.ready(at.queue)) === count)
        assert.deepStrictEqual(first.starts, [1_000])

        const second = new Kit.Journal()
        const clock = new MovedClock()
        const { state } = yield* clock.provide(node(second))
        yield* Kit.until("all are held again", () => state.requests.size === count)
        assert.deepStrictEqual(second.starts, [], "none before its time")
        clock.move(day)
        yield* Kit.until("all have run", () => second.ends.length >= count, 100_000, () => `${second.ends.length} have`)
        yield* Kit.until("all are acknowledged", () => state.requests.size === 0)
        assert.deepStrictEqual(second.starts.toSorted((a, b) => a - b), Kit.numbers(count))
        yield* Effect.promise(() => wire.channel.deleteQueue(at.queue))
      })).pipe(Effect.provideService(Queues.Configured, [quorum]))
    },
    120_000
  )
})
