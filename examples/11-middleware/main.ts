/**
 * Functions around every run of a task: what is logged in it names the request,
 * each request has its tenant, and each run is a transaction of its own.
 *
 *     node_modules/.bin/node examples/11-middleware/main.ts
 *
 * The list is in order, the first is the outermost. What a middleware needs is
 * asked of the worker, and what it provides is no longer asked of the handlers.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Broker from "celeriac/Broker"
import * as Client from "celeriac/Client"
import * as LogFormat from "celeriac/LogFormat"
import * as Middleware from "celeriac/Middleware"
import * as Task from "celeriac/Task"
import * as Worker from "celeriac/Worker"
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"

// #region services
/** Whose request it is. */
class Tenant extends Context.Service<Tenant, { readonly name: string }>()("example/Tenant") {}

class Database extends Context.Service<Database, {
  readonly transaction: <A, E, R>(body: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  readonly insert: (row: string) => Effect.Effect<void>
}>()("example/Database") {}
// #endregion

// #region middleware
/** Every line knows its task by itself. */
const Annotated = Middleware.make(
  "annotated",
  (run, request) => Effect.annotateLogs(run, { tenant: request.headers["tenant"] })
)

/** From a header that the sender added. */
const TenantOf = Middleware.provide(
  "tenant",
  Tenant,
  (request) => Effect.succeed({ name: String(request.headers["tenant"] ?? "nobody") })
)

const Transaction = Middleware.make(
  "transaction",
  (run) => Effect.flatMap(Database, (database) => database.transaction(run))
)

const order = Task.make("shop.order", { parameters: { item: Schema.String }, success: Schema.String })

const OrderLive = order.toLayer(Effect.fnUntraced(function*({ item }) {
  const { name } = yield* Tenant
  const database = yield* Database
  yield* database.insert(`${item} for ${name}`)
  return item === "truffle" ? yield* Effect.die(new Error("out of stock")) : `${item} for ${name}`
}))

const worker = Worker.make({
  tasks: [OrderLive],
  middleware: [Annotated, TenantOf, Transaction]
})
// #endregion

const DatabaseLive = Layer.sync(Database, () => {
  let rows: ReadonlyArray<string> = []
  return {
    transaction: (body) =>
      Effect.suspend(() => {
        const before = rows
        return body.pipe(
          Effect.tap(() => Console.log(`committed: ${rows.join(", ")}`)),
          Effect.tapCause(() => {
            const undone = rows.filter((row) => !before.includes(row))
            rows = before
            return Console.log(`rolled back: ${undone.join(", ")}`)
          })
        )
      }),
    insert: (row) =>
      Effect.sync(() => {
        rows = [...rows, row]
      })
  }
})

const program = Effect.gen(function*() {
  const client = yield* Client.Client
  const asAda = { headers: { tenant: "Ada" } }
  const tea = yield* client.applyAsync(order, { item: "tea" }, asAda)
  yield* Console.log(`ordered: ${yield* tea.get({ timeout: "1 minute" })}`)
  const truffle = yield* client.applyAsync(order, { item: "truffle" }, asAda)
  const error = yield* Effect.flip(truffle.get({ timeout: "1 minute" }))
  yield* Console.log(`not ordered: ${error.message}`)
})

program.pipe(
  Effect.provide(worker.layer.pipe(Layer.provide(DatabaseLive))),
  Effect.provide(Layer.merge(Broker.layerMemory, LogFormat.layer({ level: "critical" }))),
  NodeRuntime.runMain
)
