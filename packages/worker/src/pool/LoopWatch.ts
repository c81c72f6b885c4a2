/**
 * Notices that something held up the event loop, for how long, and which task it
 * was: while it does, no other task runs here, and no heartbeat is sent.
 *
 * Who runs is known from the scheduler of the tasks' fibers, which Effect asks
 * before each of its steps: that one is another than the last is a comparison,
 * and the clock is read when it is. A stretch ends with the turn it is in. What
 * runs outside of fibers, such as a function after its `await`, is guessed: by
 * the fiber that goes on right after it, or by which tasks run.
 *
 * @since 0.1.0
 */
import { TaskContext } from "@celeriac/tasks/TaskContext"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Scheduler from "effect/Scheduler"
import type * as Scope from "effect/Scope"

/** A run of a task, as it is told of. */
export interface Run {
  readonly id: string
  readonly task: string
}

/** What was noticed. Times are milliseconds. */
export interface Blocked {
  readonly millis: number
  /** Of that, how long this thread computed; undefined where Node cannot say. */
  readonly computed: number | undefined
  /** Who it was. None: nothing that is a task. */
  readonly runs: ReadonlyArray<Run>
  /** Whether that is known, and not guessed. */
  readonly isCertain: boolean
}

export interface Options {
  /** What takes longer is told of, in milliseconds. */
  readonly threshold: number
  /** A clock that goes on, whatever holds up the loop, in milliseconds. */
  readonly now: () => number
  /** For how long this thread has computed, in milliseconds. */
  readonly computed: () => number | undefined
  /** What runs here. */
  readonly running: () => ReadonlyArray<Run>
  readonly tell: (blocked: Blocked) => void
}

/** How often the loop is looked at, in milliseconds. */
const every = 100

/** Looks at the loop of this thread, until the scope closes. */
export const make = (
  options: Pick<Options, "threshold" | "running" | "tell">
): Effect.Effect<LoopWatch, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      // It is the loop itself that is looked at, and not the time that the worker goes by.
      const watch = new LoopWatch({ ...options, now: () => performance.now(), computed: ofThisThread })
      const timer = setInterval(() => watch.tick(), every)
      timer.unref()
      return { timer, watch }
    }),
    ({ timer }) => Effect.sync(() => clearInterval(timer))
  ).pipe(Effect.map(({ watch }) => watch))

const ofThisThread = (): number | undefined => {
  const used = process.threadCpuUsage?.()
  return used === undefined ? undefined : (used.user + used.system) / 1_000
}

export class LoopWatch {
  private readonly options: Options
  private readonly now: () => number
  private readonly threshold: number
  /** For the fibers of tasks: it schedules as Effect's own does. */
  readonly scheduler: Scheduler.Scheduler
  /** Who runs in this turn, if anybody is known to. */
  private fiber: Fiber.Fiber<unknown, unknown> | undefined
  private context: Context.Context<never> | undefined
  private run: Run | undefined
  /** Since when that is so. */
  private since: number
  private isEnding = false
  /** What this thread had computed when it was looked at last. */
  private computed: number | undefined

  constructor(options: Options) {
    this.options = options
    this.now = options.now
    this.threshold = options.threshold
    this.scheduler = new Watched(this)
    this.since = this.now()
    this.computed = options.computed()
  }

  /** Whether this fiber is the one that ran before. */
  isKnown(fiber: Fiber.Fiber<unknown, unknown>): boolean {
    return this.fiber === fiber
  }

  /** A fiber goes on. */
  enter(fiber: Fiber.Fiber<unknown, unknown>): void {
    if (this.run !== undefined && this.fiber === undefined) {
      // It runs what the handler that was just called has come to: the clock need not be asked again.
      this.fiber = fiber
      this.context = fiber.context
      return
    }
    const isOfNobody = this.fiber === undefined
    const now = this.now()
    const millis = now - this.since
    // It was held up by what made this fiber go on.
    if (isOfNobody && millis > this.threshold) this.noticed(millis, listOf(runOf(fiber.context)), false)
    this.begin(now, fiber, undefined)
  }

  /** The handler of a task is called, which no fiber does. */
  call(run: Run): void {
    this.begin(this.now(), undefined, run)
  }

  /** A timer came round. */
  tick(): void {
    const now = this.now()
    this.close(now)
    this.computed = this.options.computed()
  }

  private begin(now: number, fiber: Fiber.Fiber<unknown, unknown> | undefined, run: Run | undefined): void {
    if (this.fiber !== undefined || this.run !== undefined) this.close(now)
    this.fiber = fiber
    // It is gone from a fiber that has ended.
    this.context = fiber?.context
    this.run = run
    this.since = now
    if (this.isEnding) return
    this.isEnding = true
    queueMicrotask(this.end)
  }

  private readonly end = (): void => {
    this.isEnding = false
    if (this.fiber !== undefined || this.run !== undefined) this.close(this.now())
  }

  private close(now: number): void {
    const millis = now - this.since
    const { context, fiber, run } = this
    this.fiber = undefined
    this.context = undefined
    this.run = undefined
    this.since = now
    if (millis <= this.threshold) return
    if (fiber === undefined && run === undefined) return this.noticed(millis, this.options.running(), false)
    this.noticed(millis, listOf(runOf(context) ?? run), true)
  }

  private noticed(millis: number, runs: ReadonlyArray<Run>, isCertain: boolean): void {
    const before = this.computed
    this.computed = this.options.computed()
    const computed = before === undefined || this.computed === undefined ? undefined : this.computed - before
    this.options.tell({
      millis,
      computed: computed === undefined ? undefined : Math.min(millis, computed),
      runs,
      isCertain
    })
  }
}

class Watched extends Scheduler.MixedScheduler {
  private readonly watch: LoopWatch

  constructor(watch: LoopWatch) {
    super()
    this.watch = watch
  }

  override shouldYield(fiber: Fiber.Fiber<unknown, unknown>): boolean {
    if (!this.watch.isKnown(fiber)) this.watch.enter(fiber)
    return super.shouldYield(fiber)
  }
}

const runOf = (context: Context.Context<never> | undefined): Run | undefined =>
  context === undefined ? undefined : Context.getOrUndefined(context, TaskContext)

const listOf = (run: Run | undefined): ReadonlyArray<Run> => run === undefined ? [] : [run]
