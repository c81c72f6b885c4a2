/**
 * The rate limits of a worker's tasks: for each that has one, or had one, a
 * line. A task without a limit costs a comparison, or a look-up when another
 * has one.
 *
 * Lines live as long as the worker, and so does a limit that was set at run
 * time; those who wait in them go with their connection.
 *
 * @since 0.1.0
 */
import type { TimerHeap } from "@celeriac/messaging/TimerHeap"
import * as TaskRateLimit from "@celeriac/tasks/RateLimit"
import type { TaskRegistry } from "@celeriac/tasks/TaskRegistry"
import type * as Clock from "effect/Clock"
import * as Result from "effect/Result"
import { type Bucket, type MakeBucket, type TaskBuckets, TokenBucket } from "../RateLimit.ts"
import type { Request } from "../Request.ts"
import { RateLine, type Turns } from "./RateLine.ts"
import type { Intake } from "./Subject.ts"

interface Parts {
  readonly registry: Pick<TaskRegistry["Service"], "get" | "names">
  readonly timer: TimerHeap
  readonly clock: Clock.Clock
  /** Limits do not count. */
  readonly isOff: boolean
  /** Told of a bucket that threw. */
  readonly onDefect: (task: string, defect: unknown) => void
}

export class RateLimits implements TaskBuckets {
  private readonly parts: Parts
  private readonly lines = new Map<string, RateLine>()
  /** Those that were set at run time. */
  private readonly limits = new Map<string, TaskRateLimit.RateLimit | undefined>()
  private turns: Turns | undefined

  constructor(parts: Parts) {
    this.parts = parts
  }

  /** Whom those are given to whose turn has come. */
  serve(turns: Turns): void {
    this.turns = turns
  }

  /** The line that the request has to wait in; undefined when it need not. */
  lineOf(request: Request): RateLine | undefined {
    if (this.parts.isOff || (this.lines.size === 0 && request.options.rateLimit === undefined)) return undefined
    const line = this.lines.get(request.task) ??
      (request.options.rateLimit === undefined ? undefined : this.open(request.task))
    return line === undefined || line.isFree ? undefined : line
  }

  /** Takes out those who wait: of one intake, or all. In the order in which they came, task by task. */
  withdraw(intake: Intake | undefined): ReadonlyArray<Request> {
    return Array.from(this.lines.values()).flatMap((line) => line.withdraw(intake))
  }

  readonly get = (task: string): Bucket | undefined =>
    this.parts.registry.get(task) === undefined ? this.lines.get(task)?.bucket : this.open(task).bucket

  readonly set = (task: string, bucket: Bucket | undefined): void => this.open(task).change(bucket)

  readonly entries = (): ReadonlyArray<readonly [task: string, bucket: Bucket]> => {
    for (const task of this.parts.registry.names()) this.open(task)
    return Array.from(this.lines).flatMap(([task, { bucket }]) => bucket === undefined ? [] : [[task, bucket] as const])
  }

  /** The limit in effect, as it was given. */
  readonly limitOf = (task: string): TaskRateLimit.RateLimit | undefined =>
    this.limits.has(task) ? this.limits.get(task) : this.parts.registry.get(task)?.options.rateLimit

  /** Sets the limit of a task, whose bucket is a new and usual one from now on. It fits, and the task is registered. */
  limit(task: string, limit: TaskRateLimit.RateLimit | undefined): void {
    this.limits.set(task, limit)
    this.set(task, this.bucketFor(task))
  }

  /** The bucket that a task has by its limit: the usual, or one made for its rate. */
  readonly bucketFor = (task: string, make: MakeBucket = this.usual): Bucket | undefined => {
    const rate = Result.getOrUndefined(TaskRateLimit.parse(this.limitOf(task)))
    return rate === undefined ? undefined : make(rate)
  }

  /** All have the buckets again that their limits say. */
  readonly reset = (): void => {
    for (const task of Array.from(this.lines.keys())) this.set(task, this.bucketFor(task))
  }

  private readonly usual: MakeBucket = (rate) => new TokenBucket(rate, this.parts.clock)

  private open(task: string): RateLine {
    const known = this.lines.get(task)
    if (known !== undefined) return known
    const { clock, onDefect, timer } = this.parts
    const line = new RateLine(timer, clock, this.bucketFor(task), () => this.turns, (defect) => onDefect(task, defect))
    this.lines.set(task, line)
    return line
  }
}
