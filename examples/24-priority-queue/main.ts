/**
 * A queue with priorities, and one for what is refused: letters wait while no
 * worker is up, the urgent ones are posted first, and one without an address
 * ends among the dead letters. What is declared is a value, and is drawn.
 *
 *     node_modules/.bin/node examples/24-priority-queue/main.ts
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Broker from "celeriac/Broker"
import * as Client from "celeriac/Client"
import * as LogFormat from "celeriac/LogFormat"
import * as Queue from "celeriac/Queue"
import * as Router from "celeriac/Router"
import * as Task from "celeriac/Task"
import * as TaskTopology from "celeriac/TaskTopology"
import * as Topology from "celeriac/Topology"
import * as Transport from "celeriac/Transport"
import * as Worker from "celeriac/Worker"
import * as Console from "effect/Console"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"

// #region queues
const queues = [
  Queue.direct("celery"),
  Queue.direct("letters", { maxPriority: 10, deadLetters: "undeliverable" })
] as const

/** Says what it means: `{ queue: "leters" }` would not compile. */
const routes = Router.tableOf(queues, {
  "post.urgent": { queue: "letters", priority: 9 },
  "post.*": "letters"
})
// #endregion

const parameters = { to: Schema.String }
const letter = Task.make("post.letter", { parameters, options: { ignoreResult: true, acksLate: true } })
const urgent = Task.make("post.urgent", { parameters, options: { ignoreResult: true, acksLate: true } })

const lastPosted = Deferred.makeUnsafe<void>()

const post = ({ to }: { readonly to: string }) =>
  to === ""
    ? Effect.andThen(Console.log("no address: refused"), Task.reject())
    : Effect.andThen(
      Console.log(`posted to ${to}`),
      to === "Bob" ? Deferred.succeed(lastPosted, undefined) : Effect.void
    )

const worker = Worker.make({
  concurrency: 1,
  prefetch: { count: 1 },
  queues: ["letters"],
  tasks: [letter.toLayer(post), urgent.toLayer(post)]
})

const program = Effect.gen(function*() {
  // #region apply
  const topology = yield* TaskTopology.make()
  yield* Topology.apply(topology)
  yield* Console.log(Topology.toMermaid(topology))
  // #endregion

  const client = yield* Client.Client
  yield* client.delay(letter, { to: "Alice" })
  yield* client.delay(letter, { to: "Bob" })
  yield* client.delay(urgent, { to: "Carol" })
  // #region call
  yield* client.applyAsync(letter, { to: "" }, { priority: 5 })
  // #endregion

  yield* Effect.provide(Deferred.await(lastPosted), worker.layer)
  const { connect } = yield* Transport.Transport
  const channel = yield* Effect.flatMap(connect(), (connection) => connection.openChannel())
  const { messageCount } = yield* channel.queueState("undeliverable")
  yield* Console.log(`${messageCount} undeliverable`)
}).pipe(Effect.scoped)

program.pipe(
  Effect.provide(
    Layer.merge(
      Broker.layer("memory://", { settings: { taskQueues: queues, routes } }),
      LogFormat.layer({ level: "critical" })
    )
  ),
  NodeRuntime.runMain
)
