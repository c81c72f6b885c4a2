/**
 * Consumes one queue, over channels of its own, for as long as the connection
 * lives.
 *
 * A channel that the broker closes (a consumer timeout, a queue that was
 * deleted) takes down this queue alone: it is declared and consumed again
 * after a pause. The first time, a queue that cannot be declared is an error
 * that stops the worker.
 *
 * @since 0.1.0
 */
import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import type { Queue } from "@celeriac/messaging/Entity"
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import * as Reconnect from "@celeriac/messaging/Reconnect"
import * as Session from "@celeriac/messaging/Session"
import type { Entry, TimerHeap } from "@celeriac/messaging/TimerHeap"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { Execution } from "../../boot/Execution.ts"
import { Pool } from "../../boot/Pool.ts"
import { Timer } from "../../boot/Timer.ts"
import type { Intake } from "../../execution/internal/Subject.ts"
import type { Request } from "../../execution/Request.ts"
import * as HeldBytes from "../../state/internal/HeldBytes.ts"
import * as Prefetch from "../../state/Prefetch.ts"
import * as WorkerLog from "../../state/WorkerLog.ts"
import { type Settings, WorkerSettings } from "../../state/WorkerSettings.ts"
import { Connection } from "../Connection.ts"
import * as Lanes from "./Lanes.ts"
import * as Readiness from "./Readiness.ts"
import * as Receiver from "./Receiver.ts"
import * as ReturnCount from "./ReturnCount.ts"

export interface TaskQueue {
  readonly queue: Queue
  /** What its requests come by. */
  readonly intakes: ReadonlyArray<Intake>
  /** How many messages may be outstanding now; 0 is unlimited. */
  readonly prefetch: () => number
  /** From now on, other than the settings say. */
  readonly ask: (asked: Prefetch.Asked) => void
  /** No more deliveries. What waits for a time is handed out; what runs goes on and can be settled. */
  readonly cancel: Effect.Effect<ReadonlyArray<Request>>
  /** Every message of the queue that came here is settled. */
  readonly idle: Effect.Effect<void>
  /** The pool has more or fewer slots than before. */
  readonly resized: Effect.Effect<void>
}

/** What a queue is consumed with: services of the step that consumes it. */
type Services = Connection | Pool | Execution | Timer | Receiver.Services

/** Consumes until the scope closes. Succeeds when the first deliveries may come. */
export const start = (queue: Queue): Effect.Effect<TaskQueue, MessagingError, Services | Scope.Scope> =>
  Effect.gen(function*() {
    const consuming = new Consuming({
      queue,
      connection: yield* Connection,
      executor: (yield* Execution).executor,
      concurrency: (yield* Pool).capacity,
      settings: yield* WorkerSettings,
      timer: (yield* Timer).queue,
      clock: yield* Clock.Clock,
      log: yield* WorkerLog.make,
      run: Effect.runForkWith(yield* Effect.context<never>()),
      makeReceiver: yield* Receiver.make,
      prepare: yield* Readiness.make,
      scope: yield* Effect.scope,
      laneSize: yield* Lanes.LaneSize
    })
    yield* Effect.addFinalizer(() => Effect.sync(consuming.rest))
    const first = Deferred.makeUnsafe<void, MessagingError>()
    yield* Bootstep.forkSupervised(consuming.stayOpen(first))
    yield* Deferred.await(first)
    return consuming
  })

/** Tries, and tells, until the queue can be consumed. Without end: the worker may have other queues, and this one may come back. */
export const persist = <A, R>(
  queue: Queue,
  attempt: Effect.Effect<A, MessagingError, R>
): Effect.Effect<A, never, R> =>
  attempt.pipe(
    Effect.tapError((error) => cannot(queue, error)),
    Effect.retry(Reconnect.schedule),
    Effect.orDie
  )

const cannot = (queue: Queue, error: MessagingError): Effect.Effect<void> =>
  Effect.logError(`Cannot consume from ${queue.name}: ${WorkerLog.sentence(error.message)} Trying again`)

interface Parts extends Omit<Lanes.Parts, "watcher" | "prefetch"> {
  readonly concurrency: () => number
  readonly settings: Settings
  readonly timer: TimerHeap
  readonly clock: Clock.Clock
}

class Consuming implements TaskQueue, Lanes.Watcher {
  readonly queue: Queue
  private readonly parts: Parts
  private readonly rule: Prefetch.Prefetch
  private readonly lanes: Lanes.Lanes
  /** What the rule wants, without what is held. */
  private wanted: number
  /** What others ask for, beside the rule or instead of it. */
  private asked: Prefetch.Asked = { more: 0, instead: undefined }
  /** Whether the broker counts what comes back to the queue, once that was asked. */
  private isCounted: boolean | undefined
  /** How many were settled, or taken in to be held, since `windowStart`. */
  private done = 0
  private windowStart: number
  /** Of the next look at the prefetch; none while there is nothing to adapt. */
  private nextLook: Entry | undefined

  constructor(parts: Parts) {
    this.queue = parts.queue
    this.parts = parts
    this.rule = parts.settings.prefetch
    this.wanted = Prefetch.initial(this.rule, parts.concurrency())
    this.windowStart = parts.clock.currentTimeMillisUnsafe()
    this.lanes = new Lanes.Lanes({ ...parts, watcher: this, prefetch: () => this.target(0) })
  }

  readonly prefetch = (): number => this.lanes.current?.applied ?? this.wanted

  get intakes(): ReadonlyArray<Intake> {
    return this.lanes.all.map(({ receiver }) => receiver)
  }

  get idle(): Effect.Effect<void> {
    return this.lanes.idle
  }

  /** Consumes, and again whenever the channel is lost. `first` is done as soon as it does, or cannot. */
  stayOpen(first: Deferred.Deferred<void, MessagingError>): Effect.Effect<never> {
    const { lanes, queue } = this
    let hasOpened = false
    let isLost = false
    return Session.run({
      what: `queue '${queue.name}'`,
      uri: this.parts.connection.uri,
      open: lanes.open,
      wanted: Effect.suspend(() => lanes.isClosed ? Effect.never : Effect.void),
      watch: Deferred.await,
      isRecoverable: () => hasOpened,
      tell: (event) => {
        const wasLost = isLost
        isLost = event._tag === "Lost"
        switch (event._tag) {
          case "Opened":
            hasOpened = true
            this.isCounted = undefined
            return Deferred.succeed(first, undefined)
          case "Lost":
            return Effect.logWarning(
              `Consuming from ${queue.name} stopped: ${WorkerLog.sentence(event.error.message)} Trying again`
            )
          case "Waiting":
            return wasLost ? Effect.void : cannot(queue, event.error)
          case "GivenUp":
            return Deferred.fail(first, event.error)
        }
      }
    }).pipe(Effect.catch(() => Effect.never))
  }

  readonly cancel: Effect.Effect<ReadonlyArray<Request>> = Effect.suspend(() => {
    this.rest()
    return this.lanes.cancel
  })

  /** Looks no more. */
  readonly rest = (): void => {
    this.nextLook?.cancel()
    this.nextLook = undefined
  }

  readonly ask = (asked: Prefetch.Asked): void => {
    this.asked = asked
    this.apply()
  }

  readonly resized: Effect.Effect<void> = Effect.sync(() => {
    this.wanted = Prefetch.resized(this.rule, this.parts.concurrency(), this.wanted)
    this.lookLater()
    this.apply()
  })

  /** Looks at what was done lately, and changes the prefetch if that would help. */
  private adapt(): void {
    const now = this.parts.clock.currentTimeMillisUnsafe()
    const millis = now - this.windowStart
    if (this.lanes.isClosed || millis < shortestWindow) return
    this.wanted = Prefetch.next(this.rule, this.parts.concurrency(), this.wanted, this.done, millis)
    this.done = 0
    this.windowStart = now
    this.apply()
  }

  /** A consumer that was throttled, or hoards, does not notice by itself when nothing ends. */
  private lookLater(): void {
    if (this.nextLook !== undefined || this.rule !== "adaptive" || this.lanes.isClosed) return
    this.nextLook = this.parts.timer.enter(this.parts.clock.currentTimeMillisUnsafe() + lookEvery, this.look)
  }

  /** Looks again as long as something ends, or there is more to give back. */
  private readonly look = (): void => {
    this.nextLook = undefined
    if (this.done > 0 || this.wanted > Prefetch.initial(this.rule, this.parts.concurrency())) this.lookLater()
    this.adapt()
  }

  /** Tells the broker, if what it was told is not what is wanted. */
  private apply(): void {
    const lane = this.lanes.current
    if (lane?.subscription === undefined || this.lanes.isClosed) return
    const target = this.target(lane.receiver.heldCount)
    if (target === lane.applied) return
    const isLess = lane.applied === 0 || (target !== 0 && target < lane.applied)
    lane.applied = target
    this.parts.run(
      lane.subscription.setPrefetch(target).pipe(
        Effect.andThen(Effect.sync(() => {
          this.parts.log.log("Debug", `basic.qos: prefetch_count->${target}`, { queue: this.queue.name })
        })),
        Effect.andThen(isLess ? this.returnExcess : Effect.void),
        // The channel is gone: a new one is on its way, and is told at once.
        Effect.ignore
      )
    )
  }

  /** Gives back what is beyond the prefetch, each message once at most, and only where that does not count against it. */
  private readonly returnExcess: Effect.Effect<void> = Effect.suspend(() =>
    this.isCounted === undefined
      ? Effect.tap(
        ReturnCount.isCounted(this.queue, this.parts.connection.openChannel(), this.parts.settings.detectQuorumQueues),
        (isCounted) => Effect.sync(() => void (this.isCounted = isCounted))
      )
      : Effect.succeed(this.isCounted)
  ).pipe(
    Effect.map((isCounted) => {
      const lane = this.lanes.current
      if (isCounted || lane === undefined || lane.applied === 0) return
      this.parts.executor.returnExcess(Math.max(1, lane.applied - lane.receiver.heldCount), lane.receiver)
    })
  )

  private target(heldHere: number): number {
    const { heldBytes, parkedBusy: busy, parkedHeld } = this.lanes
    const most = heldBytes > 0 && heldBytes > HeldBytes.limit() ? 0 : this.parts.settings.etaTaskLimit
    return Prefetch.target(Prefetch.ask(this.wanted, this.asked), { heldHere, heldElsewhere: parkedHeld, busy, most })
  }

  readonly onFinished = (lane: Lanes.Lane): void => {
    if (this.nextLook === undefined) this.lookLater()
    if (++this.done >= this.wanted && this.wanted !== 0) this.adapt()
    else if (lane !== this.lanes.current) this.follow()
  }

  readonly onHeld = (lane: Lanes.Lane): void => {
    // To take one in is soon done, as a quick task is.
    if (++this.done >= this.wanted && this.wanted !== 0) this.adapt()
    this.follow()
    this.lanes.changeIfFull(lane)
  }

  readonly onDue = (): void => this.follow()

  /** More or fewer are held, which a round trip to the broker is worth when it is many of those that are wanted. */
  private follow(): void {
    const lane = this.lanes.current
    if (lane === undefined || lane.applied === 0) return
    const more = this.target(lane.receiver.heldCount) - lane.applied
    const many = Math.min(this.wanted, this.parts.settings.etaTaskLimit ?? this.wanted)
    if (more >= many / 2 && more > 0 || -more > many) this.apply()
  }
}

/** Of a measurement, in milliseconds: less says nothing. */
const shortestWindow = 10

/** In milliseconds. */
const lookEvery = 1_000
