/**
 * The queues that clients and workers know by name.
 *
 * Declared ones are listed in `Configured`. Any other name stands for a durable
 * queue on an exchange of the same name, made as needed; the default queue is
 * made of its own settings where no queue is configured. `w1@host.dq2` is the
 * queue of one worker. Both sides must declare a queue alike, or the broker
 * refuses the second: look it up here. Source: protocol §6, Celery's `Queues`.
 *
 * @since 0.1.0
 */
import * as Entity from "@celeriac/messaging/Entity"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as CeleryRouting from "./internal/CeleryRouting.ts"
import { nearest } from "./internal/Nearest.ts"
import * as Setting from "./Setting.ts"
import * as Settings from "./Settings.ts"
import { TaskId } from "./TaskId.ts"
import * as WorkerDirect from "./WorkerDirect.ts"

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

/** What senders call a queue: the name of a broadcast, or its own. */
export type NameOf<Q extends Entity.Queue> = Q extends Entity.Broadcast<infer Name> ? Name : Q["name"]

/** The queues in effect. */
export interface Queues {
  readonly default: Entity.Queue
  /** Those that are configured, completed from the settings: a broadcast has a queue of its own. */
  readonly configured: ReadonlyArray<Entity.Queue>
  /** The queue of that name, or undefined when it is not configured and `Settings.CreateMissingQueues` is off. */
  readonly get: (name: string) => Entity.Queue | undefined
  /** What a sender declares before it sends to a queue: of a broadcast the exchange alone; nothing where that is not wanted. */
  readonly declare: (queue: Entity.Queue) => ReadonlyArray<Entity.Queue | Entity.Exchange>
  /** The name among those known that may have been meant. */
  readonly nearest: (name: string) => string | undefined
}

/** Reads the settings once: look-ups afterwards are synchronous. */
export const make: Effect.Effect<Queues> = Effect.gen(function*() {
  const defaultName = yield* Settings.DefaultQueue
  const createMissing = yield* Settings.CreateMissingQueues
  const missingType = yield* Settings.CreateMissingQueueType
  const missingExchangeType = yield* Settings.CreateMissingQueueExchangeType
  const maxPriority = yield* Settings.QueueMaxPriority
  const newId = yield* TaskId
  const declares = (yield* Settings.DeclareQueues) && (yield* Settings.DeclareTopology)

  const prioritized = <Q extends Entity.Queue>(queue: Q): Q =>
    maxPriority === undefined || "x-max-priority" in queue.arguments
      ? queue
      : { ...queue, arguments: { ...queue.arguments, "x-max-priority": maxPriority } }

  // A classic queue says nothing of its type, as Celery's: a broker compares that too.
  const typed = (type: Settings.QueueType) => type === "classic" ? undefined : type

  const missing = (name: string): Entity.Queue =>
    prioritized(Entity.direct(name, {
      exchange: Entity.exchange(name, { type: missingExchangeType }),
      type: typed(missingType)
    }))

  const byDefault = Effect.gen(function*() {
    const exchange = Entity.exchange((yield* Settings.DefaultExchange) ?? defaultName, {
      type: yield* Settings.DefaultExchangeType
    })
    const routingKey = (yield* Settings.DefaultRoutingKey) ?? defaultName
    return prioritized(
      Entity.queue(defaultName, { exchange, routingKey, type: typed(yield* Settings.DefaultQueueType) })
    )
  })

  const configured = (yield* Configured).map((queue) =>
    prioritized(queue.name === "" ? { ...queue, name: `bcast.${newId()}` } : queue)
  )
  const known = new Map(configured.map((queue) => [queue.name, queue]))
  // The settings of the default queue are those of an application that lists none.
  if (!known.has(defaultName)) {
    known.set(defaultName, configured.length === 0 ? yield* byDefault : missing(defaultName))
  }
  const aliases = new Map(configured.flatMap((queue) => queue.alias === undefined ? [] : [[queue.alias, queue]]))

  return {
    default: aliases.get(defaultName) ?? known.get(defaultName)!,
    configured,
    get: (name) => {
      const queue = aliases.get(name) ?? known.get(name)
      if (queue !== undefined) return queue
      const worker = WorkerDirect.workerOf(name)
      if (worker === undefined && !createMissing) return undefined
      const made = worker === undefined ? missing(name) : prioritized(WorkerDirect.queue(worker))
      known.set(name, made)
      return made
    },
    declare: (queue) => !declares ? nothing : queue.alias === undefined ? [queue] : [queue.exchange],
    nearest: (name) => nearest(name, [...aliases.keys(), ...known.keys()])
  }
})

const nothing: ReadonlyArray<Entity.Queue> = Object.freeze([])

const isQueues = (value: unknown): value is ReadonlyArray<Entity.Queue> => Array.isArray(value) && value.every(isQueue)

/** By its shape: it may come from another copy of this package. */
const isQueue = (value: unknown): boolean =>
  typeof value === "object" && value !== null && "name" in value && typeof value.name === "string" &&
  (value.name !== "" || "alias" in value) &&
  "bindings" in value && Array.isArray(value.bindings) && "arguments" in value
