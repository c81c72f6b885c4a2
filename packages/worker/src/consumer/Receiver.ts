/**
 * What comes of a delivery: understood, decided upon, acted on.
 *
 * One function, called by the transport once per message, synchronously. It
 * never throws, and no message leaves it unsettled and forgotten: a message
 * that cannot be run is rejected without requeue, so that a dead-letter
 * exchange gets it, and FAILURE is stored when it has an id.
 *
 * @since 0.1.0
 */
import type { Delivery } from "@celeriac/messaging/Message"
import type { ProtocolError } from "@celeriac/tasks/protocol/ProtocolError"
import type { TaskBody } from "@celeriac/tasks/protocol/TaskBody"
import type { TaskHeaders } from "@celeriac/tasks/protocol/TaskHeaders"
import * as TaskMessage from "@celeriac/tasks/protocol/TaskMessage"
import type { ExceptionRecord } from "@celeriac/tasks/result/ExceptionRecord"
import * as Exceptions from "@celeriac/tasks/result/ExceptionRecord"
import * as ResultRecord from "@celeriac/tasks/result/ResultRecord"
import type { TaskRegistry } from "@celeriac/tasks/TaskRegistry"
import * as TaskState from "@celeriac/tasks/TaskState"
import type * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Executor } from "../execution/Executor.ts"
import { Request, type Source } from "../execution/Request.ts"
import type { ResultStore } from "../execution/ResultStore.ts"
import * as Strategy from "../execution/Strategy.ts"
import type { TimerQueue } from "../state/TimerQueue.ts"
import * as WorkerLog from "../state/WorkerLog.ts"
import type { State } from "../state/WorkerState.ts"
import { HeldRequests } from "./HeldRequests.ts"

export interface Surroundings {
  readonly hostname: string
  readonly registry: TaskRegistry["Service"]
  readonly results: ResultStore
  readonly executor: Executor
  readonly state: State<Request>
  readonly timer: TimerQueue
  readonly clock: Clock.Clock
  readonly log: WorkerLog.WorkerLog
  readonly decode: TaskMessage.ReadOptions["decode"]
}

/** Whoever decides how many messages may come. */
export interface Watcher {
  /** A request came to something. */
  readonly onFinished: () => void
  /** More or fewer requests are held for their ETA. */
  readonly onHeld: () => void
}

export class Receiver implements Source {
  private readonly around: Surroundings
  private readonly watcher: Watcher
  /** Until their ETA. */
  private readonly held: HeldRequests
  /** Until they go back to their queue. */
  private readonly refused: HeldRequests
  /** Requests whose messages are not settled. */
  private outstanding = 0
  private whenIdle: Deferred.Deferred<void> | undefined
  isReceiving = true

  constructor(around: Surroundings, watcher: Watcher) {
    this.around = around
    this.watcher = watcher
    this.held = new HeldRequests(around.timer)
    this.refused = new HeldRequests(around.timer)
  }

  get heldCount(): number {
    return this.held.size
  }

  readonly receive = (delivery: Delivery): void => {
    try {
      if (delivery.defect !== undefined) return this.damaged(delivery, delivery.defect.message)
      const identity = TaskMessage.identify(delivery)
      if (Result.isFailure(identity)) return this.refuse(delivery, identity.failure)
      if (identity.success.version === 2) return this.understood(delivery, identity.success.headers, undefined)

      const message = TaskMessage.readBody(delivery, identity.success, { decode: this.around.decode })
      if (Result.isFailure(message)) return this.refuse(delivery, message.failure)
      this.understood(delivery, message.success.headers, message.success.body)
    } catch (defect) {
      this.around.log.log("Error", `A message could not be received, and is rejected: ${String(defect)}`)
      delivery.settle("reject")
    }
  }

  readonly finished = (): void => {
    this.dropped()
    this.watcher.onFinished()
  }

  readonly dropped = (): void => {
    if (--this.outstanding > 0 || this.whenIdle === undefined) return
    Deferred.doneUnsafe(this.whenIdle, Effect.void)
    this.whenIdle = undefined
  }

  readonly requeueAt = (request: Request, at: number): void =>
    this.refused.hold(request, at, (request) => this.around.executor.returnUnstarted([request]))

  /** Takes back the requests that wait for a time. */
  readonly release = (): ReadonlyArray<Request> => [...this.held.release(), ...this.refused.release()]

  /** Nothing more is to come. Gives what waits for a time; from now on, nothing does. */
  readonly close = (): ReadonlyArray<Request> => {
    this.isReceiving = false
    return this.release()
  }

  /** Every message that came is settled. */
  readonly idle: Effect.Effect<void> = Effect.suspend(() => {
    if (this.outstanding === 0) return Effect.void
    this.whenIdle ??= Deferred.makeUnsafe<void>()
    return Deferred.await(this.whenIdle)
  })

  private understood(delivery: Delivery, headers: TaskHeaders, body: TaskBody | undefined): void {
    const { clock, hostname, log, registry, state } = this.around
    const registered = registry.get(headers.task)
    if (registered === undefined) return this.unregistered(delivery, headers)
    const now = clock.currentTimeMillisUnsafe()
    const request = new Request(this, registered, headers, body, delivery, hostname, now)
    if (log.isInfo) log.log("Info", `Task ${request.name}[${request.id}] received`)
    this.outstanding++
    this.act(request, Strategy.decide(request, state, now))
  }

  private act(request: Request, decision: Strategy.Decision): void {
    switch (decision._tag) {
      case "Run":
        return this.around.executor.submit(request)
      case "Hold":
        return this.hold(request, decision.until)
      case "Discard":
        return this.around.executor.finish(request, { _tag: "Revoked", why: decision.why })
      case "Adopt":
        this.around.log.log(
          "Info",
          `Task ${request.name}[${request.id}] is running here: its new delivery is settled with it`
        )
        return decision.running.adopt(request.delivery, this)
      case "Done":
        this.around.log.log("Info", `Task ${request.name}[${request.id}] was run here: ${again[decision.settlement]}`)
        request.settle(decision.settlement)
        return this.dropped()
    }
  }

  private hold(request: Request, until: number): void {
    this.around.state.requests.add(request)
    this.held.hold(request, until, (request) => {
      this.watcher.onHeld()
      this.around.executor.submit(request)
    })
    this.watcher.onHeld()
  }

  private unregistered(delivery: Delivery, headers: TaskHeaders): void {
    this.around.log.log(
      "Error",
      `Received unregistered task of type '${headers.task}' [${headers.id}]. The message has been rejected. ` +
        "Is its handler among the tasks of this worker?"
    )
    this.fail(delivery, headers.id, Exceptions.notRegistered(headers.task))
  }

  /** Not all of it arrived: what is left of its headers may still say who waits for it. */
  private damaged(delivery: Delivery, why: string): void {
    this.around.log.log(
      "Error",
      `Received a damaged message, which has been rejected: ${why} (${whereabouts(delivery)})`
    )
    const { id } = delivery.headers
    if (typeof id === "string" && id !== "") this.fail(delivery, id, Exceptions.invalidTask(why))
    else delivery.settle("reject")
  }

  private refuse(delivery: Delivery, error: ProtocolError): void {
    this.around.log.log(
      "Error",
      `Received invalid task message, which has been rejected: ${error.message} (${whereabouts(delivery)})`
    )
    if (error.id === undefined) delivery.settle("reject")
    else this.fail(delivery, error.id, Exceptions.invalidTask(error.message))
  }

  private fail(delivery: Delivery, id: string, exception: ExceptionRecord): void {
    const record = ResultRecord.make(id, TaskState.FAILURE, {
      exception,
      dateDone: this.around.clock.currentTimeMillisUnsafe()
    })
    const { correlationId, replyTo } = delivery.properties
    this.around.state.failed++
    this.outstanding++
    // Whether FAILURE could be stored or not, the message must not come again.
    this.around.results.store(record, { replyTo, correlationId: correlationId ?? id }, () => {
      delivery.settle("reject")
      this.finished()
    })
  }
}

const again = { ack: "acknowledged again", reject: "rejected again" } as const

const whereabouts = (delivery: Delivery): string =>
  `exchange '${delivery.exchange}', routing key '${delivery.routingKey}', ${delivery.body.length} bytes`
