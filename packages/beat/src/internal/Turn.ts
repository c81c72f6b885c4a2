/**
 * One's turn at a queue: all of its messages at once, and nobody else who has any.
 *
 * The queue is a quorum queue with a single active consumer. Whoever wants a turn
 * consumes from it and sends a word of its own through it; when that comes back it is
 * the active one, and has all that lay before the word. When its channel is closed,
 * or its process is gone, RabbitMQ gives what it did not acknowledge to the next in the
 * same step: no turn begins with half of the messages. What it has sent over this
 * channel comes before that, and what it would send after it was cut off does not come.
 */
import type { Delivery, Message } from "@celeriac/messaging/Message"
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import type { Channel, Connection } from "@celeriac/messaging/Transport"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import { Bell } from "./Bell.ts"

export interface Turn {
  /** What lay in the queue, none of it settled. */
  readonly deliveries: ReadonlyArray<Delivery>
  /** Puts a message into the queue; it is kept when this succeeds. */
  readonly put: (message: Message) => Effect.Effect<void, MessagingError>
}

interface Options<E> {
  readonly queue: string
  /** Of this turn. */
  readonly word: string
  /** When another's does not end. */
  readonly late: E
}

/** How often a word is sent, which whoever has its turn takes away. */
const pause = "200 millis"

/** How long to wait for a turn: longer than a broker takes to miss one that was cut off. */
const deadline = "20 seconds"

/** So many unsettled messages RabbitMQ gives to nobody: then it is the next one's turn to clear up. */
const most = 1500

export const take = <A, E>(
  connection: Connection,
  { late, queue, word }: Options<E>,
  use: (turn: Turn) => Effect.Effect<A, E>
): Effect.Effect<A, E | MessagingError> =>
  Effect.acquireUseRelease(
    Effect.all([Scope.make(), Scope.make()]),
    ([ofChannel, ofConsumer]) =>
      Effect.gen(function*() {
        const channel = yield* Scope.provide(connection.openChannel(), ofChannel)
        const deliveries: Array<Delivery> = []
        const come = new Bell()
        yield* Scope.provide(
          channel.consume(queue, {
            prefetch: 0,
            onDelivery: (delivery) => {
              const said = delivery.headers["turn"]
              if (said === undefined) deliveries.push(delivery)
              else delivery.settle("ack")
              if (said === word || deliveries.length >= most) come.ring()
            }
          }),
          ofConsumer
        )
        const speak = Effect.forever(Effect.suspend(() => {
          say(channel, queue, word)
          return Effect.sleep(pause)
        }))
        yield* Effect.raceFirst(Effect.raceFirst(come.wait, speak), channel.lost).pipe(
          Effect.timeoutOrElse({ duration: deadline, orElse: () => Effect.fail(late) })
        )
        const put = (message: Message) =>
          kept(channel.publish(message, { exchange: "", routingKey: queue }, { deadline: "10 seconds" }))
        return yield* use({ deliveries: deliveries.slice(), put })
      }),
    // The channel first: a consumer that was cancelled would still have messages, and another be active without them.
    ([ofChannel, ofConsumer]) => Effect.andThen(Scope.close(ofChannel, Exit.void), Scope.close(ofConsumer, Exit.void))
  )

/** A quorum queue that is busy, or has no leader for a moment, does not take what comes first over a channel. */
export const kept = (publishing: Effect.Effect<void, MessagingError>): Effect.Effect<void, MessagingError> =>
  Effect.retry(publishing, {
    while: ({ reason }) => reason._tag === "Nacked",
    times: 5,
    schedule: Schedule.exponential("100 millis")
  })

const say = (channel: Channel, queue: string, word: string): void =>
  channel.publishUnsafe(
    { body: new Uint8Array(), headers: { turn: word }, properties: { deliveryMode: 1 } },
    { exchange: "", routingKey: queue },
    {},
    // One that is lost does not come back, and another follows.
    () => {}
  )
