/**
 * The publishes of one channel that are under way: waiting to be sent, or sent
 * and waiting for the broker's confirm.
 *
 * A publish ends once, with one outcome: confirmed, `Unroutable` (the broker
 * returned it before confirming), `Nacked`, `PublishTimedOut`, `OutcomeUnknown`
 * (sent, but the channel went away before the confirm), what the broker has
 * against it, or the reason why the channel is gone (never sent, or never
 * looked at: safe to send again).
 *
 * A message that the broker refuses closes the channel, and what was sent
 * before it, and is not confirmed, is of unknown outcome. So one that the
 * broker has not taken the like of waits until all that was sent before is
 * confirmed, though not for long: a queue that does not confirm must not hold
 * up the others.
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
  PublishTimedOut,
  type Reason,
  TooLarge,
  Unencodable,
  Unroutable
} from "@celeriac/messaging/MessagingError"
import * as MutableList from "effect/MutableList"
import { FieldTableError } from "../FieldTable.ts"
import * as Complaint from "./Complaint.ts"
import { machineTimer, type OnOutcome, type PublisherTimer, Publishing } from "./Publishing.ts"
import type { Taken } from "./Taken.ts"
import { Unconfirmed } from "./Unconfirmed.ts"

/** What a publisher needs of its channel. */
interface PublisherWire {
  /** Writes a message; false when the next should wait for `resume`. Throws `FieldTableError` when it has no form. */
  readonly send: (message: Message, to: Address, mandatory: boolean) => boolean
  /** Why the broker blocks publishers at the moment, if it does. */
  readonly blocked: () => string | undefined
  /** What the broker is known to take. */
  readonly taken: Taken
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

/** How long a message that is new to the broker waits for the confirms of others, in ms. */
const Patience = 1_000

export class Publisher {
  readonly #wire: PublisherWire
  readonly #timer: PublisherTimer
  readonly #maxWaiting: number
  readonly #maxWaitingBytes: number
  readonly #sent = new Unconfirmed()
  /** Not sent yet; some have ended, and `#waitingCount` have not. */
  readonly #waiting = MutableList.make<Publishing>()
  #waitingCount = 0
  #waitingBytes = 0
  /** The first of those that wait, taken off, if it waits for the confirms of all that were sent; and until when. */
  #cautious: Publishing | undefined
  #cautiousUntil = Infinity
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
    const { limit } = this.#wire.taken
    if (message.body.length > limit.bytes) {
      return onOutcome(because("publish", Complaint.tooLarge(message.body.length, limit.bytes)))
    }
    const publishing = new Publishing(message, to, mandatory, millis, this.#timer.now(), onOutcome)
    this.#underWay++
    if (publishing.deadline < this.#earliest) this.#earliest = publishing.deadline
    if (this.#waitingCount > 0 || this.#isHeldUp) this.#wait(publishing)
    else if (this.#unconfirmed > 0 && this.#wire.taken.isNew(message, to)) {
      this.#wait(publishing)
      this.#proceed()
    } else this.#send(publishing)
    if (this.#stopTimer === undefined && this.#underWay > 0) this.#startTimer()
  }

  /** The socket has room again, or the broker takes messages again. */
  resume(): void {
    this.#full = false
    this.#proceed()
  }

  /** The broker took, or refused, the message of this number, and with `multiple` all before it. */
  confirmed(number: number, multiple: boolean, nacked: boolean): void {
    this.#sent.take(number, multiple, nacked ? this.#onNack : this.#onAck)
    if (this.#cautious !== undefined) this.#proceed()
  }

  /** The broker gave back a mandatory message; its confirm follows. */
  returned(exchange: string, routingKey: string, correlationId: string | undefined): void {
    this.#sent.returned(exchange, routingKey, correlationId)
  }

  /** The channel is gone, `complaint` being the broker's about one of the messages. Ends everything that is under way. */
  close(reason: Reason, complaint?: Complaint.Complaint): void {
    if (this.#closed !== undefined) return
    this.#closed = reason
    const { taken } = this.#wire
    const sent = this.#sent.takeAll()
    const waiting = MutableList.takeAll(this.#waiting)
    if (this.#cautious !== undefined) waiting.unshift(this.#cautious)
    this.#cautious = undefined
    this.#waitingCount = this.#waitingBytes = 0
    const endings = Complaint.endings(complaint, reason, sent, waiting, (exchange) => taken.knowsExchange(exchange))
    if (complaint !== undefined) learn(taken, complaint, endings.map(([publishing]) => publishing))
    for (const [publishing, ending] of endings) this.#end(publishing, ending)
    this.#stopTimer?.()
    this.#stopTimer = undefined
  }

  /** Nothing can be sent, for who knows how long. Waiting for confirms is over soon. */
  get #isHeldUp(): boolean {
    return this.#full || this.#wire.blocked() !== undefined
  }

  /** Sent, and without an outcome. */
  get #unconfirmed(): number {
    return this.#underWay - this.#waitingCount
  }

  /** Sends what waits, as far as it may be sent. */
  #proceed(): void {
    while (!this.#isHeldUp) {
      const publishing = this.#cautious ?? MutableList.take(this.#waiting)
      if (publishing === MutableList.Empty) return
      if (!publishing.ended) {
        if (this.#isTooEarly(publishing)) return
        this.#waitingCount--
        this.#waitingBytes -= publishing.size
      }
      this.#cautious = undefined
      this.#send(publishing)
    }
  }

  #isTooEarly(publishing: Publishing): boolean {
    const { message } = publishing
    if (message === undefined || this.#unconfirmed === 0 || !this.#wire.taken.isNew(message, publishing)) return false
    const now = this.#timer.now()
    if (publishing === this.#cautious) return now < this.#cautiousUntil
    this.#cautious = publishing
    this.#cautiousUntil = now + Patience
    return true
  }

  #wait(publishing: Publishing): void {
    const { size } = publishing
    if (this.#waitingCount >= this.#maxWaiting) {
      this.#end(publishing, new BufferFull({ limit: this.#maxWaiting, unit: "messages" }))
    } else if (this.#isHeldUp && this.#waitingCount > 0 && this.#waitingBytes + size > this.#maxWaitingBytes) {
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
    publishing.isNew = this.#wire.taken.isNew(message, publishing)
    try {
      this.#full = !this.#wire.send(message, publishing, publishing.mandatory)
    } catch (error) {
      return this.#end(publishing, unsendable(error))
    }
    this.#sent.push(publishing)
  }

  readonly #onAck = (publishing: Publishing): void => this.#answered(publishing, false)

  readonly #onNack = (publishing: Publishing): void => this.#answered(publishing, true)

  #answered(publishing: Publishing, nacked: boolean): void {
    const { exchange, routingKey } = publishing
    if (publishing.isNew) this.#wire.taken.confirmed(publishing.size, exchange, publishing.properties.userId)
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
    if (now >= this.#earliest) this.#expire(now)
    if (this.#cautious !== undefined) this.#proceed()
  }

  #expire(now: number): void {
    const late: Array<Publishing> = []
    let earliest = Infinity
    const look = (publishing: Publishing): boolean => {
      if (publishing.ended) return false
      if (publishing.deadline <= now) return late.push(publishing) > 0
      if (publishing.deadline < earliest) earliest = publishing.deadline
      return false
    }
    this.#sent.forEach(look)
    for (const publishing of [this.#cautious, ...MutableList.toArray(this.#waiting)]) {
      if (publishing !== undefined && look(publishing)) {
        this.#waitingCount--
        this.#waitingBytes -= publishing.size
      }
    }
    this.#earliest = earliest
    const blocked = this.#wire.blocked() ?? null
    const unsent = this.#full ? "the socket was full" : "what was sent before it was not confirmed"
    for (const publishing of late) {
      const { exchange, message, millis, routingKey } = publishing
      this.#end(
        publishing,
        new PublishTimedOut({
          ...{ exchange, routingKey, millis, blocked },
          ...(message === undefined
            ? {}
            : { unsent: blocked === null ? unsent : "it waited for the broker" })
        })
      )
    }
    if (this.#waitingCount === 0) MutableList.clear(this.#waiting)
  }
}

/** What is known to be refused is not sent again. */
const learn = (taken: Taken, complaint: Complaint.Complaint, publishings: ReadonlyArray<Publishing>): void => {
  taken.limit.bytes = Complaint.limitOf(complaint.detail) ?? taken.limit.bytes
  if (!Complaint.isAboutExchange(complaint)) return
  for (const publishing of publishings) if (Complaint.fits(complaint, publishing)) taken.forget(publishing.exchange)
}

const unsendable = (error: unknown): Reason => {
  if (error instanceof FieldTableError && error.limit !== undefined) {
    return new TooLarge({ what: "the size of the headers", limit: error.limit })
  }
  return new Unencodable({ detail: error instanceof Error ? error.message : String(error) })
}
