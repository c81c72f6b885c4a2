/**
 * A pool whose slots are fibers: concurrency without threads, for handlers
 * that mostly wait. A handler that computes for long holds up the whole
 * process, the broker's heartbeats included.
 *
 * A job that ends without waiting costs no more than a function call: its
 * fiber runs inside `submit`.
 *
 * @since 0.1.0
 */
import { InFlight } from "@celeriac/messaging/InFlight"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as MutableList from "effect/MutableList"
import { PassingSet } from "../state/internal/PassingSet.ts"
import * as Hooks from "../trace/Hooks.ts"
import * as Interruption from "../trace/Interruption.ts"
import * as Outcome from "../trace/Outcome.ts"
import { Run } from "../trace/Run.ts"
import type { Trace } from "../trace/Trace.ts"
import { FiberAfter } from "./FiberAfter.ts"
import * as Line from "./internal/Line.ts"
import type { Job, Pool } from "./Pool.ts"

/** `concurrency` is how many jobs run at once: at least 1. */
export const make = (concurrency: number, trace: Trace): Pool => new FiberPool(concurrency, trace)

interface Running {
  readonly job: Job
  readonly fiber: Fiber.Fiber<unknown, unknown>
  readonly run: Run
}

class FiberPool implements Pool {
  readonly implementation = "fibers"
  private readonly trace: Trace
  private slots: number
  private paused = false
  private starting = false
  /** Jobs with a slot; those that end at once never get here. */
  private readonly fibers = new PassingSet<Running>()
  private readonly taken = new InFlight()
  private readonly line = MutableList.make<Job>()

  constructor(concurrency: number, trace: Trace) {
    this.slots = Math.max(1, Math.floor(concurrency))
    this.trace = trace
  }

  readonly concurrency = (): number => this.slots
  readonly running = (): number => this.taken.count
  readonly waiting = (): number => this.line.length

  readonly submit = (job: Job): void => {
    MutableList.append(this.line, job)
    this.startWaiting()
  }

  readonly withdraw = (keep: number, fits?: (job: Job) => boolean): ReadonlyArray<Job> =>
    Line.withdraw(this.line, keep, fits)

  readonly pause = (paused: boolean): void => {
    this.paused = paused
    if (!paused) this.startWaiting()
  }

  readonly resize = (concurrency: number): void => {
    this.slots = Math.max(1, Math.floor(concurrency))
    this.startWaiting()
  }

  readonly idle: Effect.Effect<void> = this.taken.idle

  readonly interrupt = (which: string | Job, why: Interruption.Interruption): boolean => {
    let found = false
    for (const { fiber, job, run } of this.fibers.all) {
      if (typeof which === "string" ? job.id !== which : job !== which) continue
      found = true
      Interruption.interrupt(fiber, run.soft, why)
    }
    return found
  }

  readonly terminate = (why: Interruption.Interruption): Effect.Effect<void> =>
    Effect.suspend(() => {
      const annotations = Interruption.annotations(why)
      // One that ends makes room for another, which may be in a new set.
      let all: ReadonlySet<Running>
      do {
        all = this.fibers.all
        for (const { fiber } of all) fiber.interruptUnsafe(undefined, annotations)
      } while (all !== this.fibers.all)
      return this.idle
    })

  readonly whereabouts = (id: string): ReadonlyArray<string> => {
    for (const { fiber, job } of this.fibers.all) if (job.id === id) return framesOf(fiber)
    return []
  }

  readonly info = (): Readonly<Record<string, unknown>> => ({
    implementation: "celeriac:fibers",
    "max-concurrency": this.slots,
    running: this.taken.count,
    waiting: this.line.length
  })

  /** A loop and not a recursion: a thousand jobs that end at once use no more stack than one. */
  private startWaiting(): void {
    if (this.starting) return
    this.starting = true
    try {
      while (this.taken.count < this.slots && !this.paused) {
        const job = MutableList.take(this.line)
        if (job === MutableList.Empty) return
        this.start(job)
      }
    } finally {
      this.starting = false
    }
  }

  private start(job: Job): void {
    this.taken.begin()
    const begun = this.begin(job)
    if (!(begun instanceof Run)) return this.end(job, begun)
    let fiber: Fiber.Fiber<unknown, unknown>
    try {
      // Runs here until it waits, with whatever scheduler and tracer its layer was built with.
      fiber = Effect.runForkWith(begun.context)(begun.effect)
    } catch (defect) {
      return this.end(job, Outcome.broken(defect))
    }
    const exit = fiber.pollUnsafe()
    if (exit !== undefined) return this.come(job, begun, exit)
    this.follow(job, begun, fiber, (exit) => this.come(job, begun, exit))
  }

  private follow<A, E>(job: Job, run: Run, fiber: Fiber.Fiber<A, E>, then: (exit: Exit.Exit<A, E>) => void): void {
    const running = { job, fiber, run }
    this.fibers.add(running)
    fiber.addObserver((exit) => {
      this.fibers.delete(running)
      then(exit)
      this.startWaiting()
    })
  }

  /** It has come to this. What it has to do afterwards is done in its slot. */
  private come(job: Job, run: Run, exit: Exit.Exit<unknown, unknown>): void {
    const outcome = this.trace.end(run, exit)
    if (run.registered.hooks === undefined) return this.end(job, outcome)
    const after = new FiberAfter({
      hooks: (outcome) => Hooks.of(run, exit, outcome),
      waits: (fiber, then) => this.follow(job, run, fiber, then),
      free: () => {
        this.taken.end()
        this.startWaiting()
      }
    })
    try {
      job.ended(outcome, after)
    } catch {
      after.release()
    }
  }

  private begin(job: Job): Run | Outcome.Outcome | undefined {
    try {
      const work = job.accept()
      return work === undefined ? undefined : this.trace.begin(work, job)
    } catch (defect) {
      return Outcome.broken(defect)
    }
  }

  /** The job settles its message before anybody who waits for idleness goes on. */
  private end(job: Job, outcome: Outcome.Outcome | undefined): void {
    try {
      if (outcome !== undefined) job.ended(outcome)
    } catch {
      // Whoever is told of the end has failed at it: the slot is free all the same.
    }
    this.taken.end()
  }
}

/** Of a fiber that waits Effect keeps the spans, and the named functions, that it has entered and not left. */
const framesOf = ({ cache }: Fiber.Fiber<unknown, unknown>): ReadonlyArray<string> => {
  const frames: Array<string> = []
  for (let frame = cache.stackFrame; frame !== undefined && frames.length < 32; frame = frame.parent) {
    // Where it was defined tells nobody where it waits.
    if (frame.name.endsWith(" (definition)")) continue
    const place = /\(?((?:file:|node:|\/)[^()\n]*:\d+:\d+)\)?/.exec(frame.stack() ?? "")?.[1]
    frames.push(place === undefined ? frame.name : `${frame.name} (${place})`)
  }
  return frames
}
