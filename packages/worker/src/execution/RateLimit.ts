/**
 * How often tasks may start: buckets of tokens, and who asks them.
 *
 * A task that has a bucket starts when it can take a token. The usual bucket
 * holds one and fills up evenly; another, such as one that several workers
 * share, is a user's own:
 *
 * ```ts
 * const tasks = yield* Tasks
 * tasks.taskBuckets.set("proj.send", { canConsume: (tokens) => quota.take(tokens), expectedTime: () => 0.5 })
 * ```
 *
 * `@celeriac/tasks/RateLimit` reads what `rateLimit` says. Source: Kombu's
 * `TokenBucket`, the guide's "Extensions and bootsteps".
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"

/** Where tasks get their tokens. Both are called on the way of messages, synchronously. */
export interface Bucket {
  /** Takes so many tokens, or none if there are not as many. Gives whether it did. */
  readonly canConsume: (tokens: number) => boolean
  /** In how many seconds there will be so many: 0 when there are. It is asked again then. */
  readonly expectedTime: (tokens: number) => number
}

/** The bucket of each task that has one. */
export interface TaskBuckets {
  /** By the name of the task; undefined when it starts at once. */
  readonly get: (task: string) => Bucket | undefined
  /** From now on, also for those that wait. Undefined: it starts at once. */
  readonly set: (task: string, bucket: Bucket | undefined) => void
  /** Those there are, by the names of their tasks. */
  readonly entries: () => ReadonlyArray<readonly [task: string, bucket: Bucket]>
}

/** Makes a bucket that gets so many tokens a second. */
export type MakeBucket = (fillRate: number) => Bucket

/** Clocks tell whole milliseconds: who takes a token within one of its coming was on time, and the next is not put off. */
const tick = 1

/** What sums of fractions are off by, in milliseconds. */
const epsilon = 1e-6

/**
 * Fills up evenly, and is full at first. Instead of tokens it counts when it
 * will be full, which needs no ticking.
 */
export class TokenBucket implements Bucket {
  readonly fillRate: number
  readonly capacity: number
  private readonly clock: Pick<Clock.Clock, "currentTimeMillisUnsafe">
  /** In milliseconds since the epoch. */
  private fullAt = -Infinity

  /** `fillRate` is in tokens a second: more than 0. `capacity` is how many it holds. */
  constructor(fillRate: number, clock: Pick<Clock.Clock, "currentTimeMillisUnsafe">, capacity = 1) {
    this.fillRate = fillRate
    this.clock = clock
    this.capacity = capacity
  }

  readonly canConsume = (tokens: number): boolean => {
    const now = this.clock.currentTimeMillisUnsafe()
    if (this.wait(tokens, now) > 0) return false
    const since = now - this.fullAt < tick ? this.fullAt : now
    this.fullAt = since + this.millisFor(tokens)
    return true
  }

  readonly expectedTime = (tokens: number): number => this.wait(tokens, this.clock.currentTimeMillisUnsafe()) / 1_000

  /** In milliseconds. More than it holds there will never be. */
  private wait(tokens: number, now: number): number {
    if (tokens > this.capacity) return Infinity
    const wait = this.fullAt - this.millisFor(this.capacity - tokens) - now
    return wait > epsilon ? wait : 0
  }

  private millisFor(tokens: number): number {
    return tokens * 1_000 / this.fillRate
  }
}
