/**
 * The life of an accepted request, one stage under the other:
 *
 * accept → read the body → acknowledge if early → trace → store the result →
 * settle if late.
 *
 * Nothing here is an effect: the handler's own is run by the pool, and a
 * request whose handler does not wait goes through all stages in one turn. A
 * late message is never acknowledged before its result is stored.
 *
 * @since 0.1.0
 */
import type { Settlement } from "@celeriac/messaging/Message"
import type { ProtocolError } from "@celeriac/tasks/protocol/ProtocolError"
import type { TaskBody } from "@celeriac/tasks/protocol/TaskBody"
import type { ExceptionRecord } from "@celeriac/tasks/result/ExceptionRecord"
import * as Exceptions from "@celeriac/tasks/result/ExceptionRecord"
import type { ResultError } from "@celeriac/tasks/result/ResultError"
import * as ResultRecord from "@celeriac/tasks/result/ResultRecord"
import * as TaskState from "@celeriac/tasks/TaskState"
import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import type { Job, Pool } from "../pool/Pool.ts"
import { Backoff } from "../state/Backoff.ts"
import * as WorkerLog from "../state/WorkerLog.ts"
import type { State } from "../state/WorkerState.ts"
import * as Acknowledgement from "./Acknowledgement.ts"
import * as Canvas from "./Canvas.ts"
import type { Request, Source } from "./Request.ts"
import { RequestJob, type Stages } from "./RequestJob.ts"
import type { ResultStore } from "./ResultStore.ts"
import * as Strategy from "./Strategy.ts"
import * as Tell from "./Tell.ts"
import * as Trace from "./Trace.ts"

export interface Surroundings {
  readonly pool: Pool
  readonly results: ResultStore
  readonly state: State<Request>
  readonly clock: Clock.Clock
  readonly log: WorkerLog.WorkerLog
  /** Reads the body of a request whose headers were read. */
  readonly readBody: (request: Request) => Result.Result<TaskBody, ProtocolError>
}

export class Executor implements Stages {
  private readonly around: Surroundings
  /** Of late tasks whose results the store refuses: by id. */
  private readonly refusals = new Backoff()
  /** From now on, an interrupted request was interrupted by us. */
  private terminating = false

  constructor(around: Surroundings) {
    this.around = around
  }

  get state(): State<Request> {
    return this.around.state
  }

  /** Gives the request to the pool. */
  readonly submit = (request: Request): void => {
    this.around.state.requests.add(request)
    this.around.pool.submit(new RequestJob(this, request))
  }

  /** It has a slot. Gives the handler's effect, or nothing when the request is finished already. */
  accept(request: Request): Effect.Effect<unknown, unknown, unknown> | undefined {
    try {
      return this.begin(request)
    } catch (defect) {
      return this.giveUp(request, defect)
    }
  }

  private begin(request: Request): Effect.Effect<unknown, unknown, unknown> | undefined {
    const { clock, log, readBody, state } = this.around
    const now = clock.currentTimeMillisUnsafe()
    if (Strategy.isExpired(request, now)) return this.finish(request, { _tag: "Revoked", why: "expired" })

    const body = request.body === undefined ? readBody(request) : Result.succeed(request.body)
    if (Result.isFailure(body)) return this.invalid(request, body.failure)
    const refusal = Canvas.refusal(body.success.embed)
    if (refusal !== undefined) return this.refuse(request, refusal)

    if (!request.registered.options.acksLate && !this.acknowledgeEarly(request)) return undefined

    request.timeStart = now
    state.started(request)
    if (log.isDebug) log.log("Debug", `Task accepted: ${request.name}[${request.id}]`)
    if (request.registered.options.trackStarted && !request.ignoreResult) this.storeStarted(request)

    const begun = Trace.begin(request, body.success)
    return Effect.isEffect(begun) ? begun : this.finish(request, begun)
  }

  /** The handler's effect ended. */
  exited(request: Request, exit: Exit.Exit<unknown, unknown>): void {
    this.finish(request, Trace.end(request, exit, this.terminating))
  }

  /** Something came of the request, perhaps without running. */
  finish(request: Request, traced: Trace.Traced): undefined {
    this.count(traced)
    const now = this.around.clock.currentTimeMillisUnsafe()
    Tell.end(this.around.log, request, traced, now)
    const { options } = request.registered
    const settlement = Acknowledgement.settlementOf(traced, options)
    if (settlement === "requeue" && !request.isSettled) return this.settle(request, settlement)
    if (request.ignoreResult) return this.settle(request, settlement)
    this.around.results.store(Trace.record(request, traced, now), request, (error) => {
      if (error === undefined) {
        this.refusals.reset(request.id)
        return this.settle(request, settlement)
      }
      if (error.reason._tag === "Unencodable") return this.unstorable(request, traced, settlement, error.reason.message)
      this.notStored(request, error)
    })
  }

  /** A late task runs again, after a pause that grows: a store that refuses at once must not be asked in a loop. */
  private notStored(request: Request, error: ResultError): undefined {
    const { clock, log, state } = this.around
    const what = `The result of ${request.name}[${request.id}] could not be stored: ${
      WorkerLog.sentence(error.message)
    }`
    if (request.isSettled) {
      log.log("Error", `${what} It is lost`)
      return this.settle(request, "requeue")
    }
    if (!request.source.isReceiving) {
      log.log("Error", `${what} The task goes back to its queue`)
      return this.settle(request, "requeue")
    }
    const pause = this.refusals.next(request.id)
    log.log("Error", `${what} The task goes back to its queue in ${pause / 1_000} seconds`)
    state.ended(request)
    request.source.requeueAt(request, clock.currentTimeMillisUnsafe() + pause)
  }

  /** To try again would come to the same: the failure is the result. */
  private unstorable(request: Request, traced: Trace.Traced, settlement: Settlement, why: string): undefined {
    if (traced._tag !== "Success") {
      this.around.log.log(
        "Error",
        `What became of ${request.name}[${request.id}] could not be stored: ${WorkerLog.sentence(why)} It is lost`
      )
      return this.settle(request, settlement)
    }
    this.around.state.succeeded--
    const exception = Exceptions.make("EncodeError", [why], "kombu.exceptions")
    return this.finish(request, { _tag: "Failure", exception, traceback: undefined, isDeclared: false })
  }

  private invalid(request: Request, error: ProtocolError): undefined {
    this.around.log.log(
      "Error",
      `Received invalid task message: ${WorkerLog.sentence(error.message)} The message has been rejected`
    )
    return this.reject(request, Exceptions.invalidTask(error.message))
  }

  private refuse(request: Request, exception: ExceptionRecord): undefined {
    this.around.log.log(
      "Error",
      `Task ${request.name}[${request.id}] refused: ${Exceptions.repr(exception)}. The message has been rejected`
    )
    return this.reject(request, exception)
  }

  /** A message that cannot be run is for the dead-letter exchange, and a FAILURE for whoever waits. */
  private reject(request: Request, exception: ExceptionRecord): undefined {
    const { clock, state } = this.around
    state.failed++
    const dateDone = clock.currentTimeMillisUnsafe()
    const record = ResultRecord.make(request.id, TaskState.FAILURE, { exception, dateDone })
    this.around.results.store(record, request, () => this.settle(request, "reject"))
  }

  /** What never throws has thrown. The message must not come again, and others must go on. */
  private giveUp(request: Request, defect: unknown): undefined {
    this.around.log.log(
      "Fatal",
      `Task ${request.name}[${request.id}] INTERNAL ERROR: ${String(defect)}`,
      undefined,
      Cause.die(defect)
    )
    return this.settle(request, "reject")
  }

  /** Sends back to the broker what waits for a slot, but for `keep` of the oldest; of one source, or of all. */
  readonly giveBack = (keep: number, source?: Source): void => this.returnUnstarted(this.withdraw(keep, source))

  /** Sends requests that do not run back to the broker, the last one first: they keep their order. */
  readonly returnUnstarted = (requests: ReadonlyArray<Request>): void => {
    for (const request of requests.toReversed()) {
      this.requeue(request)
      request.source.dropped(request)
    }
  }

  /** Drops requests that do not run: their connection is lost, and the broker delivers them again. */
  readonly forget = (requests: ReadonlyArray<Request>): void => {
    for (const request of requests) {
      this.around.state.finished(request)
      request.source.dropped(request)
    }
  }

  /** Drops what waits for a slot; of one source, whose channel alone is lost, or of all. */
  readonly dropWaiting = (source?: Source): void => this.forget(this.withdraw(0, source))

  /** Nothing is running and every result is stored. */
  readonly idle: Effect.Effect<void> = Effect.suspend(() =>
    Effect.andThen(this.around.pool.idle, this.around.results.idle)
  )

  /** Interrupts what runs: late requests go back to their queues, early ones are stored as lost. */
  readonly terminate: Effect.Effect<void> = Effect.suspend(() => {
    this.terminating = true
    return Effect.andThen(this.around.pool.terminate, this.idle)
  })

  private withdraw(keep: number, source: Source | undefined): ReadonlyArray<Request> {
    const fits = source === undefined ? isRequest : (job: Job) => isRequest(job) && job.request.source === source
    return this.around.pool.withdraw(keep, fits).flatMap((job) => isRequest(job) ? [job.request] : [])
  }

  /** The message is gone from the broker from now on. Not so when its connection was lost: then another worker has it. */
  private acknowledgeEarly(request: Request): boolean {
    if (request.settle("ack") === "settled") {
      this.around.state.remember(request.id, request.retries, "ack")
      return true
    }
    this.around.log.log(
      "Warn",
      `${request.name}[${request.id}] lost its connection before it started: left to the broker`
    )
    this.around.state.finished(request)
    request.source.finished(request)
    return false
  }

  private settle(request: Request, settlement: Settlement): undefined {
    if (settlement === "requeue") this.requeue(request)
    else {
      // Out of the state first: whoever waits may look at it as soon as the message is settled.
      this.around.state.finished(request)
      if (!request.isSettled) {
        this.around.state.remember(request.id, request.retries, settlement)
        request.settle(settlement)
      }
    }
    request.source.finished(request)
    return undefined
  }

  /** Back to its queue, to be run when it comes again: here too. */
  private requeue(request: Request): void {
    // Out of the state first: a message that goes back may be here again before this returns.
    this.around.state.finished(request)
    if (request.isSettled) return
    this.around.state.forget(request.id, request.retries)
    request.settle("requeue")
  }

  private count(traced: Trace.Traced): void {
    if (traced._tag === "Success") this.around.state.succeeded++
    else if (traced._tag === "Failure") this.around.state.failed++
  }

  private storeStarted(request: Request): void {
    const result = { pid: process.pid, hostname: request.hostname }
    this.around.results.store(ResultRecord.make(request.id, TaskState.STARTED, { result }), request, (error) => {
      if (error !== undefined) {
        this.around.log.log("Warn", `${request.name}[${request.id}]: STARTED was not stored: ${error.message}`)
      }
    })
  }
}

const isRequest = (job: Job): job is RequestJob => job instanceof RequestJob
