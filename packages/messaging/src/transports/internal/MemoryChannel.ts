/**
 * The in-memory broker behind `Transport`'s interfaces: what is synchronous
 * inside becomes effects, and a refusal closes the channel that asked.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { Delivery } from "../../Message.ts"
import { because, type MessagingError } from "../../MessagingError.ts"
import type { Channel, Connection, ConsumeOptions, PublishOptions, QueueState, Subscription } from "../../Transport.ts"
import type { MemoryConsumer } from "./MemoryConsumer.ts"
import type { MemoryLink } from "./MemoryLink.ts"
import type { MemoryQueue } from "./MemoryQueue.ts"
import { Refusal } from "./MemoryRefusal.ts"
import type { MemorySession } from "./MemorySession.ts"

export const connection = (link: MemoryLink): Connection => ({
  uri: link.host.uri,
  lost: Deferred.await(link.lost),
  blocked: () => link.faults.blocked,
  openChannel: () =>
    Effect.map(
      Effect.acquireRelease(
        Effect.suspend(() =>
          link.closed === undefined
            ? Effect.succeed(link.open())
            : Effect.fail(because("openChannel", link.closed))
        ),
        (session) =>
          Effect.sync(() => {
            session.close()
            link.host.turn.run()
          })
      ),
      channel
    )
})

const channel = (session: MemorySession): Channel => {
  const { link } = session
  const { host } = link

  /** Refused, the channel closes; done, what it caused is handed out. */
  const operate = <A>(operation: string, body: () => A): Effect.Effect<A, MessagingError> =>
    Effect.suspend(() => {
      if (session.closed !== undefined) return Effect.fail(because(operation, session.closed))
      try {
        return Effect.succeed(body())
      } catch (refusal) {
        if (!(refusal instanceof Refusal)) throw refusal
        session.lose(refusal.closure)
        return Effect.fail(because(operation, refusal.reason))
      } finally {
        host.turn.run()
      }
    })

  return {
    lost: Deferred.await(session.lost),
    declareExchange: (exchange) => operate("declareExchange", () => host.declareExchange(exchange)),
    checkExchange: (exchange) =>
      operate("checkExchange", () => {
        if (exchange !== "") host.exchange(exchange)
      }),
    declareQueue: (queue) => operate("declareQueue", () => stateOf(host.declareQueue(queue, link))),
    queueState: (name) =>
      operate("queueState", () => {
        const queue = host.queue(name, link)
        queue.touch()
        return stateOf(queue)
      }),
    bindQueue: (queue, exchange, routingKey, args = {}) =>
      operate("bindQueue", () => {
        // The default exchange feeds every queue by its name, and takes no bindings.
        if (exchange !== "") host.bind(host.queue(queue, link), exchange, routingKey, args)
      }),
    unbindQueue: (name, exchange, routingKey, args = {}) =>
      operate("unbindQueue", () => {
        if (host.queues.has(name)) host.unbind(host.queue(name, link), exchange, routingKey, args)
      }),
    bindExchange: (destination, source, routingKey, args = {}) =>
      operate("bindExchange", () => host.bindExchange(destination, source, routingKey, args)),
    purgeQueue: (queue) => operate("purgeQueue", () => host.queue(queue, link).ready.clear()),
    deleteQueue: (name) =>
      operate("deleteQueue", () => host.queues.has(name) ? host.remove(host.queue(name, link)) : 0),
    deleteExchange: (exchange) => operate("deleteExchange", () => host.deleteExchange(exchange)),

    publish: (message, to, options = noOptions) =>
      Effect.callback<void, MessagingError>((resume) => {
        session.publish(message, to, options, (error) => resume(error === undefined ? Effect.void : Effect.fail(error)))
      }),
    publishUnsafe: (message, to, options, onOutcome) => session.publish(message, to, options, onOutcome),

    get: (queue, options) =>
      operate(
        "get",
        (): Option.Option<Delivery> =>
          Option.fromUndefinedOr(session.pull(host.queue(queue, link), options?.noAck ?? false))
      ),
    consume: (queue, options) => consume(session, queue, options, operate)
  }
}

const noOptions: PublishOptions = {}

const consume = (
  session: MemorySession,
  queue: string,
  options: ConsumeOptions,
  operate: <A>(operation: string, body: () => A) => Effect.Effect<A, MessagingError>
): Effect.Effect<Subscription, MessagingError, Scope.Scope> => {
  const { link } = session
  const cancel = (consumer: MemoryConsumer) =>
    Effect.sync(() => {
      consumer.cancel()
      link.host.turn.run()
    })
  return Effect.map(
    Effect.acquireRelease(
      operate("consume", () => session.consume(link.host.queue(queue, link), options)),
      cancel
    ),
    (consumer) => ({
      consumerTag: consumer.tag,
      cancel: cancel(consumer),
      setPrefetch: (prefetch) =>
        operate("setPrefetch", () => {
          consumer.prefetch = prefetch
          consumer.queue.wake()
        })
    })
  )
}

const stateOf = (queue: MemoryQueue): QueueState => ({
  name: queue.name,
  messageCount: queue.ready.length,
  consumerCount: queue.consumers.length
})
