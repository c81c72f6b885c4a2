/**
 * What has been declared on one connection, so that it is declared once.
 *
 * Declarations have a channel of their own: the broker answers a wrong one by
 * closing the channel, which must not take the publishes of others with it.
 * What may vanish by itself (auto-delete, expiring) is declared every time.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import { BoundedMap } from "../BoundedMap.ts"
import * as Declaration from "../Declaration.ts"
import type { Exchange, Queue } from "../Entity.ts"
import type { MessagingError } from "../MessagingError.ts"
import type { Connection } from "../Transport.ts"
import * as OwnChannel from "./OwnChannel.ts"

type Entity = Queue | Exchange

export interface Declarations {
  /** Whether all of them were declared, and need not be again. */
  readonly has: (entities: ReadonlyArray<Entity>) => boolean
  /** Declares what is missing, then calls `then` before anybody else's turn: whoever asked first goes on first. */
  readonly ensure: (entities: ReadonlyArray<Entity>, then: () => void) => Effect.Effect<void, MessagingError>
}

/** A client that makes up queue names for ever does not fill the memory. */
const maxKnown = 10_000

export const make = Effect.fnUntraced(
  function*(connection: Connection): Effect.fn.Return<Declarations, never, Scope.Scope> {
    const own = yield* OwnChannel.make(connection)
    const turn = Semaphore.makeUnsafe(1)
    const seen = new WeakSet<Entity>()
    const known = new BoundedMap<string, true>(maxKnown)

    const isKnown = (entity: Entity): boolean => {
      if (seen.has(entity)) return true
      if (!known.has(JSON.stringify(entity))) return false
      seen.add(entity)
      return true
    }

    const remember = (entity: Entity): void => {
      if (!isLasting(entity)) return
      known.set(JSON.stringify(entity), true)
      seen.add(entity)
    }

    const declare = (entity: Entity): Effect.Effect<unknown, MessagingError> =>
      Effect.flatMap(own.get, (channel) =>
        Effect.onError(
          isQueue(entity) ? Declaration.declareQueue(channel, entity) : Declaration.declareExchange(channel, entity),
          () => own.discard
        ))

    // A channel that lay idle may have been closed meanwhile: one more try, on a new one.
    const declareSomehow = (entity: Entity): Effect.Effect<unknown, MessagingError> =>
      Effect.suspend(() =>
        own.isOpen()
          ? Effect.catch(
            declare(entity),
            (error) => error.reason._tag === "ChannelClosed" ? declare(entity) : Effect.fail(error)
          )
          : declare(entity)
      )

    return {
      has: (entities) => entities.every(isKnown),
      ensure: (entities, then) =>
        turn.withPermit(Effect.gen(function*() {
          for (const entity of entities) {
            if (isKnown(entity)) continue
            yield* declareSomehow(entity)
            remember(entity)
          }
          then()
        }))
    }
  }
)

const isQueue = (entity: Entity): entity is Queue => "bindings" in entity

/** Whether it stays until it is deleted. */
const isLasting = (entity: Entity): boolean =>
  !entity.autoDelete &&
  (!isQueue(entity) || (!entity.exclusive && entity.name !== "" && !("x-expires" in entity.arguments)))
