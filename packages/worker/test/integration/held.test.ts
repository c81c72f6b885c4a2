/** More tasks than a channel's prefetch can count, held until they are due. */
import * as Task from "@celeriac/tasks/Task"
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import { taskMessage } from "../support.ts"
import * as Kit from "./Kit.ts"

const url = brokerUrl()

/** AMQP counts the prefetch of a consumer in 16 bits. */
const many = 66_000

const later = Task.make("it.later", { parameters: { n: Schema.Int } })

const day = 86_400_000

describe("tasks that are due tomorrow", () => {
  it.live(
    "do not hold up one that is behind them, however many they are, and go back in their order",
    () =>
      Effect.scoped(Effect.gen(function*() {
        const at = { url, queue: Kit.newQueue("held") }
        const journal = new Kit.Journal()
        const wire = yield* Kit.wire(url)
        const { body, headers } = taskMessage({
          task: "it.later",
          id: "0",
          args: [0],
          eta: Date.now() + day
        })
        yield* Effect.promise(async () => {
          await wire.channel.assertQueue(at.queue, { durable: true })
          for (let n = 0; n < many; n++) {
            const id = String(n)
            wire.channel.sendToQueue(at.queue, Buffer.from(body), {
              contentType: "application/json",
              contentEncoding: "utf-8",
              correlationId: id,
              headers: { ...headers, id, root_id: id },
              deliveryMode: 1
            })
            if (n % 5_000 === 0) await wire.channel.waitForConfirms()
          }
          await wire.channel.waitForConfirms()
        })
        const client = yield* Kit.client(at)
        const behind = yield* client.delay(Kit.step, { n: 1, millis: 0 })
        const { shutdown, state } = yield* Kit.worker(
          Worker.make({ tasks: [journal.early, later.toLayer(() => Effect.void)], concurrency: 2 }),
          at
        )
        yield* Kit.until("all are held", () => state.requests.size >= many, 100_000, () => `${state.requests.size} are`)
        assert.strictEqual(yield* behind.get({ timeout: "1 minute" }), 1, "it started behind the last of them")
        for (let n = 2; n < 12; n++) {
          const sent = yield* client.delay(Kit.step, { n, millis: 0 })
          assert.strictEqual(yield* sent.get({ timeout: "1 minute" }), n)
        }
        yield* shutdown
        yield* Kit.until("all are back", async () => (await wire.ready(at.queue)) === many)
        const first = yield* Effect.promise(() => wire.channel.get(at.queue, { noAck: true }))
        assert.strictEqual(first === false ? "none" : first.properties.correlationId, "0")
        yield* Effect.promise(() => wire.channel.deleteQueue(at.queue))
      })),
    240_000
  )
})
