/**
 * An outbox: an order and the task that follows from it are written in one
 * transaction of a database (SQLite), and the task is sent afterwards. A program
 * that is killed in between loses neither, and sends no task of an order that
 * does not exist.
 *
 *     node_modules/.bin/node examples/21-outbox/main.ts
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Broker from "celeriac/Broker"
import * as Client from "celeriac/Client"
import * as LogFormat from "celeriac/LogFormat"
import * as PreparedTask from "celeriac/PreparedTask"
import * as Task from "celeriac/Task"
import * as Worker from "celeriac/Worker"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { DatabaseSync } from "node:sqlite"

const sendReceipt = Task.make("shop.send_receipt", {
  parameters: { order: Schema.Int },
  success: Schema.String
})

const worker = Worker.make({
  tasks: [
    sendReceipt.toLayer(({ order }) => Effect.as(Console.log(`receipt of order ${order}`), `sent ${order}`))
  ]
})

const database = new DatabaseSync(":memory:")
database.exec("CREATE TABLE orders (id INTEGER PRIMARY KEY, what TEXT NOT NULL)")
database.exec("CREATE TABLE outbox (id TEXT PRIMARY KEY, task TEXT NOT NULL)")

// #region order
/** Needs no broker: the task is prepared, and kept with the order or not at all. */
const order = Effect.fnUntraced(function*(id: number, what: string) {
  const client = yield* Client.Client
  const prepared = yield* client.prepare(sendReceipt, { order: id })
  database.exec("BEGIN")
  try {
    database.prepare("INSERT INTO orders VALUES (?, ?)").run(id, what)
    database.prepare("INSERT INTO outbox VALUES (?, ?)").run(prepared.id, PreparedTask.encode(prepared))
    database.exec("COMMIT")
  } catch (error) {
    database.exec("ROLLBACK")
    return yield* Effect.fail(error)
  }
})
// #endregion

// #region relay
/** What stays in the outbox when the broker is away, or this program is killed, is sent next time. */
const relay = Effect.gen(function*() {
  const client = yield* Client.Client
  for (const { id, task } of database.prepare("SELECT id, task FROM outbox ORDER BY rowid").all()) {
    const prepared = yield* Effect.fromResult(PreparedTask.decode(String(task)))
    const sent = yield* client.send(prepared)
    database.prepare("DELETE FROM outbox WHERE id = ?").run(id ?? null)
    yield* Console.log(`${prepared.task}: ${String(yield* sent.get({ timeout: "5 seconds" }))}`)
  }
})
// #endregion

const program = Effect.gen(function*() {
  yield* order(1, "celeriac")
  yield* order(2, "truffle")
  const failure = yield* Effect.flip(order(2, "twice"))
  yield* Console.log(`refused: ${String(failure)}`)
  yield* relay
})

program.pipe(
  Effect.provide(Layer.provideMerge(worker.layer, Broker.layerMemory)),
  Effect.provide(LogFormat.layer({ level: "warning" })),
  NodeRuntime.runMain
)
