/**
 * When events that are put together go: at the end of the turn, after all that
 * came in with it; but not so often that a busy worker writes to two sockets in
 * every turn. Then they go 40 times a second, or when enough have come
 * together.
 *
 * A bucket of turns that were quiet pays for those that are not.
 */
import type { TimerHeap } from "@celeriac/messaging/TimerHeap"
import type * as Clock from "effect/Clock"

/** How many turns in a row may send, and after how many milliseconds the next one may. */
const most = 20
const pause = 25

export class EventPace {
  private readonly timer: TimerHeap
  private readonly clock: Clock.Clock
  private left = most
  private filledAt = 0

  constructor(timer: TimerHeap, clock: Clock.Clock) {
    this.timer = timer
    this.clock = clock
  }

  readonly soon = (flush: () => void): void => {
    const now = this.clock.currentTimeMillisUnsafe()
    this.left = Math.min(most, this.left + Math.max(0, now - this.filledAt) / pause)
    this.filledAt = now
    if (this.left < 1) return void this.timer.enter(now + pause, flush)
    this.left--
    setImmediate(flush)
  }
}
