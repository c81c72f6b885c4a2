/**
 * A consumer of your own messages, with `onMessage`: it gets the message as it
 * came, undecoded, and decodes it when it wants to.
 *
 *     node_modules/.bin/node examples/05-consumer-on-message/main.ts
 *
 * The guide's second way to consume. A message that cannot be decoded fails in
 * `message.decode`, and is rejected unless you say otherwise.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Broker from "celeriac/Broker"
import * as Consumer from "celeriac/Consumer"
import * as ConsumerStep from "celeriac/ConsumerStep"
import * as Exchange from "celeriac/Exchange"
import * as LogFormat from "celeriac/LogFormat"
import type * as Message from "celeriac/Message"
import * as Producer from "celeriac/Producer"
import * as Queue from "celeriac/Queue"
import * as Worker from "celeriac/Worker"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"

const myExchange = Exchange.make("custom")
const myQueue = Queue.make("custom", { exchange: myExchange, routingKey: "routing_key" })

const arrived = Latch.makeUnsafe(false)

// #region step
const onMessage = Effect.fnUntraced(function*(message: Message.IncomingMessage) {
  const payload = yield* message.decode
  yield* Console.log("Received message:", payload, message.properties, `rawlen=${message.body.length}`)
  yield* message.ack
  yield* arrived.open
})

const MyConsumerStep = ConsumerStep.make("MyConsumerStep", {
  consumers: [Consumer.make({ queues: [myQueue], onMessage })]
})
// #endregion

const worker = Worker.make({ steps: { consumer: [MyConsumerStep] } })

const program = Effect.gen(function*() {
  const producer = yield* Producer.Producer
  yield* producer.publish({ hello: "world!" }, {
    exchange: myExchange,
    routingKey: "routing_key",
    declare: [myQueue],
    retry: { maxRetries: 5 },
    properties: { correlationId: "greeting-1" }
  })
  yield* arrived.await
})

program.pipe(
  Effect.provide(worker.layer),
  Effect.provide(Layer.merge(Broker.layerMemory, LogFormat.layer({ level: "warning" }))),
  NodeRuntime.runMain
)
