/**
 * Requests that wait here for their ETA. Their messages are outstanding
 * meanwhile, and there may be a hundred thousand: so each takes little memory.
 *
 * @since 0.1.0
 */
import type { Entry, TimerHeap } from "@celeriac/messaging/TimerHeap"
import type { Request } from "../../execution/Request.ts"
import { PassingSet } from "../../state/internal/PassingSet.ts"

/** As Celery's timer has it: ETAs before rate limits. */
const etaPriority = 6

interface Held {
  readonly request: Request
  readonly entry: Entry
}

export class HeldRequests {
  private readonly timer: TimerHeap
  private readonly all = new PassingSet<Held>()

  constructor(timer: TimerHeap) {
    this.timer = timer
  }

  get size(): number {
    return this.all.size
  }

  /** Calls `then` at a time in milliseconds since the epoch, unless the request is released before. */
  hold(request: Request, until: number, then: (request: Request) => void): void {
    request.hold()
    const held: Held = {
      request,
      entry: this.timer.enter(until, () => {
        this.all.delete(held)
        request.resume()
        then(request)
      }, etaPriority)
    }
    this.all.add(held)
  }

  /** Takes them all back, in the order in which they came. */
  release(): ReadonlyArray<Request> {
    const requests: Array<Request> = []
    for (const { entry, request } of this.all.all) {
      entry.cancel()
      requests.push(request)
    }
    this.all.clear()
    return requests
  }
}
