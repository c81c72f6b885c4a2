/**
 * The messages of a producer from the call to the outcome: sent at once while
 * the link is up, kept for it otherwise, and sent again only where that cannot
 * store a message twice, or does no harm. What the broker refuses is not; what
 * it may have refused goes by itself; what it says it did not take, as a queue
 * does that has no leader for a moment, is sent a few times again.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import type * as Scope from "effect/Scope"
import { InFlight } from "../InFlight.ts"
import type { Address, Message } from "../Message.ts"
import { because, BufferFull, ConnectionLost, type MessagingError } from "../MessagingError.ts"
import type { Channel } from "../Transport.ts"
import type { Link, Live, Waiter } from "./Link.ts"
import { Entry, optionsOf, timedOut } from "./OutboxEntry.ts"
import type { SendOptions } from "./SendOptions.ts"

export interface Outbox {
  /** Takes a message in charge; `onOutcome` is called once. What is returned takes it back, if it still waits for the link. */
  readonly post: (
    message: Message,
    to: Address,
    how: SendOptions,
    deadline: Duration.Input,
    patient: boolean,
    onOutcome: (error: MessagingError | undefined) => void
  ) => () => void
  /** The link, as soon as it is up. One who is not patient is told when the next attempt fails. */
  readonly live: (patient: boolean) => Effect.Effect<Live, MessagingError>
}

interface OutboxOptions {
  /** How many messages may wait. */
  readonly buffer: number
  /** How long the end of the scope waits for outcomes. */
  readonly flush: Duration.Input
}

/** An outbox over a link. When the scope closes nothing more is taken, and what is under way gets its time. */
export const make = Effect.fnUntraced(function*(
  link: Link,
  options: OutboxOptions
): Effect.fn.Return<Outbox, never, Scope.Scope> {
  const clock = yield* Clock.Clock
  const run = yield* FiberSet.makeRuntime()
  const post = new Post(link, clock, options.buffer, run)

  yield* Effect.addFinalizer(() =>
    Effect.suspend(() => {
      post.closing = true
      return Effect.timeoutOrElse(post.open.idle, { duration: options.flush, orElse: () => Effect.void })
    }).pipe(Effect.ensuring(Effect.sync(() => link.failAll(closed()))))
  )

  return {
    post: (message, to, how, deadline, patient, onOutcome) => {
      // A number is milliseconds, and needs no Duration made of it.
      const millis = typeof deadline === "number" ? deadline : Duration.toMillis(deadline)
      const entry = new Entry(
        post,
        message,
        to,
        how,
        millis,
        clock.currentTimeMillisUnsafe() + millis,
        patient,
        onOutcome
      )
      post.take(entry)
      return () => post.forget(entry)
    },
    live: (patient) =>
      Effect.callback((resume) => {
        if (post.closing) return resume(Effect.fail(closed()))
        if (link.live !== undefined) return resume(Effect.succeed(link.live))
        const waiter: Waiter = {
          expiresAt: Infinity,
          patient,
          onLive: (live) => resume(Effect.succeed(live)),
          onFailure: (error) => resume(Effect.fail(error)),
          onExpiry: () => resume(Effect.interrupt)
        }
        link.wait(waiter)
        return Effect.sync(() => link.forget(waiter))
      })
  }
})

/** Made when it is needed: the first error of a kind costs a millisecond. */
const closed = (): MessagingError =>
  because("publish", new ConnectionLost({ uri: "the broker", detail: "the producer is closed" }))

/** How often a message that was not taken is sent again, and after how many milliseconds first: each pause is twice the last. */
const mostNacks = 5
const firstPause = 100

/** Sends entries, and judges what came of them. */
class Post {
  closing = false
  /** Taken, without an outcome yet. */
  readonly open = new InFlight()
  private readonly link: Link
  private readonly clock: Clock.Clock
  private readonly buffer: number
  private readonly run: (effect: Effect.Effect<void>) => unknown

  constructor(link: Link, clock: Clock.Clock, buffer: number, run: (effect: Effect.Effect<void>) => unknown) {
    this.link = link
    this.clock = clock
    this.buffer = buffer
    this.run = run
  }

  take(entry: Entry): void {
    const { live } = this.link
    if (this.closing) return entry.onOutcome(closed())
    const { count } = this.open
    this.open.begin()
    if (live === undefined) this.wait(entry)
    // The buffer of a broker that blocks publishers is ours: it is bounded like the other one.
    else if (count >= this.buffer && live.connection.blocked() !== undefined) this.finish(entry, this.full())
    else this.send(entry, live, entry.millis)
  }

  /** Whoever sent it does not want to know any more. */
  forget(entry: Entry): void {
    entry.isForgotten = true
    if (this.link.forget(entry)) this.open.end()
  }

  private wait(entry: Entry): void {
    if (this.link.waiting >= this.buffer) this.finish(entry, this.full())
    else this.link.wait(entry)
  }

  /** `left` is what remains of its deadline, in milliseconds. */
  send(entry: Entry, live: Live, left = this.left(entry)): void {
    const { declare } = entry.how
    if (declare === undefined || declare.length === 0 || live.declarations.has(declare)) this.hand(entry, live, left)
    else this.declareAndHand(entry, live, declare)
  }

  private left(entry: Entry): number {
    return entry.expiresAt - this.clock.currentTimeMillisUnsafe()
  }

  /** To the channel. */
  private hand(entry: Entry, live: Live, left: number): void {
    if (left <= 0) return this.finish(entry, timedOut(entry, live, "it waited for its turn"))
    if (entry.isSuspect) return this.isolate(entry, live)
    live.channel.publishUnsafe(entry.message, entry.to, optionsOf(entry, left), (error) => {
      if (error === undefined) this.finish(entry, undefined)
      else this.judge(entry, live, error)
    })
  }

  /** A transport says `OutcomeUnknown` of what it sent, and why the channel is gone of what it did not send. */
  private judge(entry: Entry, live: Live, error: MessagingError): void {
    const { reason } = error
    if (reason._tag === "ConnectionLost" || reason._tag === "ChannelClosed") return this.again(entry, error)
    if (reason._tag === "Nacked") return this.afterPause(entry, error)
    if (reason._tag !== "OutcomeUnknown" || entry.how.idempotent !== true) return this.finish(entry, error)
    if (reason.isSuspect === true && !entry.isSuspect && !this.closing) {
      entry.isSuspect = true
      this.isolate(entry, live)
    } else if (entry.patient && reason.isSuspect !== true) this.again(entry, error)
    else this.finish(entry, error)
  }

  /** The broker closed a channel, perhaps because of this message: it goes by itself. */
  private isolate(entry: Entry, live: Live): void {
    const publish = (channel: Channel) =>
      Effect.suspend(() => {
        const left = this.left(entry)
        return left <= 0
          ? Effect.fail(timedOut(entry, live, "it waited for its turn"))
          : channel.publish(entry.message, entry.to, optionsOf(entry, left))
      })
    this.run(
      live.quarantine.send(publish).pipe(
        Effect.matchEffect({
          onSuccess: () => Effect.sync(() => this.finish(entry, undefined)),
          onFailure: (error) =>
            Effect.sync(() => {
              // The link does not go with a channel of the quarantine, and would not tell who waits for it.
              if (error.reason._tag === "ChannelClosed") this.finish(entry, error)
              else this.judge(entry, live, error)
            })
        }),
        Effect.onInterrupt(() => Effect.sync(() => this.finish(entry, closed())))
      )
    )
  }

  /** It was not stored: neither twice nor too early, if its place in the order is lost. */
  private afterPause(entry: Entry, error: MessagingError): void {
    const pause = firstPause * 2 ** entry.nacks++
    if (!entry.patient || this.closing || entry.nacks > mostNacks || pause >= this.left(entry)) {
      return this.finish(entry, error)
    }
    this.run(Effect.onInterrupt(
      Effect.andThen(
        Effect.sleep(pause),
        Effect.sync(() => {
          if (entry.isForgotten) return this.open.end()
          if (this.closing) return this.finish(entry, error)
          if (this.link.live === undefined) this.wait(entry)
          else this.send(entry, this.link.live)
        })
      ),
      () => Effect.sync(() => this.finish(entry, error))
    ))
  }

  private again(entry: Entry, error: MessagingError): void {
    if (this.closing) this.finish(entry, error)
    else this.wait(entry)
  }

  private declareAndHand(entry: Entry, live: Live, declare: NonNullable<SendOptions["declare"]>): void {
    let handed = false
    this.run(
      live.declarations.ensure(declare, () => {
        handed = true
        this.hand(entry, live, this.left(entry))
      }).pipe(
        Effect.timeoutOrElse({
          duration: Math.max(0, this.left(entry)),
          orElse: () => Effect.fail(timedOut(entry, live, "what it needs was not declared in time"))
        }),
        Effect.catch((error) =>
          Effect.sync(() => {
            if (handed) return
            if (error.reason._tag === "ConnectionLost") this.again(entry, error)
            else this.finish(entry, error)
          })
        ),
        // The scope closes before the declaration was answered.
        Effect.onInterrupt(() =>
          Effect.sync(() => {
            if (!handed) this.finish(entry, closed())
          })
        )
      )
    )
  }

  finish(entry: Entry, error: MessagingError | undefined): void {
    this.open.end()
    entry.onOutcome(error)
  }

  private full(): MessagingError {
    return because("publish", new BufferFull({ limit: this.buffer, unit: "messages" }))
  }
}
