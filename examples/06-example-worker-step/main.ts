/**
 * A worker step that requires the pool, and says when each of its hooks is
 * called: the guide's `ExampleWorkerStep`.
 *
 *     node_modules/.bin/node examples/06-example-worker-step/main.ts
 *
 * The worker is run twice, to be stopped warm and then cold: `terminate` is the
 * cold path, in place of `stop`.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Bootstep from "celeriac/Bootstep"
import * as Broker from "celeriac/Broker"
import * as LogFormat from "celeriac/LogFormat"
import * as Pool from "celeriac/Pool"
import * as Worker from "celeriac/Worker"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

// #region step
const ExampleWorkerStep = Bootstep.make("ExampleWorkerStep", {
  requires: [Pool.Pool],
  init: (worker) => Console.log(`Called when the worker is prepared: ${worker}`),
  start: Effect.gen(function*() {
    const pool = yield* Pool.Pool
    yield* Console.log(`Called when the worker is started, with ${yield* pool.concurrency} slots`)
  }),
  stop: (_, reason) => Console.log(`Called when the worker shuts down (${reason._tag})`),
  terminate: () => Console.log("Called when the worker terminates")
})
// #endregion

// #region wrong
// What a step uses and does not require does not compile.
Bootstep.make("Forgetful", {
  // @ts-expect-error Bootstep 'Forgetful' uses 'Pool' without requiring it
  start: Effect.asVoid(Pool.Pool)
})
// #endregion

const worker = Worker.make({
  concurrency: 4,
  nodename: "w@example.com",
  steps: { worker: [ExampleWorkerStep] }
})

const stoppedBy = (how: "shutdown" | "terminate") =>
  Effect.gen(function*() {
    const running = yield* Worker.Worker
    yield* running[how]
    yield* running.awaitShutdown
  }).pipe(Effect.provide(worker.layer))

stoppedBy("shutdown").pipe(
  Effect.andThen(Console.log("")),
  Effect.andThen(stoppedBy("terminate")),
  Effect.provide(Layer.merge(Broker.layerMemory, LogFormat.layer({ level: "warning" }))),
  NodeRuntime.runMain
)
