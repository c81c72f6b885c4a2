/**
 * A message of an outbox: what is to be done with it, until when, and what has
 * happened to it so far.
 *
 * @since 0.1.0
 */
import type { Address, Message } from "../Message.ts"
import { because, type MessagingError, PublishTimedOut } from "../MessagingError.ts"
import type { PublishOptions } from "../Transport.ts"
import type { Live, Waiter } from "./Link.ts"
import type { SendOptions } from "./SendOptions.ts"

/** Who sends it. */
interface Carrier {
  readonly send: (entry: Entry, live: Live) => void
  readonly finish: (entry: Entry, error: MessagingError | undefined) => void
}

/** A message under way. */
export class Entry implements Waiter {
  private readonly post: Carrier
  readonly message: Message
  readonly to: Address
  readonly how: SendOptions
  readonly millis: number
  readonly expiresAt: number
  readonly patient: boolean
  readonly onOutcome: (error: MessagingError | undefined) => void
  /** The broker closed a channel because of it, or of another: it is sent by itself. */
  isSuspect = false
  /** How often the broker said that it did not take it. */
  nacks = 0
  /** Whoever sent it does not want to know any more. */
  isForgotten = false

  constructor(
    post: Carrier,
    message: Message,
    to: Address,
    how: SendOptions,
    millis: number,
    expiresAt: number,
    patient: boolean,
    onOutcome: (error: MessagingError | undefined) => void
  ) {
    this.post = post
    this.message = message
    this.to = to
    this.how = how
    this.millis = millis
    this.expiresAt = expiresAt
    this.patient = patient
    this.onOutcome = onOutcome
  }

  onLive(live: Live): void {
    this.post.send(this, live)
  }

  onFailure(error: MessagingError): void {
    this.post.finish(this, error)
  }

  onExpiry(lastError: MessagingError | undefined): void {
    this.post.finish(this, timedOut(this, undefined, lastError?.reason.message ?? "no connection to the broker"))
  }
}

export const optionsOf = ({ how }: Entry, deadline: number): PublishOptions => ({
  mandatory: how.mandatory ?? true,
  deadline
})

export const timedOut = (entry: Entry, live: Live | undefined, unsent: string): MessagingError =>
  because(
    "publish",
    new PublishTimedOut({
      ...entry.to,
      millis: entry.millis,
      blocked: live?.connection.blocked() ?? null,
      unsent
    })
  )
