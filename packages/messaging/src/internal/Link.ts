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
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { because, ConnectionLost, type MessagingError } from "../MessagingError.ts"
import * as Session from "../Session.ts"
import type { Channel, Connection, Transport } from "../Transport.ts"
import * as Declarations from "./Declarations.ts"
import * as Quarantine from "./Quarantine.ts"

/** The link while it is up. */
export interface Live {
  readonly connection: Connection
  readonly channel: Channel
  readonly declarations: Declarations.Declarations
  readonly quarantine: Quarantine.Quarantine
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

/** How often deadlines are looked at while somebody waits, at most and at least, in milliseconds. */
const checkMillis = { most: 50, least: 5 }

export class Link {
  /** The live connection, when there is one. */
  live: Live | undefined = undefined
  private waiters: Array<Waiter> = []
  private lastError: MessagingError | undefined = undefined
  private readonly demand = Latch.makeUnsafe(false)

  get waiting(): number {
    return this.waiters.length
  }

  wait(waiter: Waiter): void {
    this.waiters.push(waiter)
    this.demand.openUnsafe()
  }

  /** Does not wait any more; nothing is called. Whether it did wait. */
  forget(waiter: Waiter): boolean {
    const index = this.waiters.indexOf(waiter)
    if (index !== -1) this.waiters.splice(index, 1)
    return index !== -1
  }

  failAll(error: MessagingError): void {
    for (const waiter of this.takeAll()) waiter.onFailure(error)
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
    return Math.max(next - now, checkMillis.least)
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

/** Never ends. What a transport throws is told to who waits, and tried again when somebody asks again. */
const keepUp = (link: Link, options: LinkOptions): Effect.Effect<never> => {
  const { eager, name, reconnect, transport } = options
  const { uri } = transport
  const log = Session.logging(name)
  /** Whether a channel has been open over the connection. */
  let hasServed = false
  // What is wrong with the configuration stays wrong until somebody asks again.
  let isHopeless = false

  const connection = Session.run({
    what: name,
    uri,
    reconnect,
    wanted: Effect.suspend(() => eager && !isHopeless ? Effect.void : link.demanded),
    open: Effect.gen(function*() {
      hasServed = false
      const connection = yield* transport.connect({ name })
      return {
        connection,
        declarations: yield* Declarations.make(connection),
        quarantine: yield* Quarantine.make(connection)
      }
    }),
    // A connection is watched by keeping a channel open over it.
    watch: ({ connection, ...parts }) =>
      Session.run({
        what: name,
        uri,
        // A channel alone goes for a publish to nowhere, perhaps: a new one at once when it is needed.
        wanted: Effect.suspend(() => hasServed ? Effect.raceFirst(link.demanded, connection.lost) : Effect.void),
        reconnect: Schedule.forever,
        open: connection.openChannel(),
        watch: (channel) => Effect.raceFirst(channel.lost, connection.lost),
        isRecoverable: (error, wasOpen) => wasOpen && error.reason._tag !== "ConnectionLost",
        tell: (event) =>
          Effect.sync(() => {
            if (event._tag === "Lost") link.down()
            if (event._tag !== "Opened") return
            hasServed = true
            link.up({ connection, ...parts, channel: event.value })
          })
      }),
    isRecoverable: () => true,
    tell: (event) => {
      switch (event._tag) {
        case "Waiting": {
          isHopeless = !event.error.isRecoverable
          if (hasServed && event.error.isRecoverable) link.lost(event.error)
          else link.failed(event.error)
          // Who was told of it, or does not need it, reads it elsewhere or not at all.
          return link.waiting > 0 || (eager && !isHopeless) ? log(event) : Effect.void
        }
        case "GivenUp": {
          isHopeless = true
          link.failAll(event.error)
          break
        }
      }
      return log(event)
    }
  })

  return Effect.forever(Effect.catchCause(connection, (cause) => {
    if (!Cause.hasDies(cause)) return Effect.void
    isHopeless = true
    link.down()
    link.failAll(because("connect", new ConnectionLost({ uri, detail: String(Cause.squash(cause)) })))
    return Effect.logError(`${name}: the transport failed`, cause)
  }))
}
