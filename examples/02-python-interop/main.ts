/**
 * Python and TypeScript on one broker: each calls the other's tasks.
 *
 *     export CELERIAC_BROKER_URL=amqp://guest:guest@localhost:5672//
 *     python3 -m celery --workdir examples/02-python-interop -A worker worker
 *     node_modules/.bin/node examples/02-python-interop/main.ts
 *     python3 examples/02-python-interop/client.py
 *
 * This process calls a task of the Python worker, then answers the Python
 * client, and leaves when that says goodbye.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Broker from "celeriac/Broker"
import * as Client from "celeriac/Client"
import * as LogFormat from "celeriac/LogFormat"
import * as Settings from "celeriac/Settings"
import * as Task from "celeriac/Task"
import * as Worker from "celeriac/Worker"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"

// #region python
// What `worker.py` runs, as it is seen from here.
const title = Task.make("python.title", {
  parameters: { text: Schema.String, shout: Schema.optionalKey(Schema.Boolean) },
  success: Schema.String,
  options: { queue: "python" }
})
// #endregion

// #region typescript
// What `client.py` calls.
class OutOfStock extends Schema.TaggedError<OutOfStock>()("OutOfStock", { item: Schema.String }) {
  override get message() {
    return `no ${this.item} left`
  }
}

const add = Task.make("typescript.add", {
  parameters: { x: Schema.Int, y: Schema.Int },
  success: Schema.Int
})
const order = Task.make("typescript.order", { parameters: { item: Schema.String }, error: OutOfStock })
const goodbye = Task.make("typescript.goodbye")

const finished = Deferred.makeUnsafe<void>()

const worker = Worker.make({
  // Python's worker has the name that both have if not told otherwise, and a node's name is its address.
  nodename: "typescript@%h",
  queues: ["typescript"],
  tasks: [
    add.toLayer(({ x, y }) => Effect.succeed(x + y)),
    order.toLayer(({ item }) => Effect.fail(new OutOfStock({ item }))),
    goodbye.toLayer(() => Deferred.succeed(finished, undefined))
  ]
})
// #endregion

const program = Effect.gen(function*() {
  // #region call
  const client = yield* Client.Client
  console.log(yield* client.execute(title, { text: "from typescript", shout: true }, { timeout: "20 seconds" }))

  // An empty text makes Python raise ValueError('nothing to say', 0).
  const failure = yield* Effect.flip(client.execute(title, { text: "" }, { timeout: "20 seconds" }))
  console.log("Python raised", failure.message)
  // #endregion

  console.log("Waiting for client.py")
  yield* Deferred.await(finished)
  console.log("The Python client said goodbye")
}).pipe(Effect.provide(worker.layer))

const main = Effect.gen(function*() {
  const { brokerUrl } = Settings.fromEnvironment()
  if (brokerUrl === undefined) {
    console.error(
      "This example needs a RabbitMQ: set CELERIAC_BROKER_URL, for example to amqp://guest:guest@localhost:5672//"
    )
    return yield* Effect.sync(() => void (process.exitCode = 1))
  }
  yield* Effect.provide(program, Layer.mergeAll(Broker.layer(brokerUrl), LogFormat.layer({ level: "warning" })))
})

NodeRuntime.runMain(main)
