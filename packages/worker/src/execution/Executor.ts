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
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import type { ProtocolError } from "@celeriac/tasks/protocol/ProtocolError"
import type { TaskBody } from "@celeriac/tasks/protocol/TaskBody"
import type { ExceptionRecord } from "@celeriac/tasks/result/ExceptionRecord"
import * as Exceptions from "@celeriac/tasks/result/ExceptionRecord"
import type { ResultBackend } from "@celeriac/tasks/result/ResultBackend"
import * as ResultRecord from "@celeriac/tasks/result/ResultRecord"
import * as TaskState from "@celeriac/tasks/TaskState"
import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import type { Pool } from "../pool/Pool.ts"
import type { WorkerLog } from "../state/WorkerLog.ts"
import type { State } from "../state/WorkerState.ts"
import * as Acknowledgement from "./Acknowledgement.ts"
import * as Canvas from "./Canvas.ts"
import type { Request, Source } from "./Request.ts"
import { RequestJob } from "./RequestJob.ts"
import * as Strategy from "./Strategy.ts"
import * as Tell from "./Tell.ts"
import * as Trace from "./Trace.ts"

export interface Surroundings {
  readonly pool: Pool
  readonly backend: ResultBackend["Service"]
  readonly state: State<Request>
  readonly clock: Clock.Clock
  readonly log: WorkerLog
  /** Reads the body of a request whose headers were read. */
  readonly readBody: (request: Request) => Result.Result<TaskBody, ProtocolError>
}

/** Beyond this many results on their way to the store, no further task is started. */
const mostPending = 256

export class Executor {
  private readonly around: Surroundings
  /** Results on their way to the store. */
  private pending = 0
  private whenStored: Deferred.Deferred<void> | undefined
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
    return this.store(request, Trace.record(request, traced, now), (error) => {
      if (error === undefined) return this.settle(request, settlement)
      if (error.reason._tag === "Unencodable") return this.unstorable(request, traced, settlement, error.reason.message)
      this.around.log.log(
        "Error",
        `The result of ${request.name}[${request.id}] could not be stored: ${error.message}` +
          (request.isSettled ? ". It is lost" : ". The task goes back to its queue")
      )
      this.settle(request, "requeue")
    })
  }

  /** To try again would come to the same: the failure is the result. */
  private unstorable(request: Request, traced: Trace.Traced, settlement: Settlement, why: string): undefined {
    if (traced._tag !== "Success") {
      this.around.log.log(
        "Error",
        `What became of ${request.name}[${request.id}] could not be stored: ${why}. It is lost`
      )
      return this.settle(request, settlement)
    }
    this.around.state.succeeded--
    const exception = Exceptions.make("EncodeError", [why], "kombu.exceptions")
    return this.finish(request, { _tag: "Failure", exception, traceback: undefined, isDeclared: false })
  }

  private invalid(request: Request, error: ProtocolError): undefined {
    this.around.log.log("Error", `Received invalid task message: ${error.message}. The message has been rejected`)
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
    return this.store(request, record, () => this.settle(request, "reject"))
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

  /** Sends back to the broker what waits for a slot, but for `keep` of the oldest. */
  readonly giveBack = (keep: number): void => this.returnUnstarted(this.withdraw(keep))

  /** Sends requests that have not started back to the broker, the last one first: they keep their order. */
  readonly returnUnstarted = (requests: ReadonlyArray<Request>): void => {
    for (const request of requests.toReversed()) {
      request.settle("requeue")
      this.around.state.finished(request)
    }
  }

  /** Drops requests that have not started: their connection is lost, and the broker delivers them again. */
  readonly forget = (requests: ReadonlyArray<Request>): void => {
    for (const request of requests) this.around.state.finished(request)
  }

  readonly dropWaiting = (): void => this.forget(this.withdraw(0))

  /** The same for what came from one source, whose channel alone is lost. */
  readonly dropWaitingOf = (source: Source): void => {
    for (const request of this.withdraw(0)) {
      if (request.source === source) this.around.state.finished(request)
      else this.submit(request)
    }
  }

  /** Nothing is running and every result is stored. */
  readonly idle: Effect.Effect<void> = Effect.suspend(() =>
    Effect.andThen(
      this.around.pool.idle,
      Effect.suspend(() => {
        if (this.pending === 0) return Effect.void
        this.whenStored ??= Deferred.makeUnsafe<void>()
        return Deferred.await(this.whenStored)
      })
    )
  )

  /** Interrupts what runs: late requests go back to their queues, early ones are stored as lost. */
  readonly terminate: Effect.Effect<void> = Effect.suspend(() => {
    this.terminating = true
    return Effect.andThen(this.around.pool.terminate, this.idle)
  })

  private withdraw(keep: number): ReadonlyArray<Request> {
    return this.around.pool.withdraw(keep).flatMap((job) => job instanceof RequestJob ? [job.request] : [])
  }

  /** The message is gone from the broker from now on. Not so when its connection was lost: then another worker has it. */
  private acknowledgeEarly(request: Request): boolean {
    if (request.settle("ack") === "settled") {
      this.around.state.remember(request.id, request.retries)
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
    // Out of the state first: a message that goes back may be here again before this returns.
    this.around.state.finished(request)
    if (!request.isSettled) {
      if (settlement === "ack") this.around.state.remember(request.id, request.retries)
      request.settle(settlement)
    }
    request.source.finished(request)
    return undefined
  }

  private store(
    request: Request,
    record: ResultRecord.ResultRecord,
    then: (error: MessagingError | undefined) => void
  ): undefined {
    if (++this.pending === mostPending) this.around.pool.pause(true)
    this.around.backend.storeUnsafe(record, request, (error) => {
      if (--this.pending === mostPending / 2) this.around.pool.pause(false)
      then(error)
      if (this.pending === 0 && this.whenStored !== undefined) {
        Deferred.doneUnsafe(this.whenStored, Effect.void)
        this.whenStored = undefined
      }
    })
  }

  private count(traced: Trace.Traced): void {
    if (traced._tag === "Success") this.around.state.succeeded++
    else if (traced._tag === "Failure") this.around.state.failed++
  }

  private storeStarted(request: Request): void {
    const result = { pid: process.pid, hostname: request.hostname }
    this.store(request, ResultRecord.make(request.id, TaskState.STARTED, { result }), (error) => {
      if (error !== undefined) {
        this.around.log.log("Warn", `${request.name}[${request.id}]: STARTED was not stored: ${error.message}`)
      }
    })
  }
}
