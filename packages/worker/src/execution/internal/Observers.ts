/**
 * All observers of a worker as one: a list for each stage, made anew when there
 * are others, so that a stage that nobody observes costs a comparison.
 *
 * @since 0.1.0
 */
import type { Settlement } from "@celeriac/messaging/Message"
import type { Outcome } from "../../trace/Outcome.ts"
import type { Fate, Observed, RequestObserver, Timeout } from "../RequestObserver.ts"

type Stage = keyof RequestObserver

export class Observers implements Required<RequestObserver> {
  private receiving: ReadonlyArray<NonNullable<RequestObserver["received"]>> = []
  private accepting: ReadonlyArray<NonNullable<RequestObserver["accepted"]>> = []
  private starting: ReadonlyArray<NonNullable<RequestObserver["started"]>> = []
  private ending: ReadonlyArray<NonNullable<RequestObserver["ended"]>> = []
  private completing: ReadonlyArray<NonNullable<RequestObserver["completed"]>> = []
  private settling: ReadonlyArray<NonNullable<RequestObserver["settled"]>> = []
  private failing: ReadonlyArray<NonNullable<RequestObserver["notStored"]>> = []
  private adopting: ReadonlyArray<NonNullable<RequestObserver["adopted"]>> = []
  private repeating: ReadonlyArray<NonNullable<RequestObserver["repeated"]>> = []
  private timing: ReadonlyArray<NonNullable<RequestObserver["timedOut"]>> = []
  private readonly onDefect: (stage: Stage, defect: unknown) => void

  constructor(all: ReadonlyArray<RequestObserver>, onDefect: (stage: Stage, defect: unknown) => void) {
    this.onDefect = onDefect
    this.replace(all)
  }

  /** These from now on. Who is told at this moment is told as before. */
  replace(all: ReadonlyArray<RequestObserver>): void {
    this.receiving = pick(all, "received")
    this.accepting = pick(all, "accepted")
    this.starting = pick(all, "started")
    this.ending = pick(all, "ended")
    this.completing = pick(all, "completed")
    this.settling = pick(all, "settled")
    this.failing = pick(all, "notStored")
    this.adopting = pick(all, "adopted")
    this.repeating = pick(all, "repeated")
    this.timing = pick(all, "timedOut")
  }

  received(request: Observed): void {
    const { receiving } = this
    for (let i = 0; i < receiving.length; i++) {
      try {
        this.look("received", receiving[i]!(request))
      } catch (defect) {
        this.onDefect("received", defect)
      }
    }
  }

  accepted(request: Observed): void {
    const { accepting } = this
    for (let i = 0; i < accepting.length; i++) {
      try {
        this.look("accepted", accepting[i]!(request))
      } catch (defect) {
        this.onDefect("accepted", defect)
      }
    }
  }

  started(request: Observed): void {
    const { starting } = this
    for (let i = 0; i < starting.length; i++) {
      try {
        this.look("started", starting[i]!(request))
      } catch (defect) {
        this.onDefect("started", defect)
      }
    }
  }

  ended(request: Observed, outcome: Outcome, now: number, instead: Outcome | undefined): void {
    const { ending } = this
    for (let i = 0; i < ending.length; i++) {
      try {
        this.look("ended", ending[i]!(request, outcome, now, instead))
      } catch (defect) {
        this.onDefect("ended", defect)
      }
    }
  }

  completed(request: Observed, outcome: Outcome, settlement: Settlement | "hold", endedAt: number): void {
    const { completing } = this
    for (let i = 0; i < completing.length; i++) {
      try {
        this.look("completed", completing[i]!(request, outcome, settlement, endedAt))
      } catch (defect) {
        this.onDefect("completed", defect)
      }
    }
  }

  settled(request: Observed, settlement: Settlement, isStale: boolean): void {
    const { settling } = this
    for (let i = 0; i < settling.length; i++) {
      try {
        this.look("settled", settling[i]!(request, settlement, isStale))
      } catch (defect) {
        this.onDefect("settled", defect)
      }
    }
  }

  notStored(request: Observed, status: string, why: string, fate: Fate): void {
    for (const notStored of this.failing) this.guard("notStored", () => notStored(request, status, why, fate))
  }

  adopted(request: Observed): void {
    for (const adopted of this.adopting) this.guard("adopted", () => adopted(request))
  }

  repeated(request: Observed, settlement: Settlement): void {
    for (const repeated of this.repeating) this.guard("repeated", () => repeated(request, settlement))
  }

  timedOut(request: Observed, timeout: Timeout): void {
    for (const timedOut of this.timing) this.guard("timedOut", () => timedOut(request, timeout))
  }

  /** Off the hot path, where a closure does not matter. */
  private guard(stage: Stage, call: () => unknown): void {
    try {
      this.look(stage, call())
    } catch (defect) {
      this.onDefect(stage, defect)
    }
  }

  /** An observer without types may be asynchronous: nobody waits for it, and its failure is not the process's. */
  private look(stage: Stage, returned: unknown): void {
    if (returned !== undefined && returned instanceof Promise) returned.catch((defect) => this.onDefect(stage, defect))
  }
}

const pick = <S extends Stage>(all: ReadonlyArray<RequestObserver>, stage: S) =>
  all.flatMap((observer): ReadonlyArray<NonNullable<RequestObserver[S]>> => {
    const method = observer[stage]
    return typeof method === "function" ? [method.bind(observer) as NonNullable<RequestObserver[S]>] : []
  })
