/**
 * Jobs, and the children that do them: one that has none is given the next.
 *
 * @since 0.1.0
 */
import { InFlight } from "@celeriac/messaging/InFlight"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as MutableList from "effect/MutableList"
import type * as Scope from "effect/Scope"
import * as WorkerLog from "../../state/WorkerLog.ts"
import type { Interruption } from "../../trace/Interruption.ts"
import * as Outcome from "../../trace/Outcome.ts"
import * as Portable from "../../trace/Portable.ts"
import type { Work } from "../../trace/Work.ts"
import type * as ChildPool from "../ChildPool.ts"
import type { After, Job, Known, Pool } from "../Pool.ts"
import type { Child, Owner } from "./Child.ts"
import * as Desk from "./Desk.ts"
import * as Entry from "./Entry.ts"
import * as Intake from "./Intake.ts"
import * as Line from "./Line.ts"
import type { Exited, Spawn } from "./Link.ts"
import * as Nursery from "./Nursery.ts"
import type { FromChild } from "./Protocol.ts"

export const make = (
  kind: Nursery.Kind,
  options: ChildPool.Options,
  spawn: Spawn
): Effect.Effect<Pool, ChildPool.ChildPoolError, Scope.Scope> =>
  Effect.gen(function*() {
    yield* Entry.check(options.program)
    const pool = new Children({
      ...{ kind, options, spawn },
      fork: yield* FiberSet.makeRuntime<never>(),
      desk: yield* Desk.make(options),
      log: yield* WorkerLog.make,
      coding: yield* Portable.coding,
      intake: yield* Intake.make
    })
    yield* Effect.addFinalizer(() => pool.close)
    yield* pool.up
    return pool
  })

interface Parts extends Nursery.Parts {
  readonly fork: (effect: Effect.Effect<void>) => { readonly interruptUnsafe: () => void }
  readonly coding: Portable.Coding
  readonly intake: Intake.Intake
}

class Children implements Pool, Owner {
  readonly implementation: Nursery.Kind
  readonly coding: Portable.Coding
  readonly hostname: string
  private readonly parts: Parts
  private readonly nursery: Nursery.Nursery
  private isPaused = false
  private isStarting = false
  /** Those that are up and have no job. */
  private idlers: Array<Child> = []
  /** Jobs that have a slot. */
  private readonly taken = new InFlight()
  private readonly line = MutableList.make<Job>()
  /** Accepted, by children that went before they had begun. */
  private readonly held: Array<{ readonly job: Job; readonly work: Work }> = []
  private readonly heldBefore = new WeakSet<Job>()
  /** What begins is to end at once. */
  private ending: Interruption | undefined = undefined
  private jobs = 0
  private lastKnown: Known = { tasks: [], unstarted: [] }

  constructor(parts: Parts) {
    this.parts = parts
    this.implementation = parts.kind
    this.coding = parts.coding
    this.hostname = parts.options.hostname
    this.nursery = new Nursery.Nursery(parts, this)
    this.up = this.nursery.up
  }

  readonly up: Effect.Effect<void, ChildPool.ChildPoolError>
  readonly concurrency = (): number => this.nursery.wanted
  readonly running = (): number => this.taken.count
  readonly waiting = (): number => this.line.length
  readonly idle: Effect.Effect<void> = this.taken.idle

  readonly submit = (job: Job): void => {
    MutableList.append(this.line, job)
    this.startWaiting()
  }

  readonly withdraw = (keep: number, fits?: (job: Job) => boolean): ReadonlyArray<Job> =>
    Line.withdraw(this.line, keep, fits)

  readonly pause = (paused: boolean): void => {
    this.isPaused = paused
    if (!paused) this.startWaiting()
  }

  readonly resize = (concurrency: number): void => {
    this.nursery.wanted = Nursery.atLeastOne(concurrency)
    for (const child of this.idlers.toReversed()) if (this.nursery.excess > 0) this.retire(child)
    this.nursery.fill()
  }

  readonly interrupt = (which: string | Job, why: Interruption): boolean => {
    let found = false
    for (const child of this.nursery.all) {
      const { job } = child
      if (job === undefined || (typeof which === "string" ? job.id !== which : job !== which)) continue
      found = true
      child.interrupt(why)
    }
    return found
  }

  readonly terminate = (why: Interruption): Effect.Effect<void> =>
    Effect.suspend(() => {
      this.ending = why
      for (const child of this.nursery.all) if (child.job !== undefined) child.interrupt(why)
      return Effect.ensuring(
        this.idle,
        Effect.sync(() => {
          this.ending = undefined
        })
      )
    })

  readonly restart = (): void => {
    for (const child of this.nursery.all) child.isOutdated = true
    for (const child of this.idlers.slice()) this.retire(child)
    this.nursery.fill()
  }

  /** Its thread or process, and how to look into that: one that computes answers nobody. */
  readonly whereabouts = (id: string): ReadonlyArray<string> =>
    Array.from(this.nursery.all).flatMap(({ job, link, number }) => {
      if (job?.id !== id) return []
      return this.parts.kind === "threads"
        ? `thread ${link.id} (ThreadPoolWorker-${number}): a worker with NODE_OPTIONS=--inspect shows where`
        : `process ${link.id} (ProcessPoolWorker-${number}): node inspect -p ${link.id} shows where`
    })

  readonly info = (): Readonly<Record<string, unknown>> => {
    const ids = Array.from(this.nursery.all, ({ link }) => link.id)
    const { maxMemoryPerChild, maxTasksPerChild } = this.parts.options
    return {
      implementation: `celeriac:${this.implementation}`,
      "max-concurrency": this.nursery.wanted,
      ...(this.implementation === "processes" ? { processes: ids } : { threads: ids }),
      "max-tasks-per-child": maxTasksPerChild ?? null,
      "max-memory-per-child": maxMemoryPerChild ?? null,
      running: this.taken.count,
      waiting: this.line.length
    }
  }

  /** Ends what runs, and the children. What is in line stays there. */
  readonly close: Effect.Effect<void> = Effect.suspend(() => {
    this.isPaused = true
    return Effect.andThen(this.terminate({ _tag: "Shutdown" }), this.nursery.close)
  })

  readonly later = (millis: number, call: () => void): () => void => {
    const fiber = this.parts.fork(Effect.andThen(Effect.sleep(millis), Effect.sync(call)))
    return () => fiber.interruptUnsafe()
  }

  readonly known = (): Known => this.lastKnown

  readonly onUp = (child: Child, known: Known): void => {
    this.lastKnown = known
    this.nursery.onUp(child)
    this.seat(child)
  }

  readonly onFailed = (child: Child, detail: string): void => this.nursery.onFailed(child, detail)

  readonly onEnded = (job: Job, outcome: Outcome.Outcome, after?: After): void => {
    try {
      job.ended(outcome, after)
    } catch {
      // Whoever is told of the end has failed at it: the slot is free all the same.
      after?.release()
    }
  }

  /** It keeps its slot. Once: a message that takes a child down before it is understood would do so without end. */
  readonly onUnbegun = (job: Job, work: Work, why: string): void => {
    if (this.heldBefore.has(job) || this.ending !== undefined) {
      const lost = this.ending === undefined ? "Crashed" : "Shutdown"
      this.onEnded(job, { _tag: "Lost", why: lost, message: why })
      return this.taken.end()
    }
    this.heldBefore.add(job)
    this.held.push({ job, work })
    this.startWaiting()
  }

  readonly onFree = (child: Child): void => {
    this.taken.end()
    this.seat(child)
  }

  readonly onExit = (child: Child, exited: Exited): void => {
    this.idlers = this.idlers.filter((other) => other !== child)
    this.nursery.onExit(child, exited)
  }

  readonly onOther = (child: Child, message: FromChild): void => this.parts.desk.hear(child, message)

  /** It has no job: it gets one, or goes. */
  private seat(child: Child): void {
    if (child.state !== "up" || child.isKilled) return
    if (this.nursery.excess > 0 || this.isWorn(child)) {
      this.retire(child)
      this.nursery.fill()
    } else this.idlers.push(child)
    this.startWaiting()
  }

  private isWorn(child: Child): boolean {
    const { maxMemoryPerChild = Infinity, maxTasksPerChild = Infinity } = this.parts.options
    const isFat = child.memory > maxMemoryPerChild
    if (isFat) {
      this.parts.log.log(
        "Warn",
        `child process exiting after exceeding memory limit (${kib(child.memory)}KiB / ${kib(maxMemoryPerChild)}KiB)`
      )
    }
    return isFat || child.isOutdated || child.jobs >= maxTasksPerChild
  }

  private retire(child: Child): void {
    this.idlers = this.idlers.filter((other) => other !== child)
    child.leave()
  }

  /** A loop and not a recursion, as in `FiberPool`. */
  private startWaiting(): void {
    if (this.isStarting) return
    this.isStarting = true
    try {
      for (let child = this.idlers.pop(); child !== undefined; child = this.idlers.pop()) {
        const held = this.held.shift()
        if (held !== undefined) {
          this.give(child, held.job, held.work, false)
          continue
        }
        const job = this.isPaused ? MutableList.Empty : MutableList.take(this.line)
        if (job === MutableList.Empty) return void this.idlers.push(child)
        if (!this.begin(child, job)) this.seat(child)
      }
    } finally {
      this.isStarting = false
    }
  }

  /** Gives whether the child has it. */
  private begin(child: Child, job: Job): boolean {
    this.taken.begin()
    try {
      const work = job.accept()
      const understood = work === undefined ? undefined : this.parts.intake(work)
      if (work !== undefined && (understood === "ask" || (understood === "understood" && job.started()))) {
        this.give(child, job, work, understood === "understood")
        return true
      }
      if (typeof understood === "object") this.onEnded(job, understood)
    } catch (defect) {
      this.onEnded(job, Outcome.broken(defect))
    }
    this.taken.end()
    return false
  }

  private give(child: Child, job: Job, work: Work, isBegun: boolean): void {
    child.run(job, work, isBegun, ++this.jobs)
    if (this.ending !== undefined && child.job === job) child.interrupt(this.ending)
  }
}

const kib = (bytes: number): number => Math.round(bytes / 1024)
