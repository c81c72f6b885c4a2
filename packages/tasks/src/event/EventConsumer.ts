/**
 * Hears what nodes and clients tell, over a channel at hand, and calls a function
 * with every event. `EventReceiver`, which monitors use, makes streams of it.
 *
 * @since 0.1.0
 */
import { Compressions } from "@celeriac/messaging/Compressions"
import * as Content from "@celeriac/messaging/Content"
import * as Declaration from "@celeriac/messaging/Declaration"
import { Limits } from "@celeriac/messaging/Limits"
import type { LogicalClock } from "@celeriac/messaging/LogicalClock"
import type { Delivery } from "@celeriac/messaging/Message"
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import { Serializers } from "@celeriac/messaging/Serializers"
import { type Channel, Transport } from "@celeriac/messaging/Transport"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import { EventReader } from "../internal/EventReader.ts"
import { TaskId } from "../TaskId.ts"
import type * as Event from "./Event.ts"
import * as EventSettings from "./EventSettings.ts"
import * as EventTopology from "./EventTopology.ts"

/** What is heard, and how. */
export interface Options {
  /** Which events, by a pattern: `#`, the default, is all, `worker.#` what nodes say of themselves. */
  readonly routingKey?: string | undefined
  /** What stands in the name of the queue. Default: something that is unlike any other. */
  readonly nodeId?: string | undefined
  /**
   * Whether `timestamp` is moved by the hours between the zone of the sender and
   * the one here, as Celery's receiver does. Default false: it is a time since
   * the epoch, which is the same in every zone.
   */
  readonly localize?: boolean | undefined
  /** Set by what is heard. Without one, events keep the clock that they came with. */
  readonly clock?: LogicalClock["Service"] | undefined
  /** Is told of what is malformed, in a sentence. */
  readonly onMalformed?: ((why: string) => void) | undefined
}

/** What has come in so far. */
export interface Counts {
  readonly received: number
  readonly malformed: number
}

/** Is called with every event, and with the message that it came in. What it throws is told of, and changes nothing. */
export type OnEvent = (event: Event.Heard, delivery: Delivery) => void

/** Hears events over this channel, until the scope closes or the channel is lost. */
export const consume = Effect.fnUntraced(function*(
  channel: Channel,
  onEvent: OnEvent,
  options: Options = {}
): Effect.fn.Return<{ readonly counts: () => Counts }, MessagingError, Transport | Scope.Scope> {
  const serializer = yield* EventSettings.EventSerializer
  const decoding = {
    accept: [serializer, "json"],
    limits: yield* Limits,
    serializers: yield* Serializers,
    compressions: yield* Compressions
  }
  const queue = yield* EventTopology.queue(yield* Transport, {
    routingKey: options.routingKey ?? "#",
    id: options.nodeId ?? (yield* TaskId)()
  })
  const reader = new EventReader(
    yield* Clock.Clock,
    options.clock,
    options.localize ?? false,
    onEvent,
    options.onMalformed ?? (() => {})
  )
  yield* Declaration.declareQueue(channel, queue)
  yield* channel.consume(queue.name, {
    prefetch: 0,
    noAck: true,
    onDelivery: (delivery) => {
      const content = Content.decode(delivery, decoding)
      if (Result.isFailure(content)) reader.refuse(content.failure.message)
      else reader.read(content.success, delivery)
    }
  })
  return { counts: () => ({ received: reader.received, malformed: reader.malformed }) }
})
