/**
 * Where a task is sent: from its name, and what its caller, its definition and
 * the routes say, in this order.
 *
 * A queue on a direct exchange is reached through the default exchange, by its
 * name: no binding can be missing. Only an exchange and a routing key together
 * ask for another way. Source: the guide's chapter on routing, protocol §1.5,
 * Celery's `Router` and `send_task_message`.
 *
 * @since 0.1.0
 */
import type * as Entity from "@celeriac/messaging/Entity"
import type { Address } from "@celeriac/messaging/Message"
import * as Result from "effect/Result"
import type { Queues } from "./Queues.ts"
import { type Destination, isDestination, type Route, type RouteCall, type RouteOptions } from "./Routes.ts"
import * as TaskError from "./TaskError.ts"

export * from "./Routes.ts"

/** A task's way. */
export interface Way extends Address {
  /** To be declared first. */
  readonly queue: Entity.Queue
}

/** Works out the way. Nothing said means the default queue. */
export const resolve = (queues: Queues, to: Destination): Result.Result<Way, TaskError.TaskError> => {
  const queue = to.queue === undefined ? queues.default : queues.get(to.queue)
  if (queue === undefined) {
    const name = to.queue ?? ""
    const nearest = queues.nearest(name)
    return Result.fail(TaskError.because(
      "route",
      new TaskError.QueueNotFound({ queue: name, ...(nearest === undefined ? {} : { nearest }) })
    ))
  }
  const own = queue.bindings[0]
  if ((to.exchange === undefined || to.routingKey === undefined) && (own?.exchange.type ?? "direct") === "direct") {
    return Result.succeed({ queue, exchange: "", routingKey: queue.name })
  }
  return Result.succeed({
    queue,
    exchange: to.exchange ?? own?.exchange.name ?? "",
    routingKey: to.routingKey ?? own?.routingKey ?? ""
  })
}

/** What the first of the routes says that says anything; one that throws, or says what makes no sense, is told of. */
export const ask = (
  routes: ReadonlyArray<Route>,
  task: string,
  call: RouteCall
): Result.Result<RouteOptions, TaskError.TaskError> => {
  for (const route of routes) {
    const said = answer(route, task, call)
    if (Result.isFailure(said)) return Result.fail(said.failure)
    if (said.success !== undefined) return Result.succeed(said.success)
  }
  return silent
}

const answer = (route: Route, task: string, call: RouteCall) =>
  Result.try({
    try: () => {
      const said: unknown = route(task, call)
      if (said === undefined || said === null) return undefined
      if (!isDestination(said)) throw new TypeError(`it says ${shown(said)}, which is no queue and no destination`)
      return typeof said === "string" ? { queue: said } : said
    },
    catch: (cause) =>
      TaskError.because(
        "route",
        new TaskError.RouteFailed({ task, detail: cause instanceof Error ? cause.message : String(cause) })
      )
  })

const shown = (value: unknown): string => typeof value === "object" ? Object.keys(value ?? {}).join(", ") : typeof value

/** Each part as the first says it, or else the second. */
export const merge = (first: Destination, second: Destination): Destination =>
  second === nowhere ? first : {
    queue: first.queue ?? second.queue,
    exchange: first.exchange ?? second.exchange,
    routingKey: first.routingKey ?? second.routingKey
  }

/** Has nothing to say. */
export const nowhere: RouteOptions = Object.freeze({})

const silent = Result.succeed(nowhere)

/** Whether nothing is said. */
export const isNowhere = ({ exchange, queue, routingKey }: Destination): boolean =>
  queue === undefined && exchange === undefined && routingKey === undefined
