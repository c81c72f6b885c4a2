/**
 * Requests of one task that wait for its rate: first come, first served.
 *
 * The next is woken up by the one timer: a line costs no fiber. What is revoked
 * or has expired when its turn comes takes no token. What a user's bucket throws
 * is told of, and the bucket is asked again a second later.
 *
 * @since 0.1.0
 */
import type { Entry, TimerHeap } from "@celeriac/messaging/TimerHeap"
import type * as Clock from "effect/Clock"
import type { Revoked } from "../../trace/Outcome.ts"
import type { Bucket } from "../RateLimit.ts"
import type { Request } from "../Request.ts"
import type { Intake } from "./Subject.ts"

/** Who acts for those whose turn it is. */
export interface Turns {
  /** What it comes to without running, if it is not to run. */
  readonly discarded: (request: Request) => Revoked | undefined
  /** Its turn has come. */
  readonly turn: (request: Request, discarded: Revoked | undefined) => void
}

/** As Celery's timer has it: after ETAs. */
const priority = 7

/** In milliseconds: to ask a bucket more often than a clock can tell is no use, and one that says "never" may change its mind. */
const shortest = 1
const longest = 3_600_000
const afterDefect = 1_000

export class RateLine {
  bucket: Bucket | undefined
  private readonly timer: TimerHeap
  private readonly clock: Clock.Clock
  private readonly turns: () => Turns | undefined
  private readonly onDefect: (defect: unknown) => void
  /** In the order in which they came. */
  private readonly waiting = new Set<Request>()
  private wake: Entry | undefined
  private isMoving = false

  constructor(
    timer: TimerHeap,
    clock: Clock.Clock,
    bucket: Bucket | undefined,
    turns: () => Turns | undefined,
    onDefect: (defect: unknown) => void
  ) {
    this.timer = timer
    this.clock = clock
    this.bucket = bucket
    this.turns = turns
    this.onDefect = onDefect
  }

  /** Nobody has to wait. */
  get isFree(): boolean {
    return this.bucket === undefined && this.waiting.size === 0
  }

  enter(request: Request): void {
    this.waiting.add(request)
    request.intake.limited(1)
    // Whoever is waited for will look after this one too.
    if (this.wake === undefined) this.move()
  }

  change(bucket: Bucket | undefined): void {
    this.bucket = bucket
    this.move()
  }

  withdraw(intake: Intake | undefined): ReadonlyArray<Request> {
    const taken = Array.from(this.waiting).filter((request) => intake === undefined || request.intake === intake)
    for (const request of taken) this.leave(request)
    if (this.waiting.size === 0) this.rest()
    return taken
  }

  /** Lets go whose turn it is, and sleeps until it is the next one's. Those who are let go may change the line. */
  private readonly move = (): void => {
    if (this.isMoving) return
    const turns = this.turns()
    if (turns === undefined) return
    this.isMoving = true
    this.rest()
    try {
      for (const request of this.waiting) {
        const discarded = turns.discarded(request)
        const pause = discarded === undefined ? this.take() : 0
        if (pause > 0) {
          this.wake = this.timer.enter(this.clock.currentTimeMillisUnsafe() + pause, this.move, priority)
          return
        }
        this.leave(request)
        turns.turn(request, discarded)
      }
    } finally {
      this.isMoving = false
    }
  }

  private leave(request: Request): void {
    if (this.waiting.delete(request)) request.intake.limited(-1)
  }

  private rest(): void {
    this.wake?.cancel()
    this.wake = undefined
  }

  /** Takes a token, or gives how many milliseconds to wait for one. */
  private take(): number {
    const { bucket } = this
    if (bucket === undefined) return 0
    try {
      if (bucket.canConsume(1)) return 0
      const wait = Math.ceil(bucket.expectedTime(1) * 1_000 - rounding)
      return Number.isNaN(wait) ? afterDefect : Math.min(longest, Math.max(shortest, wait))
    } catch (defect) {
      this.onDefect(defect)
      return afterDefect
    }
  }
}

/** What a time is off by that was divided and multiplied again, in milliseconds. */
const rounding = 1e-6
