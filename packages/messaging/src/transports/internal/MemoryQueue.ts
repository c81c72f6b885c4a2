/**
 * A queue of the in-memory broker: what waits in it, who consumes it, and its
 * limits in time and length.
 *
 * It never calls a consumer on its own: it marks itself, and the broker's turn
 * pumps it.
 *
 * @since 0.1.0
 */
import type { Queue } from "../../Entity.ts"
import type { Message } from "../../Message.ts"
import type { DeathReason } from "./MemoryDeadLetter.ts"
import { limitsOf, type QueueLimits } from "./MemoryQueueArguments.ts"
import { type Entry, Ready } from "./MemoryReady.ts"
import type { Timer, Timers } from "./MemoryTimers.ts"

/** A consumer as its queue sees it. */
export interface QueueConsumer {
  readonly tag: string
  /** `x-priority`: those with a higher one are served first. */
  readonly priority: number
  readonly exclusive: boolean
  /** How many may be outstanding; 0 is unlimited. */
  readonly prefetch: number
  readonly outstanding: number
  /** Whether it may be handed one more. */
  readonly hasRoom: () => boolean
  readonly hand: (entry: Entry) => void
  /** The queue is gone. */
  readonly cancelled: () => void
}

/** What a queue asks of its broker. */
export interface QueueOwner {
  readonly timers: Timers
  /** Pump this queue before the turn ends. */
  readonly mark: (queue: MemoryQueue) => void
  readonly deadLetter: (queue: MemoryQueue, entry: Entry, reason: DeathReason) => void
  readonly remove: (queue: MemoryQueue) => void
  /** Does what was marked; timers call it, being turns of their own. */
  readonly run: () => void
}

export class MemoryQueue {
  readonly declaration: Queue
  readonly limits: QueueLimits
  /** The connection that an exclusive queue belongs to. */
  readonly owner: object | undefined
  readonly ready: Ready
  readonly consumers: Array<QueueConsumer> = []
  unacked = 0
  isDeleted = false
  /** Whether the turn has it on its list. */
  isMarked = false
  /** The last routing that found it. */
  seen = 0
  private readonly broker: QueueOwner
  private position = 0
  private hasExpiring = false
  private expiryTimer: Timer | undefined
  private unusedTimer: Timer | undefined
  private usedAt = 0

  constructor(declaration: Queue, owner: object | undefined, broker: QueueOwner) {
    this.declaration = declaration
    this.limits = limitsOf(declaration)
    this.owner = owner
    this.broker = broker
    this.ready = new Ready(this.limits.maxPriority)
    this.touch()
  }

  get name(): string {
    return this.declaration.name
  }

  /** False when the queue is full and rejects publishes. */
  publish(message: Message, exchange: string, routingKey: string): boolean {
    const { limits, ready } = this
    const { expiration, priority } = message.properties
    let expiresAt = Infinity
    if (expiration !== undefined || limits.messageTtl !== Infinity) {
      const ttl = expiration === undefined ? limits.messageTtl : Math.min(limits.messageTtl, Number(expiration))
      expiresAt = this.broker.timers.now() + ttl
      this.hasExpiring = true
    }
    const entry: Entry = {
      message,
      exchange,
      routingKey,
      position: this.position++,
      priority: priority === undefined ? 0 : Math.min(priority, limits.maxPriority),
      expiresAt,
      redelivered: false
    }
    if (
      limits.overflow !== "drop-head" &&
      (ready.length + 1 > limits.maxLength || ready.bytes + message.body.length > limits.maxBytes)
    ) {
      if (limits.overflow === "reject-publish-dlx") this.broker.deadLetter(this, entry, "maxlen")
      return false
    }
    ready.insert(entry)
    this.broker.mark(this)
    return true
  }

  /** Somebody has room for more. */
  wake(): void {
    this.broker.mark(this)
  }

  /** Puts a message back to where it came from. */
  putBack(entry: Entry): void {
    if (this.isDeleted) return
    entry.redelivered = true
    this.ready.insert(entry)
    this.broker.mark(this)
  }

  /** Puts a second copy of a message behind it. */
  duplicate(entry: Entry): void {
    this.ready.insert({ ...entry, redelivered: true })
  }

  /** Takes the next message out, expired ones aside. */
  take(): Entry | undefined {
    if (this.hasExpiring) this.dropExpired(false)
    return this.ready.shift()
  }

  /** Hands messages to consumers, `limit` at most; how many were handed. */
  pump(limit: number): number {
    let handed = 0
    while (handed < limit && this.ready.length > 0) {
      const index = this.nextConsumer()
      if (index === -1) break
      const consumer = this.consumers[index]!
      const entry = this.take()
      if (entry === undefined) break
      if (this.consumers.length > 1) this.rotate(index)
      handed++
      consumer.hand(entry)
    }
    if (handed < limit) this.trim()
    return handed
  }

  attach(consumer: QueueConsumer): void {
    let index = this.consumers.length
    while (index > 0 && this.consumers[index - 1]!.priority < consumer.priority) index--
    this.consumers.splice(index, 0, consumer)
    this.broker.timers.cancel(this.unusedTimer)
    this.broker.mark(this)
  }

  /** An auto-delete queue goes with its last consumer. */
  detach(consumer: QueueConsumer): void {
    const index = this.consumers.indexOf(consumer)
    if (index === -1) return
    this.consumers.splice(index, 1)
    if (this.consumers.length > 0) return
    if (this.declaration.autoDelete) this.broker.remove(this)
    else this.touch()
  }

  /** It was used: `x-expires` counts from here. */
  touch(): void {
    const { expires } = this.limits
    if (expires === Infinity || this.isDeleted) return
    const { timers } = this.broker
    this.usedAt = timers.now()
    if (this.unusedTimer?.cancelled !== false && this.consumers.length === 0) {
      this.unusedTimer = timers.schedule(this.usedAt + expires, this.onUnused)
    }
  }

  /** Messages that are not persistent do not survive the broker. */
  forgetTransient(): void {
    const kept: Array<Entry> = []
    for (let entry = this.ready.shift(); entry !== undefined; entry = this.ready.shift()) {
      if (entry.message.properties.deliveryMode === 2) kept.push(entry)
    }
    for (const entry of kept) this.ready.insert(entry)
  }

  /** Called by the broker, which has unbound it. How many messages went. */
  close(): number {
    this.isDeleted = true
    this.broker.timers.cancel(this.expiryTimer)
    this.broker.timers.cancel(this.unusedTimer)
    const consumers = this.consumers.splice(0)
    for (const consumer of consumers) consumer.cancelled()
    return this.ready.clear()
  }

  /** In turn among those of the highest priority that have room; -1 when none has. */
  private nextConsumer(): number {
    const { consumers } = this
    for (let index = 0; index < consumers.length; index++) {
      if (consumers[index]!.hasRoom()) return index
    }
    return -1
  }

  /** Sends a consumer behind the others of its priority. */
  private rotate(index: number): void {
    const { consumers } = this
    const consumer = consumers[index]!
    while (index + 1 < consumers.length && consumers[index + 1]!.priority === consumer.priority) {
      consumers[index] = consumers[index + 1]!
      index++
    }
    consumers[index] = consumer
  }

  /** Lets go of what is too much, and of what is too old. */
  private trim(): void {
    const { limits, ready } = this
    while (ready.length > limits.maxLength || ready.bytes > limits.maxBytes) {
      this.broker.deadLetter(this, ready.shift()!, "maxlen")
    }
    if (!this.hasExpiring) return
    const next = this.dropExpired(true)
    if (ready.length === 0) this.hasExpiring = this.unacked > 0
    // One timer at most, and early rather than replaced: it looks again when it fires.
    if (next !== Infinity && !(this.expiryTimer?.cancelled === false && this.expiryTimer.at <= next)) {
      this.broker.timers.cancel(this.expiryTimer)
      this.expiryTimer = this.broker.timers.schedule(next, this.onExpiry)
    }
  }

  /** A message whose time is just up may still be handed over, once. */
  private dropExpired(justNow: boolean): number {
    const now = this.broker.timers.now()
    return this.ready.expire(
      (at) => at < now || (justNow && at === now),
      (entry) => this.broker.deadLetter(this, entry, "expired")
    )
  }

  private readonly onExpiry = (): void => {
    this.broker.mark(this)
    this.broker.run()
  }

  private readonly onUnused = (): void => {
    if (this.consumers.length > 0) return
    const due = this.usedAt + this.limits.expires
    if (due > this.broker.timers.now()) {
      this.unusedTimer = this.broker.timers.schedule(due, this.onUnused)
      return
    }
    this.broker.remove(this)
    this.broker.run()
  }
}
