/**
 * What came of requests and could not be stored: kept, and tried again after a
 * pause of a second, twice as long each time, up to half a minute; sooner when
 * the store has taken something else meanwhile.
 *
 * Bounded in number and bytes: beyond, no further task is started.
 *
 * @since 0.1.0
 */
import * as Content from "@celeriac/messaging/Content"
import type { TimerHeap } from "@celeriac/messaging/TimerHeap"
import * as ResultRecord from "@celeriac/tasks/result/ResultRecord"
import * as Result from "effect/Result"
import type { Ending } from "./Ending.ts"

/** How many results are kept, and how many bytes they may have, before no further task is started. */
const most = { results: 1_000, bytes: 64 * 1024 * 1024 }

/** In milliseconds. */
const shortest = 1_000
const longest = 30_000

export class KeptResults {
  private readonly bound: typeof most
  private readonly timer: TimerHeap
  private readonly again: (ending: Ending) => void
  private readonly onFull: (full: boolean) => void
  private readonly kept = new Set<Ending>()
  private bytes = 0
  private isFull = false

  constructor(timer: TimerHeap, again: (ending: Ending) => void, onFull: (full: boolean) => void, bound = most) {
    this.bound = bound
    this.timer = timer
    this.again = again
    this.onFull = onFull
  }

  get size(): number {
    return this.kept.size
  }

  /** Keeps it until it is released. Gives how many milliseconds the pause is. */
  keep(ending: Ending, now: number): number {
    const pause = Math.min(longest, shortest * 2 ** ending.failures)
    ending.failures++
    ending.failedAt = now
    if (!this.kept.has(ending)) {
      this.kept.add(ending)
      ending.bytes = sizeOf(ending)
      this.bytes += ending.bytes
      this.fill()
    }
    ending.next = this.timer.enter(now + pause, () => this.retry(ending))
    return pause
  }

  release(ending: Ending): void {
    if (!this.kept.delete(ending)) return
    this.bytes -= ending.bytes
    ending.next?.cancel()
    ending.next = undefined
    this.fill()
  }

  /** Something was stored: those that have waited for the shortest pause need not wait for a longer one. */
  stored(now: number): void {
    this.retryAll(({ failedAt }) => now - failedAt >= shortest)
  }

  /** Tries those that fit at once: there is a reason to think that they can be stored now, or no time to wait. */
  retryAll(fits: (ending: Ending) => boolean = () => true): void {
    for (const ending of Array.from(this.kept)) {
      if (ending.next !== undefined && fits(ending)) this.retry(ending)
    }
  }

  private retry(ending: Ending): void {
    ending.next?.cancel()
    ending.next = undefined
    this.again(ending)
  }

  private fill(): void {
    const isFull = this.kept.size >= this.bound.results || this.bytes >= this.bound.bytes
    if (isFull === this.isFull) return
    this.isFull = isFull
    this.onFull(isFull)
  }
}

/** Of what is written, or a guess: nobody waits for this figure. */
const sizeOf = ({ messages, record }: Ending): number => {
  const bodies = messages.reduce((sum, { message }) => sum + message.body.length, 0)
  if (record === undefined) return bodies
  const written = Content.encode(ResultRecord.encode(record), { serializer: "json" })
  return bodies + (Result.isSuccess(written) ? written.success.body.length : 1024)
}
