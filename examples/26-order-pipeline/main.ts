/**
 * An order in three steps, one after the other: the second is tried again when
 * the bank does not answer, and what the first has done is undone when it refuses.
 *
 *     node_modules/.bin/node examples/26-order-pipeline/main.ts
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Broker from "celeriac/Broker"
import * as Canvas from "celeriac/Canvas"
import * as Client from "celeriac/Client"
import * as LogFormat from "celeriac/LogFormat"
import * as Task from "celeriac/Task"
import * as Worker from "celeriac/Worker"
import * as Console from "effect/Console"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

class CardRefused extends Schema.TaggedError<CardRefused>()("CardRefused", { order: Schema.String }) {}

const order = { order: Schema.String }
const reserve = Task.make("shop.reserve", { parameters: order, success: Schema.String })
const charge = Task.make("shop.charge", {
  parameters: { ...order, euros: Schema.Int },
  success: Schema.String,
  error: CardRefused
})
const ship = Task.make("shop.ship", { parameters: order, success: Schema.String })
const release = Task.make("shop.release", { parameters: order })

// #region pipeline
const pipeline = (order: string, euros: number) =>
  Canvas.chain(reserve.s({ order }), charge.s({ euros }), ship.s())
    // What is linked to a chain for its failure is linked to each of its tasks.
    .onError(release.si({ order }))
// #endregion

const released = Deferred.makeUnsafe<void>()

const worker = Worker.make({
  tasks: [
    reserve.toLayer(({ order }) => Effect.as(Console.log(`${order}: reserved`), order)),
    charge.toLayer(({ euros, order }, { retries }) => {
      if (euros > 1_000) return Effect.fail(new CardRefused({ order }))
      return retries === 0
        ? Effect.andThen(Console.log(`${order}: the bank does not answer`), Task.retry({ countdown: "50 millis" }))
        : Effect.as(Console.log(`${order}: charged`), order)
    }),
    ship.toLayer(({ order }) => Effect.as(Console.log(`${order}: shipped`), `parcel of ${order}`)),
    release.toLayer(({ order }) =>
      Effect.andThen(Console.log(`${order}: released`), Deferred.succeed(released, undefined))
    )
  ]
})

const program = Effect.gen(function*() {
  const client = yield* Client.Client
  // #region send
  const sent = yield* client.delay(pipeline("A-1", 30))
  const parcel: string = yield* sent.get({ timeout: "10 seconds" })
  // #endregion
  yield* Console.log(parcel)
  // #region failed
  const refused = yield* client.delay(pipeline("A-2", 3_000))
  const final = yield* refused.final({ timeout: "10 seconds" })
  // #endregion
  yield* Deferred.await(released)
  if (Result.isFailure(final)) yield* Console.log(`${final.failure._tag} is what its end comes to, too`)
})

program.pipe(
  Effect.provide(
    worker.layer.pipe(
      Layer.provideMerge(Broker.layer("memory://")),
      Layer.provide(LogFormat.layer({ level: "critical" }))
    )
  ),
  NodeRuntime.runMain
)
