/**
 * Several pools as one: each job runs in the pool that its task asks for.
 *
 * The first is the worker's own, and has every job whose task asks for no other,
 * or for one that is not here. They share what is around a pool: the line is
 * withdrawn from, held back, waited for and ended as a whole. One that is alone
 * costs a comparison for each job.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { Interruption } from "../trace/Interruption.ts"
import type { Job, Pool } from "./Pool.ts"

/** The name of the pool that a task asks for, if it does. */
export type PoolOf = (task: string) => string | undefined

export class Pools implements Pool {
  private readonly main: Pool
  private readonly poolOf: PoolOf
  private readonly others = new Map<string, Pool>()
  private isPaused = false

  constructor(main: Pool, poolOf: PoolOf) {
    this.main = main
    this.poolOf = poolOf
  }

  /** One more, for the tasks that ask for it from now on. */
  add(name: string, pool: Pool): void {
    if (this.isPaused) pool.pause(true)
    this.others.set(name, pool)
  }

  get all(): ReadonlyArray<Pool> {
    return [this.main, ...this.others.values()]
  }

  get implementation(): string {
    return this.main.implementation
  }
  readonly concurrency = (): number => this.sum((pool) => pool.concurrency())
  readonly running = (): number => this.sum((pool) => pool.running())
  readonly waiting = (): number => this.sum((pool) => pool.waiting())

  readonly submit = (job: Job): void => (this.others.size === 0 ? this.main : this.of(job)).submit(job)

  readonly withdraw = (keep: number, fits: (job: Job) => boolean = always): ReadonlyArray<Job> => {
    if (this.others.size === 0) return this.main.withdraw(keep, fits)
    let kept = 0
    return this.all.flatMap((pool) => {
      let fitting = 0
      const taken = pool.withdraw(Math.max(0, keep - kept), (job) => {
        const isFit = fits(job)
        if (isFit) fitting++
        return isFit
      })
      kept += fitting - taken.length
      return taken
    })
  }

  readonly pause = (paused: boolean): void => {
    this.isPaused = paused
    for (const pool of this.all) pool.pause(paused)
  }

  /** The worker's own: the others keep their size. */
  readonly resize = (concurrency: number): void => this.main.resize(concurrency)

  readonly idle: Effect.Effect<void> = Effect.suspend(() => this.allIdle)

  readonly interrupt = (which: string | Job, why: Interruption): boolean => {
    let found = false
    for (const pool of this.all) found = pool.interrupt(which, why) || found
    return found
  }

  readonly terminate = (why: Interruption): Effect.Effect<void> =>
    Effect.suspend(() =>
      Effect.forEach(this.all, (pool) => pool.terminate(why), { concurrency: "unbounded", discard: true })
    )

  readonly info = (): Readonly<Record<string, unknown>> => this.main.info()

  /** While one is waited for, another may have begun something. */
  private get allIdle(): Effect.Effect<void> {
    return Effect.flatMap(
      Effect.forEach(this.all, (pool) => pool.idle, { discard: true }),
      () => this.running() === 0 ? Effect.void : this.idle
    )
  }

  private of({ task }: Job): Pool {
    const name = task === undefined ? undefined : this.poolOf(task)
    return name === undefined ? this.main : this.others.get(name) ?? this.main
  }

  private sum(count: (pool: Pool) => number): number {
    if (this.others.size === 0) return count(this.main)
    return this.all.reduce((sum, pool) => sum + count(pool), 0)
  }
}

const always = () => true
