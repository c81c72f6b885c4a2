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
import * as PythonRepr from "@celeriac/tasks/protocol/PythonRepr"
import type { TaskBody } from "@celeriac/tasks/protocol/TaskBody"
import * as Exceptions from "@celeriac/tasks/result/ExceptionRecord"
import type { ResultBackend } from "@celeriac/tasks/result/ResultBackend"
import * as ResultRecord from "@celeriac/tasks/result/ResultRecord"
import * as TaskState from "@celeriac/tasks/TaskState"
import type * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import type { Job, Pool } from "../pool/Pool.ts"
import type { WorkerLog } from "../state/WorkerLog.ts"
import type { State } from "../state/WorkerState.ts"
import * as Acknowledgement from "./Acknowledgement.ts"
import type { Request } from "./Request.ts"
import * as Strategy from "./Strategy.ts"
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
const mostPending = 2_000

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
    const { clock, log, readBody, state } = this.around
    const now = clock.currentTimeMillisUnsafe()
    if (Strategy.isExpired(request, now)) return this.finish(request, { _tag: "Revoked", why: "expired" })

    const body = request.body === undefined ? readBody(request) : Result.succeed(request.body)
    if (Result.isFailure(body)) return this.refuse(request, body.failure)

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
    this.tell(request, traced)
    const { options } = request.registered
    const settlement = Acknowledgement.settlementOf(traced, options)
    if (settlement === "requeue" && !request.isSettled) return this.settle(request, settlement)
    if (request.ignoreResult) return this.settle(request, settlement)
    return this.store(request, recordOf(request, traced, this.around.clock.currentTimeMillisUnsafe()), (error) => {
      if (error === undefined) return this.settle(request, settlement)
      this.around.log.log(
        "Error",
        `The result of ${request.name}[${request.id}] could not be stored: ${error.message}` +
          (request.isSettled ? ". It is lost" : ". The task goes back to its queue")
      )
      this.settle(request, "requeue")
    })
  }

  /** A body that cannot be read is for the dead-letter exchange, and a FAILURE for whoever waits. */
  refuse(request: Request, error: ProtocolError): undefined {
    const { clock, log, state } = this.around
    log.log("Error", `Received invalid task message: ${error.message}. The message has been rejected`)
    state.failed++
    const record = ResultRecord.make(request.id, TaskState.FAILURE, {
      exception: Exceptions.invalidTask(error.message),
      dateDone: clock.currentTimeMillisUnsafe()
    })
    return this.store(request, record, () => this.settle(request, "reject"))
  }

  /** Sends back to the broker what waits for a slot, but for `keep` of the oldest. */
  readonly giveBack = (keep: number): void =>
    this.returnUnstarted(this.withdraw(keep))

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

  readonly dropWaiting = (): void =>
    this.forget(this.withdraw(0))

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
    this.around.log.log("Warn", `${request.name}[${request.id}] lost its connection before it started: left to the broker`)
    this.done(request)
    return false
  }

  private settle(request: Request, settlement: Settlement): undefined {
    if (!request.isSettled) {
      if (settlement === "ack") this.around.state.remember(request.id, request.retries)
      request.settle(settlement)
    }
    return this.done(request)
  }

  private done(request: Request): undefined {
    this.around.state.finished(request)
    request.source.finished(request)
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

  private storeStarted(request: Request): void {
    const result = { pid: process.pid, hostname: request.hostname }
    this.store(request, ResultRecord.make(request.id, TaskState.STARTED, { result }), (error) => {
      if (error !== undefined) this.around.log.log("Warn", `${request.name}[${request.id}]: STARTED was not stored: ${error.message}`)
    })
  }

  /** Counts, and says so. */
  private tell(request: Request, traced: Trace.Traced): void {
    const { log, state } = this.around
    const name = `${request.name}[${request.id}]`
    switch (traced._tag) {
      case "Success":
        state.succeeded++
        if (log.isInfo) {
          log.log("Info", `Task ${name} succeeded in ${this.runtime(request)}s: ${PythonRepr.repr(traced.result)}`)
        }
        return
      case "Failure": {
        state.failed++
        const repr = Exceptions.repr(traced.exception)
        return log.log(
          "Error",
          `Task ${name} raised ${traced.isDeclared ? "expected" : "unexpected"}: ${repr}` +
            (traced.isDeclared || traced.traceback === undefined ? "" : `\n${traced.traceback}`)
        )
      }
      case "Revoked":
        return log.log("Info", `Discarding revoked task: ${name}`)
      case "Interrupted":
        return log.log("Warn", `Task ${name} was terminated${request.isSettled ? "" : " and goes back to its queue"}`)
    }
  }

  private runtime(request: Request): number {
    return (this.around.clock.currentTimeMillisUnsafe() - (request.timeStart ?? request.receivedAt)) / 1000
  }
}

/** What is stored of a request that is finished. `now` is milliseconds since the epoch. */
const recordOf = (request: Request, traced: Trace.Traced, now: number): ResultRecord.ResultRecord => {
  const common = { dateDone: now, groupId: request.group, parentId: request.parentId }
  switch (traced._tag) {
    case "Success":
      return ResultRecord.make(request.id, TaskState.SUCCESS, { ...common, result: traced.result })
    case "Failure":
      return ResultRecord.make(request.id, TaskState.FAILURE, {
        ...common,
        exception: traced.exception,
        traceback: traced.traceback
      })
    case "Revoked":
      return ResultRecord.make(request.id, TaskState.REVOKED, {
        ...common,
        exception: Exceptions.taskRevoked(traced.why)
      })
    case "Interrupted":
      return ResultRecord.make(request.id, TaskState.FAILURE, {
        ...common,
        exception: Exceptions.workerLost(`Worker ${request.hostname} was terminated while the task ran`)
      })
  }
}

/** A request in the pool. */
export class RequestJob implements Job {
  readonly executor: Executor
  readonly request: Request

  constructor(executor: Executor, request: Request) {
    this.executor = executor
    this.request = request
  }

  get id() {
    return this.request.id
  }
  get context() {
    return this.request.registered.context
  }
  accept() {
    return this.executor.accept(this.request)
  }
  exited(exit: Exit.Exit<unknown, unknown>) {
    this.executor.exited(this.request, exit)
  }
}
