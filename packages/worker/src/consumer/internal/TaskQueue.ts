/**
 * Consumes one queue, over a channel of its own, for as long as the
 * connection lives.
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
import * as Topology from "@celeriac/messaging/Topology"
import type { Channel, Subscription } from "@celeriac/messaging/Transport"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import { Execution } from "../../boot/Execution.ts"
import { Pool } from "../../boot/Pool.ts"
import { Timer } from "../../boot/Timer.ts"
import type { Executor } from "../../execution/internal/Executor.ts"
import type { Intake } from "../../execution/internal/Subject.ts"
import type { Request } from "../../execution/Request.ts"
import * as Prefetch from "../../state/Prefetch.ts"
import type { TimerEntry, TimerQueue } from "../../state/TimerQueue.ts"
import * as WorkerLog from "../../state/WorkerLog.ts"
import { WorkerSettings } from "../../state/WorkerSettings.ts"
import { Connection } from "../Connection.ts"
import * as Receiver from "./Receiver.ts"

export interface TaskQueue {
  readonly queue: Queue
  /** What its requests come by. */
  readonly intake: Intake
  /** How many messages may be outstanding now; 0 is unlimited. */
  readonly prefetch: () => number
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
    const consuming = new Consuming(
      queue,
      (yield* Connection).openChannel(),
      (yield* Execution).executor,
      (yield* Pool).slots.concurrency,
      (yield* WorkerSettings).prefetch,
      (yield* Timer).queue,
      yield* Clock.Clock,
      yield* WorkerLog.make,
      Effect.runForkWith(yield* Effect.context<never>()),
      yield* Receiver.make
    )
    yield* Effect.addFinalizer(() => Effect.sync(consuming.rest))
    const first = yield* consuming.open
    yield* Bootstep.forkSupervised(consuming.stayOpen(first))
    return consuming
  })

/** Tries, and tells, until the queue can be consumed. Without end: the worker may have other queues, and this one may come back. */
export const persist = <A, R>(
  queue: Queue,
  attempt: Effect.Effect<A, MessagingError, R>
): Effect.Effect<A, never, R> =>
  attempt.pipe(
    Effect.tapError((error) =>
      Effect.logError(`Cannot consume from ${queue.name}: ${WorkerLog.sentence(error.message)} Trying again`)
    ),
    Effect.retry(again),
    Effect.orDie
  )

const again = Schedule.min([Schedule.exponential("200 millis"), Schedule.spaced("5 seconds")]).pipe(Schedule.jittered)

interface Round {
  readonly channel: Channel
  readonly scope: Scope.Closeable
}

class Consuming implements TaskQueue, Receiver.Watcher {
  readonly queue: Queue
  private readonly openChannel: Effect.Effect<Channel, MessagingError, Scope.Scope>
  private readonly executor: Executor
  private readonly concurrency: () => number
  private readonly rule: Prefetch.Prefetch
  private readonly timer: TimerQueue
  private readonly clock: Clock.Clock
  private readonly log: WorkerLog.WorkerLog
  private readonly run: (effect: Effect.Effect<void>) => unknown
  private readonly receiver: Receiver.Receiver
  private subscription: Subscription | undefined
  /** What the rule wants, without what is held. */
  private wanted: number
  /** What the broker was told. */
  private applied: number
  private settled = 0
  private windowStart: number
  /** Of the next look at the prefetch; none while there is nothing to adapt. */
  private nextLook: TimerEntry | undefined

  constructor(
    queue: Queue,
    openChannel: Effect.Effect<Channel, MessagingError, Scope.Scope>,
    executor: Executor,
    concurrency: () => number,
    rule: Prefetch.Prefetch,
    timer: TimerQueue,
    clock: Clock.Clock,
    log: WorkerLog.WorkerLog,
    run: (effect: Effect.Effect<void>) => unknown,
    makeReceiver: (watcher: Receiver.Watcher) => Receiver.Receiver
  ) {
    this.queue = queue
    this.openChannel = openChannel
    this.executor = executor
    this.concurrency = concurrency
    this.rule = rule
    this.timer = timer
    this.clock = clock
    this.log = log
    this.run = run
    this.receiver = makeReceiver(this)
    this.wanted = Prefetch.initial(rule, concurrency())
    this.applied = this.wanted
    this.windowStart = clock.currentTimeMillisUnsafe()
  }

  readonly prefetch = (): number => this.applied

  get intake(): Intake {
    return this.receiver
  }

  get idle(): Effect.Effect<void> {
    return this.receiver.idle
  }

  /** A channel of its own scope, consuming. */
  readonly open: Effect.Effect<Round, MessagingError, Scope.Scope> = Effect.suspend(() =>
    !this.receiver.isReceiving ? Effect.never : Effect.gen({ self: this }, function*() {
      const scope = yield* Scope.fork(yield* Effect.scope)
      return yield* Effect.gen({ self: this }, function*() {
        const channel = yield* this.openChannel
        yield* Topology.declareQueue(channel, this.queue)
        this.applied = this.target()
        this.subscription = yield* channel.consume(this.queue.name, {
          prefetch: this.applied,
          onDelivery: this.receiver.receive
        })
        this.log.log("Debug", `basic.qos: prefetch_count->${this.applied}`, { queue: this.queue.name })
        return { channel, scope }
      }).pipe(
        Scope.provide(scope),
        Effect.onExit((exit) => Exit.isFailure(exit) ? Scope.close(scope, exit) : Effect.void)
      )
    })
  )

  /** Opens again, whenever the channel is lost. */
  readonly stayOpen = (first: Round): Effect.Effect<never, never, Scope.Scope> =>
    Effect.gen({ self: this }, function*(): Effect.fn.Return<never, never, Scope.Scope> {
      let round = first
      while (true) {
        const error = yield* Effect.flip(round.channel.lost)
        // With the connection, the whole consumer is built anew: that is not for one queue to do.
        if (error.reason._tag === "ConnectionLost") return yield* Effect.never
        if (!this.receiver.isReceiving) return yield* Effect.never
        this.executor.completion.forget(this.receiver.release())
        this.executor.dropWaiting(this.receiver)
        yield* Effect.logWarning(
          `Consuming from ${this.queue.name} stopped: ${WorkerLog.sentence(error.message)} Trying again`
        )
        yield* Scope.close(round.scope, Exit.void)
        round = yield* persist(this.queue, this.open)
      }
    })

  readonly cancel: Effect.Effect<ReadonlyArray<Request>> = Effect.suspend(() => {
    this.rest()
    const waiting = this.receiver.close()
    return Effect.as(Effect.ignore(this.subscription?.cancel ?? Effect.void), waiting)
  })

  /** Looks no more. */
  readonly rest = (): void => {
    this.nextLook?.cancel()
    this.nextLook = undefined
  }

  readonly resized: Effect.Effect<void> = Effect.suspend(() => {
    this.wanted = Prefetch.resized(this.rule, this.concurrency(), this.wanted)
    this.lookLater()
    return this.apply
  })

  /** Looks at what was done lately, and changes the prefetch if that would help. */
  private readonly adapt: Effect.Effect<void> = Effect.suspend(() => {
    const now = this.clock.currentTimeMillisUnsafe()
    const millis = now - this.windowStart
    if (!this.receiver.isReceiving || millis < shortestWindow) return Effect.void
    this.wanted = Prefetch.next(this.rule, this.concurrency(), this.wanted, this.settled, millis)
    this.settled = 0
    this.windowStart = now
    return this.apply
  })

  /** A consumer that was throttled, or hoards, does not notice by itself when nothing ends. */
  private lookLater(): void {
    if (this.nextLook !== undefined || this.rule !== "adaptive" || !this.receiver.isReceiving) return
    this.nextLook = this.timer.enter(this.clock.currentTimeMillisUnsafe() + lookEvery, this.look)
  }

  /** Looks again as long as something ends, or there is more to give back. */
  private readonly look: Effect.Effect<void> = Effect.suspend(() => {
    this.nextLook = undefined
    if (this.settled > 0 || this.wanted > Prefetch.initial(this.rule, this.concurrency())) this.lookLater()
    return this.adapt
  })

  /** Tells the broker, if what it was told is not what is wanted. */
  private readonly apply: Effect.Effect<void> = Effect.suspend(() => {
    const target = this.target()
    if (target === this.applied || this.subscription === undefined || !this.receiver.isReceiving) return Effect.void
    const isLess = this.applied === 0 || (target !== 0 && target < this.applied)
    this.applied = target
    return this.subscription.setPrefetch(target).pipe(
      Effect.andThen(Effect.sync(() => {
        this.log.log("Debug", `basic.qos: prefetch_count->${target}`, { queue: this.queue.name })
        if (isLess && !isQuorum(this.queue)) this.executor.giveBack(target, this.receiver)
      })),
      // The channel is gone: a new one is on its way, and is told at once.
      Effect.ignore
    )
  })

  /** Held messages are outstanding, but must not keep others from coming. */
  private target(): number {
    return this.wanted === 0 ? 0 : Math.min(Prefetch.highest, this.wanted + this.receiver.heldCount)
  }

  readonly onFinished = (): void => {
    if (this.nextLook === undefined) this.lookLater()
    if (++this.settled >= this.wanted && this.wanted !== 0) this.run(this.adapt)
  }

  readonly onHeld = (): void => {
    const free = this.applied - this.receiver.heldCount
    if (this.applied !== 0 && (free < this.wanted / 2 || free > this.wanted * 2)) this.run(this.apply)
  }
}

/** Of a measurement, in milliseconds: less says nothing. */
const shortestWindow = 10

/** In milliseconds. */
const lookEvery = 1_000

/** A quorum queue counts every return of a message, and drops it after a number of them. */
const isQuorum = (queue: Queue): boolean => queue.arguments["x-queue-type"] === "quorum"
