/**
 * Carries out what follows from an outcome, for every message and in one order:
 * published and stored, confirmed, and only then settled.
 *
 * Nothing else in the worker tells of an ending. What
 * cannot be made safe is kept and tried again; the message is not settled
 * meanwhile, and one that comes again is adopted. A worker that stops tries
 * once more.
 *
 * @since 0.1.0
 */
import { InFlight } from "@celeriac/messaging/InFlight"
import type { ResultRecord } from "@celeriac/tasks/result/ResultRecord"
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { State } from "../../state/WorkerState.ts"
import type { Outcome } from "../../trace/Outcome.ts"
import * as Portable from "../../trace/Portable.ts"
import type * as Aftermath from "../Aftermath.ts"
import { Request } from "../Request.ts"
import * as Batch from "./Batch.ts"
import type { Chords } from "./Chords.ts"
import type { Continuing } from "./Continuation.ts"
import { Ending } from "./Ending.ts"
import { Following, isAlone, nobody } from "./Following.ts"
import { inTurn } from "./InTurn.ts"
import type { KeptResults } from "./KeptResults.ts"
import type { Observers } from "./Observers.ts"
import * as Publishing from "./Publishing.ts"
import type { ResultStore, StoreFailure } from "./ResultStore.ts"
import type { Resend } from "./RetryMessages.ts"
import type { Returns } from "./Returns.ts"
import type { Settler, Settling } from "./Settler.ts"
import type { Subject } from "./Subject.ts"
import { substitute } from "./Substitute.ts"

interface Parts {
  readonly state: State<Request>
  readonly results: ResultStore
  readonly kept: (again: (ending: Ending) => void) => KeptResults
  readonly rule: typeof Aftermath.of
  readonly publish: Publishing.Publish
  readonly resend: Resend
  /** Undefined: nothing is sent that follows a task. */
  readonly continuing?: Continuing | undefined
  readonly chords?: Chords | undefined
  readonly observers: Observers
  readonly clock: Clock.Clock
  readonly returns: Returns
  readonly settler: Settler
  readonly coding: Portable.Coding
}

export class Completion {
  private readonly state: State<Request>
  private readonly results: ResultStore
  private readonly kept: KeptResults
  private readonly rule: typeof Aftermath.of
  private readonly publish: Publishing.Publish
  private readonly following: Following
  private readonly continuing: Continuing | undefined
  private readonly chords: Chords | undefined
  private readonly observers: Observers
  private readonly clock: Clock.Clock
  private readonly coding: Portable.Coding
  private readonly returns: Returns
  private readonly settler: Settler
  /** Endings that are neither safe nor given up. */
  private readonly underWay = new InFlight()
  /** The worker stops, and takes nothing more: `waiting` while something runs. */
  private stopping: "no" | "waiting" | "leaving" = "no"

  constructor(parts: Parts) {
    this.state = parts.state
    this.results = parts.results
    this.kept = parts.kept(this.again)
    this.rule = parts.rule
    this.publish = Publishing.guarded(parts.publish)
    this.following = new Following({
      resend: parts.resend,
      continuing: parts.continuing,
      coding: parts.coding,
      countsChords: parts.continuing !== undefined && parts.chords?.isCounting === true,
      isRevoked: (id) => parts.state.revoked.has(id)
    })
    this.continuing = parts.continuing
    this.chords = parts.chords
    this.observers = parts.observers
    this.clock = parts.clock
    this.coding = parts.coding
    this.returns = parts.returns
    this.settler = parts.settler
  }

  /** Something came of it, perhaps without running. */
  complete(subject: Subject, outcome: Outcome, instead: Outcome | undefined = undefined): void {
    const now = this.clock.currentTimeMillisUnsafe()
    let opened = outcome._tag === "Success" ? Portable.open(outcome, this.coding) : outcome
    const followed = isAlone(opened) ? nobody : this.following.of(subject, opened, instead !== undefined, now)
    if (Result.isFailure(followed)) return this.complete(subject, followed.failure, instead)
    const { again, next, unsent } = followed.success
    opened = followed.success.outcome ?? opened
    this.observers.ended(subject, opened, now, instead)
    if (subject instanceof Request) this.returns.note(subject, opened)
    const aftermath = this.rule(opened, subject, now, unsent, again, next)
    const { messages, others, record } = aftermath
    if (record === undefined && messages.length === 0 && others.length === 0 && next === undefined) {
      return this.conclude(subject, opened, aftermath.settlement, now)
    }
    this.underWay.begin()
    const ending = new Ending(subject, opened, aftermath, now, instead !== undefined)
    if (next !== undefined && aftermath.settlement !== "requeue") ending.follow(next)
    this.secure(ending, now)
  }

  /** Stores a state that is no ending. */
  note(request: Request, record: ResultRecord): void {
    this.results.store(record, request, this.clock.currentTimeMillisUnsafe(), (failure) => {
      if (failure !== undefined) this.observers.notStored(request, record.status, failure.message, { _tag: "Lost" })
    })
  }

  /** A connection is back: what is kept may be storable. */
  readonly retry = (): void => this.kept.retryAll()

  /** The worker stops: no message waits for its result any longer, but for one more attempt. */
  readonly close = (): void => {
    if (this.stopping === "no") this.stopping = "waiting"
    this.kept.retryAll(({ subject }) => !subject.isSettled)
  }

  /** Nothing runs any more: succeeds when everything is safe, or given up after one more attempt. */
  readonly idle: Effect.Effect<void> = Effect.suspend(() => {
    this.stopping = "leaving"
    this.kept.retryAll()
    return Effect.andThen(this.underWay.idle, this.results.idle)
  })

  private readonly again = (ending: Ending): void => this.secure(ending, this.clock.currentTimeMillisUnsafe())

  private secure(ending: Ending, now: number): void {
    // What the next attempt comes to must not be followed by the RETRY of this one; and errbacks ask why it has failed.
    if (ending.isStoredFirst && ending.record !== undefined) {
      return this.store(ending, ending.record, now, () => {
        ending.record = undefined
        this.secure(ending, now)
      })
    }
    if (ending.sizes.length > 0) return this.size(ending, now)
    if (!ending.isSent) return this.send(ending, now)
    if (ending.others.length > ending.othersStored) return this.storeOthers(ending, now)
    if (ending.record !== undefined) {
      return this.store(ending, ending.record, now, () => {
        if (ending.parts.length === 0) return this.safe(ending)
        ending.record = undefined
        this.secure(ending, now)
      })
    }
    if (ending.parts.length === 0 && ending.counted === undefined) return this.safe(ending)
    this.count(ending, now)
  }

  /** The chords that are sent next have so many parts. */
  private size(ending: Ending, now: number): void {
    const [first, ...rest] = ending.sizes
    this.chords!.setSize(first!, (failure) => {
      if (failure !== undefined) return this.unsafe(ending, failure)
      ending.sizes = rest
      this.secure(ending, now)
    })
  }

  /** A part of a chord has ended; after the last one comes the body, and after that the chord is forgotten. */
  private count(ending: Ending, now: number): void {
    const [part, ...rest] = ending.parts
    const { counted, subject } = ending
    if (counted !== undefined) {
      return this.chords!.forget(counted, () => {
        ending.counted = undefined
        this.secure(ending, now)
      })
    }
    this.chords!.count(part!, (failure, complete) => {
      if (failure !== undefined && failure.final === undefined) return this.unsafe(ending, failure)
      ending.parts = rest
      if (failure !== undefined) {
        this.observers.notStored(subject, part!.record.status, failure.message, { _tag: "Lost" })
      }
      if (complete !== undefined && this.continuing !== undefined) {
        ending.continue(this.continuing.body(subject, part!, complete, now), {
          last: part!,
          hasFailed: complete.hasFailed
        })
      }
      this.secure(ending, now)
    })
  }

  private store(ending: Ending, record: ResultRecord, now: number, next: () => void): void {
    this.results.store(
      record,
      ending.subject,
      now,
      (failure) => failure === undefined ? next() : this.unsafe(ending, failure)
    )
  }

  private send(ending: Ending, now: number): void {
    inTurn(
      () => ending.isSent,
      (next) =>
        Batch.publish(
          ending,
          this.publish,
          (failure) => failure === undefined ? next() : this.unsafe(ending, failure)
        ),
      () => this.secure(ending, now)
    )
  }

  private storeOthers(ending: Ending, now: number): void {
    inTurn(
      () => ending.others.length === ending.othersStored,
      (next) => {
        const { addressee, record } = ending.others[ending.othersStored]!
        this.results.store(record, addressee, now, (failure) => {
          if (failure !== undefined && failure.final === undefined) return this.unsafe(ending, failure)
          ending.othersStored++
          next()
        })
      },
      () => this.secure(ending, now)
    )
  }

  private safe(ending: Ending): void {
    if (ending.failures > 0) this.kept.release(ending)
    this.leave(ending)
    if (this.kept.size > 0) this.kept.stored(this.clock.currentTimeMillisUnsafe())
  }

  private unsafe(ending: Ending, failure: StoreFailure): void {
    const { outcome, record, subject } = ending
    const status = record?.status ?? outcome._tag
    if (failure.final !== undefined) {
      this.kept.release(ending)
      // To try again would come to the same: the failure is the result. RETRY is none, and need not be known.
      const isPassing = ending.isRetry && record !== undefined
      const instead = ending.isSubstitute || isPassing ? undefined : substitute(outcome, failure, ending.isSent)
      if (instead !== undefined) {
        this.complete(subject, instead, outcome)
        return this.underWay.end()
      }
      this.observers.notStored(subject, status, failure.message, { _tag: "Lost" })
      // What is to be sent and stored besides is so all the same.
      if (ending.isStoredFirst && record !== undefined) ending.record = undefined
      else if (ending.sizes.length > 0) ending.sizes = ending.sizes.slice(1)
      else if (!ending.isSent) ending.messagesSent++
      else if (ending.parts.length === 0 && ending.counted === undefined) return this.leave(ending)
      else ending.record = undefined
      return this.again(ending)
    }
    subject.after?.release()
    if (this.stopping === "leaving" || (this.stopping === "waiting" && !subject.isSettled)) {
      return this.giveUp(ending, status, failure)
    }
    const pause = this.kept.keep(ending, this.clock.currentTimeMillisUnsafe())
    if (subject instanceof Request) this.state.keep(subject)
    this.observers.notStored(subject, status, failure.message, { _tag: "Kept", pause })
  }

  /** Whoever gets the message next comes to an end with it. Nobody does when it is acknowledged already. */
  private giveUp(ending: Ending, status: string, failure: StoreFailure): void {
    const { subject } = ending
    this.kept.release(ending)
    this.observers.notStored(subject, status, failure.message, { _tag: subject.isSettled ? "Lost" : "Requeued" })
    this.settler.settle(subject, "requeue")
    this.underWay.end()
  }

  private leave({ endedAt, outcome, settlement, subject }: Ending): void {
    this.conclude(subject, outcome, settlement, endedAt, true)
  }

  /** Does what is to be done afterwards, settles, and tells that it is over. */
  private conclude(subject: Subject, outcome: Outcome, settlement: Settling, endedAt: number, underWay = false): void {
    const { after } = subject
    if (after !== undefined) {
      subject.after = undefined
      return after.run(outcome, () => this.conclude(subject, outcome, settlement, endedAt, underWay))
    }
    this.settler.settle(subject, settlement)
    this.observers.completed(subject, outcome, settlement, endedAt)
    if (underWay) this.underWay.end()
  }
}
