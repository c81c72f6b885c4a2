/**
 * The life of an accepted request, one stage under the other: a slot, the
 * acknowledgement if it is early, the run, the end.
 *
 * Nothing here is an effect: the handler's own is run by the pool, and a
 * request whose handler does not wait goes through all stages in one turn. What
 * follows from its end is for `Completion`.
 *
 * @since 0.1.0
 */
import type * as Content from "@celeriac/messaging/Content"
import type { Delivery } from "@celeriac/messaging/Message"
import type { TimerHeap } from "@celeriac/messaging/TimerHeap"
import * as ResultRecord from "@celeriac/tasks/result/ResultRecord"
import * as TaskState from "@celeriac/tasks/TaskState"
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { After, Job, Pool } from "../../pool/Pool.ts"
import type { State } from "../../state/WorkerState.ts"
import * as Outcome from "../../trace/Outcome.ts"
import type { Work } from "../../trace/Work.ts"
import type { Request } from "../Request.ts"
import * as Strategy from "../Strategy.ts"
import type { Completion } from "./Completion.ts"
import { type Duplicates, isAgain } from "./Duplicates.ts"
import * as LostRuns from "./LostRuns.ts"
import type { Observers } from "./Observers.ts"
import type { RateLimits } from "./RateLimits.ts"
import type { Turns } from "./RateLine.ts"
import { RequestJob, type Stages } from "./RequestJob.ts"
import type { SealClaims } from "./SealClaims.ts"
import type { Settler } from "./Settler.ts"
import type { Intake } from "./Subject.ts"
import { type TimeLimits, Watch } from "./TimeLimits.ts"

interface Parts {
  readonly pool: Pool
  readonly state: State<Request>
  readonly settler: Settler
  readonly completion: Completion
  readonly observers: Observers
  readonly clock: Clock.Clock
  readonly timer: TimerHeap
  readonly rates: RateLimits
  readonly limits: TimeLimits
  readonly coding: Content.DecodeOptions
  /** Where those are looked for that have succeeded before. */
  readonly duplicates?: Duplicates | undefined
  /** Where it is known whose sealed messages are. */
  readonly claims?: SealClaims | undefined
}

export class Executor implements Stages, Turns {
  readonly state: State<Request>
  readonly settler: Settler
  readonly completion: Completion
  readonly observers: Observers
  readonly pool: Pool
  readonly clock: Clock.Clock
  readonly timer: TimerHeap
  readonly rates: RateLimits
  readonly limits: TimeLimits
  readonly coding: Content.DecodeOptions
  readonly duplicates: Duplicates | undefined
  readonly claims: SealClaims | undefined
  readonly strategies = new Strategy.Strategies()
  /** Their runs go on, and they have come to something. */
  private readonly abandoned = new Set<Request>()

  constructor(parts: Parts) {
    this.pool = parts.pool
    this.state = parts.state
    this.settler = parts.settler
    this.completion = parts.completion
    this.observers = parts.observers
    this.clock = parts.clock
    this.timer = parts.timer
    this.rates = parts.rates
    this.limits = parts.limits
    this.coding = parts.coding
    this.duplicates = parts.duplicates
    this.claims = parts.claims
    this.rates.serve(this)
  }

  /** Acts on what was decided about a request that has come in, but for holding it. */
  readonly act = (request: Request, decision: Exclude<Strategy.Decision, { readonly _tag: "Hold" }>): void => {
    switch (decision._tag) {
      case "Run":
        this.observers.accepted(request)
        return this.admit(request)
      case "Discard":
        return this.discard(request, decision.outcome)
      case "Adopt":
        this.observers.adopted(request)
        return decision.running.adopt(request.delivery, request.intake)
      case "Done":
        return this.settler.repeat(request, decision.settlement)
    }
  }

  /** Its time has come. */
  readonly due = (request: Request): void => {
    const revoked = this.discarded(request)
    if (revoked === undefined) this.admit(request)
    else this.discard(request, revoked)
  }

  /** What it comes to without running, if it is not to run. */
  readonly discarded = (request: Request): Outcome.Revoked | undefined =>
    Strategy.discarded(request, this.state.revoked, this.clock.currentTimeMillisUnsafe())

  /** It need not wait for the rate of its task any more. */
  readonly turn = (request: Request, discarded: Outcome.Revoked | undefined): void =>
    discarded === undefined ? this.submit(request) : this.discard(request, discarded)

  /** Gives the request to the pool, unless it has succeeded where it was before. */
  private admit(request: Request): void {
    if (this.duplicates?.suspects(request) !== true) return this.enter(request)
    this.state.reserve(request)
    this.duplicates.ask(request, (known) => {
      if (known === undefined) this.enter(request)
      else if (known === "elsewhere") this.discard(request, Outcome.duplicate)
      else if (known.status === TaskState.REVOKED && !isAgain(request)) this.discard(request, Outcome.revoked)
      else this.completion.complete(request, { ...Outcome.duplicate, known })
    })
  }

  /** Gives the request to the pool, if need be behind others that wait for the rate of their task. */
  private enter(request: Request): void {
    const line = this.rates.lineOf(request)
    if (line === undefined) return this.submit(request)
    this.state.reserve(request)
    line.enter(request)
  }

  /** Gives the request to the pool. */
  readonly submit = (request: Request): void => {
    this.state.reserve(request)
    this.pool.submit(new RequestJob(this, request))
  }

  accept(job: RequestJob): Work | undefined {
    const { request } = job
    const revoked = this.discarded(request)
    if (revoked === undefined) {
      const timeLimit = this.limits.of(request)
      if (timeLimit === undefined) return request.work
      job.timeLimit = timeLimit
      return { ...request.work, timeLimit }
    }
    this.discard(request, revoked)
    return undefined
  }

  /** Its message can be run, so that it may be acknowledged. */
  started(job: RequestJob): boolean {
    const { request } = job
    if (!request.options.acksLate && !this.settler.acknowledge(request)) return false
    request.timeStart = this.clock.currentTimeMillisUnsafe()
    this.state.started(request)
    this.observers.started(request)
    if (request.options.trackStarted && !request.ignoreResult) this.noteStart(request)
    if (job.timeLimit !== undefined) job.watch = new Watch(this, job, request, job.timeLimit)
    return true
  }

  ended({ request, watch }: RequestJob, outcome: Outcome.Outcome, after: After | undefined): void {
    watch?.done()
    if (this.abandoned.size > 0 && this.abandoned.delete(request)) return after?.release()
    if (after !== undefined) request.after = after
    this.completion.complete(request, LostRuns.outcome(request, outcome))
  }

  /** It comes to this, although its run does not end: what that comes to is told to nobody. */
  readonly abandon = (request: Request, outcome: Outcome.Outcome): void => {
    this.abandoned.add(request)
    this.completion.complete(request, outcome)
  }

  /** It will not run. */
  private discard(request: Request, outcome: Outcome.Revoked | Outcome.Ignored): void {
    request.isDuplicate = outcome === Outcome.duplicate
    // As in Celery: nothing of its id runs any more, a retry neither.
    if (outcome._tag === "Revoked" && outcome.why === "expired") this.state.revoked.revoke(request.id)
    this.completion.complete(request, outcome)
  }

  /** Sends back to the broker what waits for a slot or for its rate; of one intake, or of all. */
  readonly giveBack = (intake?: Intake): void => {
    this.settler.giveBack(this.withdraw(intake))
    this.claims?.giveBack(intake)
  }

  /** Sends back what one intake has waiting for a slot beyond the `keep` oldest, but for what came back before. */
  readonly returnExcess = (keep: number, intake: Intake): void => {
    let place = 0
    const isExcess = (job: Job): boolean =>
      isRequest(job) && job.request.intake === intake && place++ >= keep && !hasReturned(job.request.delivery)
    this.settler.giveBack(this.pool.withdraw(0, isExcess).flatMap(requestOf))
  }

  /** Drops what waits for a slot or for its rate; of one intake, whose channel alone is lost, or of all. */
  readonly dropWaiting = (intake?: Intake): void => {
    this.settler.forget(this.withdraw(intake))
    this.claims?.drop(intake)
  }

  /** Nothing is running, and what came of all that ran is safe or given up. For a worker that stops. */
  readonly idle: Effect.Effect<void> = Effect.suspend(() => {
    this.completion.close()
    return Effect.andThen(this.pool.idle, this.completion.idle)
  })

  /** Interrupts what runs: late requests go back to their queues, early ones are stored as lost. */
  readonly terminate: Effect.Effect<void> = Effect.suspend(() =>
    Effect.andThen(this.pool.terminate({ _tag: "Shutdown" }), this.idle)
  )

  private withdraw(intake: Intake | undefined): ReadonlyArray<Request> {
    const fits = intake === undefined ? isRequest : (job: Job) => isRequest(job) && job.request.intake === intake
    return [
      ...this.pool.withdraw(0, fits).flatMap(requestOf),
      ...this.rates.withdraw(intake),
      ...this.duplicates?.withdraw(intake) ?? []
    ]
  }

  private noteStart(request: Request): void {
    const result = { pid: process.pid, hostname: request.hostname }
    this.completion.note(request, ResultRecord.make(request.id, TaskState.STARTED, { result }))
  }
}

const requestOf = (job: Job): ReadonlyArray<Request> => isRequest(job) ? [job.request] : []

/** Whether the broker handed it out before. A quorum queue says how often, and drops what comes back too often. */
const hasReturned = ({ headers, redelivered }: Delivery): boolean =>
  redelivered || Number(headers["x-delivery-count"] ?? 0) > 0

const isRequest = (job: Job): job is RequestJob => job instanceof RequestJob
