/**
 * One child, as its pool sees it: what it does, and what becomes of its job
 * when it does not do it to the end.
 *
 * A run that is to end is interrupted first, so that its finalizers run and the
 * child lives on. One that has not ended a moment later ends with its child.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import type { Interruption } from "../../trace/Interruption.ts"
import * as Outcome from "../../trace/Outcome.ts"
import type { Coding } from "../../trace/Portable.ts"
import * as Stopped from "../../trace/Stopped.ts"
import type { Work } from "../../trace/Work.ts"
import type { After, Job, Known } from "../Pool.ts"
import * as Crossing from "./Crossing.ts"
import { type Exited, type Link, type Spawn, told } from "./Link.ts"
import type { FromChild, Reply, Start } from "./Protocol.ts"

/** How long a run that was interrupted may take to end, in milliseconds. The worker does not wait for it when it stops cold. */
const patience = { Revoked: 30, HardLimit: 30, Shutdown: 1_000, ConnectionLost: 1_000 } as const

/** How long a child may take to leave, in milliseconds: the finalizers of its layers run. */
const farewell = 5_000

/** Whoever has the children. */
export interface Owner {
  readonly coding: Coding
  readonly hostname: string
  /** Calls it after so many milliseconds, unless what it gives is called before. */
  readonly later: (millis: number, call: () => void) => () => void
  readonly onUp: (child: Child, known: Known) => void
  /** It will never be up, and says why. */
  readonly onFailed: (child: Child, detail: string) => void
  /** What came of its job. */
  readonly onEnded: (job: Job, outcome: Outcome.Outcome, after?: After) => void
  /** It went before its job had begun. */
  readonly onUnbegun: (job: Job, work: Work, why: string) => void
  /** It has no job any more. */
  readonly onFree: (child: Child) => void
  readonly onExit: (child: Child, exited: Exited) => void
  /** Anything but what is about a job. */
  readonly onOther: (child: Child, message: FromChild) => void
}

export class Child {
  readonly link: Link
  private readonly owner: Owner
  /** Is it ready? Does it go? Is it gone? */
  state: "starting" | "up" | "leaving" | "gone" = "starting"
  /** How many jobs it has done. */
  jobs = 0
  /** Its exit is no surprise. */
  isExpected = false
  /** It was killed with a job that was to end: it may have done that just before, and gets no other. */
  isKilled = false
  wasUp = false
  /** It goes when it has no job. */
  isOutdated = false
  /** Forgets how long it may take until it is up. */
  deadline: (() => void) | undefined = undefined
  /** In bytes, after the last one, where that is told. */
  memory = 0
  job: Job | undefined = undefined
  private work: Work | undefined = undefined
  private id = 0
  private stage: "sent" | "begun" | "ended" = "sent"
  private why: Exclude<Interruption, { readonly _tag: "SoftLimit" }> | undefined = undefined
  private onDone: (() => void) | undefined = undefined
  private forgetKill: (() => void) | undefined = undefined

  /** Its number in the pool. */
  readonly number: number

  constructor(owner: Owner, spawn: Spawn, start: Start, number: number) {
    this.owner = owner
    this.number = number
    this.link = spawn({ onMessage: this.onMessage, onExit: this.onExit })
    this.link.send({ _tag: "Start", start })
  }

  /** `isBegun`: its handler may begin. */
  run(job: Job, work: Work, isBegun: boolean, id: number): void {
    this.job = job
    this.work = work
    this.id = id
    this.stage = isBegun ? "begun" : "sent"
    const moved: Array<ArrayBuffer> = []
    try {
      const message = Crossing.message(work.message, moved)
      this.link.send({ _tag: "Run", job: id, work: { ...work, message }, isBegun }, moved)
    } catch (defect) {
      // Its headers hold what nothing but this process can have.
      this.conclude(Outcome.broken(defect))
    }
  }

  /** Interrupts its job; by anything but a soft limit, ends it. */
  interrupt(why: Interruption): void {
    if (this.isKilled) return
    if (why._tag === "SoftLimit") return this.link.send({ _tag: "Interrupt", job: this.id, why })
    this.why = why
    this.forgetKill?.()
    const signum = why._tag === "Revoked" ? why.signum ?? Outcome.sigterm : sigkill
    if (why._tag === "Revoked" && signum === sigkill) return this.kill(sigkill)
    this.link.send({ _tag: "Interrupt", job: this.id, why })
    this.forgetKill = this.owner.later(patience[why._tag], () => this.kill(signum))
  }

  /** The answer to a call. */
  reply(call: number, reply: Reply): void {
    if (this.state !== "gone") this.link.send({ _tag: "Reply", call, reply })
  }

  /** It is to go, when it has no job. */
  leave(): void {
    if (this.state === "gone" || this.state === "leaving") return
    this.state = "leaving"
    this.isExpected = true
    this.link.send({ _tag: "Leave" })
    this.forgetKill = this.owner.later(farewell, () => this.link.kill(sigkill))
  }

  /** It goes at once. */
  end(): void {
    this.deadline?.()
    if (this.state === "gone") return
    this.state = "leaving"
    this.isExpected = true
    this.link.kill(sigkill)
  }

  /** By the signal that somebody has named, and then by the one that no process can refuse. */
  private kill(signum: number): void {
    this.isKilled = true
    this.link.kill(signum)
    if (signum === sigkill) return
    // Whatever its job comes to meanwhile: it gets no other.
    this.owner.later(10, () => {
      if (this.state !== "gone") this.link.kill(sigkill)
    })
  }

  private readonly onMessage = (message: FromChild): void => {
    switch (message._tag) {
      case "Up":
        if (this.state !== "starting") return
        this.state = "up"
        this.wasUp = true
        return this.owner.onUp(this, message.known)
      case "Failed":
        return this.owner.onFailed(this, message.detail)
      case "Begun":
        return this.isOf(message.job) ? this.begin() : undefined
      case "Ended":
        if (!this.isOf(message.job)) return
        this.jobs++
        this.memory = message.memory ?? 0
        return this.conclude(this.read(message.outcome), message.hasHooks)
      case "Done":
        return this.isOf(message.job) ? this.done() : undefined
      default:
        return this.owner.onOther(this, message)
    }
  }

  private isOf(job: number): boolean {
    return this.job !== undefined && job === this.id
  }

  private begin(): void {
    let may: boolean
    try {
      may = this.job!.started()
    } catch (defect) {
      this.link.send({ _tag: "Begin", job: this.id, may: false })
      return this.conclude(Outcome.broken(defect))
    }
    this.stage = "begun"
    this.link.send({ _tag: "Begin", job: this.id, may })
    if (!may) this.free()
  }

  private read(packed: Parameters<typeof Crossing.unpack>[0]): Outcome.Outcome {
    try {
      return Crossing.unpack(packed, this.owner.coding) as Outcome.Outcome // a child's `Trace` has made it
    } catch (defect) {
      return Outcome.broken(defect)
    }
  }

  private conclude(outcome: Outcome.Outcome, hasHooks = false): void {
    const job = this.job!
    this.forgetKill?.()
    this.why = undefined
    if (!hasHooks) {
      this.owner.onEnded(job, outcome)
      return this.free()
    }
    this.stage = "ended"
    this.owner.onEnded(job, outcome, { run: this.afterwards, release: this.release })
  }

  private readonly afterwards = (outcome: Outcome.Outcome, then: () => void): void => {
    const packed = Crossing.pack(outcome, this.owner.coding)
    if (this.state === "gone" || Result.isFailure(packed)) {
      then()
      return this.release()
    }
    this.onDone = then
    this.link.send({ _tag: "After", job: this.id, outcome: packed.success })
  }

  private readonly release = (): void => {
    if (this.job === undefined || this.stage !== "ended" || this.onDone !== undefined) return
    if (this.state !== "gone") this.link.send({ _tag: "After", job: this.id, outcome: undefined })
    this.free()
  }

  private done(): void {
    const { onDone } = this
    this.onDone = undefined
    try {
      onDone?.()
    } finally {
      this.free()
    }
  }

  private free(): void {
    this.forgetKill?.()
    this.forgetKill = undefined
    this.job = undefined
    this.work = undefined
    this.why = undefined
    this.owner.onFree(this)
  }

  private readonly onExit = (exited: Exited): void => {
    const { job, work } = this
    const wasLeaving = this.state === "leaving"
    this.state = "gone"
    this.forgetKill?.()
    this.owner.onExit(this, exited)
    if (job === undefined || wasLeaving) return
    if (this.stage === "ended") return this.done()
    if (this.why !== undefined) return this.conclude(Stopped.outcome(this.why, this.owner.hostname))
    const message = `Worker exited prematurely: ${told(exited)} Job: ${this.id}.`
    if (this.stage === "sent" && work !== undefined) {
      this.job = undefined
      return this.owner.onUnbegun(job, work, message)
    }
    this.conclude({ _tag: "Lost", why: "Crashed", message })
  }
}

const sigkill = 9
