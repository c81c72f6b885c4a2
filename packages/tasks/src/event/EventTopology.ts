/**
 * Where events go at the broker: one exchange for all, and a queue for each
 * reader that is gone with it. Source: protocol of events §1, Celery 5.7's
 * `EventReceiver`.
 *
 * @since 0.1.0
 */
import * as Entity from "@celeriac/messaging/Entity"
import type { Transport } from "@celeriac/messaging/Transport"
import * as Effect from "effect/Effect"
import * as EventSettings from "./EventSettings.ts"

/** The exchange, in the form that the broker has: without patterns, everybody hears everything. */
export const exchange = (transport: Pick<Transport["Service"], "exchangeTypes">): Effect.Effect<Entity.Exchange> =>
  Effect.map(
    EventSettings.EventExchange,
    (name) => Entity.exchange(name, { type: transport.exchangeTypes.has("topic") ? "topic" : "fanout" })
  )

/** What is read, and by whom. */
export interface QueueOptions {
  /** A pattern: `#` is all, `worker.#` is what nodes say of themselves. */
  readonly routingKey: string
  /** What stands behind the prefix in its name: unlike that of any other reader. */
  readonly id: string
}

/** The queue of one reader, bound to the exchange. */
export const queue = (
  transport: Pick<Transport["Service"], "exchangeTypes">,
  { id, routingKey }: QueueOptions
): Effect.Effect<Entity.Queue> =>
  Effect.gen(function*() {
    const durable = yield* EventSettings.EventQueueDurable
    return Entity.queue(`${yield* EventSettings.EventQueuePrefix}.${id}`, {
      exchange: yield* exchange(transport),
      routingKey,
      durable,
      autoDelete: !durable,
      // Of both, durable was asked for: exclusive is the default.
      exclusive: !durable && (yield* EventSettings.EventQueueExclusive),
      expires: yield* EventSettings.EventQueueExpires,
      messageTtl: yield* EventSettings.EventQueueTtl
    })
  })
