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
import * as Reconnect from "@celeriac/messaging/Reconnect"
import * as Session from "@celeriac/messaging/Session"
import type { Entry, TimerHeap } from "@celeriac/messaging/TimerHeap"
import * as Topology from "@celeriac/messaging/Topology"
import type { Channel, Subscription } from "@celeriac/messaging/Transport"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { Execution } from "../../boot/Execution.ts"
import { Pool } from "../../boot/Pool.ts"
import { Timer } from "../../boot/Timer.ts"
import type { Executor } from "../../execution/internal/Executor.ts"
import type { Intake } from "../../execution/internal/Subject.ts"
import type { Request } from "../../execution/Request.ts"
import * as Prefetch from "../../state/Prefetch.ts"
import * as WorkerLog from "../../state/WorkerLog.ts"
import { WorkerSettings } from "../../state/WorkerSettings.ts"
import { Connection } from "../Connection.ts"
import * as Receiver from "./Receiver.ts"
import * as ReturnCount from "./ReturnCount.ts"

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
      yield* Connection,
      (yield* Execution).executor,
      (yield* Pool).capacity,
      (yield* WorkerSettings).prefetch,
      (yield* Timer).queue,
      yield* Clock.Clock,
      yield* WorkerLog.make,
      Effect.runForkWith(yield* Effect.context<never>()),
      yield* Receiver.make
    )
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

class Consuming implements TaskQueue, Receiver.Watcher {
  readonly queue: Queue
  private readonly connection: Connection["Service"]
  private readonly executor: Executor
  private readonly concurrency: () => number
  private readonly rule: Prefetch.Prefetch
  private readonly timer: TimerHeap
  private readonly clock: Clock.Clock
  private readonly log: WorkerLog.WorkerLog
  private readonly run: (effect: Effect.Effect<void>) => unknown
  private readonly receiver: Receiver.Receiver
  private subscription: Subscription | undefined
  /** What the rule wants, without what is held. */
  private wanted: number
  /** What the broker was told. */
  private applied: number
  /** Whether the broker counts what comes back to the queue, once that was asked. */
  private isCounted: boolean | undefined
  private settled = 0
  private windowStart: number
  /** Of the next look at the prefetch; none while there is nothing to adapt. */
  private nextLook: Entry | undefined

  constructor(
    queue: Queue,
    connection: Connection["Service"],
    executor: Executor,
    concurrency: () => number,
    rule: Prefetch.Prefetch,
    timer: TimerHeap,
    clock: Clock.Clock,
    log: WorkerLog.WorkerLog,
    run: (effect: Effect.Effect<void>) => unknown,
    makeReceiver: (watcher: Receiver.Watcher) => Receiver.Receiver
  ) {
    this.queue = queue
    this.connection = connection
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

  /** A channel that consumes. */
  private readonly open: Effect.Effect<Channel, MessagingError, Scope.Scope> = Effect.gen({ self: this }, function*() {
    const channel = yield* this.connection.openChannel()
    yield* Topology.declareQueue(channel, this.queue)
    this.applied = this.target()
    this.isCounted = undefined
    this.subscription = yield* channel.consume(this.queue.name, {
      prefetch: this.applied,
      onDelivery: this.receiver.receive
    })
    // Whoever cancelled meanwhile could not cancel this one.
    if (!this.receiver.isReceiving) yield* this.subscription.cancel
    this.log.log("Debug", `basic.qos: prefetch_count->${this.applied}`, { queue: this.queue.name })
    return channel
  })

  /** Consumes, and again whenever the channel is lost. `first` is done as soon as it does, or cannot. */
  stayOpen(first: Deferred.Deferred<void, MessagingError>): Effect.Effect<never> {
    const { queue, receiver } = this
    let hasOpened = false
    let isLost = false
    return Session.run({
      what: `queue '${queue.name}'`,
      uri: this.connection.uri,
      open: this.open,
      wanted: Effect.suspend(() => receiver.isReceiving ? Effect.void : Effect.never),
      // With the connection, the whole consumer is built anew: that is not for one queue to do.
      watch: (channel) =>
        Effect.catch(
          channel.lost,
          (error) => error.reason._tag === "ConnectionLost" || !receiver.isReceiving ? Effect.never : Effect.fail(error)
        ),
      isRecoverable: () => hasOpened,
      tell: (event) => {
        const wasLost = isLost
        isLost = event._tag === "Lost"
        switch (event._tag) {
          case "Opened":
            hasOpened = true
            return Deferred.succeed(first, undefined)
          case "Lost":
            this.executor.completion.forget(receiver.release())
            this.executor.dropWaiting(receiver)
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
    const waiting = this.receiver.close()
    return Effect.as(Effect.ignore(this.subscription?.cancel ?? Effect.void), waiting)
  })

  /** Looks no more. */
  readonly rest = (): void => {
    this.nextLook?.cancel()
    this.nextLook = undefined
  }

  readonly resized: Effect.Effect<void> = Effect.sync(() => {
    this.wanted = Prefetch.resized(this.rule, this.concurrency(), this.wanted)
    this.lookLater()
    this.apply()
  })

  /** Looks at what was done lately, and changes the prefetch if that would help. */
  private adapt(): void {
    const now = this.clock.currentTimeMillisUnsafe()
    const millis = now - this.windowStart
    if (!this.receiver.isReceiving || millis < shortestWindow) return
    this.wanted = Prefetch.next(this.rule, this.concurrency(), this.wanted, this.settled, millis)
    this.settled = 0
    this.windowStart = now
    this.apply()
  }

  /** A consumer that was throttled, or hoards, does not notice by itself when nothing ends. */
  private lookLater(): void {
    if (this.nextLook !== undefined || this.rule !== "adaptive" || !this.receiver.isReceiving) return
    this.nextLook = this.timer.enter(this.clock.currentTimeMillisUnsafe() + lookEvery, this.look)
  }

  /** Looks again as long as something ends, or there is more to give back. */
  private readonly look = (): void => {
    this.nextLook = undefined
    if (this.settled > 0 || this.wanted > Prefetch.initial(this.rule, this.concurrency())) this.lookLater()
    this.adapt()
  }

  /** Tells the broker, if what it was told is not what is wanted. */
  private apply(): void {
    const target = this.target()
    if (target === this.applied || this.subscription === undefined || !this.receiver.isReceiving) return
    const isLess = this.applied === 0 || (target !== 0 && target < this.applied)
    this.applied = target
    this.run(
      this.subscription.setPrefetch(target).pipe(
        Effect.andThen(Effect.sync(() => {
          this.log.log("Debug", `basic.qos: prefetch_count->${target}`, { queue: this.queue.name })
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
      ? Effect.tap(ReturnCount.isCounted(this.queue, this.connection.openChannel()), (isCounted) =>
        Effect.sync(() => void (this.isCounted = isCounted)))
      : Effect.succeed(this.isCounted)
  ).pipe(
    Effect.map((isCounted) => {
      if (!isCounted && this.applied !== 0) this.executor.returnExcess(this.applied, this.receiver)
    })
  )

  /** Held messages are outstanding, but must not keep others from coming. */
  private target(): number {
    return this.wanted === 0 ? 0 : Math.min(Prefetch.highest, this.wanted + this.receiver.heldCount)
  }

  readonly onFinished = (): void => {
    if (this.nextLook === undefined) this.lookLater()
    if (++this.settled >= this.wanted && this.wanted !== 0) this.adapt()
  }

  readonly onHeld = (): void => {
    const free = this.applied - this.receiver.heldCount
    if (this.applied !== 0 && (free < this.wanted / 2 || free > this.wanted * 2)) this.apply()
  }
}

/** Of a measurement, in milliseconds: less says nothing. */
const shortestWindow = 10

/** In milliseconds. */
const lookEvery = 1_000
