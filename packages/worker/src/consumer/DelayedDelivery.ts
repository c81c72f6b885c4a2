/**
 * Lets the broker keep tasks until they are due, where a quorum queue is
 * configured: declares the queues of the delay, and binds the task queues to
 * what comes out of them.
 *
 * A broker that does not let us is told of, and no more: then workers hold such
 * tasks. It is done for every connection, so also at the broker that another is
 * given up for. Source: protocol §9.
 *
 * @since 0.1.0
 */
import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import * as Declaration from "@celeriac/messaging/Declaration"
import type { Queue } from "@celeriac/messaging/Entity"
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import type { Channel } from "@celeriac/messaging/Transport"
import * as Delays from "@celeriac/tasks/DelayedDelivery"
import * as TaskQueues from "@celeriac/tasks/Queues"
import * as Effect from "effect/Effect"
import { Queues } from "../boot/Queues.ts"
import * as WorkerLog from "../state/WorkerLog.ts"
import { declares, WorkerSettings } from "../state/WorkerSettings.ts"
import { Connection } from "./Connection.ts"
import { Tasks } from "./Tasks.ts"

export const DelayedDelivery = Bootstep.make("DelayedDelivery", {
  label: "delayed delivery",
  requires: [Connection, Queues, Tasks],
  enabled: declares("delayedDelivery"),
  start: Effect.gen(function*() {
    const connection = yield* Connection
    const { delayedDeliveryQueueType } = yield* WorkerSettings
    // Of a broadcast, a worker has to do with the one queue that it consumes from.
    const configured = (yield* TaskQueues.make).configured.filter(({ alias }) => alias === undefined)
    const queues = yield* Queues
    if (!Delays.isActive([...configured, ...(yield* queues.selected).values()])) return
    /** A channel of its own: what the broker refuses closes it. */
    const onChannel = (what: string, work: (channel: Channel) => Effect.Effect<void, MessagingError>) =>
      Effect.scoped(Effect.flatMap(connection.openChannel(), work)).pipe(
        Effect.catch((error) =>
          Effect.logError(
            `Tasks that are due later are held by the workers: ${what}: ${WorkerLog.sentence(error.message)}`
          )
        )
      )

    yield* onChannel(
      "the queues of the delay cannot be declared",
      (channel) =>
        Effect.asVoid(Declaration.declare(channel, Declaration.of(Delays.topology(delayedDeliveryQueueType))))
    )
    const bound = new Set<string>()
    const bindNew = Effect.fnUntraced(function*(all: Iterable<Queue>) {
      for (const queue of all) {
        if (bound.has(queue.name)) continue
        bound.add(queue.name)
        yield* onChannel(`queue '${queue.name}' cannot be bound`, (channel) => bind(channel, queue))
      }
    })
    yield* bindNew([...configured, ...(yield* queues.selected).values()])
    yield* Bootstep.forkSupervised(queues.follow((selection) => bindNew(selection.values())))
  })
})

const bind = Effect.fnUntraced(function*(channel: Channel, queue: Queue) {
  for (const { exchange } of queue.bindings) {
    if (!Delays.isDelaying(exchange)) yield* Effect.logWarning(direct(exchange.name))
  }
  const bindings = Delays.bindingsOf(queue)
  if (bindings.length > 0) yield* Declaration.declareQueue(channel, queue)
  for (const { exchange, routingKey } of bindings) {
    yield* channel.bindExchange(exchange.name, Delays.deliveryExchange.name, routingKey)
    yield* channel.bindQueue(queue.name, exchange.name, routingKey)
  }
})

const direct = (name: string): string =>
  `Exchange ${name} is a direct exchange and native delayed delivery do not support direct exchanges. ` +
  "Tasks that are published to it are held by the workers until their ETA."
