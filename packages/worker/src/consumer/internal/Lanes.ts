/**
 * The channels that a queue is consumed over, one after the other.
 *
 * One consumes. When many of its messages are held for their time, the next one
 * takes over, and it is parked: open, without a consumer, until all that came by
 * it is settled. A broker looks for the message of an acknowledgement among all
 * that are outstanding on the channel, from the oldest on (50,000 of them cost
 * RabbitMQ a millisecond or two for each), and the prefetch of a channel is a
 * 16-bit number: so what is held must not stand in front of what runs.
 *
 * @since 0.1.0
 */
import type { Queue } from "@celeriac/messaging/Entity"
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import type { Channel, Subscription } from "@celeriac/messaging/Transport"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { Executor } from "../../execution/internal/Executor.ts"
import type { Request } from "../../execution/Request.ts"
import type { WorkerLog } from "../../state/WorkerLog.ts"
import type { Connection } from "../Connection.ts"
import type * as Receiver from "./Receiver.ts"

/** So many are held on one channel, before the next takes over; more when there are many channels, of which a connection has 2,047. */
export const LaneSize = Context.Reference<number>("@celeriac/worker/consumer/internal/Lanes/LaneSize", {
  defaultValue: () => 4_096
})

/** A lane holds at least this part of all that are held. */
const leastPart = 1 / 32

/** Whoever decides how many messages may come, by any lane. */
export interface Watcher {
  readonly onFinished: (lane: Lane) => void
  readonly onHeld: (lane: Lane) => void
  readonly onDue: (lane: Lane) => void
}

export interface Parts {
  readonly queue: Queue
  readonly connection: Connection["Service"]
  readonly executor: Executor
  /** What is opened here closes with it. */
  readonly scope: Scope.Scope
  /** Sees to it that the queue is there. */
  readonly prepare: (channel: Channel, queue: Queue) => Effect.Effect<unknown, MessagingError>
  readonly makeReceiver: (watcher: Receiver.Watcher) => Receiver.Receiver
  readonly run: (effect: Effect.Effect<void>) => unknown
  readonly log: WorkerLog
  readonly watcher: Watcher
  readonly laneSize: number
  /** What the next one starts with. */
  readonly prefetch: () => number
}

/** A channel, and what came by it. */
export interface Lane {
  readonly receiver: Receiver.Receiver
  readonly channel: Channel
  readonly scope: Scope.Closeable
  subscription: Subscription | undefined
  /** What the broker was told. */
  applied: number
}

/** From the first channel that consumes until the loss of whichever does. */
interface Round {
  readonly lost: Deferred.Deferred<never, MessagingError>
  isOver: boolean
}

export class Lanes {
  private readonly parts: Parts
  private readonly parked = new Set<Lane>()
  private lane: Lane | undefined
  private round: Round | undefined
  /** Nothing more is to come. */
  isClosed = false
  private isChanging = false
  /** Grows when there is no channel to be had. */
  private size: number

  constructor(parts: Parts) {
    this.parts = parts
    this.size = parts.laneSize
  }

  /** The one that consumes. */
  get current(): Lane | undefined {
    return this.lane
  }

  /** In the order in which they were opened. */
  get all(): ReadonlyArray<Lane> {
    return this.lane === undefined ? Array.from(this.parked) : [...this.parked, this.lane]
  }

  /** How many are held on lanes that do not consume. */
  get parkedHeld(): number {
    let held = 0
    for (const { receiver } of this.parked) held += receiver.heldCount
    return held
  }

  /** What all that are held take. */
  get heldBytes(): number {
    let bytes = this.lane?.receiver.heldBytes ?? 0
    for (const { receiver } of this.parked) bytes += receiver.heldBytes
    return bytes
  }

  /** How many came by lanes that do not consume, and wait for a slot or run. */
  get parkedBusy(): number {
    let busy = 0
    for (const { receiver } of this.parked) busy += receiver.busyCount
    return busy
  }

  /** A channel that consumes, until the scope closes; `lost` fails when it, or the one that took over, is gone. */
  readonly open: Effect.Effect<Round["lost"], MessagingError, Scope.Scope> = Effect.gen({ self: this }, function*() {
    const round: Round = { lost: Deferred.makeUnsafe(), isOver: false }
    yield* Effect.addFinalizer(() => this.end(round))
    this.round = round
    yield* this.turnTo(yield* this.openLane)
    return round.lost
  })

  /** Another takes over when enough are held on this one. */
  changeIfFull(lane: Lane): void {
    if (lane !== this.lane || this.isChanging || this.isClosed) return
    const held = lane.receiver.heldCount
    if (held < this.size || held < (held + this.parkedHeld) * leastPart) return
    this.isChanging = true
    this.parts.run(Effect.asVoid(Effect.forkIn(this.change, this.parts.scope)))
  }

  /** No more deliveries. Gives what waits for a time; what runs goes on and can be settled. */
  readonly cancel: Effect.Effect<ReadonlyArray<Request>> = Effect.suspend(() => {
    this.isClosed = true
    const waiting = this.release()
    // What came until the broker had heard.
    return Effect.map(cancelled(this.lane), () => [...waiting, ...this.release()])
  })

  /** Every message that came is settled. */
  readonly idle: Effect.Effect<void> = Effect.suspend(() =>
    Effect.forEach(this.all, ({ receiver }) => receiver.idle, { discard: true })
  )

  private release(): ReadonlyArray<Request> {
    return this.all.flatMap(({ receiver }) => receiver.release())
  }

  private get openLane(): Effect.Effect<Lane, MessagingError> {
    const { connection, log, makeReceiver, prefetch, queue, scope, watcher } = this.parts
    return Effect.flatMap(Scope.fork(scope), (own) =>
      Effect.gen({ self: this }, function*() {
        const channel = yield* connection.openChannel()
        yield* this.parts.prepare(channel, queue)
        const receiver = makeReceiver({
          queue: queue.name,
          onFinished: () => watcher.onFinished(lane),
          onHeld: () => watcher.onHeld(lane),
          onDue: () => watcher.onDue(lane)
        })
        const lane: Lane = { receiver, channel, scope: own, subscription: undefined, applied: prefetch() }
        lane.subscription = yield* channel.consume(queue.name, {
          prefetch: lane.applied,
          onDelivery: receiver.receive
        })
        // Whoever cancelled meanwhile could not cancel this one.
        if (this.isClosed) yield* cancelled(lane)
        log.log("Debug", `basic.qos: prefetch_count->${lane.applied}`, { queue: queue.name })
        return lane
      }).pipe(
        Scope.provide(own),
        Effect.onExit((exit) => Exit.isFailure(exit) ? Scope.close(own, exit) : Effect.void)
      ))
  }

  private turnTo(lane: Lane): Effect.Effect<unknown> {
    this.lane = lane
    return Effect.forkIn(this.watch(lane), lane.scope)
  }

  /** With the connection, the whole consumer is built anew: that is not for one queue to do. */
  private watch(lane: Lane): Effect.Effect<void> {
    return Effect.catch(lane.channel.lost, (error) => {
      if (error.reason._tag === "ConnectionLost" || this.isClosed) return Effect.void
      if (lane === this.lane) return Effect.asVoid(Deferred.fail(this.round!.lost, error))
      this.parts.log.log("Debug", `A parked channel was lost: ${error.message}`, { queue: this.parts.queue.name })
      // Its own scope waits for this fiber.
      return Effect.asVoid(Effect.forkIn(this.drop(lane), this.parts.scope))
    })
  }

  private readonly change: Effect.Effect<void> = Effect.gen({ self: this }, function*() {
    const { round } = this
    const fresh = yield* this.openLane
    const old = this.lane
    if (round === undefined || round.isOver || old === undefined || this.isClosed) return yield* this.drop(fresh)
    this.parked.add(old)
    this.size = this.parts.laneSize
    yield* this.turnTo(fresh)
    yield* cancelled(old)
    // What the old one had outstanding is not counted twice from now on.
    this.parts.watcher.onDue(fresh)
    yield* Effect.forkIn(this.closeWhenIdle(old), this.parts.scope)
  }).pipe(
    Effect.catch((error) =>
      Effect.sync(() => {
        // It goes on as it is, only slower.
        this.size *= 2
        this.parts.log.log("Warn", `No other channel for what ${this.parts.queue.name} holds: ${error.message}`, {})
      })
    ),
    Effect.ensuring(Effect.sync(() => {
      this.isChanging = false
    }))
  )

  private closeWhenIdle(lane: Lane): Effect.Effect<void> {
    return Effect.andThen(
      lane.receiver.idle,
      Effect.suspend(() => {
        // It may have been lost meanwhile.
        if (!this.parked.delete(lane)) return Effect.void
        return Scope.close(lane.scope, Exit.void)
      })
    )
  }

  /** What came by it comes again. */
  private drop(lane: Lane): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { executor } = this.parts
      this.parked.delete(lane)
      executor.settler.forget(lane.receiver.release())
      executor.dropWaiting(lane.receiver)
      return Scope.close(lane.scope, Exit.void)
    })
  }

  private end(round: Round): Effect.Effect<void> {
    return Effect.suspend(() => {
      round.isOver = true
      const { lane } = this
      this.lane = undefined
      return lane === undefined || this.isClosed ? Effect.void : this.drop(lane)
    })
  }
}

const cancelled = (lane: Lane | undefined): Effect.Effect<void> =>
  Effect.ignore(lane?.subscription?.cancel ?? Effect.void)
