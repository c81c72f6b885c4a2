/**
 * Which way a task is sent: the exchange and routing key, the queue that is
 * declared before, the priority. What a call says wins over what the definition
 * says, and that over the routes in effect.
 */
import type { Queue } from "@celeriac/messaging/Entity"
import type { Address } from "@celeriac/messaging/Message"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Queues from "../Queues.ts"
import * as Router from "../Router.ts"
import * as Settings from "../Settings.ts"
import type * as TaskError from "../TaskError.ts"
import type { TaskOptions } from "../TaskOptions.ts"

/** What is routed: a definition, or a name alone. */
export interface Named {
  readonly name: string
  readonly options: TaskOptions
}

/** Where a task goes. */
interface Way extends Address {
  readonly declare: ReadonlyArray<Queue>
  /** The name of the queue. */
  readonly queue: string
  readonly priority: number
}

/** Finds ways. */
export interface SendWays {
  readonly of: (task: Named, call: Router.Destination) => Result.Result<Way, TaskError.TaskError>
}

/** Over the queues, routes and defaults in effect. */
export const make: Effect.Effect<SendWays> = Effect.gen(function*() {
  const queues = yield* Queues.make
  const routes = yield* Router.Routes
  const declares = yield* Settings.DeclareQueues
  const defaultPriority = yield* Settings.DefaultPriority

  const routeOf = (task: string): Router.RouteOptions => {
    for (const route of routes) {
      const options = route(task)
      if (options !== undefined) return options
    }
    return Router.nowhere
  }
  const find = (task: Named, call: Router.Destination): Result.Result<Way, TaskError.TaskError> => {
    const route = routeOf(task.name)
    return Result.map(
      Router.resolve(queues, Router.merge(Router.merge(call, task.options), route)),
      ({ exchange, queue, routingKey }) => ({
        exchange,
        routingKey,
        declare: declares ? [queue] : nothing,
        queue: queue.name,
        priority: task.options.priority ?? route.priority ?? defaultPriority
      })
    )
  }

  /** The ways of definitions; most calls name no other. */
  const ways = new WeakMap<object, Result.Result<Way, TaskError.TaskError>>()
  const usual = (task: Named): Result.Result<Way, TaskError.TaskError> => {
    const known = ways.get(task)
    if (known !== undefined) return known
    const way = find(task, Router.nowhere)
    ways.set(task, way)
    return way
  }

  return { of: (task, call) => Router.isNowhere(call) ? usual(task) : find(task, call) }
})

const nothing: ReadonlyArray<Queue> = Object.freeze([])
