/**
 * The queues that clients and workers know by name.
 *
 * Declared ones are listed in `Configured`. Any other name stands for a durable
 * queue on a direct exchange of the same name, made as needed; so does the
 * default queue. Both sides must declare a queue alike, or the broker refuses
 * the second: look it up here. Source: protocol §6.
 *
 * @since 0.1.0
 */
import * as Entity from "@celeriac/messaging/Entity"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as CeleryRouting from "./internal/CeleryRouting.ts"
import * as Setting from "./Setting.ts"
import * as Settings from "./Settings.ts"

/** The queues declared otherwise than by their name alone. Celery's `task_queues`. */
export const Configured: Setting.Reference<ReadonlyArray<Entity.Queue>> = Setting.reference(
  "@celeriac/tasks/Queues/Configured",
  {
    schema: () => Schema.declare(isQueues),
    expected: "a list of queues, as Queue.make gives them",
    fromCelery: CeleryRouting.queues
  },
  {
    celery: "task_queues",
    default: () => [],
    defaultShown: "none",
    doc: "The queues that are declared otherwise than by their name alone. A worker consumes from them."
  }
)

/** The queues in effect. */
export interface Queues {
  readonly default: Entity.Queue
  /** The queue of that name, or undefined when it is not configured and `Settings.CreateMissingQueues` is off. */
  readonly get: (name: string) => Entity.Queue | undefined
}

/** Reads the settings once: look-ups afterwards are synchronous. */
export const make: Effect.Effect<Queues> = Effect.gen(function*() {
  const defaultName = yield* Settings.DefaultQueue
  const defaultExchange = (yield* Settings.DefaultExchange) ?? defaultName
  const defaultKey = (yield* Settings.DefaultRoutingKey) ?? defaultName
  const createMissing = yield* Settings.CreateMissingQueues
  const maxPriority = yield* Settings.QueueMaxPriority

  const prioritized = (queue: Entity.Queue): Entity.Queue =>
    maxPriority === undefined || "x-max-priority" in queue.arguments
      ? queue
      : { ...queue, arguments: { ...queue.arguments, "x-max-priority": maxPriority } }

  const onDirectExchange = (name: string, exchange: string, routingKey: string): Entity.Queue =>
    prioritized(Entity.queue(name, { exchange: Entity.exchange(exchange), routingKey }))

  const known = new Map((yield* Configured).map((queue) => [queue.name, prioritized(queue)]))
  if (!known.has(defaultName)) known.set(defaultName, onDirectExchange(defaultName, defaultExchange, defaultKey))

  return {
    default: known.get(defaultName)!,
    get: (name) => {
      const queue = known.get(name)
      if (queue !== undefined || !createMissing) return queue
      const made = onDirectExchange(name, name, name)
      known.set(name, made)
      return made
    }
  }
})

const isQueues = (value: unknown): value is ReadonlyArray<Entity.Queue> => Array.isArray(value) && value.every(isQueue)

/** By its shape: it may come from another copy of this package. */
const isQueue = (value: unknown): boolean =>
  typeof value === "object" && value !== null && "name" in value && typeof value.name === "string" &&
  "bindings" in value && Array.isArray(value.bindings) && "arguments" in value
