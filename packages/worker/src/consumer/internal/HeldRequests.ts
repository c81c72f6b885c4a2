/**
 * Requests that wait here for their ETA. Their messages are outstanding
 * meanwhile.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { Request } from "../../execution/Request.ts"
import type { TimerEntry, TimerQueue } from "../../state/TimerQueue.ts"

/** As Celery's timer has it: ETAs before rate limits. */
const etaPriority = 6

export class HeldRequests {
  private readonly timer: TimerQueue
  private readonly entries = new Map<Request, TimerEntry>()

  constructor(timer: TimerQueue) {
    this.timer = timer
  }

  get size(): number {
    return this.entries.size
  }

  /** Calls `then` at a time in milliseconds since the epoch, unless the request is released before. */
  hold(request: Request, until: number, then: (request: Request) => void): void {
    const due = Effect.sync(() => {
      this.entries.delete(request)
      then(request)
    })
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
