/**
 * The publishes of one channel that are under way: waiting to be sent, or sent
 * and waiting for the broker's confirm.
 *
 * A publish ends once, with one outcome: confirmed, `Unroutable` (the broker
 * returned it before confirming), `Nacked`, `PublishTimedOut`, `OutcomeUnknown`
 * (sent, but the channel went away before the confirm), or the reason why the
 * channel is gone (never sent: safe to send again).
 *
 * Nothing is sent while the socket is full or the broker blocks publishers:
 * such messages wait in a bounded queue, and one whose deadline passes there
 * was never sent. Deadlines are kept by one coarse timer that runs only while
 * something is under way; it uses the machine's monotonic clock, since a timer
 * or a fiber for each publish would cost more than the publish.
 *
 * @since 0.1.0
 */
import type { Address, Message } from "@celeriac/messaging/Message"
import {
  because,
  BufferFull,
  Nacked,
  OutcomeUnknown,
  PublishTimedOut,
  type Reason,
  TooLarge,
  Unencodable,
  Unroutable
} from "@celeriac/messaging/MessagingError"
import * as MutableList from "effect/MutableList"
import { FieldTableError } from "../FieldTable.ts"
import { machineTimer, type OnOutcome, type PublisherTimer, Publishing } from "./Publishing.ts"

/** What a publisher needs of its channel. */
interface PublisherWire {
  /** Writes a message; false when the next should wait for `resume`. Throws `FieldTableError` when it has no form. */
  readonly send: (message: Message, to: Address, mandatory: boolean) => boolean
  /** Why the broker blocks publishers at the moment, if it does. */
  readonly blocked: () => string | undefined
}

interface PublisherOptions {
  /** How many messages may wait to be sent. Default 10,000. */
  readonly maxWaiting?: number
  /** How many bytes of bodies may wait to be sent. Default 64 MiB. */
  readonly maxWaitingBytes?: number
  readonly timer?: PublisherTimer
}

/** How late a deadline may be noticed, in ms. */
const Tick = 50

export class Publisher {
  readonly #wire: PublisherWire
  readonly #timer: PublisherTimer
  readonly #maxWaiting: number
  readonly #maxWaitingBytes: number
  /** Sent; the first, at `#head`, has the confirm number `#base`. Undefined where confirmed out of order. */
  #sent: Array<Publishing | undefined> = []
  #head = 0
  #base = 1
  /** Not sent yet; some have ended, and `#waitingCount` have not. */
  readonly #waiting = MutableList.make<Publishing>()
  #waitingCount = 0
  #waitingBytes = 0
  /** Sent or waiting, and not ended. */
  #underWay = 0
  #full = false
  #earliest = Infinity
  #stopTimer: (() => void) | undefined
  #closed: Reason | undefined

  constructor(wire: PublisherWire, options: PublisherOptions = {}) {
    this.#wire = wire
    this.#timer = options.timer ?? machineTimer
    this.#maxWaiting = options.maxWaiting ?? 10_000
    this.#maxWaitingBytes = options.maxWaitingBytes ?? 64 * 1024 * 1024
  }

  /** How many publishes have no outcome yet. */
  get underWay(): number {
    return this.#underWay
  }

  publish(message: Message, to: Address, mandatory: boolean, millis: number, onOutcome: OnOutcome): void {
    if (this.#closed !== undefined) return onOutcome(because("publish", this.#closed))
    const publishing = new Publishing(message, to, mandatory, millis, this.#timer.now(), onOutcome)
    this.#underWay++
    if (publishing.deadline < this.#earliest) this.#earliest = publishing.deadline
    if (this.#full || this.#waitingCount > 0 || this.#wire.blocked() !== undefined) this.#wait(publishing)
    else this.#send(publishing)
    if (this.#stopTimer === undefined && this.#underWay > 0) this.#startTimer()
  }

  /** The socket has room again, or the broker takes messages again. */
  resume(): void {
    this.#full = false
    while (!this.#full && this.#wire.blocked() === undefined) {
      const publishing = MutableList.take(this.#waiting)
      if (publishing === MutableList.Empty) return
      if (publishing.ended) continue
      this.#waitingCount--
      this.#waitingBytes -= publishing.message?.body.length ?? 0
      this.#send(publishing)
    }
  }

  /** The broker took, or refused, the message of this number, and with `multiple` all before it. */
  confirmed(number: number, multiple: boolean, nacked: boolean): void {
    if (multiple) {
      while (this.#base <= number && this.#head < this.#sent.length) this.#shift(nacked)
    } else if (number === this.#base) {
      this.#shift(nacked)
    } else {
      const at = this.#head + number - this.#base
      const publishing = this.#sent[at]
      if (publishing === undefined) return
      this.#sent[at] = undefined
      this.#confirm(publishing, nacked)
    }
    while (this.#head < this.#sent.length && this.#sent[this.#head] === undefined) {
      this.#head++
      this.#base++
    }
    if (this.#head === this.#sent.length) {
      this.#sent.length = 0
      this.#head = 0
    } else if (this.#head > 1024 && this.#head * 2 > this.#sent.length) {
      this.#sent = this.#sent.slice(this.#head)
      this.#head = 0
    }
  }

  /** The broker gave back a mandatory message; its confirm follows. Returns come in the order of publishing. */
  returned(exchange: string, routingKey: string, correlationId: string | undefined): void {
    for (let i = this.#head; i < this.#sent.length; i++) {
      const publishing = this.#sent[i]
      if (
        publishing !== undefined && publishing.mandatory && !publishing.returned &&
        publishing.routingKey === routingKey && publishing.exchange === exchange &&
        publishing.correlationId === correlationId
      ) {
        publishing.returned = true
        return
      }
    }
  }

  /** The channel is gone. Ends everything that is under way; `cause` is what the broker complained of. */
  close(reason: Reason, cause: Reason = reason): void {
    if (this.#closed !== undefined) return
    this.#closed = reason
    const sent = this.#sent.slice(this.#head)
    const waiting = MutableList.takeAll(this.#waiting)
    this.#sent = []
    this.#head =
      this.#waitingCount =
      this.#waitingBytes =
        0
    for (const publishing of sent) {
      if (publishing !== undefined) this.#end(publishing, unknownBecause(publishing, cause))
    }
    for (const publishing of waiting) this.#end(publishing, reason)
    this.#stopTimer?.()
    this.#stopTimer = undefined
  }

  #wait(publishing: Publishing): void {
    const size = publishing.message?.body.length ?? 0
    if (this.#waitingCount >= this.#maxWaiting) {
      this.#end(publishing, new BufferFull({ limit: this.#maxWaiting, unit: "messages" }))
    } else if (this.#waitingCount > 0 && this.#waitingBytes + size > this.#maxWaitingBytes) {
      this.#end(publishing, new BufferFull({ limit: this.#maxWaitingBytes, unit: "bytes" }))
    } else {
      this.#waitingCount++
      this.#waitingBytes += size
      MutableList.append(this.#waiting, publishing)
    }
  }

  #send(publishing: Publishing): void {
    const message = publishing.message
    publishing.message = undefined
    if (message === undefined) return
    try {
      this.#full = !this.#wire.send(message, publishing, publishing.mandatory)
    } catch (error) {
      return this.#end(publishing, unsendable(error))
    }
    this.#sent.push(publishing)
  }

  #shift(nacked: boolean): void {
    const publishing = this.#sent[this.#head]
    this.#sent[this.#head] = undefined
    this.#head++
    this.#base++
    if (publishing !== undefined) this.#confirm(publishing, nacked)
  }

  #confirm(publishing: Publishing, nacked: boolean): void {
    const { exchange, routingKey } = publishing
    if (publishing.returned) this.#end(publishing, new Unroutable({ exchange, routingKey }))
    else if (nacked) this.#end(publishing, new Nacked({ exchange, routingKey }))
    else this.#end(publishing, undefined)
  }

  #end(publishing: Publishing, reason: Reason | undefined): void {
    if (publishing.ended) return
    publishing.ended = true
    publishing.message = undefined
    this.#underWay--
    publishing.onOutcome(reason === undefined ? undefined : because("publish", reason))
  }

  #startTimer(): void {
    this.#stopTimer = this.#timer.every(Tick, () => this.#sweep())
  }

  #sweep(): void {
    if (this.#underWay === 0) {
      this.#stopTimer?.()
      this.#stopTimer = undefined
      this.#earliest = Infinity
      return
    }
    const now = this.#timer.now()
    if (now < this.#earliest) return
    const late: Array<Publishing> = []
    let earliest = Infinity
    const look = (publishing: Publishing | undefined): boolean => {
      if (publishing === undefined || publishing.ended) return false
      if (publishing.deadline <= now) return late.push(publishing) > 0
      if (publishing.deadline < earliest) earliest = publishing.deadline
      return false
    }
    for (let i = this.#head; i < this.#sent.length; i++) look(this.#sent[i])
    for (const publishing of MutableList.toArray(this.#waiting)) {
      if (look(publishing)) {
        this.#waitingCount--
        this.#waitingBytes -= publishing.message?.body.length ?? 0
      }
    }
    this.#earliest = earliest
    const blocked = this.#wire.blocked() ?? null
    for (const publishing of late) {
      const { exchange, message, millis, routingKey } = publishing
      this.#end(
        publishing,
        new PublishTimedOut({
          ...{ exchange, routingKey, millis, blocked },
          ...(message === undefined
            ? {}
            : { unsent: blocked === null ? "the socket was full" : "it waited for the broker" })
        })
      )
    }
    if (this.#waitingCount === 0) MutableList.clear(this.#waiting)
  }
}

/** The exchange that the broker complained about, if it did: this message certainly was not stored. */
const unknownBecause = (publishing: Publishing, reason: Reason): Reason =>
  (reason._tag === "NotFound" || reason._tag === "AccessRefused") && reason.detail.includes(`'${publishing.exchange}'`)
    ? reason
    : new OutcomeUnknown({
      exchange: publishing.exchange,
      routingKey: publishing.routingKey,
      detail: reason.message
    })

const unsendable = (error: unknown): Reason => {
  if (error instanceof FieldTableError && error.limit !== undefined) {
    return new TooLarge({ what: "the size of the headers", limit: error.limit })
  }
  return new Unencodable({ detail: error instanceof Error ? error.message : String(error) })
}
