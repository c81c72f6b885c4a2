/**
 * Reads what nodes tell of themselves and of elections: the events `worker.#`, on
 * a channel, in a queue of its own. What makes no sense is told of, now and then,
 * and ignored.
 *
 * @since 0.1.0
 */
import * as Compressions from "@celeriac/messaging/Compressions"
import * as Content from "@celeriac/messaging/Content"
import * as Limits from "@celeriac/messaging/Limits"
import type { Delivery } from "@celeriac/messaging/Message"
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import * as Serializers from "@celeriac/messaging/Serializers"
import * as Topology from "@celeriac/messaging/Topology"
import { type Channel, Transport } from "@celeriac/messaging/Transport"
import type * as Event from "@celeriac/tasks/event/Event"
import * as EventCodec from "@celeriac/tasks/event/EventCodec"
import * as EventSettings from "@celeriac/tasks/event/EventSettings"
import * as EventTopology from "@celeriac/tasks/event/EventTopology"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"

export interface Options {
  /** Called for each event, in order, synchronously. It must not throw. */
  readonly onEvent: (event: Event.Heard) => void
  /** Why something was no event. */
  readonly onMalformed: (why: string) => void
}

export const listen = Effect.fnUntraced(function*(
  channel: Channel,
  { onEvent, onMalformed }: Options
): Effect.fn.Return<void, MessagingError, Scope.Scope | Transport> {
  const clock = yield* Clock.Clock
  const decoding = {
    accept: Array.from(new Set(["json", yield* EventSettings.EventSerializer])),
    limits: yield* Limits.Limits,
    serializers: yield* Serializers.Serializers,
    compressions: yield* Compressions.Compressions
  }

  const receive = (wire: unknown): void => {
    const event = EventCodec.decode(wire)
    if (Result.isFailure(event)) return onMalformed(event.failure.message)
    onEvent({ ...event.success, localReceived: clock.currentTimeMillisUnsafe() / 1000 })
  }
  const onDelivery = (delivery: Delivery): void => {
    // A broker without patterns sends everything.
    if (delivery.routingKey.startsWith("task.")) return
    const body = Content.decode(delivery, decoding)
    if (Result.isFailure(body)) return onMalformed(body.failure.message)
    if (Array.isArray(body.success)) { for (const wire of body.success) receive(wire) }
    else receive(body.success)
  }

  const queue = yield* EventTopology.queue(yield* Transport, {
    routingKey: "worker.#",
    id: globalThis.crypto.randomUUID()
  })
  const { name } = yield* Topology.declareQueue(channel, queue)
  yield* channel.consume(name, { prefetch: 0, noAck: true, onDelivery })
})
