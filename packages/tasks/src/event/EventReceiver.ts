/**
 * Hears what nodes and clients tell: Celery's `EventReceiver`.
 *
 * ```ts
 * const events = EventReceiver.stream({ routingKey: "#" })
 * yield* Stream.runForEach(events, (event) => Console.log(event.type, event.hostname))
 * ```
 *
 * `consume` calls a function with every event, over a channel at hand, and is
 * for steps; `stream` has a connection of its own, which heals, and is for
 * monitors. What is malformed is counted and left out: it stops nobody. Whoever
 * reads a stream too slowly loses the oldest, which are counted too.
 *
 * A clock is set by what is heard. Source: protocol of events §1, §2.
 *
 * @since 0.1.0
 */
import { Compressions } from "@celeriac/messaging/Compressions"
import * as Content from "@celeriac/messaging/Content"
import { Limits } from "@celeriac/messaging/Limits"
import type { LogicalClock } from "@celeriac/messaging/LogicalClock"
import type { Delivery } from "@celeriac/messaging/Message"
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import { Serializers } from "@celeriac/messaging/Serializers"
import * as Session from "@celeriac/messaging/Session"
import * as Topology from "@celeriac/messaging/Topology"
import { type Channel, Transport } from "@celeriac/messaging/Transport"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
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
  yield* Topology.declareQueue(channel, queue)
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

/** What is heard as a stream, and how. */
export interface StreamOptions extends Options {
  /** Of the connection, as the broker's management pages show it. Default `celeriac events`. */
  readonly name?: string | undefined
  /** Is run at every connection, once events are heard: asks nodes to tell of themselves, as the control command `heartbeat` does. */
  readonly onReady?: Effect.Effect<void> | undefined
  /** How many events may wait for whoever reads the stream; then the oldest are dropped. Default 10,000. */
  readonly buffer?: number | undefined
  /** Is told how many were dropped, each time that some were. */
  readonly onDropped?: ((count: number) => void) | undefined
}

/** Events as they come in, over a connection of its own. Fails when the broker can be reached no more, for a reason that waiting does not mend. */
export const stream = (options: StreamOptions = {}): Stream.Stream<Event.Heard, MessagingError, Transport> =>
  Stream.callback<Event.Heard, MessagingError, Transport>(
    (queue) =>
      Effect.gen(function*() {
        const transport = yield* Transport
        const { name = "celeriac events", onDropped = () => {}, onReady = Effect.void } = options
        const buffer = options.buffer ?? 10_000
        // The queue drops the oldest by itself, and tells nobody.
        const onEvent = (event: Event.Heard): void => {
          if (Queue.sizeUnsafe(queue) >= buffer) onDropped(1)
          Queue.offerUnsafe(queue, event)
        }
        const running = Session.run({
          what: name,
          uri: transport.uri,
          open: Effect.gen(function*() {
            const channel = yield* (yield* transport.connect({ name })).openChannel()
            yield* consume(channel, onEvent, options)
            yield* onReady
            return channel
          }),
          watch: (channel) => channel.lost,
          tell: Session.logging(name)
        })
        return yield* Effect.catch(running, (error) => Queue.fail(queue, error))
      }),
    { bufferSize: options.buffer ?? 10_000, strategy: "sliding" }
  )
