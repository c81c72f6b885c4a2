/**
 * Where tasks run: the seam between accepting a request and executing it.
 *
 * A pool has `concurrency` slots. A job that is submitted takes a slot, or
 * waits in line for one; nothing of it happens before it has its slot, so what
 * waits can be given back to the broker as it came. Implementations decide
 * what a slot is: a fiber here, a thread or a process elsewhere; each runs
 * `testing/PoolConformance`.
 *
 * @since 0.1.0
 */
import type * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"

/** Something to run, told what happens to it. Both calls are synchronous and never throw. */
export interface Job {
  readonly id: string
  /** The services that `accept`'s effect runs with. */
  readonly context: Context.Context<any>
  /** It has a slot. Gives what to run, or nothing when it turned out that nothing is to be run. */
  accept(): Effect.Effect<unknown, unknown, any> | undefined
  /** It ended: exactly once for each `accept` that gave something to run, before its slot is free. */
  exited(exit: Exit.Exit<unknown, unknown>): void
}

export interface Pool {
  /** `fibers`, ... as `inspect stats` shows it. */
  readonly implementation: string
  readonly concurrency: () => number
  /** Jobs that have a slot. */
  readonly running: () => number
  /** Jobs in line for a slot. */
  readonly waiting: () => number
  /** Runs the job when a slot is free, in the order of submission. */
  readonly submit: (job: Job) => void
  /** Takes out the jobs in line that fit (default: all), oldest first, but for `keep` of the oldest of them: they will not run. */
  readonly withdraw: (keep: number, fits?: (job: Job) => boolean) => ReadonlyArray<Job>
  /** Hold back jobs in line (true) or go on (false): back-pressure from what comes after a task. */
  readonly pause: (paused: boolean) => void
  /** More or fewer slots; a slot that is taken goes when its job ends. */
  readonly resize: (concurrency: number) => void
  /** Succeeds when no job runs. Jobs in line are not waited for. */
  readonly idle: Effect.Effect<void>
  /** Interrupts a running job. Gives whether there was one. */
  readonly terminateJob: (id: string) => boolean
  /** Interrupts every running job, and succeeds when all have ended. */
  readonly terminate: Effect.Effect<void>
  /** JSON-able, for `inspect stats`. */
  readonly info: () => Readonly<Record<string, unknown>>
}
