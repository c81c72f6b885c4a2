/**
 * A transaction for each task, as middleware: what a handler writes to a database
 * (SQLite) is there when it succeeds, and is not when it fails. The handlers know
 * a service, and nothing of where the transaction begins and ends.
 *
 *     node_modules/.bin/node examples/23-transaction-middleware/main.ts
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
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import { DatabaseSync } from "node:sqlite"

// #region services
/** The database, as a layer: it is closed when the worker has stopped. */
class Database extends Context.Service<Database, {
  readonly sql: DatabaseSync
  /** One connection has one transaction at a time. */
  readonly turn: Semaphore.Semaphore
}>()("shop/Database") {
  static readonly layer = Layer.effect(
    Database,
    Effect.gen(function*() {
      const sql = yield* Effect.acquireRelease(
        Effect.sync(() => new DatabaseSync(":memory:")),
        (sql) => Effect.sync(() => sql.close())
      )
      sql.exec("CREATE TABLE stock (item TEXT PRIMARY KEY, left INTEGER NOT NULL CHECK (left >= 0))")
      sql.exec("CREATE TABLE orders (id TEXT PRIMARY KEY, item TEXT NOT NULL)")
      sql.exec("INSERT INTO stock VALUES ('celeriac', 1)")
      return { sql, turn: yield* Semaphore.make(1) }
    })
  )
}

/** What handlers write with, inside of a transaction. */
class Transaction extends Context.Service<Transaction, {
  readonly run: (sql: string, ...values: ReadonlyArray<string | number>) => void
}>()("shop/Transaction") {}
// #endregion

// #region middleware
const InTransaction = Middleware.make(
  "transaction",
  (run: Middleware.Run<Transaction>) =>
    Effect.flatMap(Database, ({ sql, turn }) =>
      turn.withPermit(Effect.acquireUseRelease(
        Effect.sync(() => sql.exec("BEGIN")),
        () => Effect.provideService(run, Transaction, { run: (text, ...values) => sql.prepare(text).run(...values) }),
        (_, exit) => Effect.sync(() => sql.exec(Exit.isSuccess(exit) ? "COMMIT" : "ROLLBACK"))
      )))
)
// #endregion

// #region handler
class SoldOut extends Schema.TaggedError<SoldOut>()("SoldOut", { item: Schema.String }) {}

const order = Task.make("shop.order", { parameters: { item: Schema.String }, error: SoldOut })

/** The order is written first: when nothing is left of it, it was never there. */
const OrderLive = order.toLayer(({ item }, { id }) =>
  Effect.gen(function*() {
    const { run } = yield* Transaction
    run("INSERT INTO orders VALUES (?, ?)", id, item)
    yield* Effect.try({
      try: () => run("UPDATE stock SET left = left - 1 WHERE item = ?", item),
      catch: () => new SoldOut({ item })
    })
  })
)

const worker = Worker.make({ tasks: [OrderLive], middleware: [InTransaction] })
// #endregion

const program = Effect.gen(function*() {
  const client = yield* Client.Client
  yield* client.execute(order, { item: "celeriac" }, { taskId: "o-1" })
  const failure = yield* Effect.flip(client.execute(order, { item: "celeriac" }, { taskId: "o-2" }))
  yield* Console.log(`o-2: ${failure._tag}`)
  const { sql } = yield* Database
  for (const { id, item } of sql.prepare("SELECT id, item FROM orders").all()) yield* Console.log(`${id}: ${item}`)
})

program.pipe(
  Effect.provide(worker.layer),
  Effect.provide(Layer.mergeAll(Broker.layerMemory, Database.layer, LogFormat.layer({ level: "critical" }))),
  NodeRuntime.runMain
)
