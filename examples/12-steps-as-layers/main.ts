/**
 * A bootstep is a layer. Alone in an application it starts and stops with its
 * scope; in a worker it may be an application's own layer, is there for the
 * handlers of tasks, and can be put in the place of another.
 *
 *     node_modules/.bin/node examples/12-steps-as-layers/main.ts
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Bootstep from "celeriac/Bootstep"
import * as Broker from "celeriac/Broker"
import * as Client from "celeriac/Client"
import * as LogFormat from "celeriac/LogFormat"
import * as Task from "celeriac/Task"
import * as Timer from "celeriac/Timer"
import * as Worker from "celeriac/Worker"
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"

// #region alone
class Meter extends Bootstep.Service<Meter, { readonly count: (what: string) => Effect.Effect<void> }>()("Meter", {
  requires: [Timer.Timer],
  start: Effect.gen(function*() {
    const timer = yield* Timer.Timer
    const counts = new Map<string, number>()
    yield* timer.callRepeatedly("1 minute", Effect.suspend(() => Console.log(counts)))
    yield* Effect.addFinalizer(() =>
      Console.log(`counted: ${Array.from(counts, (entry) => entry.join(" ")).join(", ")}`)
    )
    return { count: (what) => Effect.sync(() => void counts.set(what, (counts.get(what) ?? 0) + 1)) }
  }),
  close: () => Console.log("the meter closes")
}) {}

// No worker, no blueprint: a layer like any other, and the worker's Timer is one too.
const application = Effect.gen(function*() {
  const meter = yield* Meter
  yield* meter.count("request")
  yield* meter.count("request")
}).pipe(Effect.provide(Layer.provide(Meter.layer, Timer.Timer.layer)))
// #endregion

// #region inside
class Database extends Context.Service<Database, { readonly name: (id: number) => string }>()("example/Database") {}

const DatabaseLive = Layer.effect(
  Database,
  Effect.acquireRelease(
    Effect.as(Console.log("database opened"), { name: (id: number) => `user ${id}` }),
    () => Console.log("database closed")
  )
)

// The application's own layer as a step: what the application has built already is shared.
const DatabaseStep = Bootstep.fromLayer("Database", Database, DatabaseLive)

class Users extends Bootstep.Service<Users, { readonly find: (id: number) => Effect.Effect<string> }>()("Users", {
  requires: [Database],
  start: Database.useSync(({ name }) => ({ find: (id: number) => Effect.succeed(name(id)) }))
}) {}

const find = Task.make("users.find", { parameters: { id: Schema.Int }, success: Schema.String })

const worker = Worker.make({
  // What steps of the Worker blueprint provide is there for handlers.
  tasks: [find.toLayer(({ id }) => Effect.flatMap(Users, (users) => users.find(id)))],
  steps: { worker: [DatabaseStep, Users] }
})
// #endregion

// #region replaced
// A worker made elsewhere, with one of its steps replaced: in a test, say.
const FakeUsers = Bootstep.implement(Users)("Users", {
  start: Effect.succeed({ find: () => Effect.succeed("nobody") })
})
const fake = worker.replace(FakeUsers)
// #endregion

const ask = Effect.flatMap(Client.Client, (client) => client.execute(find, { id: 7 })).pipe(
  Effect.flatMap((name) => Console.log(`found: ${name}`)),
  Effect.provide(Client.layer)
)

application.pipe(
  Effect.andThen(
    Effect.gen(function*() {
      yield* Effect.provide(ask, worker.layer)
      yield* Effect.provide(ask, fake.layer)
      yield* Database
    }).pipe(Effect.provide(DatabaseLive))
  ),
  Effect.provide(Layer.merge(Broker.layerMemory, LogFormat.layer({ level: "warning" }))),
  NodeRuntime.runMain
)
