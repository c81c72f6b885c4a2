/**
 * The children of a pool: as many as it is to have. One that is gone is
 * replaced; those that cannot be started are tried again, at longer and longer
 * intervals, and not without end when it is their module that is wrong.
 *
 * @since 0.1.0
 */
import { InFlight } from "@celeriac/messaging/InFlight"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { WorkerLog } from "../../state/WorkerLog.ts"
import * as ChildPool from "../ChildPool.ts"
import { Child, type Owner } from "./Child.ts"
import type { Desk } from "./Desk.ts"
import { type Exited, type Spawn, told } from "./Link.ts"

/** Between attempts to start a child, in milliseconds: the first pause, and the longest. */
const pauses = { first: 100, longest: 5_000 }

/** So often in a row the module may fail to load that has loaded before. */
const mostFailures = 5

export type Kind = "threads" | "processes"

export interface Parts {
  readonly kind: Kind
  readonly options: ChildPool.Options
  readonly spawn: Spawn
  readonly desk: Desk
  readonly log: WorkerLog
}

export class Nursery {
  private readonly parts: Parts
  private readonly owner: Owner
  /** As many as there are to be. */
  wanted: number
  /** All that are not gone. */
  readonly all = new Set<Child>()
  private readonly alive = new InFlight()
  private readonly firstUp = Deferred.makeUnsafe<void, ChildPool.ChildPoolError>()
  private number = 0
  private failures = 0
  private state: "new" | "running" | "pausing" | "broken" | "closed" = "new"

  constructor(parts: Parts, owner: Owner) {
    this.parts = parts
    this.owner = owner
    this.wanted = atLeastOne(parts.options.concurrency)
  }

  get isClosed(): boolean {
    return this.state === "closed"
  }

  /** The first is started alone, so that what none can load is told once. */
  readonly up: Effect.Effect<void, ChildPool.ChildPoolError> = Effect.suspend(() => {
    this.add()
    return Deferred.await(this.firstUp)
  })

  /** By how many there are too many, those that are going not counted. */
  get excess(): number {
    let staying = 0
    for (const { state } of this.all) if (state !== "leaving") staying++
    return staying - this.wanted
  }

  /** As many as are missing. */
  fill(): void {
    if (this.state === "running") { while (this.excess < 0) this.add() }
  }

  /** All of them; succeeds when they are gone. */
  readonly close: Effect.Effect<void> = Effect.suspend(() => {
    this.state = "closed"
    for (const child of this.all) {
      if (child.state === "starting") child.end()
      else child.leave()
    }
    return this.alive.idle
  })

  onUp(child: Child): void {
    child.deadline?.()
    this.failures = 0
    if (this.state !== "new") return
    this.state = "running"
    Deferred.doneUnsafe(this.firstUp, Exit.void)
    this.fill()
  }

  onFailed(child: Child, detail: string): void {
    const { module } = this.parts.options.program
    this.unstarted(child, new ChildPool.ProgramNotLoaded({ module, detail }))
  }

  onExit(child: Child, exited: Exited): void {
    this.all.delete(child)
    this.alive.end()
    this.parts.desk.forget(child)
    if (child.isExpected || this.isClosed) return this.fill()
    if (!child.wasUp) return this.unstarted(child, new ChildPool.ChildExited({ how: described(exited) }))
    if (!child.isKilled) this.tell(child, exited)
    if (child.jobs > 0 || child.job !== undefined) return this.fill()
    // What ends by itself before it has done anything would do so without end.
    this.failures++
    this.fillLater()
  }

  private add(): void {
    const { desk, options, spawn } = this.parts
    const child = new Child(this.owner, spawn, desk.start, ++this.number)
    this.all.add(child)
    this.alive.begin()
    const millis = Duration.toMillis(options.procAliveTimeout ?? ChildPool.defaults.procAliveTimeout)
    child.deadline = this.owner.later(millis, () => {
      if (child.state === "starting") this.unstarted(child, new ChildPool.ChildNotReady({ millis }))
    })
  }

  private unstarted(child: Child, reason: ChildPool.ChildPoolError["reason"]): void {
    const error = new ChildPool.ChildPoolError({ reason })
    child.end()
    if (this.isClosed || this.state === "broken") return
    if (this.state === "new") {
      this.state = "broken"
      return void Deferred.doneUnsafe(this.firstUp, Exit.fail(error))
    }
    this.failures++
    const { log, options } = this.parts
    if (error.isRecoverable || this.failures < mostFailures) {
      log.log("Error", error.message)
      return this.fillLater()
    }
    this.state = "broken"
    log.log("Fatal", `${error.message}. It has failed ${mostFailures} times in a row: no other child is started`)
    options.onFailure?.(error)
  }

  private fillLater(): void {
    if (this.state !== "running") return
    this.state = "pausing"
    this.owner.later(Math.min(pauses.longest, pauses.first * 2 ** (this.failures - 1)), () => {
      if (this.state !== "pausing") return
      this.state = "running"
      this.fill()
    })
  }

  private tell({ link, number }: Child, exited: Exited): void {
    const name = this.parts.kind === "threads"
      ? `Thread 'ThreadPoolWorker-${number}'`
      : `Process 'ProcessPoolWorker-${number}' pid:${link.id}`
    const cause = exited.error === undefined ? undefined : Cause.die(exited.error)
    this.parts.log.log("Error", `${name} exited with '${told(exited)}'`, undefined, cause)
  }
}

export const atLeastOne = (count: number): number => Math.max(1, Math.floor(count))

const described = (exited: Exited): string =>
  exited.error instanceof Error ? `${told(exited)}: ${exited.error.message}` : told(exited)
