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
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import * as Session from "@celeriac/messaging/Session"
import { Transport } from "@celeriac/messaging/Transport"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import type * as Event from "./Event.ts"
import { consume, type Options } from "./EventConsumer.ts"

export { consume, type Counts, type OnEvent, type Options } from "./EventConsumer.ts"

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
