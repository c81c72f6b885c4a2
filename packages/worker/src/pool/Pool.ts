/**
 * Where tasks run: slots, and nothing else.
 *
 * A pool has `concurrency` slots. A job that is submitted takes a slot, or
 * waits in line for one; nothing of it happens before it has its slot, so what
 * waits can be given back to the broker as it came. A pool takes `Work` and
 * answers an `Outcome`, both plain data: implementations decide what a slot is,
 * a fiber here, a thread or a process elsewhere, and do the work with a
 * `Trace` of their own. Each runs `testing/PoolConformance`.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type { Interruption } from "../trace/Interruption.ts"
import type { Outcome } from "../trace/Outcome.ts"
import type { Gate } from "../trace/Trace.ts"
import type { Work } from "../trace/Work.ts"

/** Something to run, told what happens to it. All calls are synchronous; one that throws costs nobody else anything. */
export interface Job extends Gate {
  readonly id: string
  /** The name of the task whose handler it runs, where that is known: tasks may have a pool of their own. */
  readonly task?: string | undefined
  /** It has a slot. Gives what to do, or nothing when it turned out that nothing is to be done. */
  accept(): Work | undefined
  /** Its message was understood and its handler is to begin. Gives whether it may: otherwise nothing more is told. */
  started(): boolean
  /** What came of it: once for each `accept` that gave work, before its slot is free, unless `started` forbade it. */
  ended(outcome: Outcome, after?: After): void
}

/** What a task has to do when what came of it is stored. It keeps its slot until that is done or the slot is released. */
export interface After {
  /** It came to this, and that is stored: does it, and then calls `then`. Once. */
  readonly run: (outcome: Outcome, then: () => void) => void
  /** It is not stored yet, or never will be: nobody waits for it in a slot. */
  readonly release: () => void
}

/** What a child has of its worker. */
export interface Known {
  /** The names of its tasks. */
  readonly tasks: ReadonlyArray<string>
  /** The steps that are there for tasks, and are not to be had there: the sentences say why. */
  readonly unstarted: ReadonlyArray<{ readonly step: string; readonly why: string }>
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
  /** More or fewer slots, 1 at least; a slot that is taken goes when its job ends. */
  readonly resize: (concurrency: number) => void
  /** It never has more slots than this, whatever it is told. Undefined: there is no such bound. */
  readonly most?: number | undefined
  /** Succeeds when no job runs. Jobs in line are not waited for. */
  readonly idle: Effect.Effect<void>
  /**
   * Interrupts this job if it runs, or all running jobs of an id, each told why;
   * by a soft limit only what catches it, if the handler does. Gives whether there
   * was one.
   */
  readonly interrupt: (which: string | Job, why: Interruption) => boolean
  /** Interrupts every running job, and succeeds when all have ended. */
  readonly terminate: (why: Interruption) => Effect.Effect<void>
  /** Replaces what it runs tasks in, each when it has no job. Left out where there is nothing to replace. */
  readonly restart?: (() => void) | undefined
  /** What is known where it runs tasks. Left out where that is this process, in which everything is. */
  readonly known?: (() => Known) | undefined
  /** Where the job of this id is: the spans that it is inside of, the innermost first; or its thread or process, and how to look into that. */
  readonly whereabouts?: ((id: string) => ReadonlyArray<string>) | undefined
  /** JSON-able, for `inspect stats`. */
  readonly info: () => Readonly<Record<string, unknown>>
}
