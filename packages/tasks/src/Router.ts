/**
 * Where a task is sent: from its name, and what its caller, its definition and
 * the routes say, in this order.
 *
 * A queue on a direct exchange is reached through the default exchange, by its
 * name: no binding can be missing. Naming an exchange or a routing key asks for
 * the long way, through that exchange. Source: the guide's chapter on routing,
 * protocol §1.5.
 *
 * @since 0.1.0
 */
import type * as Entity from "@celeriac/messaging/Entity"
import type { Address } from "@celeriac/messaging/Message"
import * as Context from "effect/Context"
import * as Result from "effect/Result"
import type { Queues } from "./Queues.ts"
import * as TaskError from "./TaskError.ts"

/** What someone has to say about where a task goes. */
export interface Destination {
  readonly queue?: string | undefined
  readonly exchange?: string | undefined
  readonly routingKey?: string | undefined
}

/** A route also has a say in the priority. */
export interface RouteOptions extends Destination {
  readonly priority?: number | undefined
}

/** Says where tasks of this name go; undefined leaves it to the next route. */
export type Route = (task: string) => RouteOptions | undefined

/** `task_routes`: asked in order, the first answer counts. Default: none. */
export const Routes: Context.Reference<ReadonlyArray<Route>> = Context.Reference("@celeriac/tasks/Router/Routes", {
  defaultValue: (): ReadonlyArray<Route> => []
})

/**
 * Routes as a table. `*` in a name stands for any text, and a text for a queue:
 *
 * ```ts
 * Router.table({ "emails.*": "emails", "proj.slow": { queue: "slow", priority: 1 } })
 * ```
 *
 * A name without `*` counts before all patterns; these count in their order.
 */
export const table = (routes: Readonly<Record<string, string | RouteOptions>>): Route => {
  const exact = new Map<string, RouteOptions>()
  const patterns: Array<readonly [RegExp, RouteOptions]> = []
  for (const [name, to] of Object.entries(routes)) {
    const options = typeof to === "string" ? { queue: to } : to
    if (name.includes("*")) patterns.push([glob(name), options])
    else exact.set(name, options)
  }
  return (task) => exact.get(task) ?? patterns.find(([pattern]) => pattern.test(task))?.[1]
}

/** A task's way. */
export interface Way extends Address {
  /** To be declared first. */
  readonly queue: Entity.Queue
}

/** Works out the way. Nothing said means the default queue. */
export const resolve = (queues: Queues, to: Destination): Result.Result<Way, TaskError.TaskError> => {
  const queue = to.queue === undefined ? queues.default : queues.get(to.queue)
  if (queue === undefined) {
    return Result.fail(TaskError.because("route", new TaskError.QueueNotFound({ queue: to.queue ?? "" })))
  }
  const own = queue.bindings[0]
  if (to.exchange === undefined && to.routingKey === undefined && (own?.exchange.type ?? "direct") === "direct") {
    return Result.succeed({ queue, exchange: "", routingKey: queue.name })
  }
  const exchange = to.exchange ?? own?.exchange.name
  if (exchange === undefined) {
    return Result.fail(TaskError.because(
      "route",
      new TaskError.InvalidOption({
        option: "routingKey",
        detail: `queue '${queue.name}' is bound to no exchange: name the exchange too`
      })
    ))
  }
  return Result.succeed({ queue, exchange, routingKey: to.routingKey ?? own?.routingKey ?? "" })
}

/** Each part as the first says it, or else the second. When the first names a queue, no part is left to the second. */
export const merge = (first: Destination, second: Destination): Destination =>
  first.queue !== undefined || second === nowhere ? first : {
    queue: second.queue,
    exchange: first.exchange ?? second.exchange,
    routingKey: first.routingKey ?? second.routingKey
  }

/** Has nothing to say. */
export const nowhere: Destination = Object.freeze({})

/** Whether nothing is said. */
export const isNowhere = ({ exchange, queue, routingKey }: Destination): boolean =>
  queue === undefined && exchange === undefined && routingKey === undefined

/** Every `*` any text, every other character itself. */
const glob = (pattern: string): RegExp =>
  new RegExp(`^${pattern.split("*").map((text) => text.replace(/[\\^$.|?+()[\]{}]/g, "\\$&")).join(".*")}$`, "s")
