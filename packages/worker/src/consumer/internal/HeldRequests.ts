/**
 * Requests that wait here for their ETA. Their messages are outstanding
 * meanwhile.
 *
 * @since 0.1.0
 */
import type { Entry, TimerHeap } from "@celeriac/messaging/TimerHeap"
import type { Request } from "../../execution/Request.ts"

/** As Celery's timer has it: ETAs before rate limits. */
const etaPriority = 6

export class HeldRequests {
  private readonly timer: TimerHeap
  private readonly entries = new Map<Request, Entry>()

  constructor(timer: TimerHeap) {
    this.timer = timer
  }

  get size(): number {
    return this.entries.size
  }

  /** Calls `then` at a time in milliseconds since the epoch, unless the request is released before. */
  hold(request: Request, until: number, then: (request: Request) => void): void {
    const due = () => {
      this.entries.delete(request)
      then(request)
    }
    this.entries.set(request, this.timer.enter(until, due, etaPriority))
  }

  /** Takes them all back, in the order in which they came. */
  release(): ReadonlyArray<Request> {
    const requests = Array.from(this.entries.keys())
    for (const entry of this.entries.values()) entry.cancel()
    this.entries.clear()
    return requests
  }
}
