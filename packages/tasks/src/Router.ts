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
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import * as CeleryRouting from "./internal/CeleryRouting.ts"
import { isTable } from "./internal/Table.ts"
import type { Queues } from "./Queues.ts"
import * as Setting from "./Setting.ts"
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

/** What routes are given as: functions, tables as `table` takes them, or a list of either. */
export type RoutesInput = RouteInput | ReadonlyArray<RouteInput>

type RouteInput = Route | RouteTable

/** Routes by the names of tasks; a text stands for a queue. */
export type RouteTable = Readonly<Record<string, string | RouteOptions>>

/** Routes: asked in order, the first answer counts. Celery's `task_routes`. */
export const Routes: Setting.Reference<ReadonlyArray<Route>, RoutesInput> = Setting.reference(
  "@celeriac/tasks/Router/Routes",
  {
    schema: () =>
      Schema.declare(isRoutesInput).pipe(
        Schema.decodeTo(
          Schema.declare((value): value is ReadonlyArray<Route> => Array.isArray(value)),
          SchemaTransformation.transform({ decode: toRoutes, encode: (routes): RoutesInput => routes })
        )
      ),
    expected: "routes: a table such as { \"emails.*\": \"emails\" }, a function, or a list of them",
    fromCelery: CeleryRouting.routes
  },
  {
    celery: "task_routes",
    default: () => [],
    defaultShown: "none",
    readBy: "client",
    doc: "Where tasks go, by their names; `*` stands for any text. Asked in order, the first answer counts."
  }
)

/**
 * Routes as a table. `*` in a name stands for any text, and a text for a queue:
 *
 * ```ts
 * Router.table({ "emails.*": "emails", "proj.slow": { queue: "slow", priority: 1 } })
 * ```
 *
 * A name without `*` counts before all patterns; these count in their order.
 */
export const table = (routes: RouteTable): Route => {
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

const isRouteInput = (value: unknown): value is RouteInput =>
  typeof value === "function" || isTable(value) && Object.values(value).every(isDestination)

const isRoutesInput = (value: unknown): value is RoutesInput =>
  Array.isArray(value) ? value.every(isRouteInput) : isRouteInput(value)

/** By its shape: a queue's name, or what a route may say. */
const isDestination = (value: unknown): boolean =>
  typeof value === "string" ? value !== "" : isTable(value) &&
    Object.entries(value).every(([name, part]) =>
      part === undefined || (name === "priority" ? Number.isInteger(part) : parts.has(name) && typeof part === "string")
    )

const parts: ReadonlySet<string> = new Set(["queue", "exchange", "routingKey"])

const toRoutes = (input: RoutesInput): ReadonlyArray<Route> =>
  // `Array.isArray` does not narrow a list that is read-only.
  (Array.isArray(input) ? input as ReadonlyArray<RouteInput> : [input as RouteInput])
    .map((route) => typeof route === "function" ? route : table(route))
