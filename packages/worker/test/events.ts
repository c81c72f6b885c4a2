/** A reader of events as simple as can be: a queue on the exchange, bound before a worker is there. */
import * as Entity from "@celeriac/messaging/Entity"
import type { Delivery } from "@celeriac/messaging/Message"
import * as Topology from "@celeriac/messaging/Topology"
import { Transport } from "@celeriac/messaging/Transport"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

export type Said = Readonly<Record<string, unknown>>

/** What was heard. */
export class Ear extends Context.Service<Ear, {
  readonly messages: ReadonlyArray<Delivery>
  /** All events, in the order in which they came. */
  readonly events: () => ReadonlyArray<Said>
  readonly types: () => ReadonlyArray<unknown>
  /** Of these types. */
  readonly of: (...types: ReadonlyArray<string>) => ReadonlyArray<Said>
}>()("test/Ear") {}

/** Hears what is sent from now on. The name of its connection is `ear`. */
export const listening: Layer.Layer<Ear, never, Transport> = Layer.effect(
  Ear,
  Effect.gen(function*() {
    const channel = yield* (yield* (yield* Transport).connect({ name: "ear" })).openChannel()
    const exchange = Entity.exchange("celeryev", { type: "topic" })
    const queue = Entity.queue("ear", { exchange, routingKey: "#", durable: false })
    yield* Topology.declareQueue(channel, queue)
    const messages: Array<Delivery> = []
    yield* channel.consume("ear", { prefetch: 0, noAck: true, onDelivery: (delivery) => void messages.push(delivery) })
    const events = () => messages.flatMap(({ body }): ReadonlyArray<Said> => JSON.parse(Buffer.from(body).toString()))
    return {
      messages,
      events,
      types: () => events().map(({ type }) => type),
      of: (...types: ReadonlyArray<string>) => events().filter(({ type }) => types.includes(String(type)))
    }
  }).pipe(Effect.orDie)
)
