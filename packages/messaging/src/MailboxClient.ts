/**
 * The side of a mailbox that asks, with replies as streams.
 *
 * ```ts
 * const client = yield* MailboxClient.make({ mailbox, clock })
 * const replies = yield* Stream.runCollect(client.ask("ping", {}, { timeout: "1 second" }))
 * ```
 *
 * How it asks, `MailboxAsker` says. Who reads a stream too slowly misses what
 * comes when ten thousand replies wait.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Reply } from "./Mailbox.ts"
import * as MailboxAsker from "./MailboxAsker.ts"
import type { MessagingError } from "./MessagingError.ts"
import type { Transport } from "./Transport.ts"

export type { AskOptions, CollectOptions, Options, SendOptions } from "./MailboxAsker.ts"

export interface MailboxClient extends Pick<MailboxAsker.MailboxAsker, "cast" | "request"> {
  /** What the nodes say, as they say it. Ends when no reply has come for `timeout`, and at once when no node is there. */
  readonly ask: (
    method: string,
    args: Readonly<Record<string, unknown>>,
    options?: MailboxAsker.AskOptions
  ) => Stream.Stream<Reply, MessagingError>
  /** The replies under a ticket, those that have come already first. They are handed out once. */
  readonly collect: (ticket: string, options?: MailboxAsker.CollectOptions) => Stream.Stream<Reply>
}

/** Connects when it is first used; closes with the scope. */
export const make = (
  options: MailboxAsker.Options
): Effect.Effect<MailboxClient, never, Transport | Scope.Scope> =>
  Effect.map(MailboxAsker.make(options), ({ ask, cast, collect, request }) => ({
    ask: (method, args, options) => streamed((onReply) => ask(method, args, onReply, options)),
    cast,
    request,
    collect: (ticket, options) => streamed((onReply) => collect(ticket, onReply, options))
  }))

/** Replies that are not read yet. */
const bufferSize = 10_000

const streamed = <E>(asking: (onReply: MailboxAsker.OnReply) => Effect.Effect<void, E>): Stream.Stream<Reply, E> =>
  Stream.callback<Reply, E>(
    (queue) =>
      Effect.matchCauseEffect(asking((reply) => void Queue.offerUnsafe(queue, reply)), {
        onSuccess: () => Queue.end(queue),
        onFailure: (cause) => Queue.failCause(queue, cause)
      }),
    { bufferSize, strategy: "dropping" }
  )
