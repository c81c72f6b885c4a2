/**
 * The side of a mailbox that is asked.
 *
 * ```ts
 * const node = yield* MailboxNode.listen(channel, {
 *   mailbox, clock, nodename: "celery@host",
 *   onRequest: (request, reply) => reply({ ok: "pong" })
 * })
 * ```
 *
 * It listens on a channel for as long as the scope is open; what opens it again
 * is `Session`'s. Whatever is sent to it, it goes on: what is no request, is past
 * its `expires`, or wants its reply in another exchange is ignored, and told of.
 * Source: control section 1.2.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import { Compressions } from "./Compressions.ts"
import * as Content from "./Content.ts"
import * as Declaration from "./Declaration.ts"
import * as Wire from "./internal/MailboxWire.ts"
import { Limits } from "./Limits.ts"
import type { LogicalClock } from "./LogicalClock.ts"
import type { Mailbox, Request } from "./Mailbox.ts"
import type { Address, Delivery, Message } from "./Message.ts"
import type { MessagingError } from "./MessagingError.ts"
import { Seals } from "./security/Seal.ts"
import { Serializers } from "./Serializers.ts"
import type { Channel } from "./Transport.ts"

/** Sends the reply, if anybody waits for one. A function: it does not wait, and what becomes of the reply is not known. */
export type SendReply = (value: unknown) => void

export interface Options {
  readonly mailbox: Mailbox
  readonly nodename: string
  readonly clock: LogicalClock["Service"]
  /** Called once for each request to this node, in order, synchronously. What it throws is answered as an error. */
  readonly onRequest: (request: Request, reply: SendReply) => void
  /**
   * Sends a reply. Default: over the channel; who consumes other things over that
   * connection sends them over another, for a broker that blocks publishers stops
   * reading from one that publishes.
   */
  readonly send?: ((message: Message, to: Address) => void) | undefined
  /** Why a message was not taken for a request. */
  readonly onIgnored?: ((why: string) => void) | undefined
}

/** A node that listens. */
export interface MailboxNode {
  /** Somebody else consumes the queue of this name already: two nodes have one name. */
  readonly isDuplicate: boolean
}

/** How a reply is published. */
const how = { mandatory: false, deadline: "10 seconds" } as const

/** Declares the node's queue and consumes it. A name that another connection has exclusively fails with `PreconditionFailed`. */
export const listen: (
  channel: Channel,
  options: Options
) => Effect.Effect<MailboxNode, MessagingError, Scope.Scope> = Effect.fnUntraced(function*(channel, options) {
  const listening = new Listening(
    channel,
    options,
    yield* Clock.Clock,
    {
      accept: options.mailbox.accept,
      limits: yield* Limits,
      serializers: yield* Serializers,
      compressions: yield* Compressions
    },
    yield* Seals
  )
  const { mailbox, nodename } = options
  yield* channel.declareExchange(mailbox.replyExchange)
  const state = yield* Declaration.declareQueue(channel, mailbox.queueOf(nodename))
  yield* channel.consume(state.name, { prefetch: 0, noAck: true, onDelivery: listening.receive })
  return { isDuplicate: state.consumerCount > 0 }
})

class Listening {
  private readonly post: (message: Message, to: Address) => void
  private readonly options: Options
  private readonly time: Clock.Clock
  private readonly coding: Content.DecodeOptions

  private readonly seals: Seals | undefined

  constructor(
    channel: Channel,
    options: Options,
    time: Clock.Clock,
    coding: Content.DecodeOptions,
    seals: Seals | undefined
  ) {
    // Whoever asked may be gone, and the channel too: nobody can be told.
    this.post = options.send ?? ((message, to) => channel.publishUnsafe(message, to, how, () => {}))
    this.options = options
    this.time = time
    this.coding = coding
    this.seals = seals
  }

  readonly receive = (delivery: Delivery): void => {
    const { clock, mailbox, nodename, onRequest } = this.options
    clock.forward()
    clock.adjust(Wire.numberOf(delivery.headers, "clock") ?? 0)
    const verdict = this.seals?.commands.check(delivery)
    if (verdict?._tag === "Refused") return this.ignored(`a command that cannot be trusted: ${verdict.detail}`)
    const body = Content.decode(delivery, this.coding)
    if (Result.isFailure(body)) return this.ignored(body.failure.reason.message)
    const read = Wire.readRequest(body.success, nodename, mailbox.replyExchange.name)
    if (Result.isFailure(read)) {
      this.ignored(read.failure.detail)
      return this.send(read.failure, { error: `TypeError('${read.failure.detail.replaceAll("'", "\\'")}')` })
    }
    const request = read.success
    if (request === undefined) return
    const late = Wire.secondsPast(delivery.headers, this.time.currentTimeMillisUnsafe())
    if (late > 0) {
      return this.ignored(
        `${request.method} expired ${late.toFixed(3)} s ago. If it was just sent, the clocks of the hosts differ`
      )
    }
    try {
      onRequest(request, (value) => this.send(request, value))
    } catch (defect) {
      this.ignored(`${request.method} threw: ${String(defect)}`)
      this.send(request, { error: "RuntimeError('the command broke')" })
    }
  }

  private ignored(why: string): void {
    this.options.onIgnored?.(why)
  }

  private send({ replyTo, ticket }: Pick<Request, "replyTo" | "ticket">, value: unknown): void {
    if (replyTo === undefined) return
    const { clock, mailbox } = this.options
    const content = this.encode(value)
    const message: Message = {
      body: content.body,
      headers: { ...content.headers, ticket: ticket ?? null, clock: clock.forward() },
      properties: { ...content.properties, deliveryMode: 1, priority: 0 }
    }
    this.post(message, { exchange: mailbox.replyExchange.name, routingKey: replyTo })
  }

  private encode(value: unknown): Content.Encoded {
    const { mailbox, nodename } = this.options
    const coding = { ...this.coding, serializer: mailbox.serializer }
    const encoded = Content.encode({ [nodename]: value === undefined ? null : value }, coding)
    if (Result.isSuccess(encoded)) return encoded.success
    this.ignored(`its reply could not be written: ${encoded.failure.reason.message}`)
    return Result.getOrThrow(
      Content.encode({ [nodename]: { error: "EncodeError('the reply could not be written')" } }, coding)
    )
  }
}
