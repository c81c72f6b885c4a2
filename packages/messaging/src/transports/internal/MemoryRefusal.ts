/**
 * What the broker says when it refuses an operation and closes the channel
 * that asked: an AMQP reply code and text, in RabbitMQ's words.
 *
 * @since 0.1.0
 */
import type { Arguments } from "../../Entity.ts"
import type { Address } from "../../Message.ts"
import {
  AccessRefused,
  ChannelClosed,
  MessageRefused,
  NotFound,
  PreconditionFailed,
  type Reason,
  TooLarge
} from "../../MessagingError.ts"
import { isSame } from "./MemoryRouting.ts"

/** Thrown inside the broker, and caught where the operation entered it. */
export class Refusal {
  readonly code: number
  readonly text: string
  /** Of the operation. */
  readonly reason: Reason

  constructor(code: number, text: string, reason: Reason) {
    this.code = code
    this.text = text
    this.reason = reason
  }

  /** Of the channel: that it was closed, or that access was refused. */
  get closure(): ChannelClosed | AccessRefused {
    return this.reason._tag === "AccessRefused"
      ? this.reason
      : new ChannelClosed({ code: this.code, detail: this.text })
  }
}

/** What those are told who use what they have closed. */
export const byOwner = (): ChannelClosed =>
  new ChannelClosed({ code: 504, detail: "CHANNEL_ERROR - its owner closed it" })

export const notFound = (kind: "queue" | "exchange", name: string): Refusal => {
  const text = `NOT_FOUND - no ${kind} '${name}' in vhost '/'`
  return new Refusal(404, text, new NotFound({ detail: text }))
}

export const locked = (queue: string): Refusal => {
  const text = `RESOURCE_LOCKED - cannot obtain exclusive access to locked queue '${queue}' in vhost '/'`
  return new Refusal(405, text, new PreconditionFailed({ entity: `queue '${queue}'`, detail: text }))
}

export const accessRefused = (uri: string, detail: string): Refusal => {
  const text = `ACCESS_REFUSED - ${detail}`
  return new Refusal(403, text, new AccessRefused({ uri, detail: text }))
}

/** A consumer that wants the queue for itself, or is not alone in it: nothing that credentials would cure. */
export const inExclusiveUse = (queue: string): Refusal =>
  channelError(403, `ACCESS_REFUSED - queue '${queue}' in vhost '/' in exclusive use`)

export const tagReused = (tag: string): Refusal =>
  channelError(530, `NOT_ALLOWED - attempt to reuse consumer tag '${tag}'`)

/** Of a binding by headers: it must say how they are to match, in words that there are. */
export const requireMatch = (match: unknown): void => {
  if (match === undefined || matches.has(match)) return
  throw channelError(
    406,
    typeof match === "string"
      ? `PRECONDITION_FAILED - Invalid x-match field value "${match}"; expected all, any, all-with-x, or any-with-x`
      : `PRECONDITION_FAILED - Invalid x-match field type ${typeof match} (value ${String(match)}); expected longstr`
  )
}

const matches: ReadonlySet<unknown> = new Set(["all", "any", "all-with-x", "any-with-x"])

const channelError = (code: number, text: string): Refusal =>
  new Refusal(code, text, new ChannelClosed({ code, detail: text }))

export const preconditionFailed = (entity: string, detail: string): Refusal => {
  const text = `PRECONDITION_FAILED - ${detail}`
  return new Refusal(406, text, new PreconditionFailed({ entity, detail: text }))
}

/** Of one message, for what it is. */
export const messageRefused = ({ exchange, routingKey }: Address, detail: string): Refusal => {
  const text = `PRECONDITION_FAILED - ${detail}`
  return new Refusal(406, text, new MessageRefused({ exchange, routingKey, code: 406, detail: text }))
}

export const tooLarge = (size: number, limit: number): Refusal =>
  new Refusal(
    406,
    `PRECONDITION_FAILED - message size ${size} is larger than configured max size ${limit}`,
    new TooLarge({ what: `the message of ${size} bytes`, limit })
  )

/** Refuses the first of these values that differs from what there is. */
export const requireSame = (
  entity: string,
  received: Arguments,
  current: Arguments,
  keys: ReadonlyArray<string>
): void => {
  for (const key of keys) {
    if (isSame(received[key], current[key])) continue
    throw preconditionFailed(
      entity,
      `inequivalent arg '${key}' for ${entity} in vhost '/': received ${say(received[key])} but current is ${
        say(current[key])
      }`
    )
  }
}

const say = (value: unknown): string => value === undefined ? "none" : `'${String(value)}'`
