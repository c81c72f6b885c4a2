/**
 * A monitor: hears what the nodes of a cluster tell, keeps a picture of it, asks
 * them, and tells them.
 *
 *     node_modules/.bin/node examples/18-watch-a-cluster/main.ts
 *
 * On a real broker it is a program of its own, and what it hears and asks may be
 * Python's. `promise.ts` asks with promises.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Broker from "celeriac/Broker"
import * as Client from "celeriac/Client"
import * as ClusterState from "celeriac/ClusterState"
import * as EventReceiver from "celeriac/EventReceiver"
import * as LogFormat from "celeriac/LogFormat"
import * as RemoteControl from "celeriac/RemoteControl"
import * as Task from "celeriac/Task"
import * as Worker from "celeriac/Worker"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"

const cook = Task.make("kitchen.cook", { parameters: { dish: Schema.String } })
const CookLive = cook.toLayer(({ dish }) =>
  dish === "truffle" ? Effect.die(new RangeError("no truffle today")) : Effect.void
)

const start = (name: string) =>
  Layer.build(
    Worker.make({
      nodename: `${name}@example.com`,
      tasks: [CookLive],
      settings: { sendTaskEvents: true, heartbeatInterval: "100 millis" }
    }).layer
  )

const bothEnded = Latch.makeUnsafe(false)

// #region watch
const cluster = ClusterState.make()

const watch = EventReceiver.stream().pipe(
  Stream.tap((event) => Effect.sync(() => cluster.add(event))),
  Stream.filter((event) => event._tag === "TaskSucceeded" || event._tag === "TaskFailed"),
  Stream.map((event) => cluster.task(event.uuid)),
  Stream.take(2),
  Stream.runForEach((task) =>
    Console.log(`${task?.name} ${task?.kwargs}: ${task?.state} ${task?.exception ?? ""}`.trimEnd())
  )
)
// #endregion

// #region ask
const ask = Effect.gen(function*() {
  const remote = yield* RemoteControl.RemoteControl
  const present = Object.keys(yield* remote.ping({ timeout: "5 seconds", limit: 2 })).sort()
  yield* Console.log(`here: ${present.join(", ")}`)

  const registered = yield* remote.inspect.registered({}, { destination: present, timeout: "5 seconds" })
  for (const node of present) {
    const answer = registered[node]
    if (answer !== undefined && Result.isSuccess(answer)) {
      yield* Console.log(`${node} knows ${answer.success.join(", ")}`)
    }
  }

  const limited = yield* remote.control.rateLimit(
    { taskName: "kitchen.cook", rateLimit: "10/m" },
    { destination: present[0], timeout: "5 seconds" }
  )
  for (const answer of Object.values(limited)) yield* Console.log(Result.merge(answer))
})
// #endregion

const program = Effect.gen(function*() {
  yield* Effect.forkScoped(Effect.andThen(watch, bothEnded.open))
  yield* start("first")
  yield* start("second")
  // Until the monitor has heard of both.
  const alive = Clock.currentTimeMillis.pipe(Effect.map((now) => cluster.aliveWorkers(now / 1_000).length))
  yield* Effect.repeat(Effect.andThen(Effect.sleep("20 millis"), alive), { until: (count) => count === 2 })

  const client = yield* Client.Client
  for (const dish of ["soup", "truffle"]) yield* Effect.exit(client.execute(cook, { dish }))
  yield* bothEnded.await
  yield* ask
})

program.pipe(
  Effect.scoped,
  Effect.provide(RemoteControl.layer),
  Effect.provide(Layer.merge(Broker.layerMemory, LogFormat.layer({ level: "critical" }))),
  NodeRuntime.runMain
)
