/**
 * Carries out that tasks are not to run: remembered for those that may come,
 * noted at those that wait here, and with `terminate` those that run are
 * interrupted. Whoever waits for a result is told at once, and whoever revokes
 * goes on when that is stored, so that a reply says what can be read.
 *
 * A run ends as soon as what it is doing can be interrupted and its finalizers
 * have run; then REVOKED is stored and its message acknowledged. One that has
 * not ended after ten seconds, since nothing can interrupt it or its finalizers
 * take longer, is given up: REVOKED is stored, its message acknowledged, and
 * what it comes to later is told to nobody. Its slot is free when it has ended,
 * and not before.
 *
 * @since 0.1.0
 */
import * as Reconnect from "@celeriac/messaging/Reconnect"
import type { TimerHeap } from "@celeriac/messaging/TimerHeap"
import * as Exceptions from "@celeriac/tasks/result/ExceptionRecord"
import type { ResultReader } from "@celeriac/tasks/result/ResultReader"
import * as ResultRecord from "@celeriac/tasks/result/ResultRecord"
import type { ResultWriter } from "@celeriac/tasks/result/ResultWriter"
import * as TaskState from "@celeriac/tasks/TaskState"
import type * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type { Pool } from "../../pool/Pool.ts"
import * as InSlices from "../../state/internal/InSlices.ts"
import { RevokedStamps, type Stamp } from "../../state/internal/RevokedStamps.ts"
import * as LogFields from "../../state/LogFields.ts"
import type { WorkerLog } from "../../state/WorkerLog.ts"
import type { State } from "../../state/WorkerState.ts"
import * as Outcome from "../../trace/Outcome.ts"
import type { Request } from "../Request.ts"
import type { Revocation, StampRevocation } from "../Revocation.ts"
import type { Executor } from "./Executor.ts"
import type { ResultStore } from "./ResultStore.ts"
import { patience } from "./TimeLimits.ts"

/** How many results are asked for at once. */
const concurrency = 8

/**
 * How long whoever revokes waits for the store, in milliseconds: one who asks by a
 * command waits a second for replies, and a store that is away keeps nobody from
 * knowing that the ids are revoked.
 */
const grace = 750

/** How long a worker that begins waits for what was revoked before. */
const recallPatience = "2 seconds"

/** So many wait for the store at most, for a worker carries out only so many commands at once; others go on. */
const mostWaiting = 32

interface Parts {
  readonly executor: Executor
  readonly pool: Pick<Pool, "interrupt">
  readonly results: ResultStore
  /** Keeps what is revoked, if it does. */
  readonly writer: Pick<ResultWriter["Service"], "noteRevoked" | "revoked">
  /** Knows what a task has come to, if the backend can be asked. */
  readonly reader: ResultReader["Service"] | undefined
  readonly timer: TimerHeap
  readonly clock: Clock.Clock
  readonly log: WorkerLog
  /** Runs an effect beside everything else. */
  readonly fork: (effect: Effect.Effect<void>) => void
}

export class Revoker {
  private readonly parts: Parts
  private readonly state: State<Request>
  private waiting = 0

  constructor(parts: Parts) {
    this.parts = parts
    this.state = parts.executor.state
  }

  /** `signum` of those that run: left out, they go on. From now on nothing of these ids starts, however many wait here. */
  readonly revoke = Effect.fnUntraced({ self: this }, function*(
    this: Revoker,
    given: ReadonlyArray<string>,
    signum: number | undefined
  ): Effect.fn.Return<Revocation> {
    const ids = new Set(given)
    for (const id of ids) this.state.revoked.revoke(id)
    const here = yield* InSlices.filter(this.state.requests, (request) => {
      const isMeant = ids.has(request.id)
      if (isMeant && isWaiting(request)) request.revocation = Outcome.revoked
      return isMeant
    })
    const marked = this.mark(ids, here)
    if (signum === undefined) {
      this.parts.log.log("Info", `Tasks flagged as revoked: ${Array.from(ids).join(", ")}`)
      yield* marked
      return { ids: Array.from(ids), terminated: [] }
    }
    for (const request of here) this.terminate(request, signum)
    yield* marked
    return { ids: Array.from(ids), terminated: Array.from(new Set(here.map(({ id }) => id))) }
  })

  /**
   * Learns what was revoked while nobody here could hear it. Asked when a worker
   * begins to consume, and never because of a message; a store that does not answer is
   * asked again in the background.
   */
  readonly recall: Effect.Effect<void> = Effect.suspend(() => {
    const { fork, log, writer: { revoked } } = this.parts
    if (revoked === undefined) {
      log.log(
        "Debug",
        "Results keep no revokes: what is revoked is known to the workers that are there, and to the file of --statedb"
      )
      return Effect.void
    }
    const asking = Effect.map(revoked, (ids) => this.state.revoked.merge(ids.map((id) => [id])))
    return Effect.catch(Effect.timeout(asking, recallPatience), ({ message }) =>
      Effect.sync(() => {
        log.log("Warn", `What was revoked while this worker was away is not known yet: ${message}`)
        fork(Effect.ignore(Effect.retry(asking, Reconnect.schedule)))
      }))
  })

  /** As above. */
  revokeStamps(
    headers: ReadonlyMap<string, ReadonlyArray<unknown>>,
    signum: number | undefined
  ): StampRevocation {
    const terminated = new Map<string, Array<unknown>>()
    const wanted = new RevokedStamps(this.state.revoked.most)
    for (const [header, values] of headers) {
      this.state.revoked.revokeStamps(header, values)
      wanted.add(header, values)
    }
    if (signum === undefined) return { terminated }
    for (const request of Array.from(this.state.active)) {
      const by = wanted.find(request.stampedHeaders ?? [], request.stamps)
      if (by === undefined) continue
      note(terminated, by)
      this.terminate(request, signum)
    }
    return { terminated }
  }

  /** One that waits is discarded when its turn comes. */
  private terminate(request: Request, signum: number): void {
    const { clock, fork, log, pool, timer } = this.parts
    const fields = log.hasFields ? () => LogFields.ofTask(request) : undefined
    log.log("Info", `Terminating ${request.id} (${signum})`, undefined, undefined, fields)
    if (!this.state.active.has(request)) return
    const interrupt = () => pool.interrupt(request.id, { _tag: "Revoked", signum })
    // One that is just being started, such as one that revokes itself, has nothing yet that could be interrupted.
    if (!interrupt()) fork(Effect.andThen(Effect.yieldNow, Effect.sync(() => void interrupt())))
    timer.enter(clock.currentTimeMillisUnsafe() + patience, () => {
      if (!this.state.active.has(request)) return
      log.log(
        "Warn",
        `Task ${request.name}[${request.id}] was interrupted ${patience / 1_000} seconds ago and does not end: ` +
          "REVOKED is stored, and its slot is free when it ends",
        undefined,
        undefined,
        fields
      )
      this.parts.executor.abandon(request, Outcome.terminated(signum))
    })
  }

  /** Stores REVOKED of what has not begun, as far as this worker or the backend knows; the effect waits for that, not for long. */
  private mark(ids: ReadonlySet<string>, here: ReadonlyArray<Request>): Effect.Effect<void> {
    const byId = new Map(here.map((request) => [request.id, request]))
    const marks: Array<Effect.Effect<void>> = Array.from(ids).flatMap((id) => {
      const request = byId.get(id)
      if (request === undefined) return [Effect.suspend(() => this.markUnlessBegun(id, undefined))]
      return isWaiting(request) && !request.ignoreResult
        ? [Effect.suspend(() => this.markUnlessBegun(id, request))]
        : []
    })
    const { noteRevoked } = this.parts.writer
    if (noteRevoked !== undefined) {
      marks.unshift(
        Effect.catchCause(
          noteRevoked(Array.from(ids)),
          (cause) =>
            Effect.sync(() =>
              this.parts.log.log("Warn", `Workers that are away may run revoked tasks: ${String(cause)}`)
            )
        )
      )
    }
    if (marks.length === 0) return Effect.void
    const done = Deferred.makeUnsafe<void>()
    this.parts.fork(
      Effect.ensuring(Effect.all(marks, { concurrency, discard: true }), Deferred.succeed(done, undefined))
    )
    return Effect.suspend(() => this.wait(done))
  }

  private wait(done: Deferred.Deferred<void>): Effect.Effect<void> {
    if (Deferred.isDoneUnsafe(done) || this.waiting >= mostWaiting) return Effect.void
    this.waiting++
    return Effect.ensuring(
      Effect.asVoid(Effect.timeoutOption(Deferred.await(done), grace)),
      Effect.sync(() => this.waiting--)
    )
  }

  private markUnlessBegun(id: string, request: Request | undefined): Effect.Effect<void> {
    const { reader } = this.parts
    if (reader === undefined) return this.store(id, request)
    return Effect.matchCauseEffect(reader.state(id), {
      onSuccess: (state) => unbegun.has(state) ? this.store(id, request) : Effect.void,
      onFailure: (cause) => Effect.sync(() => this.notMarked(id, String(cause)))
    })
  }

  private store(id: string, request: Request | undefined): Effect.Effect<void> {
    return Effect.callback((resume) => {
      const now = this.parts.clock.currentTimeMillisUnsafe()
      const record = ResultRecord.make(id, TaskState.REVOKED, {
        exception: Exceptions.taskRevoked("revoked"),
        dateDone: now,
        groupId: request?.group,
        parentId: request?.parentId
      })
      this.parts.results.store(record, request ?? { replyTo: undefined, correlationId: id }, now, (failure) => {
        if (failure !== undefined) this.notMarked(id, failure.message)
        resume(Effect.void)
      })
    })
  }

  /** Its message, when it comes, comes to REVOKED all the same. */
  private notMarked(id: string, why: string): void {
    this.parts.log.log("Warn", `Failed to mark task ${id} as revoked in the result backend: ${why}`)
  }
}

/** States in which nobody has begun with a task. */
const unbegun: ReadonlySet<string> = new Set([
  TaskState.PENDING,
  TaskState.RECEIVED,
  TaskState.RETRY,
  TaskState.REJECTED
])

const isWaiting = (request: Request): boolean => request.timeStart === undefined

const note = (terminated: Map<string, Array<unknown>>, { header, value }: Stamp): void => {
  const values = terminated.get(header) ?? []
  if (!values.includes(value)) terminated.set(header, [...values, value])
}
