/** A worker without its edges, for tests of `Completion`: the broker, the store, the pool and the clock are the test's. */
import type { Delivery, Message, Settlement, SettleOutcome } from "@celeriac/messaging/Message"
import { TimerHeap } from "@celeriac/messaging/TimerHeap"
import * as TaskMessage from "@celeriac/tasks/protocol/TaskMessage"
import * as Exceptions from "@celeriac/tasks/result/ExceptionRecord"
import type { ResultRecord } from "@celeriac/tasks/result/ResultRecord"
import * as Aftermath from "@celeriac/worker/execution/Aftermath"
import { Request } from "@celeriac/worker/execution/Request"
import * as Strategy from "@celeriac/worker/execution/Strategy"
import type { Job, Pool } from "@celeriac/worker/pool/Pool"
import { State } from "@celeriac/worker/state/WorkerState"
import { failure, type Outcome } from "@celeriac/worker/trace/Outcome"
import { assert } from "@effect/vitest"
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { Completion } from "../../src/execution/internal/Completion.ts"
import { Executor } from "../../src/execution/internal/Executor.ts"
import { KeptResults } from "../../src/execution/internal/KeptResults.ts"
import { Observers } from "../../src/execution/internal/Observers.ts"
import type { Publish } from "../../src/execution/internal/Publishing.ts"
import { RateLimits } from "../../src/execution/internal/RateLimits.ts"
import { ResultStore, type Then } from "../../src/execution/internal/ResultStore.ts"
import { Returns } from "../../src/execution/internal/Returns.ts"
import { Settler } from "../../src/execution/internal/Settler.ts"
import { Stray } from "../../src/execution/internal/Stray.ts"
import { TimeLimits } from "../../src/execution/internal/TimeLimits.ts"
import { taskMessage } from "../support.ts"

const exception = Exceptions.make("ValueError", ["bad"])

export const ran: ReadonlyArray<Outcome> = [
  { _tag: "Success", result: 1, isSealed: false },
  { _tag: "Failure", exception, traceback: undefined, isDeclared: false },
  { _tag: "Retry", exception, traceback: undefined },
  { _tag: "Ignored", reason: undefined },
  { _tag: "Rejected", requeue: false, reason: undefined },
  { _tag: "Rejected", requeue: true, reason: undefined },
  { _tag: "Revoked", why: "terminated" },
  { _tag: "Lost", why: "Shutdown", message: "gone" },
  { _tag: "Lost", why: "Crashed", message: "gone" },
  { _tag: "Broken", message: "broken", traceback: "" }
]

/** Outcomes that are stored unless nobody wants them. */
const stores: ReadonlySet<Outcome["_tag"]> = new Set(["Success", "Failure", "Retry", "Revoked"] as const)

/** A delivery of the task `id`, over a channel that can be lost. */
class Delivered implements Delivery {
  readonly body: Uint8Array
  readonly headers: Message["headers"]
  readonly properties: Message["properties"]
  readonly exchange = ""
  readonly routingKey = "celery"
  readonly deliveryTag = 1
  readonly consumerTag = "tag"
  readonly redelivered: boolean
  settlement: Settlement | undefined
  isLost = false
  /** Every time that the broker heard of it. */
  readonly heard: Array<Settlement> = []
  private readonly onHeard: (settlement: Settlement) => void

  constructor(id: string, redelivered: boolean, onHeard: (settlement: Settlement) => void) {
    const { body, headers, properties } = taskMessage({ task: "t", id, ignoreResult: null })
    this.body = body
    this.headers = headers
    this.properties = properties
    this.redelivered = redelivered
    this.onHeard = onHeard
  }

  readonly settle = (settlement: Settlement): SettleOutcome => {
    if (this.isLost) return "stale"
    if (this.settlement !== undefined) return "already"
    this.settlement = settlement
    this.heard.push(settlement)
    this.onHeard(settlement)
    return "settled"
  }
}

/** A pool that holds its jobs until the test says what becomes of them. */
class Held implements Pick<Pool, "submit" | "withdraw" | "pause"> {
  readonly running: Array<Job> = []
  isPaused = false
  readonly submit = (job: Job): void => {
    if (job.accept() !== undefined && job.started()) this.running.push(job)
  }
  readonly withdraw = () => []
  readonly pause = (paused: boolean): void => void (this.isPaused = paused)
}

export interface Options {
  readonly acksLate: boolean
  readonly acksOnFailureOrTimeout: boolean
  readonly ignoreResult: boolean
  /** How many messages follow what does not go back. */
  readonly follows: number
}

interface Following {
  /** What follows the task of this id. */
  readonly next?: (id: string) => Aftermath.Outgoing
  /** Default: held until the test answers. */
  readonly publish?: Publish
}

/** A worker without its edges: the broker, the store and the clock are the test's. */
export class World {
  readonly state = new State<Request>()
  readonly pool = new Held()
  readonly completion: Completion
  readonly executor: Executor
  readonly deliveries: Array<Delivered> = []
  readonly publishing: Array<{ readonly id: string; readonly answer: Then }> = []
  /** By id: messages that are to be published before the message may be settled. */
  readonly owed = new Map<string, number>()
  /** What was published and stored, in order. */
  readonly done: Array<string> = []
  readonly storing: Array<{ readonly record: ResultRecord; readonly answer: (error?: never) => void }> = []
  readonly stored = new Set<string>()
  /** By id: something is to be stored before the message may be settled. */
  readonly wanted = new Set<string>()
  readonly starts = new Map<string, number>()
  readonly complaints: Array<string> = []
  outstanding = 0
  private readonly timer = new TimerHeap()
  private readonly options: Options

  constructor(clock: Clock.Clock, options: Options, { next = follower, publish = this.hold }: Following = {}) {
    this.options = options
    const observers = new Observers([{
      started: ({ id }) => void this.starts.set(id!, (this.starts.get(id!) ?? 0) + 1),
      ended: (_request, outcome) => void this.done.push(outcome._tag),
      notStored: (_request, _status, _why, fate) => void this.done.push(fate._tag)
    }], () => {})
    const results = new ResultStore(
      {
        storeUnsafe: (record, _to, answer) => void this.storing.push({ record, answer })
      },
      this.timer,
      this.pool.pause
    )
    const settler = new Settler(this.state, observers)
    this.completion = new Completion({
      state: this.state,
      settler,
      results,
      kept: (again) => new KeptResults(this.timer, again, this.pool.pause),
      rule: (outcome, about, now) => {
        const aftermath = Aftermath.of(outcome, about, now)
        const id = about.id ?? ""
        if (aftermath.settlement === "requeue" || aftermath.settlement === "hold") return aftermath
        this.owed.set(id, options.follows)
        return { ...aftermath, messages: Array.from({ length: options.follows }, () => next(id)) }
      },
      publish,
      // What follows a retry here is what `rule` says.
      resend: () => Result.fail(failure(exception)),
      observers,
      clock,
      coding: {},
      returns: new Returns()
    })
    // The rest of a pool is not asked for here.
    const rates = new RateLimits({
      registry: { get: () => undefined, names: () => [] },
      timer: this.timer,
      clock,
      isOff: true,
      onDefect: () => {}
    })
    this.executor = new Executor({
      pool: this.pool as unknown as Pool,
      state: this.state,
      settler,
      completion: this.completion,
      observers,
      clock,
      timer: this.timer,
      rates,
      limits: new TimeLimits({}),
      coding: {}
    })
  }

  private readonly hold: Publish = ({ to }, answer) => void this.publishing.push({ id: to.routingKey, answer })

  readonly intake = {
    finished: () => void this.outstanding--,
    dropped: () => void this.outstanding--,
    limited: () => {}
  }

  deliver(id: string, redelivered = false): void {
    const delivery = new Delivered(id, redelivered, (settlement) => this.check(id, settlement))
    this.deliveries.push(delivery)
    this.outstanding++
    const identity = Result.getOrThrow(TaskMessage.identify(delivery))
    assert(identity.version === 2)
    const options = {
      ...this.options,
      acksOnFailure: this.options.acksOnFailureOrTimeout,
      acksOnTimeout: this.options.acksOnFailureOrTimeout,
      rejectOnWorkerLost: true,
      redeliveryLimit: 3,
      trackStarted: false,
      sendEvents: true,
      maxRetries: 3,
      defaultRetryDelay: 0
    }
    const request = new Request(this.intake, options, 2, identity.headers, delivery, "celery@test", 0)
    const decision = Strategy.decide(request, this.state, 0)
    assert(decision._tag !== "Hold")
    this.executor.act(request, decision)
  }

  deliverStray(id: string): void {
    const delivery = new Delivered(id, false, (settlement) => this.check(id, settlement))
    this.deliveries.push(delivery)
    this.outstanding++
    this.wanted.add(id)
    const stray = new Stray(this.intake, delivery, id, "t", 0)
    this.completion.complete(stray, { _tag: "Unregistered", task: "t" })
  }

  /** A message that is gone for good has its record stored, if it has one. */
  private check(id: string, settlement: Settlement): void {
    const isEarly = !this.options.acksLate && !id.startsWith("stray")
    if (settlement !== "requeue" && !isEarly && this.wanted.has(id) && !this.stored.has(id)) {
      this.complaints.push(`${id} was settled (${settlement}) before its record was safe`)
    }
    if (settlement !== "requeue" && !isEarly && (this.owed.get(id) ?? 0) > 0) {
      this.complaints.push(`${id} was settled (${settlement}) before what follows was published`)
    }
  }

  answerPublish(index: number, how: Answer): void {
    const [one] = this.publishing.splice(index % this.publishing.length, 1)
    if (one === undefined) return
    const { answer, id } = one
    const owed = this.owed.get(id) ?? 0
    if (how === "badly") return answer({ message: "away", final: undefined })
    if (how === "well") {
      this.owed.set(id, owed - 1)
      this.done.push(`published ${id}`)
      answer(undefined)
      // Who answers twice has answered.
      return answer({ message: "changed its mind", final: undefined })
    }
    // It is not waited for. A failure takes the place of most outcomes, and what follows that one does.
    this.owed.set(id, owed - 1)
    answer({ message: "no", final: how === "refused" ? "Refused" : "Unencodable" })
  }

  answer(index: number, how: "well" | "badly" | "unencodable"): void {
    const [one] = this.storing.splice(index % this.storing.length, 1)
    if (one === undefined) return
    if (how === "well") {
      this.stored.add(one.record.taskId)
      this.done.push(`stored ${one.record.taskId}`)
    }
    // What a backend may answer is a MessagingError; what is looked at is this.
    if (how === "badly") one.answer({ message: "away" } as never)
    else if (how === "unencodable") {
      // A failure is stored instead. What stands for another already is not waited for, nor what is no end.
      const { exception, status, taskId } = one.record
      const isSubstitute = exception?.excType === "EncodeError" || exception?.excType === "BackendStoreError"
      if (isSubstitute || status === "RETRY" || status === "REVOKED") this.wanted.delete(taskId)
      one.answer({ message: "no", reason: { _tag: "Unencodable", message: "no" } } as never)
    } else one.answer()
  }

  /** The channel goes: the broker hands out again what it had not heard of. */
  lose(): void {
    const lost = this.deliveries.filter((delivery) => !delivery.isLost && delivery.settlement === undefined)
    for (const delivery of lost) delivery.isLost = true
    for (const { headers } of lost) {
      const id = String(headers["id"])
      if (!id.startsWith("stray")) this.deliver(id, true)
    }
  }

  end(index: number, outcome: Outcome): void {
    const [job] = this.pool.running.splice(index % this.pool.running.length, 1)
    if (job === undefined) return
    if (outcome._tag === "Broken" || (stores.has(outcome._tag) && !this.options.ignoreResult)) this.wanted.add(job.id)
    job.ended(structuredClone(outcome))
  }

  /** Whatever is due next is due. */
  tick(): void {
    this.timer.popDue(Infinity)?.call()
  }

  do(step: Step): void {
    switch (step._tag) {
      case "deliver":
        return this.deliver(`task ${this.deliveries.length}`)
      case "stray":
        return this.deliverStray(`stray ${this.deliveries.length}`)
      case "end":
        return this.end(step.index, step.outcome)
      case "answer":
        return this.answer(step.index, step.how)
      case "answerPublish":
        return this.answerPublish(step.index, step.how)
      case "lose":
        return this.lose()
      case "tick":
        return this.tick()
      case "close":
        return this.completion.close()
    }
  }

  /** Stops, as a worker does: what runs ends, and the store comes to its answers. */
  stop(): void {
    this.completion.close()
    while (this.pool.running.length > 0) this.end(0, ran[0]!)
    const idle = Effect.runFork(this.completion.idle)
    for (let i = 0; i < 1_000 && this.storing.length + this.publishing.length > 0; i++) {
      // Of a store, some answers are not waited for any more.
      if (this.publishing.length > 0 && idle.pollUnsafe() !== undefined) {
        this.complaints.push("the worker does not wait for what is being published")
      }
      const how = i % 3 === 0 ? "well" : "badly"
      if (this.publishing.length > 0) this.answerPublish(0, how)
      else this.answer(0, how)
    }
    if (idle.pollUnsafe() === undefined) this.complaints.push("the worker does not come to rest")
  }
}

export type Step =
  | { readonly _tag: "deliver" | "stray" | "lose" | "tick" | "close" }
  | { readonly _tag: "end"; readonly index: number; readonly outcome: Outcome }
  | { readonly _tag: "answer"; readonly index: number; readonly how: "well" | "badly" | "unencodable" }
  | { readonly _tag: "answerPublish"; readonly index: number; readonly how: Answer }

export type Answer = "well" | "badly" | "refused" | "unencodable"

/** A message that follows the task of this id. */
export const follower = (id: string): Aftermath.Outgoing => ({
  message: taskMessage({ task: "next", id: `after ${id}` }),
  to: { exchange: "", routingKey: id }
})

/** The same, as a member of a group is sent: side by side with the others. */
export const beside = (id: string): Aftermath.Outgoing => ({ ...follower(id), isBeside: true })
