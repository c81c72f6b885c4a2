/**
 * A task that is run again, and makes good what it did when it comes to nothing:
 * an order whose payment is tried three times, and whose reservation is
 * cancelled when no attempt succeeds.
 *
 *     node_modules/.bin/node examples/20-retries/main.ts
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Broker from "celeriac/Broker"
import * as Client from "celeriac/Client"
import * as LogFormat from "celeriac/LogFormat"
import * as Task from "celeriac/Task"
import * as Worker from "celeriac/Worker"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"

// #region task
class BankAway extends Schema.TaggedError<BankAway>()("BankAway", {}) {}

const pay = Task.make("shop.pay", {
  parameters: { order: Schema.String },
  success: Schema.String,
  error: BankAway,
  options: { maxRetries: 2, acksLate: true }
})
// #endregion

/** Of order `o-1` the bank answers at the third attempt, of `o-2` never. */
const charge = (order: string, attempt: number): Effect.Effect<string, BankAway> =>
  order === "o-1" && attempt === 2 ? Effect.succeed("receipt 1") : Effect.fail(new BankAway())

const cancelReservation = (order: string) => Console.log(`${order}: the reservation is cancelled`)

// #region handler
const PayLive = pay.toLayer(({ order }, { retries }) =>
  charge(order, retries).pipe(
    Effect.tapError(() => Console.log(`${order}: attempt ${retries + 1} failed`)),
    Effect.tapError(() => retries === 2 ? cancelReservation(order) : Effect.void),
    Effect.catchTag("BankAway", (error) => Task.retry({ error, countdown: `${20 * 2 ** retries} millis` }))
  )
)
// #endregion

// #region automatic
/** The same by options alone: after one second, two, four, and so on, each with jitter. */
export const payAgain = Task.make("shop.payAgain", {
  parameters: { order: Schema.String },
  error: BankAway,
  options: { autoretryFor: ["BankAway", TypeError], retryBackoff: true, retryBackoffMax: "1 minute" }
})
// #endregion

const program = Effect.gen(function*() {
  const client = yield* Client.Client
  yield* Console.log(`o-1: ${yield* client.execute(pay, { order: "o-1" })}`)
  const failure = yield* Effect.flip(client.execute(pay, { order: "o-2" }))
  yield* Console.log(`o-2: ${failure._tag}`)
})

program.pipe(
  Effect.provide(Worker.make({ tasks: [PayLive] }).layer),
  Effect.provide(Layer.merge(Broker.layerMemory, LogFormat.layer({ level: "critical" }))),
  NodeRuntime.runMain
)
