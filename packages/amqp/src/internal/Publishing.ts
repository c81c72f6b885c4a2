/**
 * One publish under way, and the clock that its deadline is read from.
 *
 * @since 0.1.0
 */
import type { Address, Headers, Message, Properties } from "@celeriac/messaging/Message"
import type { MessagingError } from "@celeriac/messaging/MessagingError"

/** Called once: with nothing when the broker has confirmed, or with what went wrong. */
export type OnOutcome = (error: MessagingError | undefined) => void

export class Publishing {
  readonly exchange: string
  readonly routingKey: string
  readonly properties: Properties
  readonly headers: Headers
  /** Of the body, in bytes. */
  readonly size: number
  readonly mandatory: boolean
  readonly millis: number
  readonly deadline: number
  readonly onOutcome: OnOutcome
  /** Let go once sent. */
  message: Message | undefined
  /** Nothing like it was confirmed when it was sent. */
  isNew = false
  returned = false
  ended = false

  constructor(message: Message, to: Address, mandatory: boolean, millis: number, now: number, onOutcome: OnOutcome) {
    this.message = message
    this.exchange = to.exchange
    this.routingKey = to.routingKey
    this.properties = message.properties
    this.headers = message.headers
    this.size = message.body.length
    this.mandatory = mandatory
    this.millis = millis
    this.deadline = now + millis
    this.onOutcome = onOutcome
  }
}

export interface PublisherTimer {
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number
  /** Calls `tick` every so many ms until the answer is called. */
  readonly every: (millis: number, tick: () => void) => () => void
}

/** The machine's monotonic clock: see `Publisher` for why it is not a fiber on Effect's. */
export const machineTimer: PublisherTimer = {
  now: () => performance.now(), // deadlines of what is on the wire are real time
  every: (millis, tick) => {
    const timer = setInterval(tick, millis)
    timer.unref()
    return () => clearInterval(timer)
  }
}
