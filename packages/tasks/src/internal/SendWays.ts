/**
 * Which way a task is sent: the exchange and routing key, the queue that is
 * declared before, the priority. What a call says wins over what the definition
 * says, and that over the routes in effect.
 */
import type { Exchange, Queue } from "@celeriac/messaging/Entity"
import type { Address } from "@celeriac/messaging/Message"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Encoded } from "../Arguments.ts"
import * as DelayedDelivery from "../DelayedDelivery.ts"
import * as Queues from "../Queues.ts"
import * as Router from "../Router.ts"
import * as Settings from "../Settings.ts"
import type * as TaskError from "../TaskError.ts"
import type { TaskOptions } from "../TaskOptions.ts"

/** What is routed: a definition, or a name alone. */
interface Named {
  readonly name: string
  readonly options: TaskOptions
}

/** Where a task goes. */
export interface Way extends Address {
  readonly declare: ReadonlyArray<Queue | Exchange>
  /** The name of the queue. */
  readonly queue: string
  readonly priority: number
  /** Whether that is only what tasks have of which nobody says it. */
  readonly isUsualPriority: boolean
  /** What it goes through, if that is known. */
  readonly through: Exchange | undefined
}

/** Finds ways. */
export interface SendWays {
  /** `encoded` are its arguments, for routes that ask for them. */
  readonly of: (task: Named, call: Router.Destination, encoded: Encoded) => Result.Result<Way, TaskError.TaskError>
  /** Where something goes that was routed before. */
  readonly to: (destination: Router.Destination) => Result.Result<Way, TaskError.TaskError>
  /** Where it goes when it is due in so many milliseconds: a detour, on which the broker keeps it so long, or the way itself. */
  readonly delayed: (way: Way, millis: number) => Address
}

/** Over the queues, routes and defaults in effect. */
export const make: Effect.Effect<SendWays> = Effect.gen(function*() {
  const queues = yield* Queues.make
  const routes = yield* Router.Routes
  const run = Effect.runForkWith(yield* Effect.context<never>())
  const defaultPriority = yield* Settings.DefaultPriority

  const through = (to: Router.Destination, priority: number | undefined): Result.Result<Way, TaskError.TaskError> =>
    Result.map(Router.resolve(queues, to), ({ exchange, queue, routingKey }) => {
      return {
        exchange,
        routingKey,
        declare: queues.declare(queue),
        queue: queue.alias ?? queue.name,
        through: queue.bindings.find((binding) => binding.exchange.name === exchange)?.exchange,
        priority: priority ?? defaultPriority,
        isUsualPriority: priority === undefined
      }
    })
  const find = (
    task: Named,
    call: Router.Destination,
    { args, kwargs }: Encoded
  ): Result.Result<Way, TaskError.TaskError> => {
    const options = Router.merge(call, task.options)
    return Result.flatMap(
      Router.ask(routes, task.name, { args, kwargs, options }),
      (route) => through(Router.merge(options, route), task.options.priority ?? route.priority)
    )
  }

  /** The ways of definitions; most calls name no other. */
  const ways = new WeakMap<object, Result.Result<Way, TaskError.TaskError>>()
  const isByName = routes.every(Router.isByName)
  const usual = (task: Named, encoded: Encoded): Result.Result<Way, TaskError.TaskError> => {
    if (!isByName) return find(task, Router.nowhere, encoded)
    const known = ways.get(task)
    if (known !== undefined) return known
    const way = find(task, Router.nowhere, encoded)
    ways.set(task, way)
    return way
  }

  const warned = new Set<string>()
  const delayed = (way: Way, millis: number): Address => {
    const routingKey = DelayedDelivery.routingKey(millis / 1_000, way.routingKey)
    if (routingKey === undefined) return way
    if (way.through !== undefined && DelayedDelivery.isDelaying(way.through)) {
      return { exchange: DelayedDelivery.exchange.name, routingKey }
    }
    const name = way.exchange === "" ? way.routingKey : way.exchange
    if (!warned.has(name)) {
      warned.add(name)
      run(Effect.logWarning(
        `Direct exchanges are not supported with native delayed delivery: tasks that are due later and go by ${name} are held by a worker until their time. Bind the queue to a topic exchange`
      ))
    }
    return way
  }
  const isDelaying = DelayedDelivery.isActive([queues.default, ...queues.configured])

  return {
    of: (task, call, encoded) => Router.isNowhere(call) ? usual(task, encoded) : find(task, call, encoded),
    to: (destination) => through(destination, undefined),
    delayed: isDelaying ? delayed : (way) => way
  }
})
