/** A broker that blocks publishers stops reading from a connection that publishes: it must not be the one that tasks come over. */
import * as Producer from "@celeriac/messaging/Producer"
import type { Connection } from "@celeriac/messaging/Transport"
import { Transport } from "@celeriac/messaging/Transport"
import * as MemoryBroker from "@celeriac/messaging/transports/MemoryBroker"
import * as MemoryTransport from "@celeriac/messaging/transports/MemoryTransport"
import * as RemoteControl from "@celeriac/tasks/control/RemoteControl"
import * as DisabledBackend from "@celeriac/tasks/result/backends/DisabledBackend"
import * as RpcBackend from "@celeriac/tasks/result/backends/RpcBackend"
import * as Task from "@celeriac/tasks/Task"
import * as Worker from "@celeriac/worker/Worker"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { TestClock } from "effect/testing"
import { quiet, settled } from "../support.ts"

/** What went over one connection. */
interface Traffic {
  /** Queues that are consumed with acknowledgements. */
  readonly consumed: Array<string>
  /** The exchanges that were published to. */
  readonly published: Array<string>
}

/** A transport that notes what goes over each connection. */
const noting = (broker: MemoryBroker.MemoryBroker["Service"], connections: Array<Traffic>) =>
  Layer.effect(
    Transport,
    Effect.map(Transport, (transport) => ({
      ...transport,
      connect: (options) =>
        Effect.map(transport.connect(options), (connection): Connection => {
          const traffic: Traffic = { consumed: [], published: [] }
          connections.push(traffic)
          return {
            uri: connection.uri,
            lost: connection.lost,
            blocked: connection.blocked,
            openChannel: () =>
              Effect.map(connection.openChannel(), (channel) => ({
                ...channel,
                lost: channel.lost,
                publish: (message, to, how) => {
                  traffic.published.push(to.exchange)
                  return channel.publish(message, to, how)
                },
                publishUnsafe: (message, to, how, onOutcome) => {
                  traffic.published.push(to.exchange)
                  channel.publishUnsafe(message, to, how, onOutcome)
                },
                consume: (queue, how) => {
                  if (how.noAck !== true) traffic.consumed.push(queue)
                  return channel.consume(queue, how)
                }
              }))
          }
        })
    }))
  ).pipe(Layer.provide(MemoryTransport.layer({ broker })))

const plain = Task.make("plain")

describe("what a node tells others", () => {
  for (const withResults of [true, false]) {
    it.effect(`never goes over the connection that it consumes over (${withResults ? "with" : "without"} results)`, () =>
      Effect.gen(function*() {
        const broker = yield* MemoryBroker.make()
        const connections: Array<Traffic> = []
        const plainLive = plain.toLayer(() => Effect.void)
        const start = (nodename: string, transport: Layer.Layer<Transport>) =>
          Layer.build(Layer.fresh(
            Worker.make({ tasks: [plainLive], nodename, settings: { sendTaskEvents: true } }).layer.pipe(
              Layer.provide(
                withResults
                  ? Layer.provideMerge(RpcBackend.layer(), Producer.layer())
                  : DisabledBackend.layer
              ),
              Layer.provide(transport)
            )
          ))
        yield* Effect.forkScoped(start("other@test", MemoryTransport.layer({ broker })))
        yield* settled
        yield* Effect.forkScoped(start("noted@test", noting(broker, connections)))
        yield* settled
        yield* TestClock.adjust("5 seconds")
        yield* settled
        const remote = yield* Effect.provide(RemoteControl.make, MemoryTransport.layer({ broker }))
        const asking = yield* Effect.forkScoped(remote.ping({ destination: "noted@test" }))
        yield* settled
        assert.isDefined(asking.pollUnsafe(), "it has answered")
        const consuming = connections.filter(({ consumed }) => consumed.length > 0)
        assert.deepStrictEqual(consuming, [{ consumed: ["celery"], published: [] }])
        const published = new Set(connections.flatMap(({ published }) => published))
        assert.deepStrictEqual(
          Array.from(published).toSorted(),
          ["celery.pidbox", "celeryev", "reply.celery.pidbox"]
        )
      }).pipe(Effect.scoped, Effect.provide(quiet)))
  }
})
