/**
 * The life of requests, from the moment they are received until their messages
 * are settled, and finishes it before the worker leaves.
 *
 * It outlives connections: what runs when the broker is lost goes on, and what
 * waits is dropped, for the broker delivers it again. On a warm shutdown its
 * `close` waits until every running task is done, its result stored and its
 * message settled, while the connection is still there; a cold one interrupts
 * them.
 *
 * @since 0.1.0
 */
import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import { Seals } from "@celeriac/messaging/security/Seal"
import { EventDispatcher } from "@celeriac/tasks/event/EventDispatcher"
import * as Queues from "@celeriac/tasks/Queues"
import { InheritParentPriority } from "@celeriac/tasks/QueueSettings"
import { ResultReader } from "@celeriac/tasks/result/ResultReader"
import { ResultWriter } from "@celeriac/tasks/result/ResultWriter"
import { ResultExtended } from "@celeriac/tasks/ResultSettings"
import * as RunSettings from "@celeriac/tasks/RunSettings"
import * as SignatureMessage from "@celeriac/tasks/SignatureMessage"
import { TaskRegistry } from "@celeriac/tasks/TaskRegistry"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Aftermath from "../execution/Aftermath.ts"
import * as Chords from "../execution/internal/Chords.ts"
import * as Completion from "../execution/internal/Completion.ts"
import * as Continuation from "../execution/internal/Continuation.ts"
import { Duplicates, isKept } from "../execution/internal/Duplicates.ts"
import { Executor } from "../execution/internal/Executor.ts"
import * as ExtendedRecords from "../execution/internal/ExtendedRecords.ts"
import { KeptResults } from "../execution/internal/KeptResults.ts"
import { Observers } from "../execution/internal/Observers.ts"
import * as Publishing from "../execution/internal/Publishing.ts"
import { RateLimits } from "../execution/internal/RateLimits.ts"
import * as ResultStore from "../execution/internal/ResultStore.ts"
import * as RetryDelays from "../execution/internal/RetryDelays.ts"
import * as RetryMessages from "../execution/internal/RetryMessages.ts"
import { Returns } from "../execution/internal/Returns.ts"
import { Revoker } from "../execution/internal/Revoker.ts"
import * as SealClaims from "../execution/internal/SealClaims.ts"
import { Settler } from "../execution/internal/Settler.ts"
import { TimeLimits } from "../execution/internal/TimeLimits.ts"
import * as Witnesses from "../execution/internal/Witnesses.ts"
import * as CountObserver from "../execution/observers/CountObserver.ts"
import * as EventObserver from "../execution/observers/EventObserver.ts"
import * as LogObserver from "../execution/observers/LogObserver.ts"
import type { Request } from "../execution/Request.ts"
import * as RequestObserver from "../execution/RequestObserver.ts"
import type * as Revocation from "../execution/Revocation.ts"
import * as SignalNumber from "../state/SignalNumber.ts"
import * as WorkerLog from "../state/WorkerLog.ts"
import { declares, WorkerSettings } from "../state/WorkerSettings.ts"
import { type ActiveRequest, type State, WorkerState } from "../state/WorkerState.ts"
import * as Portable from "../trace/Portable.ts"
import { Pool } from "./Pool.ts"
import { Timer } from "./Timer.ts"

export class Execution extends Bootstep.Service<Execution, {
  /** What runs now: Celery's `active_requests`. */
  readonly active: Effect.Effect<ReadonlyArray<ActiveRequest>>
  /**
   * Nothing of these ids is to run: what comes is discarded, what waits here when
   * its turn comes, and with `terminate` what runs is interrupted. REVOKED is
   * stored at once of what has not begun. Celery's `revoke` and `terminate`.
   */
  readonly revoke: (
    ids: string | ReadonlyArray<string>,
    options?: Revocation.Options
  ) => Effect.Effect<Revocation.Revocation, SignalNumber.UnknownSignal>
  /**
   * Nothing that is stamped with one of these values is to run: a value, or
   * several, by the header that it is stamped in. Celery's
   * `revoke_by_stamped_headers`.
   */
  readonly revokeByStampedHeaders: (
    headers: Readonly<Record<string, unknown>>,
    options?: Revocation.Options
  ) => Effect.Effect<Revocation.StampRevocation, SignalNumber.UnknownSignal>
  /** Learns what was revoked while this worker could not hear it, where the result backend keeps that. */
  readonly recall: Effect.Effect<void>
  /** For whoever receives requests. */
  readonly executor: Executor
}>()("Execution", {
  requires: [Pool, Timer, WorkerState, EventDispatcher, ResultWriter, TaskRegistry],
  start: Effect.gen(function*() {
    const { slots } = yield* Pool
    const timer = (yield* Timer).queue
    const clock = yield* Clock.Clock
    const log = yield* WorkerLog.make
    // The state is everybody's; the requests in it are made by this worker alone.
    const state = (yield* WorkerState) as State<Request>
    const dispatcher = yield* EventDispatcher
    const first = [LogObserver.make(log, (yield* WorkerSettings).nodename), CountObserver.make(state)]
    const events = EventObserver.make(dispatcher)
    const last = yield* RequestObserver.Observers
    const all = () => dispatcher.enabled("task") ? [...first, events, ...last] : [...first, ...last]
    const observers = new Observers(
      all(),
      (stage, defect) => log.log("Error", `An observer of requests threw in '${stage}': ${String(defect)}`)
    )
    for (const onChange of [dispatcher.onEnabled, dispatcher.onDisabled]) {
      const forget = onChange(() => observers.replace(all()))
      yield* Effect.addFinalizer(() => Effect.sync(forget))
    }
    const pressure = new Pressure(slots.pause)
    const coding = yield* Portable.coding
    const settler = new Settler(state, observers)
    const extend = (yield* ResultExtended) ? ExtendedRecords.make(coding) : undefined
    const writer = yield* ResultWriter
    const results = new ResultStore.ResultStore(writer, timer, pressure.crowded, extend)
    const completion = new Completion.Completion({
      state,
      settler,
      results,
      kept: (again) => new KeptResults(timer, again, pressure.full),
      rule: Aftermath.of,
      publish: yield* Publishing.make,
      continuing: Continuation.make(yield* SignatureMessage.make((yield* TaskRegistry).get), {
        inherits: yield* InheritParentPriority,
        isRevoked: (id) => state.revoked.has(id)
      }),
      chords: yield* Chords.make,
      resend: RetryMessages.make(yield* Queues.make, coding, yield* RetryDelays.make),
      observers,
      clock,
      returns: new Returns(),
      coding
    })
    yield* Effect.addFinalizer(() => Effect.sync(results.rest))
    const rates = new RateLimits({
      registry: yield* TaskRegistry,
      timer,
      clock,
      isOff: (yield* WorkerSettings).disableRateLimits,
      onDefect: (task, defect) =>
        log.log("Error", `The bucket of task ${task} threw, and is asked again:`, undefined, Cause.die(defect))
    })
    const limits = new TimeLimits({
      timeLimit: yield* RunSettings.TimeLimit,
      softTimeLimit: yield* RunSettings.SoftTimeLimit
    })
    const reader = Context.getOrUndefined(yield* Effect.context<never>(), ResultReader)
    const fork = yield* FiberSet.makeRuntime<never>()
    const { deduplicateSuccessfulTasks, enableRemoteControl, nodename } = yield* WorkerSettings
    const witnesses = enableRemoteControl && (yield* declares("control"))
      ? yield* Witnesses.make(nodename, fork)
      : undefined
    const isSigned = (yield* Seals) !== undefined
    const claims = isSigned && writer.marks !== undefined
      ? yield* SealClaims.make({ marks: writer.marks, settler, clock, log, fork })
      : undefined
    const looksAtSealed = claims === undefined ? () => isSigned : claims.isInherited
    const kept = reader !== undefined && isKept(reader) ? reader : undefined
    const duplicates = kept !== undefined || witnesses !== undefined
      ? new Duplicates(kept, witnesses, fork, deduplicateSuccessfulTasks, looksAtSealed)
      : undefined
    const executor = new Executor({
      ...{ pool: slots, state, settler, completion, observers },
      ...{ clock, timer, rates, limits, duplicates, claims, coding }
    })
    const revoker = new Revoker({
      executor,
      pool: slots,
      results,
      writer,
      reader,
      timer,
      clock,
      log,
      fork
    })
    return {
      active: Effect.sync(() => Array.from(state.active)),
      revoke: (ids, options = {}) =>
        Effect.flatMap(signumOf(options), (signum) => revoker.revoke(typeof ids === "string" ? [ids] : ids, signum)),
      revokeByStampedHeaders: (headers, options = {}) =>
        Effect.map(signumOf(options), (signum) =>
          revoker.revokeStamps(
            new Map(Object.entries(headers).map(([header, values]) => [header, listOf(values)])),
            signum
          )),
      recall: revoker.recall,
      executor
    }
  }),
  // Idle or not: what ends a soft shutdown on idle is the cold one.
  close: ({ executor }, { lasts = false }) => lasts ? Effect.never : executor.idle,
  stop: ({ executor }) => executor.idle,
  terminate: ({ executor }) => executor.terminate
}) {}

/** Of those that are to be terminated. */
const signumOf = ({ signal, terminate = false }: Revocation.Options) =>
  terminate ? SignalNumber.of(signal) : Effect.undefined

const listOf = (values: unknown): ReadonlyArray<unknown> => Array.isArray(values) ? values : [values]

/** Holds back tasks while too many results are on their way, or too many are kept. */
class Pressure {
  private readonly pause: (paused: boolean) => void
  private isCrowded = false
  private isFull = false

  constructor(pause: (paused: boolean) => void) {
    this.pause = pause
  }

  readonly crowded = (crowded: boolean): void => {
    this.isCrowded = crowded
    this.pause(this.isCrowded || this.isFull)
  }

  readonly full = (full: boolean): void => {
    this.isFull = full
    this.pause(this.isCrowded || this.isFull)
  }
}
