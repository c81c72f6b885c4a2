/**
 * The boot graph of a worker, with a step of its own: as a Mermaid diagram, for
 * which nothing is started, and as a worker that is up sees it.
 *
 *     node_modules/.bin/node examples/10-draw/main.ts
 *
 * `Blueprint.toGraphViz` draws for `dot`; `celeriac graph` draws the worker of
 * a module.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Blueprint from "celeriac/Blueprint"
import * as Bootstep from "celeriac/Bootstep"
import * as Broker from "celeriac/Broker"
import * as LogFormat from "celeriac/LogFormat"
import * as Pool from "celeriac/Pool"
import * as Timer from "celeriac/Timer"
import * as Worker from "celeriac/Worker"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

// #region draw
const Metrics = Bootstep.make("Metrics", { requires: [Timer.Timer, Pool.Pool], start: Effect.void })

const worker = Worker.make({ steps: { worker: [Metrics] } })

console.log(Blueprint.toMermaid(worker.blueprint))
// #endregion

// #region live
const live = Effect.gen(function*() {
  const running = yield* Worker.Worker
  yield* Console.log(yield* running.drawing("text"))
})
// #endregion

live.pipe(
  Effect.provide(worker.layer),
  Effect.provide(Layer.merge(Broker.layerMemory, LogFormat.layer({ level: "warning" }))),
  NodeRuntime.runMain
)
