/**
 * A connection that heals itself, with one channel for publishing.
 *
 * It opens when somebody waits for it, or at once when `eager`; after a loss it
 * opens again, with growing pauses, for as long as somebody waits. Whoever
 * waits is told: of the connection when it is there, of an error when that is
 * final, or when the time is over.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { because, ConnectionLost, type MessagingError } from "../MessagingError.ts"
import type { Channel, Connection, Transport } from "../Transport.ts"
import * as Declarations from "./Declarations.ts"

/** The link while it is up. */
export interface Live {
  readonly connection: Connection
  readonly channel: Channel
  readonly declarations: Declarations.Declarations
}

/** Somebody who waits for the link. Exactly one of the functions is called, once. */
export interface Waiter {
  /** When it is over, on the clock; `Infinity` for never. */
  readonly expiresAt: number
  /** Whether it waits on when an attempt to connect failed and another may succeed. */
  readonly patient: boolean
  readonly onLive: (live: Live) => void
  readonly onFailure: (error: MessagingError) => void
  /** `lastError` is why there was no link. */
  readonly onExpiry: (lastError: MessagingError | undefined) => void
}

interface LinkOptions {
  readonly transport: Transport["Service"]
  readonly name: string
  readonly eager: boolean
  readonly reconnect: Schedule.Schedule<unknown, MessagingError>
}

/** A link that was up for this long starts again with the shortest pause. */
const steadyMillis = 500

/** How long an attempt to connect may take: a peer that accepts and never answers is no connection. */
const connectTimeout = "30 seconds"

/** How often deadlines are looked at while somebody waits, at most and at least, in milliseconds. */
const checkMillis = { most: 50, least: 5 }

export class Link {
  /** The live connection, when there is one. */
  live: Live | undefined = undefined
  private waiters: Array<Waiter> = []
  private lastError: MessagingError | undefined = undefined
  private readonly demand = Latch.makeUnsafe(false)
  private readonly calm = Latch.makeUnsafe(true)

  get waiting(): number {
    return this.waiters.length
  }

  wait(waiter: Waiter): void {
    this.waiters.push(waiter)
    this.calm.closeUnsafe()
    this.demand.openUnsafe()
  }

  /** Does not wait any more; nothing is called. */
  forget(waiter: Waiter): void {
    const index = this.waiters.indexOf(waiter)
    if (index !== -1) this.waiters.splice(index, 1)
    this.left()
  }

  failAll(error: MessagingError): void {
    for (const waiter of this.takeAll()) waiter.onFailure(error)
    this.left()
  }

  /** Waits until nobody waits. */
  get calmed(): Effect.Effect<void> {
    return this.calm.await
  }

  /** Waits until somebody waits. */
  get demanded(): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.waiters.length > 0) return Effect.void
      this.demand.closeUnsafe()
      return this.demand.await
    })
  }

  up(live: Live): void {
    this.live = live
    this.lastError = undefined
    for (const waiter of this.takeAll()) waiter.onLive(live)
    this.left()
  }

  down(): void {
    this.live = undefined
  }

  /** What was open is lost: whoever waits goes on waiting, for the next attempt. */
  lost(error: MessagingError): void {
    this.lastError = error
  }

  /** An attempt to connect failed. */
  failed(error: MessagingError): void {
    this.lastError = error
    for (const waiter of this.takeAll()) {
      if (error.isRecoverable && waiter.patient) this.waiters.push(waiter)
      else waiter.onFailure(error)
    }
    this.left()
  }

  /** Tells those whose time is over; how long until the next look. */
  expire(now: number): number {
    let next = now + checkMillis.most
    const expired: Array<Waiter> = []
    this.waiters = this.waiters.filter((waiter) => {
      if (waiter.expiresAt <= now) {
        expired.push(waiter)
        return false
      }
      if (waiter.expiresAt < next) next = waiter.expiresAt
      return true
    })
    for (const waiter of expired) waiter.onExpiry(this.lastError)
    this.left()
    return Math.max(next - now, checkMillis.least)
  }

  /** Some have left: perhaps all. */
  private left(): void {
    if (this.waiters.length === 0) this.calm.openUnsafe()
  }

  private takeAll(): ReadonlyArray<Waiter> {
    const all = this.waiters
    this.waiters = []
    return all
  }
}

/** A link, kept up by fibers of this scope. */
export const make = Effect.fnUntraced(function*(options: LinkOptions): Effect.fn.Return<Link, never, Scope.Scope> {
  const link = new Link()
  yield* Effect.forkScoped(keepUp(link, options))
  yield* Effect.forkScoped(keepTime(link))
  return link
})

const keepTime = (link: Link): Effect.Effect<never> =>
  Effect.forever(Effect.gen(function*() {
    yield* link.demanded
    yield* Effect.sleep(link.expire(yield* Clock.currentTimeMillis))
  }))

const keepUp = Effect.fnUntraced(function*(link: Link, options: LinkOptions): Effect.fn.Return<never> {
  let pause = yield* Schedule.toStepWithSleep(options.reconnect)
  let wanted = options.eager
  for (;;) {
    if (!wanted) yield* link.demanded
    const session: Session = { upSince: undefined }
    const error = yield* Effect.flip(connected(link, options, session))
    if (session.upSince !== undefined && error.isRecoverable) link.lost(error)
    else link.failed(error)
    const now = yield* Clock.currentTimeMillis
    if (session.upSince !== undefined && now - session.upSince >= steadyMillis) {
      pause = yield* Schedule.toStepWithSleep(options.reconnect)
    }
    // A schedule that has come to its end begins again.
    yield* Effect.catchCause(pause(error), () =>
      Effect.flatMap(Schedule.toStepWithSleep(options.reconnect), (step) => {
        pause = step
        return Effect.sleep(checkMillis.most)
      }))
    // What is wrong with the configuration stays wrong until somebody asks again.
    wanted = options.eager && error.isRecoverable
  }
})

interface Session {
  /** When its channel was opened. */
  upSince: number | undefined
}

/** From connect to loss. */
const connected = (link: Link, options: LinkOptions, session: Session): Effect.Effect<never, MessagingError> =>
  Effect.scoped(Effect.gen(function*() {
    const connection = yield* answering(options, options.transport.connect({ name: options.name }))
    const declarations = yield* Declarations.make(connection)
    for (;;) {
      const lost = yield* Effect.scoped(Effect.gen(function*() {
        const channel = yield* answering(options, connection.openChannel)
        session.upSince ??= yield* Clock.currentTimeMillis
        link.up({ connection, channel, declarations })
        return yield* Effect.flip(Effect.raceFirst(channel.lost, connection.lost))
      })).pipe(Effect.ensuring(Effect.sync(() => link.down())))
      if (lost.reason._tag === "ConnectionLost") return yield* Effect.fail(lost)
      // The channel alone went, for a publish to nowhere perhaps: a new one when it is needed.
      yield* Effect.raceFirst(link.demanded, connection.lost)
    }
  }))

const answering = <A, R>(
  { transport }: LinkOptions,
  attempt: Effect.Effect<A, MessagingError, R>
): Effect.Effect<A, MessagingError, R> =>
  Effect.timeoutOrElse(attempt, {
    duration: connectTimeout,
    orElse: () =>
      Effect.fail(
        because("connect", new ConnectionLost({ uri: transport.uri, detail: `no answer within ${connectTimeout}` }))
      )
  })
