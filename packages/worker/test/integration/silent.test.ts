/** A warm stop towards a broker that is connected and answers nothing: it ends. */
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import { FaultProxy } from "../../../../test/peers/FaultProxy.ts"
import { isQuiet } from "../../../../test/peers/Quiet.ts"
import { Lines } from "../support.ts"
import * as Kit from "./Kit.ts"

const url = brokerUrl()
const port = Number(/:(\d+)\//.exec(url)?.[1])

describe.concurrent("a broker that has become a black hole", () => {
  for (const kind of ["late", "early"] as const) {
    it.live(
      `does not keep a worker whose tasks have finished, and acknowledge ${kind}, from leaving`,
      () =>
        Effect.scoped(Effect.gen(function*() {
          const network = yield* Effect.acquireRelease(
            Effect.promise(() => FaultProxy.start(port)),
            (proxy) => Effect.promise(() => proxy.stop())
          )
          const at = { url: network.through(url), queue: Kit.newQueue("silent"), deadline: "1 second" } as const
          const journal = new Kit.Journal(() => true)
          const lines = new Lines()
          const worker = yield* Kit.worker(
            Worker.make({ tasks: [journal[kind]], concurrency: 2 }),
            at,
            lines.layer
          )
          const client = yield* Kit.client({ url, queue: at.queue })
          yield* Effect.forEach(Kit.numbers(4), (n) => client.delay(Kit.step, { n, millis: 0 }))
          yield* Kit.until("two are running", () => journal.starts.length === 2)
          network.fault = "blackhole"
          yield* journal.open
          yield* Kit.until("a result is kept", () => lines.has("It is kept"))
          yield* worker.shutdown
          const start = yield* Clock.currentTimeMillis
          yield* worker.awaitShutdown.pipe(
            Effect.timeout("100 seconds"),
            Effect.mapError((error) => `${String(error)}: ${JSON.stringify(lines.all.slice(-12))}`)
          )
          const took = (yield* Clock.currentTimeMillis) - start
          if (isQuiet) assert.isBelow(took, 15_000, JSON.stringify(lines.all.slice(-12)))
        })),
      120_000
    )
  }
})
