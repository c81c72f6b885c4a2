/**
 * One step in both blueprints, which says what is going on: the guide's
 * `InfoStep`.
 *
 *     node_modules/.bin/node examples/08-info-step/main.ts
 *
 * The Consumer blueprint is prepared before the Worker starts, and is stopped
 * before it. `shutdown` is called for steps of the Consumer only, last of all;
 * on a reconnect they are stopped and started without it.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Bootstep from "celeriac/Bootstep"
import * as Broker from "celeriac/Broker"
import * as LogFormat from "celeriac/LogFormat"
import * as Worker from "celeriac/Worker"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

// #region step
const InfoStep = Bootstep.make("InfoStep", {
  init: (parent) => Console.log(`${parent} is in init`),
  start: (parent) => Console.log(`${parent} is starting`),
  stop: (_self, _reason, parent) => Console.log(`${parent} is stopping`),
  shutdown: (_self, parent) => Console.log(`${parent} is shutting down`)
})

const worker = Worker.make({
  nodename: "w@example.com",
  steps: { worker: [InfoStep], consumer: [InfoStep] }
})
// #endregion

// Booted and stopped at once: a worker's layer stops warm when its scope closes.
Effect.void.pipe(
  Effect.provide(worker.layer),
  Effect.provide(Layer.merge(Broker.layerMemory, LogFormat.layer({ level: "warning" }))),
  NodeRuntime.runMain
)
