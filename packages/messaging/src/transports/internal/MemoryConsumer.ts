/**
 * A consumer of the in-memory broker: a channel's end of a queue.
 *
 * @since 0.1.0
 */
import type { ConsumeOptions } from "../../Transport.ts"
import type { MemoryDelivery } from "./MemoryDelivery.ts"
import type { MemoryQueue, QueueConsumer } from "./MemoryQueue.ts"
import type { Entry } from "./MemoryReady.ts"

/** The channel that a consumer belongs to. */
interface Session {
  readonly consumers: Map<string, MemoryConsumer>
  readonly hand: (consumer: MemoryConsumer, entry: Entry) => void
  readonly onCancelled: (queue: string) => void
}

export class MemoryConsumer implements QueueConsumer {
  readonly tag: string
  readonly queue: MemoryQueue
  readonly priority: number
  readonly exclusive: boolean
  readonly noAck: boolean
  readonly onDelivery: (delivery: MemoryDelivery) => void
  prefetch: number
  /** Handed over and not settled. */
  outstanding = 0
  isCancelled = false
  private readonly session: Session

  constructor(session: Session, queue: MemoryQueue, tag: string, options: ConsumeOptions) {
    const priority = options.arguments?.["x-priority"]
    this.session = session
    this.queue = queue
    this.tag = tag
    this.priority = typeof priority === "number" ? priority : 0
    this.exclusive = options.exclusive ?? false
    this.noAck = options.noAck ?? false
    this.onDelivery = options.onDelivery
    this.prefetch = options.prefetch
  }

  hasRoom(): boolean {
    return this.noAck || this.prefetch === 0 || this.outstanding < this.prefetch
  }

  hand(entry: Entry): void {
    this.session.hand(this, entry)
  }

  /** Stops deliveries, at our own wish. */
  cancel(): void {
    if (this.isCancelled) return
    this.isCancelled = true
    this.session.consumers.delete(this.tag)
    this.queue.detach(this)
  }

  /** The broker did it. */
  cancelled(): void {
    if (this.isCancelled) return
    this.cancel()
    this.session.onCancelled(this.queue.name)
  }
}
