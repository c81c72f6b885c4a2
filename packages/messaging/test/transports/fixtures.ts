/** What the tests of the in-memory broker share. */
import * as Entity from "@celeriac/messaging/Entity"
import type { Delivery, Message, Properties } from "@celeriac/messaging/Message"
import type { MessagingError, Reason } from "@celeriac/messaging/MessagingError"
import type { Channel } from "@celeriac/messaging/Transport"
import * as MemoryTransport from "@celeriac/messaging/transports/MemoryTransport"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"

export const setup = Effect.gen(function*() {
  const broker = yield* MemoryTransport.makeBroker()
  const connection = yield* broker.connect({ name: "test" })
  const channel = yield* connection.openChannel()
  yield* channel.declareQueue(Entity.queue("q"))
  return { broker, connection, channel }
})

export const message = (text: string, properties: Properties = {}, headers: Message["headers"] = {}): Message => ({
  body: new TextEncoder().encode(text),
  headers,
  properties
})

export const textOf = (message: Message): string => new TextDecoder().decode(message.body)

export const to = (queue: string) => ({ exchange: "", routingKey: queue })

export const reasonOf = <A, R>(
  effect: Effect.Effect<A, MessagingError, R>
): Effect.Effect<Reason | undefined, never, R> =>
  Effect.map(Effect.result(effect), (result) => Result.isFailure(result) ? result.failure.reason : undefined)

/** The deliveries of a consumer, as they come. */
export const received = (
  channel: Channel,
  queue: string,
  options: { prefetch?: number; consumerTag?: string } = {}
) => {
  const deliveries: Array<Delivery> = []
  return Effect.as(
    channel.consume(queue, { prefetch: 0, ...options, onDelivery: (delivery) => deliveries.push(delivery) }),
    deliveries
  )
}
