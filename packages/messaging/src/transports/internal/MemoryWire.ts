/**
 * A message as it leaves the wire of a broker, though there is none: a copy, in
 * which nothing is alive that the sender has.
 *
 * Headers are what an AMQP field table gives back: whole seconds of a date,
 * numbers of integers, nothing of what is undefined. What has no form there, or
 * is too long, is refused here as well, so that what passes in memory passes on
 * RabbitMQ. Spec: AMQP 0-9-1 §4.2.5.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import type { Address, Headers, Message, Properties } from "../../Message.ts"
import { type Reason, TooLarge, Unencodable } from "../../MessagingError.ts"

/** Why a message cannot be sent. */
export class Unsendable {
  readonly reason: Reason
  constructor(reason: Reason) {
    this.reason = reason
  }
}

/** What arrives. Throws `Unsendable`. */
export const carry = (message: Message, to: Address): Message => {
  checkShort("exchange", to.exchange)
  checkShort("routing key", to.routingKey)
  return {
    // Of a `Buffer`, `slice` is a view.
    body: new Uint8Array(message.body),
    headers: new Table().carry(message.headers),
    properties: carryProperties(message.properties)
  }
}

/** RabbitMQ's, of a frame: headers have to fit in one. */
const mostBytes = 131_072
const deepest = 64

const refuse = (detail: string): never => {
  throw new Unsendable(new Unencodable({ detail }))
}

/** Texts of the protocol itself have a length of one byte. */
const checkShort = (what: string, text: string): void => {
  if (text.length > 63 && Buffer.byteLength(text) > 255) {
    refuse(`the ${what} '${text.slice(0, 40)}…' is longer than 255 bytes`)
  }
}

const carryProperties = (properties: Properties): Properties => {
  const out: Record<string, string | number> = {}
  for (const [name, value] of Object.entries(properties) as ReadonlyArray<[string, string | number | undefined]>) {
    if (value === undefined) continue
    if (typeof value === "string") checkShort(nameOf[name] ?? name, value)
    out[name] = value
  }
  return out
}

const nameOf: Readonly<Record<string, string>> = {
  contentType: "content type",
  contentEncoding: "content encoding",
  correlationId: "correlation id",
  replyTo: "reply-to",
  messageId: "message id",
  userId: "user id",
  appId: "app id"
}

/** Copies headers, and counts what they would take. */
class Table {
  private bytes = 0

  carry(headers: Headers): Headers {
    return this.table(headers, 0)
  }

  private table(table: object, depth: number): Record<string, unknown> {
    this.enter(depth)
    const out: Record<string, unknown> = {}
    for (const [key, value] of Object.entries(table)) {
      if (value === undefined) continue
      checkShort("header or argument name", key)
      this.count(1 + key.length)
      const copy = this.value(value, depth)
      if (key !== "__proto__") out[key] = copy
      else Object.defineProperty(out, key, { value: copy, enumerable: true, configurable: true, writable: true })
    }
    return out
  }

  private value(value: unknown, depth: number): unknown {
    switch (typeof value) {
      case "string":
        this.count(5 + Buffer.byteLength(value))
        return value.toWellFormed()
      case "number":
      case "boolean":
        this.count(9)
        return value
      case "bigint":
        this.count(9)
        if (value !== BigInt.asIntN(64, value)) refuse(`the integer ${value} does not fit in 64 bits: send it as text`)
        return Number.isSafeInteger(Number(value)) ? Number(value) : value
      case "object":
        this.count(5)
        return value === null ? null : this.object(value, depth)
      default:
        return refuse(`a ${typeof value} has no form in headers or arguments`)
    }
  }

  private object(value: object, depth: number): unknown {
    if (Array.isArray(value)) {
      this.enter(depth + 1)
      return value.map((item) => this.value(item ?? null, depth + 1))
    }
    if (value instanceof Uint8Array) {
      this.count(value.length)
      return new Uint8Array(value)
    }
    if (value instanceof Date) return toSeconds(value.getTime())
    if (DateTime.isDateTime(value)) return toSeconds(value.epochMilliseconds)
    return this.table(value, depth + 1)
  }

  private enter(depth: number): void {
    if (depth > deepest) refuse(`headers or arguments nest deeper than ${deepest} levels`)
  }

  private count(bytes: number): void {
    this.bytes += bytes
    if (this.bytes > mostBytes) {
      throw new Unsendable(new TooLarge({ what: "the size of the headers", limit: mostBytes }))
    }
  }
}

const toSeconds = (millis: number): Date =>
  millis >= 0
    ? new Date(millis - millis % 1000)
    : refuse("a date before 1970, or an invalid one, has no form in headers or arguments")
