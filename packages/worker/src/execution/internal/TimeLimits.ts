/**
 * How long requests may run, and the watch over those that have a limit: one
 * call of the worker's timer at a time for each. A request without a limit costs
 * a comparison.
 *
 * The limits of a message count before those of its task, each by itself. Those
 * that were set at run time live as long as the worker. Source: Celery's
 * `Request.execute_using_pool`, control section 2.
 *
 * @since 0.1.0
 */
import type { Entry, TimerHeap } from "@celeriac/messaging/TimerHeap"
import type { TimeLimit } from "@celeriac/tasks/protocol/TaskHeaders"
import type { ExecutionOptions } from "@celeriac/tasks/TaskOptions"
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import type { Job, Pool } from "../../pool/Pool.ts"
import * as Outcome from "../../trace/Outcome.ts"
import type { Request } from "../Request.ts"
import type { Observers } from "./Observers.ts"

/** How long a run may take to end that was interrupted, in milliseconds. */
export const patience = 10_000

interface Parts {
  readonly pool: Pick<Pool, "interrupt">
  readonly timer: TimerHeap
  readonly clock: Clock.Clock
  readonly observers: Observers
  /** It comes to this, although it does not end. */
  readonly abandon: (request: Request, outcome: Outcome.Outcome) => void
}

/** Of the tasks that do not say so themselves. */
interface Defaults {
  readonly timeLimit?: Duration.Input | undefined
  readonly softTimeLimit?: Duration.Input | undefined
}

export class TimeLimits {
  private readonly defaults: Defaults
  private readonly changed = new Map<string, TimeLimit>()

  constructor(defaults: Defaults) {
    this.defaults = defaults
  }

  /** How long it may run, in seconds; undefined when that does not matter. */
  of(request: Request): TimeLimit | undefined {
    const own = request.timeLimit
    const { softTimeLimit, timeLimit } = request.options
    const isFree = own.hard === undefined && own.soft === undefined && timeLimit === undefined &&
      softTimeLimit === undefined && this.changed.size === 0
    if (isFree) return undefined
    const task = this.limitOf(request.task, request.options)
    const hard = own.hard ?? task.hard
    const soft = own.soft ?? task.soft
    return hard === undefined && soft === undefined ? undefined : { hard, soft }
  }

  /** The limits of a task from now on; what is left out is as for tasks that do not say so themselves. */
  set(task: string, { hard, soft }: Partial<TimeLimit>): void {
    this.changed.set(task, {
      hard: hard || seconds(this.defaults.timeLimit),
      soft: soft || seconds(this.defaults.softTimeLimit)
    })
  }

  /** Of a task, in seconds, as they are now. */
  limitOf(task: string, options: Pick<ExecutionOptions, "timeLimit" | "softTimeLimit">): TimeLimit {
    return this.changed.get(task) ?? { hard: seconds(options.timeLimit), soft: seconds(options.softTimeLimit) }
  }
}

const seconds = (limit: Duration.Input | undefined): number | undefined => {
  if (limit === undefined) return undefined
  const time = Duration.toSeconds(Duration.fromInputUnsafe(limit))
  return Number.isFinite(time) ? time : undefined
}

/** One run that has a limit, from its start to its end. */
export class Watch {
  private readonly parts: Parts
  private readonly job: Job
  private readonly request: Request
  private readonly limit: TimeLimit
  private readonly startedAt: number
  private readonly hasSoft: boolean
  private next: Entry | undefined
  private stage: "running" | "soft" | "hard" = "running"

  constructor(parts: Parts, job: Job, request: Request, limit: TimeLimit) {
    this.parts = parts
    this.job = job
    this.request = request
    this.limit = limit
    this.startedAt = parts.clock.currentTimeMillisUnsafe()
    const { hard, soft } = limit
    // A hard limit that comes first leaves nothing to tell.
    this.hasSoft = soft !== undefined && (hard === undefined || soft <= hard)
    if (this.hasSoft) this.at(soft, this.soften)
    else this.at(hard, this.end)
  }

  /** It has ended. */
  done(): void {
    this.next?.cancel()
    const { hard, soft } = this.limit
    const limit = this.hasSoft && this.stage === "running" ? soft : this.stage === "hard" ? undefined : hard
    if (limit === undefined) return
    const seconds = (this.parts.clock.currentTimeMillisUnsafe() - this.startedAt) / 1_000
    // Whoever leaves nobody else a turn is not interrupted.
    if (seconds > limit) this.parts.observers.timedOut(this.request, { _tag: "Missed", limit, seconds })
  }

  private readonly soften = (): void => {
    const { job, limit, parts, request } = this
    const seconds = limit.soft ?? 0 // there is one
    this.stage = "soft"
    if (limit.hard === undefined) this.nextIn(patience, this.goesOn)
    else this.at(limit.hard, this.end)
    parts.observers.timedOut(request, { _tag: "Soft", limit: seconds })
    parts.pool.interrupt(job, { _tag: "SoftLimit", seconds })
  }

  private readonly end = (): void => {
    const { job, limit, parts, request } = this
    const seconds = limit.hard ?? 0 // there is one
    this.stage = "hard"
    this.nextIn(patience, this.giveUp)
    parts.observers.timedOut(request, { _tag: "Hard", limit: seconds })
    parts.pool.interrupt(job, { _tag: "HardLimit", seconds })
  }

  private readonly goesOn = (): void =>
    this.parts.observers.timedOut(this.request, { _tag: "GoesOn", seconds: patience / 1_000 })

  private readonly giveUp = (): void => {
    this.parts.observers.timedOut(this.request, { _tag: "GivenUp", seconds: patience / 1_000 })
    this.parts.abandon(this.request, Outcome.timedOut(this.limit.hard ?? 0))
  }

  private at(seconds: number | undefined, call: () => void): void {
    if (seconds !== undefined) this.next = this.parts.timer.enter(this.startedAt + seconds * 1_000, call)
  }

  private nextIn(millis: number, call: () => void): void {
    this.next = this.parts.timer.enter(this.parts.clock.currentTimeMillisUnsafe() + millis, call)
  }
}
