/**
 * A gossip of your own: a step that consumes what nodes tell of themselves, and
 * keeps a roster.
 *
 *     node_modules/.bin/node examples/15-own-gossip/main.ts
 *
 * Celery's `Gossip` is such a `ConsumerStep`. The queue goes with the connection;
 * at the next one it is declared again.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Broker from "celeriac/Broker"
import * as Consumer from "celeriac/Consumer"
import * as ConsumerStep from "celeriac/ConsumerStep"
import * as Exchange from "celeriac/Exchange"
import * as LogFormat from "celeriac/LogFormat"
import * as Queue from "celeriac/Queue"
import * as Worker from "celeriac/Worker"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"

const alone = Latch.makeUnsafe(false)

// #region step
const events = Exchange.make("celeryev", { type: "topic" })

const roster = Queue.make("roster", {
  exchange: events,
  routingKey: "worker.#",
  exclusive: true,
  autoDelete: true,
  durable: false
})

/** Who is there. */
const present = new Set<string>()

const onEvent = (event: unknown) => {
  // What nodes send is an object with a type and a name: whoever else sends something is ignored.
  const { hostname, type } = Object(event) as { readonly hostname?: unknown; readonly type?: unknown }
  if (typeof hostname !== "string") return Effect.void
  if (type === "worker-offline") {
    present.delete(hostname)
    return Console.log(`${hostname} has left: ${[...present].join(", ")}`).pipe(Effect.andThen(alone.open))
  }
  if (present.has(hostname)) return Effect.void
  present.add(hostname)
  return Console.log(`${hostname} is there: ${[...present].join(", ")}`)
}

const RosterStep = ConsumerStep.make("RosterStep", {
  consumers: [Consumer.make({ queues: [roster], callbacks: [onEvent], accept: ["json"], noAck: true })]
})
// #endregion

const first = Worker.make({
  nodename: "first@example.com",
  settings: { heartbeatInterval: "100 millis" },
  steps: { consumer: [RosterStep] }
})
const second = Worker.make({ nodename: "second@example.com", steps: { consumer: [] } })

const program = Effect.gen(function*() {
  yield* Layer.build(first.layer)
  yield* Effect.sleep("300 millis")
  yield* Effect.scoped(Layer.build(second.layer))
  yield* alone.await
})

program.pipe(
  Effect.scoped,
  Effect.provide(Layer.merge(Broker.layerMemory, LogFormat.layer({ level: "warning" }))),
  NodeRuntime.runMain
)
