/**
 * A step that looks at the running tasks every so often, and stops the worker
 * when one of them runs for too long: the guide's `DeadlockDetection`.
 *
 *     node_modules/.bin/node examples/07-deadlock-detection/main.ts
 *
 * The interval is the timer's business, and ends with the step. A timed call
 * that fails with `WorkerShutdown` stops the worker, as `SystemExit` does in
 * the guide; `WorkerTerminate` does not wait for the task that hangs.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Bootstep from "celeriac/Bootstep"
import * as Broker from "celeriac/Broker"
import * as Client from "celeriac/Client"
import * as Execution from "celeriac/Execution"
import * as LogFormat from "celeriac/LogFormat"
import * as Task from "celeriac/Task"
import * as Timer from "celeriac/Timer"
import * as Worker from "celeriac/Worker"
import * as WorkerExit from "celeriac/WorkerExit"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

// #region step
const DeadlockDetection = (options: { readonly timeout?: Duration.Input; readonly every?: Duration.Input } = {}) => {
  const timeout = Duration.toMillis(options.timeout ?? "1 hour")
  return Bootstep.make("DeadlockDetection", {
    requires: [Timer.Timer, Execution.Execution],
    start: Effect.gen(function*() {
      const timer = yield* Timer.Timer
      const execution = yield* Execution.Execution
      const detect = Effect.gen(function*() {
        const now = yield* Clock.currentTimeMillis
        for (const request of yield* execution.active) {
          if (request.timeStart !== undefined && now - request.timeStart > timeout) {
            yield* Console.log(`${request.task} has been running for more than ${timeout} ms: stopping the worker`)
            return yield* Effect.fail(new WorkerExit.WorkerTerminate())
          }
        }
      })
      yield* timer.callRepeatedly(options.every ?? "30 seconds", detect, { priority: 10 })
    })
  })
}
// #endregion

const hang = Task.make("proj.hang")

const worker = Worker.make({
  tasks: [hang.toLayer(() => Effect.never)],
  steps: { worker: [DeadlockDetection({ timeout: "200 millis", every: "50 millis" })] }
})

const program = Effect.gen(function*() {
  const client = yield* Client.Client
  const sent = yield* client.delay(hang)
  const running = yield* Worker.Worker
  const reason = yield* running.awaitShutdown
  yield* Console.log(`The worker has stopped: ${reason._tag}`)
  const error = yield* Effect.flip(sent.get({ timeout: "1 minute" }))
  yield* Console.log(`The task has failed: ${error.message}`)
})

program.pipe(
  Effect.provide(worker.layer),
  Effect.provide(Layer.merge(Broker.layerMemory, LogFormat.layer({ level: "critical" }))),
  NodeRuntime.runMain
)
