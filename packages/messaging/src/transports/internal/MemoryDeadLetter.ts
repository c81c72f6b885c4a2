/**
 * What a message carries once it died in a queue: `x-death` and
 * `x-first-death-*`, written as RabbitMQ writes them.
 *
 * @since 0.1.0
 */
import type { Message } from "../../Message.ts"

/** Why a message left its queue unread. */
export type DeathReason = "rejected" | "expired" | "maxlen"

interface Death {
  readonly reason: DeathReason
  readonly queue: string
  /** Where the message had been published to. */
  readonly exchange: string
  readonly routingKey: string
  /** Seconds since the epoch. */
  readonly time: number
}

/**
 * The message as its dead letter: one entry for each queue and reason, the
 * newest first, counted; and without its expiration, which would strike again
 * in the next queue.
 */
export const bury = (message: Message, death: Death): Message => {
  const { expiration, ...properties } = message.properties
  const deaths = deathsOf(message)
  const index = deaths.findIndex((entry) =>
    fieldOf(entry, "queue") === death.queue && fieldOf(entry, "reason") === death.reason
  )
  const known = index === -1 ? undefined : deaths[index]
  const newest = known === undefined
    ? {
      count: 1,
      reason: death.reason,
      queue: death.queue,
      time: death.time,
      exchange: death.exchange,
      "routing-keys": [death.routingKey],
      ...(expiration === undefined ? {} : { "original-expiration": expiration })
    }
    : { ...asTable(known), count: countOf(known) + 1 }
  return {
    body: message.body,
    properties,
    headers: {
      "x-first-death-exchange": death.exchange,
      "x-first-death-queue": death.queue,
      "x-first-death-reason": death.reason,
      ...message.headers,
      "x-death": [newest, ...deaths.filter((_, at) => at !== index)]
    }
  }
}

/**
 * Whether a dead letter has come around to a queue by itself, that is with no
 * reject on the way: it would go in circles for ever, and is dropped.
 */
export const isCycle = (letter: Message, queue: string): boolean => {
  const deaths = deathsOf(letter)
  const last = deaths.findIndex((entry) => fieldOf(entry, "queue") === queue)
  return last !== -1 && deaths.slice(0, last + 1).every((entry) => fieldOf(entry, "reason") !== "rejected")
}

/** Anybody may send an `x-death` header of any shape. */
const deathsOf = (message: Message): ReadonlyArray<unknown> => {
  const deaths = message.headers["x-death"]
  return Array.isArray(deaths) ? deaths : []
}

const asTable = (entry: unknown): object => typeof entry === "object" && entry !== null ? entry : {}

const fieldOf = (entry: unknown, field: string): unknown => Reflect.get(asTable(entry), field)

const countOf = (entry: unknown): number => {
  const count = fieldOf(entry, "count")
  return typeof count === "number" ? count : 1
}
