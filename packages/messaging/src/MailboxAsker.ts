/**
 * The side of a mailbox that asks, and calls a function with every reply.
 *
 * ```ts
 * const asker = yield* MailboxAsker.make({ mailbox, clock })
 * yield* asker.ask("ping", {}, ({ node }) => console.log(node), { timeout: "1 second" })
 * ```
 *
 * It has one connection, opened at the first use, and one queue of replies,
 * declared before the first request that wants any; both come back after a loss.
 * Requests are mandatory: when no node listens, that is known at once, and
 * nobody waits. Replies that come when nobody asks for them any more are kept
 * for a while, within bounds. `MailboxClient` makes streams of it; steps, which
 * every worker loads, do without. Source: control section 1.4.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Scope from "effect/Scope"
import { Compressions } from "./Compressions.ts"
import * as Content from "./Content.ts"
import * as Declaration from "./Declaration.ts"
import * as MailboxReplies from "./internal/MailboxReplies.ts"
import * as Wire from "./internal/MailboxWire.ts"
import { Limits } from "./Limits.ts"
import type { LogicalClock } from "./LogicalClock.ts"
import type { Addressing, Mailbox, Reply } from "./Mailbox.ts"
import type { Properties } from "./Message.ts"
import { because, ConnectionLost, type MessagingError } from "./MessagingError.ts"
import { Seals } from "./security/Seal.ts"
import { Serializers } from "./Serializers.ts"
import * as Session from "./Session.ts"
import { type Channel, Transport } from "./Transport.ts"

/** How a request is sent. */
export interface SendOptions extends Addressing {
  /**
   * How long to wait for each reply, from the one before it, and not for all of
   * them; a node does nothing with a request that is older. Default 1 second.
   */
  readonly timeout?: Duration.Input | undefined
  /** How long to wait for the broker. Default 30 seconds. */
  readonly deadline?: Duration.Input | undefined
}

/** How replies are collected. */
export interface AskOptions extends SendOptions {
  /** After so many replies nobody waits for another. Default: as many as there are names in `destination`. */
  readonly limit?: number | undefined
}

export type CollectOptions = Pick<AskOptions, "timeout" | "limit">

/** Must not throw. */
export type OnReply = (reply: Reply) => void

export interface MailboxAsker {
  /** What the nodes say, as they say it. Ends when no reply has come for `timeout`, and at once when no node is there. */
  readonly ask: (
    method: string,
    args: Readonly<Record<string, unknown>>,
    onReply: OnReply,
    options?: AskOptions
  ) => Effect.Effect<void, MessagingError>
  /** Sends a request that wants no reply. Gives whether any node was there to get it. */
  readonly cast: (
    method: string,
    args: Readonly<Record<string, unknown>>,
    options?: SendOptions
  ) => Effect.Effect<boolean, MessagingError>
  /** Like `cast`, with a ticket under which the replies can be collected later. */
  readonly request: (
    method: string,
    args: Readonly<Record<string, unknown>>,
    ticket: string,
    options?: SendOptions
  ) => Effect.Effect<boolean, MessagingError>
  /** The replies under a ticket, those that have come already first. They are handed out once. */
  readonly collect: (ticket: string, onReply: OnReply, options?: CollectOptions) => Effect.Effect<void>
}

export interface Options {
  readonly mailbox: Mailbox
  readonly clock: LogicalClock["Service"]
  /** Of the connection, as the broker's management pages show it. Default `celeriac control`. */
  readonly name?: string | undefined
  /** Makes ids that nobody can guess. Default: random UUIDs. */
  readonly newId?: (() => string) | undefined
}

type Arguments = Readonly<Record<string, unknown>>

const defaultTimeout = "1 second"

/** Connects when it is first used; closes with the scope. */
export const make: (
  options: Options
) => Effect.Effect<MailboxAsker, never, Transport | Scope.Scope> = Effect.fnUntraced(function*(options) {
  const { clock, mailbox, name = "celeriac control" } = options
  const newId = options.newId ?? (() => process.getBuiltinModule("node:crypto").randomUUID())
  const transport = yield* Transport
  const time = yield* Clock.Clock
  const seals = yield* Seals
  const coding = { serializers: yield* Serializers, compressions: yield* Compressions }
  const decoding = { ...coding, accept: mailbox.accept, limits: yield* Limits }
  const replies = new MailboxReplies.MailboxReplies(clock, time, decoding)
  const id = newId()
  const replyTo = { exchange: mailbox.replyExchange.name, routingKey: id }

  const listen = Effect.fnUntraced(function*(channel: Channel) {
    const { name } = yield* Declaration.declareQueue(channel, mailbox.replyQueueOf(id))
    yield* channel.consume(name, { prefetch: 0, noAck: true, onDelivery: replies.receive })
  })

  const session = yield* Session.make({
    what: `mailbox '${mailbox.namespace}'`,
    uri: transport.uri,
    open: Effect.gen(function*() {
      const connection = yield* transport.connect({ name })
      const channel = yield* connection.openChannel()
      yield* channel.declareExchange(mailbox.exchange)
      const scope = yield* Effect.scope
      // Whoever asks first must not leave it half done when he is interrupted, nor wait longer than he wants to.
      const begun = yield* Effect.cached(Effect.forkIn(Scope.provide(listen(channel), scope), scope))
      const lost = Effect.raceFirst(connection.lost, channel.lost)
      const listening = Effect.flatMap(
        Effect.flatMap(begun, Fiber.await),
        // Whoever waits is not interrupted because who listens went with the connection.
        (exit) => Exit.hasInterrupts(exit) ? Effect.raceFirst(lost, Effect.fail(closed(transport.uri))) : exit
      )
      return { channel, listening, lost }
    }),
    watch: ({ lost }) => lost,
    tell: Session.logging(name)
  })

  const send = (method: string, args: Arguments, ticket: string | undefined, how: SendOptions) =>
    Effect.gen(function*() {
      const body = Wire.request(method, args, how, ticket === undefined ? undefined : { ticket, ...replyTo })
      const content = yield* Effect.fromResult(Content.encode(body, { ...coding, serializer: mailbox.serializer }))
      const deadline = how.deadline ?? "30 seconds"
      const { channel, listening } = yield* session.opened(deadline)
      if (ticket !== undefined) {
        yield* Effect.timeoutOrElse(listening, {
          duration: deadline,
          orElse: () => Effect.fail(silent(transport.uri, deadline))
        })
      }
      const headers = { ...content.headers, clock: clock.forward(), expires: expiry(time, how.timeout) }
      const properties: Properties = { ...content.properties, deliveryMode: 2, priority: 0 }
      const message = { body: content.body, headers, properties }
      yield* channel.publish(
        seals === undefined ? message : seals.commands.seal(message),
        { exchange: mailbox.exchange.name, routingKey: "" },
        { mandatory: true, deadline }
      )
      return true
    }).pipe(
      Effect.catch((error) => error.reason._tag === "Unroutable" ? Effect.succeed(false) : Effect.fail(error))
    )

  const hearing = (
    ticket: string,
    onReply: OnReply,
    options: CollectOptions,
    before: Effect.Effect<boolean, MessagingError>
  ) =>
    Effect.suspend(() => {
      const patience = new Patience(time, options)
      const collect = (reply: Reply): void => {
        if (!patience.wants) return
        onReply(reply)
        // Not before: whoever waits for the last one goes on within this call.
        patience.took()
      }
      replies.open(ticket, collect)
      return Effect.flatMap(before, (isAnybodyThere) => isAnybodyThere ? patience.ended : Effect.void).pipe(
        Effect.ensuring(Effect.sync(() => replies.close(ticket, collect)))
      )
    })

  return {
    ask: (method, args, onReply, options = {}) =>
      Effect.suspend(() => {
        const ticket = newId()
        return hearing(ticket, onReply, { ...options, limit: limitOf(options) }, send(method, args, ticket, options))
      }),
    cast: (method, args, options = {}) => send(method, args, undefined, options),
    request: (method, args, ticket, options = {}) => send(method, args, ticket, options),
    collect: (ticket, onReply, options = {}) =>
      // Nothing is sent.
      Effect.orDie(hearing(ticket, onReply, options, Effect.succeed(true)))
  }
})

const closed = (uri: string): MessagingError =>
  because("ask", new ConnectionLost({ uri, detail: "it was closed before the queue of replies was declared" }))

const silent = (uri: string, deadline: Duration.Input): MessagingError => {
  const detail = `the queue of replies was not declared within ${Duration.toMillis(deadline)} ms`
  return because("ask", new ConnectionLost({ uri, detail }))
}

/** Seconds since the epoch; 0 is never. */
const expiry = (time: Clock.Clock, timeout: Duration.Input = defaultTimeout): number => {
  const seconds = Duration.toSeconds(timeout)
  return Number.isFinite(seconds) ? time.currentTimeMillisUnsafe() / 1000 + seconds : 0
}

const limitOf = ({ destination = [], limit }: AskOptions): number | undefined =>
  limit ?? (destination.length === 0 ? undefined : destination.length)

/** Until no reply has come for so long, or as many as are wanted have. */
class Patience {
  private readonly time: Clock.Clock
  private readonly timeout: number
  private readonly limit: number
  private readonly enough = Latch.makeUnsafe()
  private count = 0
  private since = 0

  constructor(time: Clock.Clock, { limit = Infinity, timeout = defaultTimeout }: CollectOptions) {
    this.time = time
    this.timeout = Duration.toMillis(timeout)
    this.limit = limit
    if (limit <= 0) this.enough.openUnsafe()
  }

  /** Whether another reply is wanted. */
  get wants(): boolean {
    return this.count < this.limit
  }

  /** One has come. */
  took(): void {
    this.since = this.time.currentTimeMillisUnsafe()
    if (++this.count === this.limit) this.enough.openUnsafe()
  }

  readonly ended: Effect.Effect<void> = Effect.suspend(() => {
    this.since = this.time.currentTimeMillisUnsafe()
    return Effect.raceFirst(this.enough.await, this.untilQuiet)
  })

  private readonly untilQuiet: Effect.Effect<void> = Effect.suspend(() => {
    const left = this.since + this.timeout - this.time.currentTimeMillisUnsafe()
    if (left <= 0) return Effect.void
    return left === Infinity ? Effect.never : Effect.andThen(Effect.sleep(left), this.untilQuiet)
  })
}
