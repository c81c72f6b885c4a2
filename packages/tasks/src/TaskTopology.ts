/**
 * All that clients and workers of an application declare and keep: its queues
 * and their exchanges, the queues of delays where there are quorum queues, the
 * exchange of events.
 *
 * For `Topology.plan`, `apply` and `verify`, by whoever may configure the broker,
 * where clients and workers declare nothing by themselves (`declareTopology`).
 * What belongs to one process alone (reply queues, mailboxes, broadcasts' queues)
 * is no part of it. Source: protocol §6, §9.
 *
 * ```ts
 * const topology = yield* TaskTopology.make()
 * yield* Topology.verify(topology)
 * ```
 *
 * @since 0.1.0
 */
import type * as Entity from "@celeriac/messaging/Entity"
import * as Topology from "@celeriac/messaging/Topology"
import * as Effect from "effect/Effect"
import * as DelayedDelivery from "./DelayedDelivery.ts"
import * as EventTopology from "./event/EventTopology.ts"
import * as Queues from "./Queues.ts"
import * as WorkerDirect from "./WorkerDirect.ts"

/** What the settings do not say. */
export interface Options {
  /** Queues that are used without being configured, by name: what routes and calls name. */
  readonly queues?: ReadonlyArray<string> | undefined
  /** Workers that have a queue of their own, by nodename. */
  readonly workers?: ReadonlyArray<string> | undefined
  /** What the queues of the delay are. Default: `quorum`. */
  readonly delayedDeliveryQueueType?: DelayedDelivery.QueueType | undefined
}

/** By the settings in effect. A name that is not configured, where none are made as needed, is left out. */
export const make = (options: Options = {}): Effect.Effect<Topology.Topology> =>
  Effect.gen(function*() {
    const known = yield* Queues.make
    const events = yield* EventTopology.exchange(withTopics)
    const named = [...options.queues ?? [], ...(options.workers ?? []).map(WorkerDirect.queueName)]
      .flatMap((name) => known.get(name) ?? [])
    const all = new Map([known.default, ...known.configured, ...named].map((queue) => [queue.name, queue]))
    const own = Array.from(all.values()).filter(({ alias }) => alias === undefined)
    const broadcasts = known.configured.filter(({ alias }) => alias !== undefined)
    const topology = Topology.make({
      queues: own,
      exchanges: [events, ...broadcasts.flatMap(({ bindings }) => bindings.map(({ exchange }) => exchange))]
    })
    return DelayedDelivery.isActive(all.values())
      ? Topology.merge(
        DelayedDelivery.topology(options.delayedDeliveryQueueType ?? "quorum"),
        { ...topology, queues: own.map(withDelays), bindings: own.flatMap(delaysOf) }
      )
      : topology
  })

const withTopics = { exchangeTypes: new Set<Entity.ExchangeType>(["topic"]) }

/** With the bindings by which delayed messages come. */
const withDelays = (queue: Entity.Queue): Entity.Queue => ({
  ...queue,
  bindings: [
    ...queue.bindings,
    ...DelayedDelivery.bindingsOf(queue).map(({ exchange, routingKey }) => ({ exchange, routingKey, arguments: {} }))
  ]
})

const delaysOf = (queue: Entity.Queue) =>
  DelayedDelivery.bindingsOf(queue).map(({ exchange, routingKey }) => ({
    source: DelayedDelivery.deliveryExchange,
    destination: exchange,
    routingKey
  }))
