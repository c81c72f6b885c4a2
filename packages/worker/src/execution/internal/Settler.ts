/**
 * Tells the broker what becomes of messages, and keeps the worker's state and
 * whoever received them in step with that.
 *
 * Nothing else in the worker settles a message.
 *
 * @since 0.1.0
 */
import type { Settlement } from "@celeriac/messaging/Message"
import type { Settled, State } from "../../state/WorkerState.ts"
import type { Aftermath } from "../Aftermath.ts"
import { Request } from "../Request.ts"
import type { Observers } from "./Observers.ts"
import { isSlot, settleSafely, type Subject } from "./Subject.ts"

export type Settling = Aftermath["settlement"]

export class Settler {
  private readonly state: State<Request>
  private readonly observers: Observers

  constructor(state: State<Request>, observers: Observers) {
    this.state = state
    this.observers = observers
  }

  /** Its message is gone from the broker from now on. Not so when its connection was lost: then another worker has it. */
  acknowledge(request: Request): boolean {
    if (this.tell(request, "ack")) {
      this.state.remember(request.id, request.attempt, "ack", isSlot(request))
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

  /** Sends requests that do not run back to the broker, in the order in which they came: so it finds each at once, among all that are outstanding. */
  readonly giveBack = (requests: ReadonlyArray<Request>): void => {
    for (const request of requests) {
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

  /** What it came to is safe, or is nobody's business here. */
  settle(subject: Subject, settlement: Settling): void {
    if (settlement === "requeue") this.requeue(subject)
    else {
      // Out of the state first: whoever waits may look at it as soon as the message is settled.
      this.drop(subject)
      if (settlement !== "hold" && !subject.isSettled) {
        const isDuplicate = subject instanceof Request && subject.isDuplicate
        if (subject.id !== undefined && !isDuplicate) {
          this.state.remember(subject.id, subject.attempt, settlement, isSlot(subject))
        }
        this.tell(subject, settlement)
      }
    }
    subject.intake.finished()
  }

  /** Back to its queue, to be run when it comes again: here too. */
  private requeue(subject: Subject): void {
    // Out of the state first: a message that goes back may be here again before this returns.
    this.drop(subject)
    if (subject.isSettled) return
    if (subject.id !== undefined) this.state.forget(subject.id, subject.attempt)
    this.tell(subject, "requeue")
  }

  private drop(subject: Subject): void {
    if (subject instanceof Request) this.state.finished(subject)
  }

  /** The one place where a message is settled. Gives whether the broker was told. */
  private tell(subject: Subject, settlement: Settlement): boolean {
    const isStale = settleSafely(subject, settlement) !== "settled"
    this.observers.settled(subject, settlement, isStale)
    return !isStale
  }
}
