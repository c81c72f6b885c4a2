/**
 * Where a message is sent by itself, one at a time and on a channel of its own.
 *
 * A broker that refuses a message closes the channel. Where it does not say
 * which message it was, all that were under way are suspects: sent again
 * together, they would only close the next channel. Here the one that is
 * refused is found, and the others do not notice.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import type { MessagingError } from "../MessagingError.ts"
import type { Channel, Connection } from "../Transport.ts"
import * as OwnChannel from "./OwnChannel.ts"

export interface Quarantine {
  /** Publishes when its turn comes. */
  readonly send: (
    publish: (channel: Channel) => Effect.Effect<void, MessagingError>
  ) => Effect.Effect<void, MessagingError>
}

/** How often a message is tried on a channel that goes for a reason of its own. */
const attempts = 3

/** Over this connection. Its channel is there while somebody has a turn, or waits for one. */
export const make = Effect.fnUntraced(
  function*(connection: Connection): Effect.fn.Return<Quarantine, never, Scope.Scope> {
    const channel = yield* OwnChannel.make(connection)
    const turn = Semaphore.makeUnsafe(1)
    let count = 0

    return {
      send: (publish) =>
        Effect.suspend(() => {
          count++
          return turn.withPermit(
            Effect.flatMap(channel.get, publish).pipe(
              Effect.onError(() => channel.discard),
              Effect.retry({ times: attempts - 1, while: isOfChannel }),
              Effect.ensuring(Effect.suspend(() => --count === 0 ? channel.discard : Effect.void))
            )
          )
        })
    }
  }
)

/** Whether it may be the channel's fault, and the same message may do on another. */
const isOfChannel = ({ reason }: MessagingError): boolean =>
  reason._tag === "ChannelClosed" || (reason._tag === "OutcomeUnknown" && reason.isSuspect !== true)
