/**
 * The queue on which a client hears of its results: one queue and one consumer
 * for all of them.
 *
 * Nothing is opened before the first `open`. From then on the queue is there
 * while the scope is: after a lost connection it is declared and consumed
 * again. The broker keeps it through such a gap, with what arrives meanwhile,
 * and drops it `Settings.ResultExpires` after a client that died without
 * closing it; a client that closes deletes it.
 *
 * @since 0.1.0
 */
import * as Entity from "@celeriac/messaging/Entity"
import type { Delivery } from "@celeriac/messaging/Message"
import { because, ConnectionLost, type MessagingError } from "@celeriac/messaging/MessagingError"
import { defaultReconnect } from "@celeriac/messaging/Producer"
import { type Channel, Transport } from "@celeriac/messaging/Transport"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"

export interface ReplyQueue {
  readonly name: string
  /**
   * Waits until the queue is consumed. Fails at the deadline, and at once when
   * no new connection would help, as with a refused password; the next call
   * tries again.
   */
  readonly open: (deadline: Duration.Input) => Effect.Effect<void, MessagingError>
}

export interface Options {
  readonly name: string
  /** How long the broker keeps the queue while nobody consumes it. */
  readonly expires: Duration.Input
  /** Must not throw. */
  readonly onDelivery: (delivery: Delivery) => void
}

/** How long closing waits for the queue to be deleted. */
const deletionTimeout = "2 seconds"

export const make: (options: Options) => Effect.Effect<ReplyQueue, never, Transport | Scope.Scope> = Effect.fnUntraced(
  function*(options) {
    const transport = yield* Transport
    const scope = yield* Effect.scope
    const queue = Entity.queue(options.name, { durable: false, expires: options.expires })
    let isConsumed = false
    let isKeptOpen = false
    let lastError: MessagingError | undefined
    /** Done when the queue is consumed, or will not be. */
    let consumed = Deferred.makeUnsafe<void, MessagingError>()

    const session: Effect.Effect<never, MessagingError> = Effect.scoped(Effect.gen(function*() {
      const connection = yield* transport.connect({ name: "celeriac results" })
      const channel = yield* connection.openChannel
      yield* channel.declareQueue(queue)
      yield* Effect.addFinalizer((exit) => deleteWhenClosing(channel, queue.name, exit))
      yield* channel.consume(queue.name, { prefetch: 0, noAck: true, onDelivery: options.onDelivery })
      isConsumed = true
      Deferred.doneUnsafe(consumed, Exit.void)
      return yield* Effect.raceFirst(connection.lost, channel.lost)
    }))

    const keepOpen = Effect.gen(function*() {
      let pause = yield* Schedule.toStepWithSleep(defaultReconnect)
      for (;;) {
        const error = yield* Effect.flip(session)
        lastError = error
        if (isConsumed) {
          isConsumed = false
          consumed = Deferred.makeUnsafe()
          pause = yield* Schedule.toStepWithSleep(defaultReconnect)
        }
        if (!error.isRecoverable) {
          const refused = consumed
          consumed = Deferred.makeUnsafe()
          isKeptOpen = false
          Deferred.doneUnsafe(refused, Exit.fail(error))
          return
        }
        yield* Effect.ignore(pause(error))
      }
    })

    const late = (deadline: Duration.Input) =>
      Effect.fail(because(
        "open reply queue",
        new ConnectionLost({
          uri: transport.uri,
          detail: `queue '${queue.name}' could not be consumed within ${Duration.toMillis(deadline)} ms${
            lastError === undefined ? "" : `: ${lastError.reason.message}`
          }`
        })
      ))

    return {
      name: options.name,
      open: (deadline) =>
        Effect.suspend(() => {
          if (isConsumed) return Effect.void
          const waiting = Effect.timeoutOrElse(Deferred.await(consumed), {
            duration: deadline,
            orElse: () => late(deadline)
          })
          if (isKeptOpen) return waiting
          isKeptOpen = true
          return Effect.andThen(Effect.forkIn(keepOpen, scope), waiting)
        })
    }
  }
)

/** A lost connection is no end: what arrives meanwhile is wanted. */
const deleteWhenClosing = (
  channel: Channel,
  name: string,
  exit: Exit.Exit<unknown, unknown>
): Effect.Effect<void> =>
  Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)
    ? Effect.ignore(Effect.timeout(channel.deleteQueue(name), deletionTimeout))
    : Effect.void
