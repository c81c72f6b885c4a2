/**
 * What comes of a delivery: understood, decided upon, acted on.
 *
 * One function, called by the transport once per message, synchronously. It
 * never throws, and no message leaves it unsettled and forgotten: what is no
 * request is a stray, and comes to its end as all do.
 *
 * @since 0.1.0
 */
import * as Content from "@celeriac/messaging/Content"
import { InFlight } from "@celeriac/messaging/InFlight"
import type { Delivery, Message } from "@celeriac/messaging/Message"
import { type Refusal, type Seal, Seals } from "@celeriac/messaging/security/Seal"
import type { TimerHeap } from "@celeriac/messaging/TimerHeap"
import type { ProtocolError } from "@celeriac/tasks/protocol/ProtocolError"
import type { TaskHeaders } from "@celeriac/tasks/protocol/TaskHeaders"
import * as TaskMessage from "@celeriac/tasks/protocol/TaskMessage"
import { TaskRegistry } from "@celeriac/tasks/TaskRegistry"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { Execution } from "../../boot/Execution.ts"
import { Timer } from "../../boot/Timer.ts"
import type { Executor } from "../../execution/internal/Executor.ts"
import * as SealClaims from "../../execution/internal/SealClaims.ts"
import { Stray } from "../../execution/internal/Stray.ts"
import type { Intake } from "../../execution/internal/Subject.ts"
import { Request } from "../../execution/Request.ts"
import type { Decision } from "../../execution/Strategy.ts"
import { WorkerSettings } from "../../state/WorkerSettings.ts"
import type { ActiveRequest } from "../../state/WorkerState.ts"
import * as Outcome from "../../trace/Outcome.ts"
import * as Portable from "../../trace/Portable.ts"
import { HeldRequests } from "./HeldRequests.ts"

/** Whoever decides how many messages may come. */
export interface Watcher {
  /** What its messages come from. */
  readonly queue: string
  /** A request came to something. */
  readonly onFinished: () => void
  /** One more request is held for its ETA. */
  readonly onHeld: () => void
  /** One fewer is; or more or fewer wait for the rate of their task. */
  readonly onDue: () => void
}

export type Services = Execution | TaskRegistry | Timer

/** Makes receivers with the services at hand. */
export const make: Effect.Effect<(watcher: Watcher) => Receiver, never, Services> = Effect.gen(function*() {
  const { nodename } = yield* WorkerSettings
  const { executor } = yield* Execution
  const registry = yield* TaskRegistry
  const { queue } = yield* Timer
  const clock = yield* Clock.Clock
  const coding = yield* Portable.coding
  const seal = (yield* Seals)?.tasks
  const read: TaskMessage.ReadOptions = { decode: (message: Message) => Content.decode(message, coding) }
  return (watcher) => new Receiver(watcher, executor, registry, queue, clock, read, seal, nodename)
})

/**
 * So many that wait for the rate of their task, or for others' answers, make room for others. More would
 * be taken from workers that have a rate of their own.
 */
const mostLimited = 256

export class Receiver implements Intake {
  private readonly watcher: Watcher
  private readonly executor: Executor
  private readonly registry: TaskRegistry["Service"]
  private readonly clock: Clock.Clock
  private readonly read: TaskMessage.ReadOptions
  private readonly seal: Seal | undefined
  private readonly hostname: string
  /** Until their ETA. */
  private readonly held: HeldRequests
  /** Messages that are not settled. */
  private readonly outstanding = new InFlight()
  /** How many wait for the rate of their task, or for others' answers. */
  private limitedCount = 0

  constructor(
    watcher: Watcher,
    executor: Executor,
    registry: TaskRegistry["Service"],
    timer: TimerHeap,
    clock: Clock.Clock,
    read: TaskMessage.ReadOptions,
    seal: Seal | undefined,
    hostname: string
  ) {
    this.watcher = watcher
    this.executor = executor
    this.registry = registry
    this.clock = clock
    this.read = read
    this.seal = seal
    this.hostname = hostname
    this.held = new HeldRequests(timer)
  }

  get queue(): string {
    return this.watcher.queue
  }

  /** How many are outstanding and must not keep others from coming. */
  get heldCount(): number {
    return this.held.size + Math.min(this.limitedCount, mostLimited)
  }

  get heldBytes(): number {
    return this.held.bytes
  }

  /** Of those that are not held. */
  get busyCount(): number {
    return this.outstanding.count - this.heldCount
  }

  readonly receive = (delivery: Delivery): void => {
    this.outstanding.begin()
    try {
      this.look(delivery)
    } catch (defect) {
      this.end(delivery, Outcome.broken(defect), undefined)
    }
  }

  readonly finished = (): void => {
    this.dropped()
    this.watcher.onFinished()
  }

  readonly dropped = (): void => this.outstanding.end()

  readonly limited = (by: 1 | -1): void => {
    this.limitedCount += by
    this.watcher.onDue()
  }

  /** Its time is now. Gives whether it was held. */
  runNow(request: ActiveRequest): boolean {
    return this.held.dueNow(request)
  }

  /** Takes back the requests that wait for a time. */
  readonly release = (): ReadonlyArray<Request> => this.held.release()

  /** Every message that came is settled. */
  readonly idle: Effect.Effect<void> = this.outstanding.idle

  private look(delivery: Delivery): void {
    if (delivery.defect !== undefined) return this.damaged(delivery, delivery.defect.message)
    const verdict = this.seal?.check(delivery)
    if (verdict?._tag === "Refused") return this.untrusted(delivery, verdict)
    const { claims } = this.executor
    if (verdict === undefined || claims === undefined) return this.understand(delivery)
    claims.take(delivery, verdict, this, (isOurs) => {
      try {
        if (isOurs) this.understand(delivery)
        else this.untrusted(delivery, SealClaims.copy)
      } catch (defect) {
        this.end(delivery, Outcome.broken(defect), undefined)
      }
    })
  }

  private understand(delivery: Delivery): void {
    const identity = TaskMessage.identify(delivery)
    if (Result.isFailure(identity)) return this.invalid(delivery, identity.failure)
    if (identity.success.version === 2) return this.understood(delivery, 2, identity.success.headers)

    const message = TaskMessage.readBody(delivery, identity.success, this.read)
    if (Result.isFailure(message)) return this.invalid(delivery, message.failure)
    this.understood(delivery, 1, message.success.headers)
  }

  private understood(delivery: Delivery, version: 1 | 2, headers: TaskHeaders): void {
    const registered = this.registry.get(headers.task)
    if (registered === undefined) {
      return this.end(delivery, { _tag: "Unregistered", task: headers.task }, headers.id, headers.task)
    }
    const { executor } = this
    const now = this.clock.currentTimeMillisUnsafe()
    const request = new Request(this, registered.options, version, headers, delivery, this.hostname, now)
    executor.observers.received(request)
    let decision: Decision
    try {
      decision = executor.strategies.get(request.task)(request, executor.state, now)
    } catch (defect) {
      return executor.completion.complete(request, Outcome.broken(defect))
    }
    if (decision._tag === "Hold") this.hold(request, decision.until)
    else executor.act(request, decision)
  }

  private hold(request: Request, until: number): void {
    this.executor.observers.accepted(request)
    this.executor.state.reserve(request)
    this.held.hold(request, until, (request) => {
      this.executor.due(request)
      this.watcher.onDue()
    })
    this.watcher.onHeld()
  }

  /** Not all of it arrived: what is left of its headers may still say who waits for it. */
  private damaged(delivery: Delivery, message: string): void {
    this.end(delivery, { _tag: "Damaged", message }, idOf(delivery))
  }

  /** Nothing is stored because of a copy: its id is that of the message that came first. */
  private untrusted(delivery: Delivery, { detail, isReplay }: Refusal): void {
    const message = `Refusing a message that cannot be trusted: ${detail}`
    this.end(delivery, { _tag: "Invalid", message }, isReplay ? undefined : idOf(delivery))
  }

  private invalid(delivery: Delivery, error: ProtocolError): void {
    this.end(delivery, { _tag: "Invalid", message: error.message }, error.id, error.task)
  }

  private end(delivery: Delivery, outcome: Outcome.NeverRan, id: string | undefined, task?: string): void {
    const stray = new Stray(this, delivery, id, task, this.clock.currentTimeMillisUnsafe())
    this.executor.completion.complete(stray, outcome)
  }
}

/** What its headers say, whatever they are worth. */
const idOf = ({ headers: { id } }: Delivery): string | undefined => typeof id === "string" && id !== "" ? id : undefined
