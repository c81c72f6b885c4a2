/**
 * Results on their way to the result backend.
 *
 * It counts them, so that a worker which stops can wait until each is stored,
 * and says when too many are on their way. A backend is anybody's code: one
 * that throws, answers twice, answers with nonsense or never does not keep the
 * worker from going on. One that cannot store is not its business: whoever
 * stores is told.
 *
 * @since 0.1.0
 */
import { InFlight } from "@celeriac/messaging/InFlight"
import type { Entry, TimerHeap } from "@celeriac/messaging/TimerHeap"
import type { ResultRecord } from "@celeriac/tasks/result/ResultRecord"
import type { Addressee, ResultWriter } from "@celeriac/tasks/result/ResultWriter"
import type * as Effect from "effect/Effect"
import { PassingSet } from "../../state/internal/PassingSet.ts"
import type { Extend } from "./ExtendedRecords.ts"

/** Beyond this many results on their way, no further task is started. */
const mostPending = 256

/** How long a backend may take to answer, in milliseconds: longer than any deadline of its own. */
const patience = 60_000

/** Why a result was not stored. */
export interface StoreFailure {
  readonly message: string
  /** It has no form, or is not taken for what it is: to try again would come to the same. */
  readonly final: "Unencodable" | "Refused" | undefined
}

/** Told once, with nothing or with the failure. */
export type Then = (failure: StoreFailure | undefined) => void

export class ResultStore {
  private readonly backend: Pick<ResultWriter["Service"], "storeUnsafe">
  private readonly timer: TimerHeap
  /** Told when too many are on their way, and when enough of them are stored. */
  private readonly onCrowded: (crowded: boolean) => void
  /** Adds what was run; undefined where that is not stored. */
  private readonly extend: Extend | undefined
  private readonly pending = new InFlight()
  /** Those under way, in the order of their deadlines. One that was answered goes at once, and all that it refers to. */
  private readonly line = new PassingSet<Storing>()
  private isCrowded = false
  private look: Entry | undefined

  constructor(
    backend: Pick<ResultWriter["Service"], "storeUnsafe">,
    timer: TimerHeap,
    onCrowded: (crowded: boolean) => void,
    extend?: Extend
  ) {
    this.backend = backend
    this.timer = timer
    this.onCrowded = onCrowded
    this.extend = extend
  }

  /** `then` is called once, perhaps before this returns. `now` is milliseconds since the epoch. */
  store(record: ResultRecord, addressee: Addressee, now: number, then: Then): void {
    const storing = new Storing(this, now + patience, then)
    try {
      const stored = this.extend === undefined ? record : this.extend(record, addressee)
      const returned: unknown = this.backend.storeUnsafe(stored, addressee, storing.answer)
      if (returned instanceof Promise) returned.catch(storing.answer)
    } catch (defect) {
      storing.answer(defect ?? "the result backend threw")
    }
    // One that was answered at once was never under way.
    if (!storing.isAnswered) this.wait(storing)
  }

  /** Nothing is on its way. */
  readonly idle: Effect.Effect<void> = this.pending.idle

  /** Looks after nothing any more. */
  readonly rest = (): void => {
    this.look?.cancel()
    this.look = undefined
  }

  /** It was answered, and whoever was told has gone on. */
  told(storing: Storing): void {
    if (!this.line.delete(storing)) return
    this.pending.end()
    if (this.isCrowded && this.line.size <= mostPending / 2) this.crowd(false)
  }

  private wait(storing: Storing): void {
    this.line.add(storing)
    this.pending.begin()
    if (this.look === undefined) this.lookAt(storing.deadline)
    if (!this.isCrowded && this.line.size >= mostPending) this.crowd(true)
  }

  private crowd(crowded: boolean): void {
    this.isCrowded = crowded
    this.onCrowded(crowded)
  }

  private lookAt(deadline: number): void {
    this.look = this.timer.enter(deadline, () => this.expire(deadline))
  }

  private expire(now: number): void {
    this.look = undefined
    for (const storing of this.line.all) {
      if (storing.deadline > now) return this.lookAt(storing.deadline)
      storing.answer(`the result backend did not answer within ${patience / 1_000} seconds`)
    }
  }
}

/** One result on its way. */
class Storing {
  readonly deadline: number
  isAnswered = false
  private readonly store: ResultStore
  private readonly onAnswer: Then

  constructor(store: ResultStore, deadline: number, then: Then) {
    this.store = store
    this.deadline = deadline
    this.onAnswer = then
  }

  /** Typed as a backend has it, and given anything: the first answer counts. */
  readonly answer = (error?: unknown): void => {
    if (this.isAnswered) return
    this.isAnswered = true
    try {
      this.onAnswer(error == null ? undefined : failureOf(error))
    } finally {
      this.store.told(this)
    }
  }
}

const failureOf = (error: unknown): StoreFailure => {
  try {
    const known = error as { readonly message?: unknown; readonly reason?: Reason } // looked at below
    const final = known.reason?._tag === "Unencodable"
      ? "Unencodable"
      : known.reason?._tag === "ResultRefused"
      ? "Refused"
      : undefined
    const message = final === undefined ? known.message : known.reason?.message ?? known.message
    return { message: typeof message === "string" ? message : String(error), final }
  } catch {
    return { message: "the result backend failed with what cannot be told", final: undefined }
  }
}

interface Reason {
  readonly _tag?: unknown
  readonly message?: unknown
}
