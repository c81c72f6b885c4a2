/** Tasks that RabbitMQ keeps until they are due, between Celery and this project in both directions. */
import * as Entity from "@celeriac/messaging/Entity"
import * as TaskQueues from "@celeriac/tasks/Queues"
import * as Task from "@celeriac/tasks/Task"
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import { CeleryWorker, has, runPython } from "../../../../test/peers/Python.ts"
import * as Kit from "../integration/Kit.ts"

const url = brokerUrl()
const module = new URL("delayed.py", import.meta.url)

const Seen = Schema.Struct({
  at: Schema.Number,
  routing_key: Schema.String,
  exchange: Schema.String,
  x_death: Schema.Boolean
})
type Seen = typeof Seen.Type

const when = Task.make("it.when", { success: Seen })

/** As `delayed.py` declares it. */
const queueOf = (name: string) =>
  Entity.queue(name, {
    type: "quorum",
    exchange: Entity.exchange(`${name}.x`, { type: "topic" }),
    routingKey: `${name}.key`
  })

const using = (name: string) => Effect.provide(Layer.succeed(TaskQueues.Configured, [queueOf(name)]))

/** Two seconds and a half: it waits for two in the broker, and for the rest at the worker. */
const isDelayed = (name: string, sent: number, { at, exchange, routing_key }: Seen): void => {
  assert.strictEqual(routing_key, `${"0.".repeat(26)}1.0.${name}.key`)
  assert.strictEqual(exchange, "celery_delayed_0")
  assert.isAtLeast(at - sent, 2_490)
}

// Older ones do not know it.
describe.runIf(has("5.5"))("delayed delivery", () => {
  it.live("takes a task of a Python client to this worker", () => {
    const at = { url, queue: Kit.newQueue("delayed.ours") }
    const live = when.toLayer((_, { deliveryInfo: { exchange, routingKey } }) =>
      Effect.map(Clock.currentTimeMillis, (at) => ({ at, exchange, routing_key: routingKey, x_death: false }))
    )
    return Effect.scoped(Effect.gen(function*() {
      const { state } = yield* Kit.worker(Worker.make({ tasks: [live], concurrency: 2 }), at)
      const source = readFileSync(module, "utf8")
      const [line] = yield* Effect.promise(() => runPython(source, { env: { URL: url, QUEUE: at.queue } }))
      const { result, sent } = line as { readonly sent: number; readonly result: Seen }
      isDelayed(at.queue, sent, result)
      assert.strictEqual(state.succeeded, 1)
    })).pipe(using(at.queue))
  }, 120_000)

  it.live("takes a task of this client to a Python worker", () => {
    const at = { url, queue: Kit.newQueue("delayed.theirs") }
    return Effect.scoped(Effect.gen(function*() {
      yield* Effect.acquireRelease(
        Effect.promise(() =>
          CeleryWorker.start({
            module: fileURLToPath(module),
            args: ["-c", "1", "-P", "solo"],
            env: { URL: url, QUEUE: at.queue }
          })
        ),
        (worker) => Effect.promise(() => worker.kill())
      )
      const client = yield* Kit.client(at)
      const sent = yield* Clock.currentTimeMillis
      const result = yield* client.execute(when, {}, { countdown: 2_500, timeout: "1 minute" })
      isDelayed(at.queue, sent, result)
      assert.isTrue(result.x_death)
    })).pipe(using(at.queue))
  }, 120_000)

  it.live("keeps a retry until it is due, as often as there is one", () => {
    const at = { url, queue: Kit.newQueue("delayed.retries") }
    const again = Task.make("it.again", { success: Schema.Unknown, options: { maxRetries: 5 } })
    const seen: Array<readonly [exchange: string, routingKey: string, headers: ReadonlyArray<string>]> = []
    const live = again.toLayer((_, { deliveryInfo: { exchange, routingKey }, headers, retries }) => {
      seen.push([exchange, routingKey, Object.keys(headers)])
      return retries < 2 ? Task.retry({ countdown: "1100 millis" }) : Effect.succeed(retries)
    })
    return Effect.scoped(Effect.gen(function*() {
      yield* Kit.worker(Worker.make({ tasks: [live], concurrency: 2 }), at)
      const client = yield* Kit.client(at)
      const start = yield* Clock.currentTimeMillis
      assert.strictEqual(yield* client.execute(again, {}, { timeout: "1 minute" }), 2)
      assert.isAtLeast((yield* Clock.currentTimeMillis) - start, 2_200)
      const delayed = `${"0.".repeat(27)}1.${at.queue}.key`
      assert.deepStrictEqual(seen.map(([exchange, key]) => [exchange, key]), [
        [`${at.queue}.x`, `${at.queue}.key`],
        ["celery_delayed_delivery", delayed],
        ["celery_delayed_delivery", delayed]
      ])
    })).pipe(using(at.queue))
  })
})
