/**
 * Where the broker keeps a retry until it is due, instead of a worker: the
 * native delay of RabbitMQ, where a quorum queue is configured.
 *
 * Only a queue that the retry alone would come to is gone to this way: one that
 * a topic exchange has under a key of its own. Any other waits in the heap of a
 * worker. Source: protocol §9.
 *
 * @since 0.1.0
 */
import type { Queue } from "@celeriac/messaging/Entity"
import type { Address } from "@celeriac/messaging/Message"
import * as DelayedDelivery from "@celeriac/tasks/DelayedDelivery"
import * as Queues from "@celeriac/tasks/Queues"
import * as Effect from "effect/Effect"
import { takesPart } from "../../state/WorkerSettings.ts"

/** To a queue of this name, in so many milliseconds. Undefined: whoever gets it is to wait. */
export type Delay = (queue: string | undefined, millis: number) => Address | undefined

/** Over the queues in effect. */
export const make: Effect.Effect<Delay> = Effect.gen(function*() {
  const queues = yield* Queues.make
  const configured = [queues.default, ...yield* Queues.Configured]
  if (!DelayedDelivery.isActive(configured) || !(yield* takesPart("delayedDelivery"))) return never
  const keys = new Map<string, string | undefined>()
  const delay: Delay = (name, millis) => {
    if (name === undefined) return undefined
    if (!keys.has(name)) keys.set(name, keyOf(configured, name))
    const key = keys.get(name)
    const routingKey = key === undefined ? undefined : DelayedDelivery.routingKey(millis / 1_000, key)
    return routingKey === undefined ? undefined : { exchange: DelayedDelivery.exchange.name, routingKey }
  }
  return delay
})

const never: Delay = () => undefined

/** The routing key by which a message comes to this queue, and to no other. */
const keyOf = (all: ReadonlyArray<Queue>, name: string): string | undefined => {
  const queue = all.find((one) => one.name === name)
  return queue?.bindings.find(({ exchange, routingKey }) =>
    exchange.type === "topic" && isPlain(routingKey) &&
    all.every((other) => other.name === name || !mayGet(other, routingKey))
  )?.routingKey
}

/** Says one thing alone. */
const isPlain = (key: string): boolean => key !== "" && !/[*#]/.test(key)

/** Whether what comes out of the delay may come to the queue: exchanges that look at more than the key are taken to take all. */
const mayGet = ({ bindings }: Queue, key: string): boolean =>
  bindings.some(({ exchange, routingKey }) =>
    DelayedDelivery.isDelaying(exchange) &&
    // The worker binds it to all keys that end like this.
    (exchange.type !== "topic" || !isPlain(routingKey) || key === routingKey || key.endsWith(`.${routingKey}`))
  )
