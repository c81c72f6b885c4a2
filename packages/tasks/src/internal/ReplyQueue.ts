/**
 * The queue on which a client hears of its results: one queue and one consumer
 * for all of them.
 *
 * Nothing is opened before the first `open`. From then on the queue is there
 * while the scope is: after a lost connection it is declared and consumed
 * again. The broker keeps it through such a gap, with what arrives meanwhile,
 * and drops it `Settings.ResultExpires` after a client that died without
 * closing it; a client that closes deletes it.
 *
 * @since 0.1.0
 */
import * as Entity from "@celeriac/messaging/Entity"
import type { Delivery } from "@celeriac/messaging/Message"
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import * as Session from "@celeriac/messaging/Session"
import { type Channel, Transport } from "@celeriac/messaging/Transport"
import * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"

export interface ReplyQueue {
  readonly name: string
  /**
   * Waits until the queue is consumed. Fails at the deadline, and at once when
   * no new connection would help, as with a refused password; the next call
   * tries again.
   */
  readonly open: (deadline: Duration.Input) => Effect.Effect<void, MessagingError>
}

export interface Options {
  readonly name: string
  /** How long the broker keeps the queue while nobody consumes it. */
  readonly expires: Duration.Input
  /** Must not throw. */
  readonly onDelivery: (delivery: Delivery) => void
}

/** As the broker's management pages and the log show it. */
const connectionName = "celeriac results"

/** How long closing waits for the queue to be deleted. */
const deletionTimeout = "2 seconds"

export const make: (options: Options) => Effect.Effect<ReplyQueue, never, Transport | Scope.Scope> = Effect.fnUntraced(
  function*({ expires, name, onDelivery }) {
    const transport = yield* Transport
    const queue = Entity.queue(name, { durable: false, expires })

    const session = yield* Session.make({
      what: `queue '${name}'`,
      uri: transport.uri,
      open: Effect.gen(function*() {
        const connection = yield* transport.connect({ name: connectionName })
        const channel = yield* connection.openChannel()
        yield* channel.declareQueue(queue)
        yield* Effect.addFinalizer((exit) => deleteWhenClosing(channel, name, exit))
        yield* channel.consume(name, { prefetch: 0, noAck: true, onDelivery })
        return { connection, channel }
      }),
      watch: ({ channel, connection }) => Effect.raceFirst(connection.lost, channel.lost),
      tell: Session.logging(connectionName)
    })

    return { name, open: (deadline) => Effect.asVoid(session.opened(deadline)) }
  }
)

/** A lost connection is no end: what arrives meanwhile is wanted. */
const deleteWhenClosing = (
  channel: Channel,
  name: string,
  exit: Exit.Exit<unknown, unknown>
): Effect.Effect<void> =>
  Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)
    ? Effect.ignore(Effect.timeout(channel.deleteQueue(name), deletionTimeout))
    : Effect.void
