/**
 * The queue of one worker: what is sent there is run by that worker alone.
 *
 * A worker has one where `direct` says so (Celery's `worker_direct`); who sends
 * needs its name. A task that is sent to a worker that is not there waits for it.
 *
 * ```ts
 * yield* client.applyAsync(add, { x: 2, y: 3 }, WorkerDirect.to("celery@host"))
 * ```
 *
 * Source: Celery's `worker_direct`, protocol §6.
 *
 * @since 0.1.0
 */
import * as Entity from "@celeriac/messaging/Entity"

/** What the queues of all workers are bound to, each by the name of its worker. */
export const exchange: Entity.Exchange = Entity.exchange("C.dq2")

/** The queue of a worker, by its nodename: `celery@host`. */
export const queue = (nodename: string): Entity.Queue =>
  Entity.queue(queueName(nodename), { exchange, routingKey: nodename })

/** `celery@host.dq2`. */
export const queueName = (nodename: string): string => `${nodename}${suffix}`

/** As the options of a call: to this worker. */
export const to = (nodename: string): { readonly queue: string } => ({ queue: queueName(nodename) })

/** The nodename of the worker whose queue has this name, if it is one's. */
export const workerOf = (queue: string): string | undefined =>
  queue.endsWith(suffix) && queue.includes("@") ? queue.slice(0, -suffix.length) : undefined

const suffix = ".dq2"
