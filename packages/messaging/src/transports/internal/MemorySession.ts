/**
 * A channel of the in-memory broker, without effects: its consumers, what they
 * hold unsettled, and the publishes that wait for their confirm.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Address, Message, Settlement, SettleOutcome } from "../../Message.ts"
import {
  because,
  ChannelClosed,
  ConnectionLost,
  ConsumerCancelled,
  MessagingError,
  Nacked,
  OutcomeUnknown,
  PublishTimedOut,
  type Reason,
  Unroutable
} from "../../MessagingError.ts"
import type { ConsumeOptions, PublishOptions } from "../../Transport.ts"
import type { ConnectionInfo } from "../MemoryFaults.ts"
import { MemoryConsumer } from "./MemoryConsumer.ts"
import { MemoryDelivery } from "./MemoryDelivery.ts"
import type { FaultState } from "./MemoryFaultState.ts"
import { type MemoryHost, requireExpiration } from "./MemoryHost.ts"
import type { MemoryQueue } from "./MemoryQueue.ts"
import type { Entry } from "./MemoryReady.ts"
import { byOwner, inExclusiveUse, messageRefused, notFound, Refusal, tagReused, tooLarge } from "./MemoryRefusal.ts"
import type { Timer } from "./MemoryTimers.ts"
import type { OnOutcome } from "./MemoryTurn.ts"
import * as MemoryWire from "./MemoryWire.ts"

/** The connection that a channel belongs to. */
interface Link {
  readonly info: ConnectionInfo
  readonly host: MemoryHost
  readonly faults: FaultState
  readonly sessions: Set<MemorySession>
  readonly lose: (reason: Reason) => void
}

/** A publish that waits for its confirm. */
interface Pending {
  readonly to: Address
  readonly onOutcome: OnOutcome
  timer: Timer | undefined
}

const defaultDeadline = 30_000

export class MemorySession {
  readonly link: Link
  readonly id: number
  readonly consumers = new Map<string, MemoryConsumer>()
  readonly unacked = new Set<MemoryDelivery>()
  readonly lost = Deferred.makeUnsafe<never, MessagingError>()
  /** Why nothing goes any more. */
  closed: Reason | undefined
  private readonly host: MemoryHost
  private readonly pending = new Set<Pending>()
  private lastDelivery = 0
  private lastConsumer = 0

  constructor(link: Link, id: number) {
    this.link = link
    this.id = id
    this.host = link.host
  }

  // Publishing

  publish(message: Message, to: Address, options: PublishOptions, onOutcome: OnOutcome): void {
    if (this.closed !== undefined) {
      return this.host.turn.conclude(onOutcome, because("publish", this.closed))
    }
    const carried = this.carry(message, to)
    if (carried instanceof MessagingError) return this.host.turn.conclude(onOutcome, carried)
    if (this.link.faults.touchPublishes) return this.publishUnderFaults(carried, to, options, onOutcome)
    this.host.turn.conclude(onOutcome, this.store(carried, to, options.mandatory ?? true))
  }

  private carry(message: Message, to: Address): Message | MessagingError {
    try {
      return MemoryWire.carry(message, to)
    } catch (error) {
      if (!(error instanceof MemoryWire.Unsendable)) throw error
      return because("publish", error.reason)
    }
  }

  /** Undefined when it is stored, or nobody need get it. */
  private store(message: Message, to: Address, mandatory: boolean): MessagingError | undefined {
    const { exchange, routingKey } = to
    try {
      this.require(message, to)
      const queues = this.host.route(message, exchange, routingKey)
      if (queues === undefined) throw notFound("exchange", exchange)
      if (queues.length === 0) {
        return mandatory ? because("publish", new Unroutable({ exchange, routingKey })) : undefined
      }
      let stored = true
      for (const queue of queues) stored = queue.publish(message, exchange, routingKey) && stored
      return stored ? undefined : because("publish", new Nacked({ exchange, routingKey }))
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal
      this.lose(refusal.closure, this.link.faults.isVague(refusal.reason))
      return because("publish", refusal.reason)
    }
  }

  private require(message: Message, to: Address): void {
    const { maxMessageSize, refused } = this.link.faults
    if (message.properties.expiration !== undefined) requireExpiration(message, to)
    if (message.body.length > maxMessageSize) throw tooLarge(message.body.length, maxMessageSize)
    if (refused?.which(message, to) === true) throw messageRefused(to, "the message makes no sense")
  }

  private publishUnderFaults(message: Message, to: Address, options: PublishOptions, onOutcome: OnOutcome): void {
    const { faults } = this.link
    const deadline = options.deadline === undefined ? defaultDeadline : Duration.toMillis(options.deadline)
    const pending: Pending = { to, onOutcome, timer: undefined }
    pending.timer = this.host.timers.after(deadline, () => {
      this.conclude(
        pending,
        new PublishTimedOut({ ...to, millis: deadline, blocked: faults.blocked ?? null })
      )
    })
    this.pending.add(pending)
    const proceed = () => this.proceed(pending, message, options.mandatory ?? true)
    if (faults.blocked === undefined) proceed()
    else faults.held.push(proceed)
  }

  private proceed(pending: Pending, message: Message, mandatory: boolean): void {
    const { faults } = this.link
    const { exchange, routingKey } = pending.to
    if (this.closed !== undefined) return
    if (faults.nacks > 0) {
      faults.nacks--
      return this.conclude(pending, new Nacked({ exchange, routingKey }))
    }
    // Aside while it is stored: if it closes the channel, it is the one that is told why.
    const waits = this.pending.delete(pending)
    const isAlone = this.pending.size === 0
    const reason = this.store(message, pending.to, mandatory)?.reason
    if (waits) this.pending.add(pending)
    if (this.closed !== undefined) {
      const isSuspect = reason !== undefined && !isAlone && faults.isVague(reason)
      this.conclude(pending, isSuspect ? unknown(pending.to, reason, isSuspect) : reason)
    } else if (faults.dropsOnPublish > 0) {
      faults.dropsOnPublish--
      this.link.lose(new ConnectionLost({ uri: this.host.uri, detail: "the connection was reset" }))
    } else if (faults.lostConfirms > 0) faults.lostConfirms--
    else if (faults.confirmDelay > 0) {
      this.host.timers.after(faults.confirmDelay, () => this.conclude(pending, reason))
    } else this.conclude(pending, reason)
    this.host.turn.run()
  }

  private conclude(pending: Pending, reason: Reason | undefined): void {
    if (!this.pending.delete(pending)) return
    this.host.timers.cancel(pending.timer)
    this.host.turn.conclude(pending.onOutcome, reason === undefined ? undefined : because("publish", reason))
  }

  // Consuming

  consume(queue: MemoryQueue, options: ConsumeOptions): MemoryConsumer {
    const tag = options.consumerTag ?? `ctag-${this.link.info.id}.${this.id}.${++this.lastConsumer}`
    if (
      (options.exclusive === true && queue.consumers.length > 0) ||
      queue.consumers.some((consumer) => consumer.exclusive)
    ) throw inExclusiveUse(queue.name)
    if (this.consumers.has(tag)) throw tagReused(tag)
    const consumer = new MemoryConsumer(this, queue, tag, options)
    this.consumers.set(tag, consumer)
    queue.attach(consumer)
    return consumer
  }

  pull(queue: MemoryQueue, noAck: boolean): MemoryDelivery | undefined {
    queue.touch()
    const entry = queue.take()
    return entry === undefined ? undefined : this.deliver(queue, entry, undefined, noAck)
  }

  hand(consumer: MemoryConsumer, entry: Entry): void {
    const delivery = this.deliver(consumer.queue, entry, consumer, consumer.noAck)
    const { faults } = this.link
    if (!faults.touchDeliveries) return this.give(consumer, delivery)
    if (faults.duplicates > 0) {
      faults.duplicates--
      consumer.queue.duplicate(entry)
    }
    if (faults.deliveryDelay === 0) return this.give(consumer, delivery)
    this.host.timers.after(faults.deliveryDelay, () => {
      if (this.closed !== undefined) return
      if (consumer.isCancelled) delivery.settle("requeue")
      else this.give(consumer, delivery)
      this.host.turn.run()
    })
  }

  readonly settle = (delivery: MemoryDelivery, settlement: Settlement): SettleOutcome => {
    if (this.closed !== undefined || !this.unacked.delete(delivery)) return "stale"
    const { consumer, entry, queue } = delivery
    delivery.settlement = settlement
    queue.unacked--
    if (consumer !== undefined) consumer.outstanding--
    if (settlement === "requeue") queue.putBack(entry)
    else if (settlement === "reject" && !queue.isDeleted) this.host.deadLetter(queue, entry, "rejected")
    if (queue.ready.length > 0) this.host.turn.mark(queue)
    this.host.turn.run()
    return "settled"
  }

  private deliver(
    queue: MemoryQueue,
    entry: Entry,
    consumer: MemoryConsumer | undefined,
    noAck: boolean
  ): MemoryDelivery {
    const delivery = new MemoryDelivery(this, queue, entry, ++this.lastDelivery, consumer, noAck)
    if (!noAck) {
      this.unacked.add(delivery)
      queue.unacked++
      if (consumer !== undefined) consumer.outstanding++
    }
    return delivery
  }

  /** A consumer that throws loses its channel, and what it held is delivered again. */
  private give(consumer: MemoryConsumer, delivery: MemoryDelivery): void {
    try {
      consumer.onDelivery(delivery)
    } catch (defect) {
      this.lose(new ChannelClosed({ code: 541, detail: `INTERNAL_ERROR - the consumer threw: ${String(defect)}` }))
    }
  }

  // The end

  onCancelled(queue: string): void {
    Deferred.doneUnsafe(this.lost, Effect.fail(because("consume", new ConsumerCancelled({ queue }))))
  }

  /** By ourselves: no loss. */
  close(): void {
    this.end(byOwner())
  }

  /** `isSuspect`: one of the publishes under way is to blame, and it is not known which. */
  lose(reason: Reason, isSuspect = false): void {
    if (this.closed !== undefined) return
    this.end(reason, isSuspect)
    Deferred.doneUnsafe(this.lost, Effect.fail(because("channel", reason)))
  }

  private end(reason: Reason, isSuspect = false): void {
    if (this.closed !== undefined) return
    this.closed = reason
    this.link.sessions.delete(this)
    for (const consumer of [...this.consumers.values()]) consumer.cancel()
    // The last one first: each then goes to the very head of its queue.
    for (const delivery of [...this.unacked].toReversed()) {
      delivery.queue.unacked--
      delivery.queue.putBack(delivery.entry)
    }
    this.unacked.clear()
    for (const pending of [...this.pending]) {
      this.conclude(pending, unknown(pending.to, reason, isSuspect))
    }
  }
}

const unknown = (to: Address, reason: Reason, isSuspect: boolean): Reason =>
  new OutcomeUnknown({ ...to, detail: reason.message, ...(isSuspect ? { isSuspect } : {}) })
