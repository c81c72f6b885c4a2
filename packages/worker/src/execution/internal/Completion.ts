/**
 * Carries out what follows from an outcome, for every message and in one order:
 * published and stored, confirmed, and only then settled.
 *
 * Nothing else in the worker settles a message or tells of an ending. What
 * cannot be made safe is kept and tried again; the message is not settled
 * meanwhile, and one that comes again is adopted. A worker that stops tries
 * once more.
 *
 * @since 0.1.0
 */
import type { Settlement, SettleOutcome } from "@celeriac/messaging/Message"
import * as Exceptions from "@celeriac/tasks/result/ExceptionRecord"
import type { ResultRecord } from "@celeriac/tasks/result/ResultRecord"
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Settled, State } from "../../state/WorkerState.ts"
import { failure, type Outcome } from "../../trace/Outcome.ts"
import * as Portable from "../../trace/Portable.ts"
import * as Aftermath from "../Aftermath.ts"
import { Request } from "../Request.ts"
import { Ending } from "./Ending.ts"
import type { KeptResults } from "./KeptResults.ts"
import type { Observers } from "./Observers.ts"
import type { ResultStore, StoreFailure, Then } from "./ResultStore.ts"
import type { Subject } from "./Subject.ts"

/** Sends a message; `then` is called once, with nothing when it was confirmed. */
export type Publish = (outgoing: Aftermath.Outgoing, then: Then) => void

interface Parts {
  readonly state: State<Request>
  readonly results: ResultStore
  readonly kept: (again: (ending: Ending) => void) => KeptResults
  readonly publish: Publish
  readonly observers: Observers
  readonly clock: Clock.Clock
  /** What opens results that were sealed to cross. */
  readonly coding: Portable.Coding
}

export class Completion {
  private readonly state: State<Request>
  private readonly results: ResultStore
  private readonly kept: KeptResults
  private readonly publish: Publish
  private readonly observers: Observers
  private readonly clock: Clock.Clock
  private readonly coding: Portable.Coding
  /** The worker stops, and takes nothing more: `waiting` while something runs. */
  private stopping: "no" | "waiting" | "leaving" = "no"

  constructor(parts: Parts) {
    this.state = parts.state
    this.results = parts.results
    this.kept = parts.kept(this.again)
    this.publish = parts.publish
    this.observers = parts.observers
    this.clock = parts.clock
    this.coding = parts.coding
  }

  /** Something came of it, perhaps without running. */
  complete(subject: Subject, outcome: Outcome, instead: Outcome | undefined = undefined): void {
    const now = this.clock.currentTimeMillisUnsafe()
    const opened = outcome._tag === "Success" ? Portable.open(outcome, this.coding) : outcome
    this.observers.ended(subject, opened, now, instead)
    const aftermath = Aftermath.of(opened, subject, now)
    const { messages, others, record } = aftermath
    if (record === undefined && messages.length === 0 && others.length === 0) {
      return this.conclude(subject, opened, aftermath.settlement, now)
    }
    this.secure(new Ending(subject, opened, aftermath, now, instead !== undefined), now)
  }

  /** Its message is gone from the broker from now on. Not so when its connection was lost: then another worker has it. */
  acknowledge(request: Request): boolean {
    if (this.tell(request, "ack")) {
      this.state.remember(request.id, request.retries, "ack")
      return true
    }
    this.state.finished(request)
    request.intake.finished()
    return false
  }

  /** It came again after it was settled: the broker has not heard of it. */
  repeat(subject: Subject, settlement: Settled): void {
    this.observers.repeated(subject, settlement)
    this.tell(subject, settlement)
    subject.intake.dropped()
  }

  /** Sends requests that do not run back to the broker, the last one first: they keep their order. */
  readonly giveBack = (requests: ReadonlyArray<Request>): void => {
    for (const request of requests.toReversed()) {
      this.requeue(request)
      request.intake.dropped()
    }
  }

  /** Forgets requests that do not run: their connection is lost, and the broker delivers them again. */
  readonly forget = (requests: ReadonlyArray<Request>): void => {
    for (const request of requests) {
      this.state.finished(request)
      request.intake.dropped()
    }
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
    return Effect.andThen(this.results.idle, this.kept.idle)
  })

  private readonly again = (ending: Ending): void => this.secure(ending, this.clock.currentTimeMillisUnsafe())

  private secure(ending: Ending, now: number): void {
    if (ending.messages.length > 0) return this.send(ending, now)
    if (ending.others.length > ending.othersStored) return this.storeOthers(ending, now)
    if (ending.record === undefined) return this.safe(ending)
    this.results.store(
      ending.record,
      ending.subject,
      now,
      (failure) => failure === undefined ? this.safe(ending) : this.unsafe(ending, failure)
    )
  }

  /** One after the other, for what follows a task has an order; the record comes last. */
  private send(ending: Ending, now: number): void {
    const [first, ...rest] = ending.messages
    let isAnswered = false
    const then: Then = (failure) => {
      if (isAnswered) return
      isAnswered = true
      if (failure !== undefined) return this.unsafe(ending, failure)
      ending.messages = rest
      this.secure(ending, now)
    }
    try {
      this.publish(first!, then)
    } catch (defect) {
      then({ message: String(defect), final: undefined })
    }
  }

  /** One after the other: they may be many. A store that answers at once is asked in a loop, and not ever deeper. */
  private storeOthers(ending: Ending, now: number): void {
    let isAnswered = true
    while (isAnswered && ending.others.length > ending.othersStored) {
      const { addressee, record } = ending.others[ending.othersStored]!
      let isWaiting = false
      isAnswered = false
      this.results.store(record, addressee, now, (failure) => {
        if (failure !== undefined && failure.final === undefined) return this.unsafe(ending, failure)
        ending.othersStored++
        isAnswered = true
        if (isWaiting) this.secure(ending, now)
      })
      isWaiting = true
    }
    if (isAnswered) this.secure(ending, now)
  }

  private safe(ending: Ending): void {
    if (ending.failures > 0) this.kept.release(ending)
    this.conclude(ending.subject, ending.outcome, ending.settlement, ending.endedAt)
    if (this.kept.size > 0) this.kept.stored(this.clock.currentTimeMillisUnsafe())
  }

  private unsafe(ending: Ending, failure: StoreFailure): void {
    const { outcome, record, subject } = ending
    const status = record?.status ?? outcome._tag
    if (failure.final !== undefined) {
      this.kept.release(ending)
      // To try again would come to the same: the failure is the result.
      const instead = ending.isSubstitute ? undefined : substitute(outcome, failure)
      if (instead !== undefined) return this.complete(subject, instead, outcome)
      this.observers.notStored(subject, status, failure.message, { _tag: "Lost" })
      return this.conclude(subject, outcome, ending.settlement, ending.endedAt)
    }
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
    this.settle(subject, "requeue")
  }

  /** Settles, and tells that it is over. */
  private conclude(
    subject: Subject,
    outcome: Outcome,
    settlement: Aftermath.Aftermath["settlement"],
    endedAt: number
  ): void {
    this.settle(subject, settlement)
    this.observers.completed(subject, outcome, settlement, endedAt)
  }

  private settle(subject: Subject, settlement: Aftermath.Aftermath["settlement"]): void {
    if (settlement === "requeue") this.requeue(subject)
    else {
      // Out of the state first: whoever waits may look at it as soon as the message is settled.
      this.leave(subject)
      if (settlement !== "hold" && !subject.isSettled) {
        if (subject.id !== undefined) this.state.remember(subject.id, subject.retries, settlement)
        this.tell(subject, settlement)
      }
    }
    subject.intake.finished()
  }

  /** Back to its queue, to be run when it comes again: here too. */
  private requeue(subject: Subject): void {
    // Out of the state first: a message that goes back may be here again before this returns.
    this.leave(subject)
    if (subject.isSettled) return
    if (subject.id !== undefined) this.state.forget(subject.id, subject.retries)
    this.tell(subject, "requeue")
  }

  private leave(subject: Subject): void {
    if (subject instanceof Request) this.state.finished(subject)
  }

  /** The one place where a message is settled. Gives whether the broker was told. */
  private tell(subject: Subject, settlement: Settlement): boolean {
    const isStale = settleSafely(subject, settlement) !== "settled"
    this.observers.settled(subject, settlement, isStale)
    return !isStale
  }
}

/** What is stored of an outcome that cannot be, for whoever waits: why not. */
const substitute = (outcome: Outcome, { final, message }: StoreFailure): Outcome | undefined => {
  const failed = final === "Unencodable"
    ? Portable.unencodable(message)
    : failure(Exceptions.make("BackendStoreError", [message], "celery.exceptions"))
  switch (outcome._tag) {
    case "Success":
    case "Failure":
      return failed
    case "Unregistered":
    case "Invalid":
    case "Damaged":
    case "Refused":
    case "Broken":
      // What would have followed was told already.
      return { _tag: "Refused", exception: failed.exception, followers: [] }
    default:
      return undefined
  }
}

/** A transport that throws has lost the channel, as far as we can know. */
const settleSafely = (subject: Subject, settlement: Settlement): SettleOutcome => {
  try {
    return subject.settle(settlement)
  } catch {
    return "stale"
  }
}
