/** A step that consumes messages of a user's own, on a real broker, over reconnects. */
import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import * as Consumer from "@celeriac/messaging/Consumer"
import * as Entity from "@celeriac/messaging/Entity"
import { Connection } from "@celeriac/worker/consumer/Connection"
import * as ConsumerStep from "@celeriac/worker/consumer/ConsumerStep"
import { Tasks } from "@celeriac/worker/consumer/Tasks"
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import { FaultProxy } from "../../../../test/peers/FaultProxy.ts"
import { Lines } from "../support.ts"
import * as Kit from "./Kit.ts"

const url = brokerUrl()
const port = Number(/:(\d+)\//.exec(url)?.[1])

const json = { contentType: "application/json", contentEncoding: "utf-8" }

describe("a step that consumes", () => {
  it.live("gets its messages beside the tasks, again after each reconnect, and acknowledges each", () =>
    Effect.scoped(Effect.gen(function*() {
      const network = yield* Effect.acquireRelease(
        Effect.promise(() => FaultProxy.start(port)),
        (proxy) => Effect.promise(() => proxy.stop())
      )
      const queue = Kit.newQueue("step")
      const own = Kit.newQueue("own")
      const [read, opened]: [Array<unknown>, Array<number>] = [[], []]
      const Reader = ConsumerStep.make("Reader", {
        consumers: [
          Consumer.make({
            queues: [Entity.queue(own, { exchange: Entity.exchange("") })],
            accept: ["json"],
            callbacks: [(body, message) => Effect.andThen(message.ack, Effect.sync(() => void read.push(body)))]
          })
        ]
      })
      // Takes the function out of the connection, as the guide does.
      const Counter = Bootstep.make("Counter", {
        requires: [Connection, Tasks],
        start: Effect.gen(function*() {
          const { openChannel } = yield* Connection
          const { queueState } = yield* openChannel()
          opened.push((yield* queueState(queue)).consumerCount)
        })
      })
      const journal = new Kit.Journal()
      const lines = new Lines()
      yield* Kit.worker(
        Worker.make({ tasks: [journal.late], steps: { consumer: [Reader, Counter] } }),
        { url: network.through(url), queue },
        lines.layer
      )
      const client = yield* Kit.client({ url, queue })
      const wire = yield* Kit.wire(url)
      for (let round = 1; round <= 3; round++) {
        yield* Effect.promise(() => wire.send(own, JSON.stringify({ round }), json))
        yield* Kit.until(
          `message ${round} is read`,
          () => read.length === round,
          100_000,
          () => JSON.stringify(lines.all)
        )
        assert.strictEqual(yield* client.execute(Kit.step, { n: round, millis: 0 }), round)
        yield* Kit.until("it is acknowledged", async () => await wire.ready(own) === 0)
        yield* Kit.until("nobody else consumes", async () => await wire.consumers(own) === 1)
        network.reset()
        yield* Kit.until(`connection ${round + 1}`, () => opened.length === round + 1)
      }
      assert.deepStrictEqual(read, [{ round: 1 }, { round: 2 }, { round: 3 }])
      assert.deepStrictEqual(journal.starts, [1, 2, 3])
    })))
})
