/**
 * Whether a queue counts how often its messages come back, and drops those that
 * come back too often: a quorum queue does, and a task must not be lost because
 * a worker had fetched too much.
 *
 * What a queue is declared as does not tell: the virtual host, or the node, may
 * make a quorum queue of any. So the broker is asked, by declaring the queue as
 * it is and `classic` besides, on a channel of its own, which it closes if that
 * is wrong. A queue that it says nothing about is taken for one that counts.
 *
 * Source: RabbitMQ's guide, "Quorum Queues", poison message handling.
 *
 * @since 0.1.0
 */
import type { Queue } from "@celeriac/messaging/Entity"
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import type { Channel } from "@celeriac/messaging/Transport"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

const key = "x-queue-type"

/** Asks once, when it is needed, if it `asks` at all. The queue has been declared. */
export const isCounted = (
  queue: Queue,
  openChannel: Effect.Effect<Channel, MessagingError, Scope.Scope>,
  asks = true
): Effect.Effect<boolean> => {
  const declared = queue.arguments[key]
  if (declared !== undefined || queue.name === "") return Effect.succeed(declared !== "classic")
  if (!asks) return Effect.succeed(false)
  const asClassic: Queue = { ...queue, arguments: { ...queue.arguments, [key]: "classic" } }
  return openChannel.pipe(
    Effect.flatMap((channel) => channel.declareQueue(asClassic)),
    Effect.scoped,
    Effect.match({ onSuccess: () => false, onFailure: () => true })
  )
}
