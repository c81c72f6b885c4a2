/**
 * The `x-` arguments of a queue, understood.
 *
 * @since 0.1.0
 */
import type { Arguments, Queue } from "../../Entity.ts"
import { preconditionFailed } from "./MemoryRefusal.ts"

export interface QueueLimits {
  readonly messageTtl: number
  readonly expires: number
  readonly maxLength: number
  readonly maxBytes: number
  readonly maxPriority: number
  readonly overflow: "drop-head" | "reject-publish" | "reject-publish-dlx"
  readonly deadLetterExchange: string | undefined
  readonly deadLetterRoutingKey: string | undefined
}

/** The arguments that a declaration is compared by. */
export const comparedArguments: ReadonlyArray<string> = [
  "x-message-ttl",
  "x-expires",
  "x-max-length",
  "x-max-length-bytes",
  "x-max-priority",
  "x-overflow",
  "x-queue-type",
  "x-dead-letter-exchange",
  "x-dead-letter-routing-key",
  "x-single-active-consumer"
]

/** The arguments of a queue, as they are compared: one that does not say its type is a classic one. */
export const asCompared = (queue: Queue): Arguments => ({ "x-queue-type": "classic", ...queue.arguments })

const types: ReadonlySet<string> = new Set(["classic", "quorum", "stream"])

/** What lives on several nodes outlives any connection, and has one order for all. */
const requireReplicable = (queue: Queue, type: string): void => {
  const entity = `queue '${queue.name}'`
  const invalid = (what: string): never => {
    throw preconditionFailed(entity, `invalid ${what} for ${entity} in vhost '/', of type '${type}'`)
  }
  if (!queue.durable) invalid("property 'non-durable'")
  if (queue.autoDelete) invalid("property 'auto-delete'")
  if (queue.exclusive) invalid("property 'exclusive-owner'")
  if (queue.arguments["x-max-priority"] !== undefined) invalid("arg 'x-max-priority'")
}

/** Fails with 406 for a value that cannot be meant. */
export const limitsOf = (queue: Queue): QueueLimits => {
  const refuse = (key: string): never => {
    throw preconditionFailed(
      `queue '${queue.name}'`,
      `invalid arg '${key}' for queue '${queue.name}' in vhost '/': '${String(queue.arguments[key])}'`
    )
  }
  const integer = (key: string, least: number, most: number, absent: number): number => {
    const value = queue.arguments[key]
    if (value === undefined) return absent
    return typeof value === "number" && Number.isInteger(value) && value >= least && value <= most ? value : refuse(key)
  }
  const text = (key: string): string | undefined => {
    const value = queue.arguments[key]
    return value === undefined || typeof value === "string" ? value : refuse(key)
  }
  const type = text("x-queue-type") ?? "classic"
  if (!types.has(type)) return refuse("x-queue-type")
  if (type !== "classic") requireReplicable(queue, type)
  const overflow = text("x-overflow") ?? "drop-head"
  if (overflow !== "drop-head" && overflow !== "reject-publish" && overflow !== "reject-publish-dlx") {
    return refuse("x-overflow")
  }
  const deadLetterExchange = text("x-dead-letter-exchange")
  const deadLetterRoutingKey = text("x-dead-letter-routing-key")
  if (deadLetterRoutingKey !== undefined && deadLetterExchange === undefined) return refuse("x-dead-letter-routing-key")
  return {
    messageTtl: integer("x-message-ttl", 0, Number.MAX_SAFE_INTEGER, Infinity),
    expires: integer("x-expires", 1, Number.MAX_SAFE_INTEGER, Infinity),
    maxLength: integer("x-max-length", 0, Number.MAX_SAFE_INTEGER, Infinity),
    maxBytes: integer("x-max-length-bytes", 0, Number.MAX_SAFE_INTEGER, Infinity),
    maxPriority: integer("x-max-priority", 0, 255, 0),
    overflow,
    deadLetterExchange,
    deadLetterRoutingKey
  }
}
