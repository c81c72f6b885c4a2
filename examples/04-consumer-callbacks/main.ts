/**
 * A consumer of your own messages, with callbacks: each gets the decoded body
 * and the message, which it settles.
 *
 *     node_modules/.bin/node examples/04-consumer-callbacks/main.ts
 *
 * The guide's "Custom Message Consumers". The step consumes again after every
 * reconnect. The publisher declares the queue first, and waits for a broker
 * that is away.
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

const arrived = Latch.makeUnsafe(false)

// #region step
const myExchange = Exchange.make("custom")
const myQueue = Queue.make("custom", { exchange: myExchange, routingKey: "routing_key" })

const handleMessage = (body: unknown, message: Message.IncomingMessage) =>
  Console.log(`Received message: ${JSON.stringify(body)}`).pipe(Effect.andThen(message.ack))

const MyConsumerStep = ConsumerStep.make("MyConsumerStep", {
  consumers: [Consumer.make({ queues: [myQueue], callbacks: [handleMessage, () => arrived.open], accept: ["json"] })]
})
// #endregion

// #region send
const sendMeAMessage = Effect.fnUntraced(function*(who: string) {
  const producer = yield* Producer.Producer
  yield* producer.publish({ hello: who }, {
    serializer: "json",
    exchange: myExchange,
    routingKey: "routing_key",
    declare: [myQueue],
    retry: true
  })
})
// #endregion

const worker = Worker.make({ steps: { consumer: [MyConsumerStep] } })

const program = Effect.andThen(sendMeAMessage("world!"), arrived.await)

program.pipe(
  Effect.provide(worker.layer),
  Effect.provide(Layer.merge(Broker.layerMemory, LogFormat.layer({ level: "warning" }))),
  NodeRuntime.runMain
)
