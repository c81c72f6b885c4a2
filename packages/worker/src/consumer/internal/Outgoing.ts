/**
 * The connection over which a node tells others: never the one that it consumes
 * over. A broker that blocks publishers stops reading from a connection that
 * publishes, acks included.
 *
 * @since 0.1.0
 */
import type { Address, Message } from "@celeriac/messaging/Message"
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import { Producer } from "@celeriac/messaging/Producer"
import * as Session from "@celeriac/messaging/Session"
import { type Channel, type Connection, type PublishOptions, Transport } from "@celeriac/messaging/Transport"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type * as Scope from "effect/Scope"

/** That of results where there is one, else one of its own. */
export const connection = (name: string): Effect.Effect<Connection, MessagingError, Transport | Scope.Scope> =>
  Effect.contextWith((context: Context.Context<Transport>) => {
    const producer = Context.getOption(context, Producer)
    return producer._tag === "Some" ? producer.value.connection : Context.get(context, Transport).connect({ name })
  })

/** A channel over it. */
const openChannel = (name: string): Effect.Effect<Channel, MessagingError, Transport | Scope.Scope> =>
  Effect.flatMap(connection(name), (connection) => connection.openChannel())

/** Sends a message for which nobody waits: what becomes of it is not known. */
type Send = (message: Message, to: Address) => void

/** Messages that wait for a channel. Beyond, the oldest are dropped. */
const mostWaiting = 1_000

const how: PublishOptions = { mandatory: false, deadline: "10 seconds" }

/** Sends over a channel of its own, which is opened when there is something to send. `what` is sent: `events`. */
export const sender = Effect.fnUntraced(function*(
  what: string,
  name: string
): Effect.fn.Return<Send, never, Transport | Scope.Scope> {
  const { uri } = yield* Transport
  const logged = Session.logging(what)
  let current: Channel | undefined
  const demand = Latch.makeUnsafe(false)
  const waiting: Array<readonly [Message, Address]> = []
  const send: Send = (message, to) => {
    if (current !== undefined) return current.publishUnsafe(message, to, how, () => {})
    if (waiting.push([message, to]) > mostWaiting) waiting.shift()
    demand.openUnsafe()
  }
  const running = Session.run({
    what,
    uri,
    wanted: demand.await,
    open: openChannel(name),
    watch: (channel) => channel.lost,
    tell: (event) => {
      current = event._tag === "Opened" ? event.value : undefined
      if (current !== undefined) {
        demand.closeUnsafe()
        waiting.splice(0).forEach((one) => send(...one))
      }
      return logged(event)
    }
  })
  yield* Effect.forkScoped(
    Effect.catch(running, (error) => Effect.logError(`${what}: None are sent: ${error.message}`))
  )
  return send
})
