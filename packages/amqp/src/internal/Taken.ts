/**
 * What a broker is known to take: over one connection what it has confirmed the
 * like of, and over all of them the size that it has refused.
 *
 * A broker that refuses a message closes the channel, and then nobody hears
 * what became of those before it. So a message that is the first of its kind
 * is not sent before these are confirmed: see `Publisher`.
 *
 * @since 0.1.0
 */
import { BoundedMap } from "@celeriac/messaging/BoundedMap"
import type { Address, Message } from "@celeriac/messaging/Message"

/** Bodies up to this size are taken everywhere, as far as anybody has lowered the limit. */
const smallBody = 128 * 1024

/** A client that makes up names for ever does not fill the memory. */
const maxKnown = 1_000

/** In milliseconds: RabbitMQ's timers hold no more. */
const longestExpiration = 4_294_967_295

/** Bodies over this many bytes are refused: the broker has said so, or we were told. One for all connections to it. */
export interface SizeLimit {
  bytes: number
}

export class Taken {
  readonly limit: SizeLimit
  #largest = smallBody
  #lastExchange: string | undefined
  readonly #exchanges = new BoundedMap<string, true>(maxKnown)
  readonly #userIds = new BoundedMap<string, true>(maxKnown)

  constructor(limit: SizeLimit) {
    this.limit = limit
  }

  /** Whether nothing like it was confirmed yet, so that it may be refused. */
  isNew({ body, headers, properties }: Message, { exchange }: Address): boolean {
    return body.length > this.#largest || !this.knowsExchange(exchange) ||
      (properties.userId !== undefined && !this.#userIds.has(properties.userId)) ||
      (properties.expiration !== undefined && !isExpiration(properties.expiration)) ||
      !modes.has(properties.deliveryMode) ||
      isOdd(headers["CC"]) || isOdd(headers["BCC"])
  }

  knowsExchange(exchange: string): boolean {
    if (exchange === this.#lastExchange) return true
    if (!this.#exchanges.has(exchange)) return false
    this.#lastExchange = exchange
    return true
  }

  /** The broker took a message that was new. */
  confirmed(size: number, exchange: string, userId: string | undefined): void {
    if (size > this.#largest) this.#largest = size
    this.#exchanges.set(exchange, true)
    if (userId !== undefined) this.#userIds.set(userId, true)
  }

  /** The broker refuses what goes there. */
  forget(exchange: string): void {
    this.#exchanges.delete(exchange)
    this.#lastExchange = undefined
  }
}

const modes: ReadonlySet<unknown> = new Set([undefined, 1, 2])

const isExpiration = (text: string): boolean => /^\d{1,10}$/.test(text) && Number(text) <= longestExpiration

/** What copies are addressed to is a list of routing keys. */
const isOdd = (copies: unknown): boolean => copies !== undefined && !Array.isArray(copies)
