/**
 * A channel that somebody has for what the broker may answer by closing it:
 * opened when it is first asked for, and put away after a failure, so that the
 * next one who asks has another. The channels of others do not notice.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { MessagingError } from "../MessagingError.ts"
import type { Channel, Connection } from "../Transport.ts"

export interface OwnChannel {
  /** Whether there is one, which may have been closed while it lay idle. */
  readonly isOpen: () => boolean
  /** The one that there is, or a new one. Not to be asked for by two at once. */
  readonly get: Effect.Effect<Channel, MessagingError>
  /** There is none any more: it is closed, or about to be. */
  readonly discard: Effect.Effect<void>
}

/** Over this connection. It is closed with the scope at the latest. */
export const make = Effect.fnUntraced(
  function*(connection: Connection): Effect.fn.Return<OwnChannel, never, Scope.Scope> {
    const scope = yield* Scope.Scope
    let open: { readonly channel: Channel; readonly scope: Scope.Closeable } | undefined

    const opened = Effect.gen(function*() {
      const own = yield* Scope.fork(scope)
      const channel = yield* Effect.onError(
        Scope.provide(connection.openChannel(), own),
        () => Scope.close(own, Exit.void)
      )
      open = { channel, scope: own }
      return channel
    })

    return {
      isOpen: () => open !== undefined,
      get: Effect.suspend(() => open === undefined ? opened : Effect.succeed(open.channel)),
      discard: Effect.suspend(() => {
        const closing = open
        open = undefined
        return closing === undefined ? Effect.void : Scope.close(closing.scope, Exit.void)
      })
    }
  }
)
