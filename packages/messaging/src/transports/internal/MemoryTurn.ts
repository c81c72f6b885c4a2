/**
 * When the in-memory broker calls back.
 *
 * Whatever enters the broker marks the queues that it touched, then runs the
 * turn: deliveries and outcomes are handed out before it returns. A callback
 * that enters the broker again only adds to the turn that is running, so the
 * stack never grows. A turn that goes on for ever lets the event loop breathe.
 *
 * @since 0.1.0
 */
import type { MessagingError } from "../../MessagingError.ts"
import type { MemoryQueue } from "./MemoryQueue.ts"

export type OnOutcome = (error: MessagingError | undefined) => void

/** Deliveries of one queue before the next queue has its turn. */
const share = 256

/** Deliveries and outcomes before the event loop has its turn. */
const breath = 20_000

export class Turn {
  private running = false
  private queues: Array<MemoryQueue> = []
  private outcomes: Array<{ readonly onOutcome: OnOutcome; readonly error: MessagingError | undefined }> = []

  mark(queue: MemoryQueue): void {
    if (queue.isMarked) return
    queue.isMarked = true
    this.queues.push(queue)
  }

  /** Says what became of a publish, then does what it caused. */
  conclude(onOutcome: OnOutcome, error: MessagingError | undefined): void {
    if (this.running) {
      this.outcomes.push({ onOutcome, error })
      return
    }
    this.running = true
    tell(onOutcome, error)
    this.running = false
    this.run()
  }

  run(): void {
    if (this.running || (this.queues.length === 0 && this.outcomes.length === 0)) return
    this.running = true
    let done = 0
    try {
      while (done < breath) {
        if (this.outcomes.length > 0) {
          const outcomes = this.outcomes
          this.outcomes = []
          done += outcomes.length
          for (const { error, onOutcome } of outcomes) tell(onOutcome, error)
        } else if (this.queues.length > 0) {
          const queues = this.queues
          this.queues = []
          for (const queue of queues) {
            queue.isMarked = false
            if (queue.isDeleted) continue
            const handed = queue.pump(share)
            if (handed === share) this.mark(queue)
            done += handed
          }
        } else return
      }
    } finally {
      this.running = false
    }
    setImmediate(() => this.run())
  }
}

/** A callback that throws is a bug of its owner: it surfaces as an uncaught exception, and spoils nobody else's turn. */
const tell = (onOutcome: OnOutcome, error: MessagingError | undefined): void => {
  try {
    onOutcome(error)
  } catch (defect) {
    queueMicrotask(() => {
      throw defect
    })
  }
}
