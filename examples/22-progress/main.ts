/**
 * Progress: a task says how far it is, and the client that sent it shows that
 * while it waits for the result. Another one is asked to end, and does.
 *
 *     node_modules/.bin/node examples/22-progress/main.ts
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import type * as AsyncResult from "celeriac/AsyncResult"
import * as Broker from "celeriac/Broker"
import * as Client from "celeriac/Client"
import * as LogFormat from "celeriac/LogFormat"
import * as Task from "celeriac/Task"
import * as TaskContext from "celeriac/TaskContext"
import * as Worker from "celeriac/Worker"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"

// #region handler
const copy = Task.make("files.copy", {
  parameters: { pages: Schema.Int },
  success: Schema.String
})

const CopyLive = copy.toLayer(({ pages }) =>
  Effect.gen(function*() {
    for (let done = 1; done <= pages; done++) {
      if (yield* TaskContext.isAborted) return `given up after ${done - 1} of ${pages}`
      yield* copyPage
      yield* TaskContext.progress({ done, pages })
    }
    return `copied ${pages}`
  })
)
// #endregion

const copyPage = Effect.sleep("20 millis")

// #region client
/** Tells what is new about a task until it has ended, and then what it came to. */
const show = Effect.fnUntraced(function*<A, E>(task: AsyncResult.AsyncResult<A, E>) {
  let shown = ""
  while (!(yield* task.ready)) {
    const record = yield* task.record
    const state = record?.status === "PROGRESS" ? JSON.stringify(record.result) : ""
    if (state !== shown) yield* Console.log(shown = state)
    yield* Effect.sleep("4 millis")
  }
  return yield* task.get()
})
// #endregion

const program = Effect.gen(function*() {
  const client = yield* Client.Client
  yield* Console.log(yield* show(yield* client.delay(copy, { pages: 3 })))
  const long = yield* client.delay(copy, { pages: 1_000 })
  yield* Effect.sleep("50 millis")
  yield* client.abort(long.id)
  yield* Console.log((yield* long.get()).replace(/\d+ of/, "some of"))
})

program.pipe(
  Effect.provide(Worker.make({ tasks: [CopyLive] }).layer),
  Effect.provide(Layer.merge(Broker.layerMemory, LogFormat.layer({ level: "critical" }))),
  NodeRuntime.runMain
)
