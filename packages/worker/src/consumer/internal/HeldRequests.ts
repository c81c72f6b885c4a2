/**
 * Requests that wait here for their ETA. Their messages are outstanding
 * meanwhile, and there may be a hundred thousand: so each takes little memory.
 *
 * @since 0.1.0
 */
import type { Entry, TimerHeap } from "@celeriac/messaging/TimerHeap"
import type { Request } from "../../execution/Request.ts"
import { PassingSet } from "../../state/internal/PassingSet.ts"
import type { ActiveRequest } from "../../state/WorkerState.ts"

/** As Celery's timer has it: ETAs before rate limits. */
const etaPriority = 6

/** What one takes beside its body, in bytes: headers and all that is known of it. */
const overhead = 1_500

interface Held {
  readonly request: Request
  readonly entry: Entry
}

export class HeldRequests {
  private readonly timer: TimerHeap
  private readonly all = new PassingSet<Held>()
  private taken = 0

  constructor(timer: TimerHeap) {
    this.timer = timer
  }

  get size(): number {
    return this.all.size
  }

  /** What they take, roughly. */
  get bytes(): number {
    return this.taken
  }

  /** Calls `then` at a time in milliseconds since the epoch, unless the request is released before. */
  hold(request: Request, until: number, then: (request: Request) => void): void {
    const bytes = request.size + overhead
    request.hold()
    const held: Held = {
      request,
      entry: this.timer.enter(until, () => {
        this.all.delete(held)
        this.taken -= bytes
        request.resume()
        then(request)
      }, etaPriority)
    }
    this.all.add(held)
    this.taken += bytes
  }

  /** Its time is now. Gives whether it was held: it is looked for among all. */
  dueNow(request: ActiveRequest): boolean {
    for (const { entry, request: one } of this.all.all) {
      if (one !== request) continue
      entry.cancel()
      entry.call()
      return true
    }
    return false
  }

  /** Takes them all back, in the order in which they came. */
  release(): ReadonlyArray<Request> {
    const requests: Array<Request> = []
    for (const { entry, request } of this.all.all) {
      entry.cancel()
      requests.push(request)
    }
    this.all.clear()
    this.taken = 0
    return requests
  }
}
