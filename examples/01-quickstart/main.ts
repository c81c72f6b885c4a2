/**
 * The quick start: a worker and its client in one process, on the embedded
 * broker. Nothing to install, nothing to start first.
 *
 *     npm start
 *
 * It shows a message on the wire, boots a worker, runs a few hundred tasks,
 * fails one on purpose, cuts the connection in the middle of a few hundred
 * more, and says what to do next.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as BootTimeline from "celeriac/BootTimeline"
import * as Client from "celeriac/Client"
import * as LogFormat from "celeriac/LogFormat"
import * as MemoryBroker from "celeriac/MemoryBroker"
import * as MemoryTransport from "celeriac/MemoryTransport"
import type * as Message from "celeriac/Message"
import * as Producer from "celeriac/Producer"
import * as RpcBackend from "celeriac/RpcBackend"
import * as Task from "celeriac/Task"
import * as Transport from "celeriac/Transport"
import * as Worker from "celeriac/Worker"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as show from "./show.ts"

// #region tasks
// A task is a value that both ends share: its name, its parameters, its result.
const add = Task.make("proj.add", {
  parameters: { x: Schema.Int, y: Schema.Int },
  success: Schema.Int
})

class Stock extends Schema.TaggedError<Stock>()("OutOfStock", { item: Schema.String }) {}

const order = Task.make("proj.order", {
  parameters: { item: Schema.String, count: Schema.Int },
  success: Schema.String,
  error: Stock
})
// #endregion

// #region worker
const worker = Worker.make({
  concurrency: 8,
  tasks: [
    add.toLayer(({ x, y }) => Effect.as(Effect.sleep("5 millis"), x + y)),
    order.toLayer(({ count, item }) =>
      count > 3 ? Effect.fail(new Stock({ item })) : Effect.succeed(`${count} × ${item}, on their way`)
    )
  ]
})
// #endregion

const howMany = 400

/** Sends all at once, and waits for every result. */
const runAll = Effect.fnUntraced(function*(onDone: (count: number) => void) {
  const client = yield* Client.Client
  const bar = show.progress(howMany)
  const began = yield* Clock.currentTimeMillis
  const sums = yield* Effect.forEach(
    Array.from({ length: howMany }, (_, x) => x),
    (x) => Effect.tap(client.execute(add, { x, y: 1 }), Effect.sync(() => onDone(bar.advance()))),
    { concurrency: "unbounded" }
  )
  const took = (yield* Clock.currentTimeMillis) - began
  return { sum: sums.reduce((a, b) => a + b, 0), say: (line: string) => bar.done(`${line} ${took} ms`) }
})

/** The first message of a queue, as any worker of Celery's would get it. It is taken without being acknowledged, and so goes back. */
const peek = Effect.fnUntraced(function*(queue: string) {
  const first = yield* Deferred.make<Message.Message>()
  const connection = yield* (yield* Transport.Transport).connect({ name: "peek" })
  const channel = yield* connection.openChannel()
  yield* channel.consume(queue, {
    prefetch: 1,
    onDelivery: (delivery) => void Deferred.doneUnsafe(first, Effect.succeed(delivery))
  })
  return yield* Deferred.await(first)
}, Effect.scoped)

const onWire = Effect.gen(function*() {
  const client = yield* Client.Client
  show.title("Three lines")
  show.print(
    `  const add = Task.make("proj.add", { parameters: { x: Schema.Int, y: Schema.Int }, success: Schema.Int })`
  )
  show.print(`  const worker = Worker.make({ tasks: [add.toLayer(({ x, y }) => Effect.succeed(x + y))] })`)
  show.print(`  const sum = yield* client.execute(add, [2, 3])`)
  const sent = yield* client.delay(add, [2, 3])
  show.title("A message of Celery's, as it is in the queue: a Python worker would run it")
  show.message(yield* peek("celery"))
  return sent
})

const program = Effect.gen(function*() {
  const client = yield* Client.Client
  const first = yield* onWire
  yield* Effect.gen(function*() {
    show.title("The worker boots")
    show.steps(yield* (yield* BootTimeline.BootTimeline).entries)
    show.print(`  add(2, 3) = ${show.bold(String(yield* first.get({ timeout: "1 minute" })))}`)

    show.title(`${howMany} tasks of 5 ms each, 8 at once: ${howMany * 5 / 8} ms at best`)
    const { say, sum } = yield* runAll(() => {})
    say(`${howMany} tasks, which sum up to ${show.bold(String(sum))}, in`)

    // #region client
    const sent = yield* client.delay(order, { item: "celeriac", count: 2 })
    const answer = yield* sent.get({ timeout: "1 minute" })
    const refusal = yield* Effect.flip(client.execute(order, { item: "truffle", count: 9 }))
    // #endregion
    show.title("Results and errors have types")
    show.print(`  order("celeriac", 2)   ${show.bold(answer)}`)
    show.print(`  order("truffle", 9)    fails with ${show.bold(refusal._tag)}`)

    show.title("The connection is cut in the middle")
    const { faults } = yield* MemoryBroker.MemoryBroker
    const cut = yield* runAll((count) => {
      if (count === howMany / 2) faults.dropConnections("cut on purpose")
    })
    cut.say(`${howMany} of ${howMany} all the same, in`)
    show.print("  the consumer was built anew meanwhile:")
    show.steps((yield* (yield* BootTimeline.BootTimeline).entries).filter(({ blueprint }) => blueprint === "Consumer"))
  }).pipe(Effect.provide(worker.layer))
  show.title("Warm shutdown: done")
})

const next = `
  ${show.bold("Next")}  on RabbitMQ, and from Python:

    npx celeriac worker -A examples/01-quickstart/worker.ts -b amqp://localhost -l info
    python3 -c "from celery import Celery; print(Celery(broker='amqp://', backend='rpc://').send_task('proj.add', (2, 3)).get())"
`

show.print()
show.print(`${show.bold("celeriac")}  a worker and a client, on the embedded broker`)

const broker = RpcBackend.layer().pipe(
  Layer.provideMerge(Producer.layer()),
  Layer.provideMerge(MemoryTransport.layer())
)

program.pipe(
  Effect.provide(Client.layer),
  Effect.andThen(Effect.sync(() => console.log(next))),
  Effect.provide(Layer.mergeAll(broker, BootTimeline.layer, LogFormat.layer({ level: "critical" }))),
  NodeRuntime.runMain
)
