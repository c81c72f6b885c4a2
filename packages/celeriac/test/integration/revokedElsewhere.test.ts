/** Tasks that are revoked while a worker has them that is lost then: the next one has nothing but the results to know it by. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import { until } from "../../../../test/peers/Process.ts"
import { Redis } from "../../../../test/peers/Redis.ts"
import { Wire } from "../../../../test/peers/Wire.ts"
import * as Broker from "../../src/Broker.ts"
import * as Client from "../../src/Client.ts"
import * as RemoteControl from "../../src/RemoteControl.ts"
import * as Task from "../../src/Task.ts"
import * as Worker from "../../src/Worker.ts"

const double = Task.make("proj.double", { parameters: { x: Schema.Int }, success: Schema.Int })
const queue = `revoked.elsewhere.${process.pid}`

describe("a task that was revoked while another worker had it", () => {
  it.live("is not run by the next one, which never heard of the revoke", () =>
    Effect.gen(function*() {
      const redis = yield* Effect.acquireRelease(
        Effect.promise(() => Redis.start()),
        (redis) => Effect.promise(() => redis.stop())
      )
      const ran: Array<number> = []
      const worker = (name: string, consumed: string) =>
        Worker.make({
          nodename: `celery@${name}.${process.pid}`,
          queues: [consumed],
          tasks: [double.toLayer(({ x }) => Effect.sync(() => (ran.push(x), 2 * x)))],
          settings: { without: ["gossip", "mingle"] }
        }).layer
      const broker = Broker.layer(brokerUrl(), { results: redis.url, settings: { defaultQueue: queue } })
      yield* Effect.gen(function*() {
        const client = yield* Client.Client
        const sent = yield* client.applyMany(double, Array.from({ length: 10 }, (_, x) => ({ x })))
        // The one that is lost: it has them all, and says nothing.
        const lost = yield* Effect.promise(() => Wire.open(brokerUrl()))
        for (const _ of sent) yield* Effect.promise(() => lost.channel.get(queue))
        // One that hears the revoke has none of them, and stores it.
        yield* Effect.forEach(sent.slice(0, 5), (one) => one.revoke({ deadline: "10 seconds" })).pipe(
          Effect.andThen(Effect.promise(() =>
            until("it is stored", async () =>
              (await Promise.all(
                sent.slice(0, 5).map((one) => Effect.runPromise(one.state))
              )).every((state) => state === "REVOKED"))
          )),
          Effect.provide(worker("hears", `${queue}.other`))
        )
        yield* Effect.promise(() => lost.close())
        yield* Effect.provide(
          Effect.gen(function*() {
            const values = yield* Effect.forEach(sent.slice(5), (one) => one.get({ timeout: "10 seconds" }))
            assert.deepStrictEqual(values, [10, 12, 14, 16, 18])
          }),
          worker("next", queue)
        )
        assert.deepStrictEqual(ran.toSorted((a, b) => a - b), [5, 6, 7, 8, 9])
      }).pipe(Effect.provide(Layer.provideMerge(RemoteControl.layer, broker)))
    }).pipe(Effect.scoped), 60_000)
})
