/**
 * What a worker is doing and has done: Celery's `worker.state`.
 *
 * It lives as long as the worker, whatever becomes of its connections, and
 * belongs to one worker: two in a process do not share it. The execution room
 * writes it; steps and control commands read it.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"
import { PassingSet } from "./internal/PassingSet.ts"
import { Recent } from "./internal/Recent.ts"
import { Revoked } from "./Revoked.ts"

/** Which message of its id it is: its retries, and how often something took its place. */
export type Attempt = number | string

/** A request as others see it. Times are milliseconds since the epoch. */
export interface ActiveRequest {
  readonly id: string
  /** The name of the task. */
  readonly task: string
  readonly retries: number
  readonly attempt: Attempt
  readonly receivedAt: number
  /** When it started; undefined while it waits. */
  readonly timeStart: number | undefined
}

export interface Stats {
  /** How many were started, by the name of the task. */
  readonly total: Readonly<Record<string, number>>
  readonly pid: number
  /** Whole seconds since messages first flowed. */
  readonly uptime: number
}

/** How a request was settled for good. */
export type Settled = "ack" | "reject"

/** How many of the requests that were settled last are remembered at most, and of slots beside them: half of them at least. */
const remembered = 10_000

export class State<R extends ActiveRequest = ActiveRequest> {
  /** When messages first flowed, in milliseconds since the epoch. */
  private since: number | undefined
  private readonly present = new PassingSet<R>()
  private readonly running = new PassingSet<R>()
  /** Has run, and its result is not stored yet: by id and attempt. */
  private readonly kept = new Map<string, R>()
  /** How many were started, by the name of the task. */
  readonly totalCount = new Map<string, number>()
  /** How many succeeded, and how many did not. */
  succeeded = 0
  failed = 0
  /** What is not to run. */
  readonly revoked: Revoked
  /** How requests were settled lately, by id and attempt. */
  private readonly settled = new Recent<string, Settled>(remembered)
  /** Those that a scheduler sent, beside the others: one that was sent twice may be asked about long after, however many tasks run. */
  private readonly settledSlots = new Recent<string, Settled>(remembered)

  constructor(revoked: Revoked = new Revoked()) {
    this.revoked = revoked
  }

  /** Received and not finished: in line, held for its ETA, or running. */
  get requests(): ReadonlySet<R> {
    return this.present.all
  }

  /** Running. */
  get active(): ReadonlySet<R> {
    return this.running.all
  }

  /** Received and not started. */
  get reserved(): ReadonlyArray<R> {
    return Array.from(this.requests).filter((request) => !this.active.has(request))
  }

  get allTotalCount(): number {
    let sum = 0
    for (const count of this.totalCount.values()) sum += count
    return sum
  }

  /** Whether messages have flowed: from then on, a broker that is away or odd is one that will come back. */
  get wasReady(): boolean {
    return this.since !== undefined
  }

  /** Messages flow. Gives whether it is for the first time. */
  ready(now: number): boolean {
    const isFirst = !this.wasReady
    this.since ??= now
    return isFirst
  }

  /** Celery's `inspect stats`, as far as it is not for the steps to tell. */
  stats(now: number): Stats {
    return {
      total: Object.fromEntries(this.totalCount),
      pid: process.pid,
      uptime: Math.floor((now - (this.since ?? now)) / 1_000)
    }
  }

  /** It waits for a slot, or for its time. */
  reserve(request: R): void {
    this.present.add(request)
  }

  started(request: R): void {
    this.running.add(request)
  }

  /** One more of this task was started. */
  count(task: string): void {
    this.totalCount.set(task, (this.totalCount.get(task) ?? 0) + 1)
  }

  /** It runs no more, and its message is not settled before its result is stored. */
  keep(request: R): void {
    this.running.delete(request)
    this.kept.set(key(request.id, request.attempt), request)
  }

  finished(request: R): void {
    this.present.delete(request)
    this.running.delete(request)
    if (this.kept.size === 0) return
    const one = key(request.id, request.attempt)
    if (this.kept.get(one) === request) this.kept.delete(one)
  }

  /** A run of this id that is not settled and that fits, if this process has one. */
  find(id: string, attempt: Attempt, fits: (request: R) => boolean): R | undefined {
    for (const request of this.active) {
      if (request.id === id && request.attempt === attempt && fits(request)) return request
    }
    const kept = this.kept.get(key(id, attempt))
    return kept !== undefined && fits(kept) ? kept : undefined
  }

  /** This process is done with the request, and has told the broker so: it may not have heard. */
  remember(id: string, attempt: Attempt, settlement: Settled, isSlot = false): void {
    const settled = isSlot ? this.settledSlots : this.settled
    settled.set(key(id, attempt), settlement)
  }

  /** It is not done after all: it goes back to its queue, and is to run when it comes again. */
  forget(id: string, attempt: Attempt): void {
    const one = key(id, attempt)
    this.settled.delete(one)
    this.settledSlots.delete(one)
  }

  /** How the request was settled by this process, if it was, lately. */
  recall(id: string, attempt: Attempt): Settled | undefined {
    const one = key(id, attempt)
    return this.settled.get(one) ?? this.settledSlots.get(one)
  }
}

/** A retry has the id of the attempt before, and so has what takes the place of a task. */
const key = (id: string, attempt: Attempt): string => attempt === 0 ? id : `${id} ${attempt}`

export class WorkerState extends Context.Service<WorkerState, State>()("@celeriac/worker/state/WorkerState") {}

export const layer: Layer.Layer<WorkerState> = Layer.sync(WorkerState, () => new State())
