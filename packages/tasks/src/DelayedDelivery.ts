/**
 * Delays that the broker keeps, instead of a worker that holds the message:
 * RabbitMQ's queues with a time to live, one for each binary digit of the delay.
 *
 * In effect when a quorum queue is configured. A worker declares `topology`, and
 * binds its queues to it with `bindingsOf`; a client publishes to `exchange`
 * with the delay in front of the routing key, and the message waits in one queue
 * for each digit that is 1, from the highest on. Seconds are cut off, so it
 * arrives up to a second before its ETA, and is held for the rest.
 *
 * Only the routing key says where it goes in the end: of two exchanges that a
 * queue is bound to with the same key, both get it. Source: protocol §9,
 * Kombu's `native_delayed_delivery`.
 *
 * @since 0.1.0
 */
import * as Entity from "@celeriac/messaging/Entity"
import type * as Topology from "@celeriac/messaging/Topology"

/** What the queues of the delay are. */
export type QueueType = "classic" | "quorum"

/** So many digits: more than eight years. */
const digits = 28

const highest = digits - 1

/** The longest delay that can be said, in seconds. */
export const longest = 2 ** digits - 1

const levelName = (level: number): string => `celery_delayed_${level}`

/** Where delayed messages are published to. */
export const exchange: Entity.Exchange = Entity.exchange(levelName(highest), { type: "topic" })

/** Where they come out. */
export const deliveryExchange: Entity.Exchange = Entity.exchange("celery_delayed_delivery", { type: "topic" })

/** Whether any of the queues is declared as a quorum queue. */
export const isActive = (queues: Iterable<Entity.Queue>): boolean => {
  for (const queue of queues) if (queue.arguments["x-queue-type"] === "quorum") return true
  return false
}

/** Everything but the bindings of the task queues. */
export const topology = (type: QueueType): Topology.Topology => {
  const levels = Array.from({ length: digits }, (_, level) => Entity.exchange(levelName(level), { type: "topic" }))
  const next = (level: number) => levels[level - 1] ?? deliveryExchange
  return {
    queues: levels.map((exchange, level) =>
      Entity.queue(exchange.name, {
        exchange,
        routingKey: `${skipped(level)}1.#`,
        arguments: {
          "x-queue-type": type,
          "x-overflow": "reject-publish",
          "x-message-ttl": 2 ** level * 1_000,
          "x-dead-letter-exchange": next(level).name,
          ...type === "quorum" ? { "x-dead-letter-strategy": "at-least-once" } : {}
        }
      })
    ).toReversed(),
    exchanges: [deliveryExchange],
    bindings: levels.map((source, level) => ({
      source,
      destination: next(level),
      routingKey: `${skipped(level)}0.#`
    })).toReversed()
  }
}

/** The digits in front of that of a level. */
const skipped = (level: number): string => "*.".repeat(highest - level)

/** What lets delayed messages come to a queue, for each exchange that it is bound to. */
export interface QueueBinding {
  readonly exchange: Entity.Exchange
  /** Of the exchange to `deliveryExchange`, and of the queue to the exchange. */
  readonly routingKey: string
}

/** None for direct exchanges, which compare the whole key: see `isDelaying`. */
export const bindingsOf = (queue: Entity.Queue): ReadonlyArray<QueueBinding> =>
  queue.bindings.filter(({ exchange }) => isDelaying(exchange)).map(({ exchange, routingKey }) => ({
    exchange,
    routingKey: routingKey.startsWith("#") ? routingKey : `#.${routingKey}`
  }))

/** Whether delayed messages find their way through an exchange. */
export const isDelaying = ({ type }: Entity.Exchange): boolean => type !== "direct"

/**
 * The routing key that delays a message, or nothing when it is not worth it:
 * below a second. A key that has a delay in front of it already, as that of a
 * message that came this way, gets the new one instead.
 */
export const routingKey = (seconds: number, key: string): string | undefined => {
  const whole = Math.min(Math.trunc(seconds), longest)
  if (!(whole >= 1)) return undefined
  return `${Array.from(whole.toString(2).padStart(digits, "0")).join(".")}.${withoutDelay(key)}`
}

/** The routing key as it was before. */
export const withoutDelay = (key: string): string => key.replace(prefix, "")

const prefix = new RegExp(`^(?:[01]\\.){${digits}}`)
