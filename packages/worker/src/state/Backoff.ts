/**
 * How long to wait before something that failed is tried again: a second, then
 * twice as long each time, up to half a minute.
 *
 * It counts by key, and forgets the oldest key when there are too many: that
 * one begins with a second again.
 *
 * @since 0.1.0
 */
import { BoundedMap } from "@celeriac/messaging/BoundedMap"

/** In milliseconds. */
export const shortest = 1_000
export const longest = 30_000

const mostKeys = 10_000

export class Backoff {
  private readonly pauses = new BoundedMap<string, number>(mostKeys)

  /** It failed (again). Gives how many milliseconds to wait. */
  next(key: string): number {
    const last = this.pauses.get(key)
    const pause = last === undefined ? shortest : Math.min(longest, last * 2)
    this.pauses.set(key, pause)
    return pause
  }

  /** It went well. Costs nothing while nothing fails. */
  reset(key: string): void {
    if (this.pauses.size !== 0) this.pauses.delete(key)
  }
}
