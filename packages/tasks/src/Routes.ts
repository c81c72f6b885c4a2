/**
 * Routes: what says where tasks go, by their names or by all that is known of a
 * call.
 *
 * ```ts
 * const routes: Router.RoutesInput = [
 *   { "emails.*": "emails", "proj.slow": { queue: "slow", priority: 1 } },
 *   [[/^(image|video)\./, "media"]],
 *   (task, { kwargs }) => kwargs["tenant"] === "big" ? "big" : undefined
 * ]
 * ```
 *
 * They are asked in their order, and the first that says anything is asked no
 * further. What a caller or the definition says counts before what a route says,
 * part by part.
 * Source: the guide's "Automatic routing", Celery's `app/routes.py`.
 *
 * @since 0.1.0
 */
import type * as Entity from "@celeriac/messaging/Entity"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import * as CeleryRouting from "./internal/CeleryRouting.ts"
import * as Glob from "./internal/Glob.ts"
import { isTable } from "./internal/Table.ts"
import type * as Queues from "./Queues.ts"
import * as Setting from "./Setting.ts"

/** What someone has to say about where a task goes. */
export interface Destination {
  readonly queue?: string | undefined
  readonly exchange?: string | undefined
  readonly routingKey?: string | undefined
}

/** A route also has a say in what the message is like, where neither the call nor the definition says it: as in Celery, whole by whole. */
export interface RouteOptions extends Destination {
  readonly priority?: number | undefined
  readonly serializer?: string | undefined
  readonly compression?: string | undefined
  /** 1 is for the broker's memory, 2 for its disk, too. */
  readonly deliveryMode?: 1 | 2 | undefined
  /** Headers of your own. Those of the call take the place of all of them. */
  readonly headers?: Readonly<Record<string, unknown>> | undefined
}

/** What is known of a call besides its name. */
export interface RouteCall {
  /** By position, as they are sent. */
  readonly args: ReadonlyArray<unknown>
  /** By keyword, as they are sent. */
  readonly kwargs: Readonly<Record<string, unknown>>
  /** What the caller says of where it goes, and else the definition of the task. */
  readonly options: Destination
}

/** Says where a task goes: a text is the name of a queue, and nothing leaves it to the next route. */
export type Route = (task: string, call: RouteCall) => string | RouteOptions | undefined | null

/** An object that routes, as Celery's classes do. */
export interface RouterObject {
  readonly routeForTask: (
    task: string,
    args: RouteCall["args"],
    kwargs: RouteCall["kwargs"]
  ) => string | RouteOptions | undefined | null
}

/** Routes by the names of tasks; a text stands for a queue. */
export type RouteTable<Queue extends string = string> = Readonly<Record<string, Queue | RouteTo<Queue>>>

/** The same in pairs: a name may be a regular expression too, which has to match from the beginning of the name. */
export type RoutePairs<Queue extends string = string> = ReadonlyArray<
  readonly [name: string | RegExp, to: Queue | RouteTo<Queue>]
>

interface RouteTo<Queue extends string> extends RouteOptions {
  readonly queue?: Queue | undefined
}

type RouteInput = Route | RouterObject | RouteTable | RoutePairs

/** What routes are given as: tables as `table` takes them, functions, objects that route, or a list of them. */
export type RoutesInput = RouteInput | ReadonlyArray<RouteInput>

/** Routes: asked in order, the first answer counts. Celery's `task_routes`. */
export const Routes: Setting.Reference<ReadonlyArray<Route>, RoutesInput> = Setting.reference(
  // Where it was before.
  "@celeriac/tasks/Router/Routes",
  {
    schema: () =>
      Schema.declare(isRoutesInput).pipe(
        Schema.decodeTo(
          Schema.declare((value): value is ReadonlyArray<Route> => Array.isArray(value)),
          SchemaTransformation.transform({ decode: toRoutes, encode: (routes): RoutesInput => routes })
        )
      ),
    expected:
      "routes: a table such as { \"emails.*\": \"emails\" }, pairs of names and queues, a function, or a list of them",
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
 * Routes as a table. A name with a `*` is a pattern: `*` stands for any text,
 * `?` for a character, `[a-z]` for one of these. A text stands for a queue:
 *
 * ```ts
 * Router.table({ "emails.*": "emails", "proj.slow": { queue: "slow", priority: 1 } })
 * ```
 *
 * A name as it is counts before all patterns; these count in their order.
 */
export const table = (routes: RouteTable | RoutePairs): Route => {
  const exact = new Map<string, RouteOptions>()
  const patterns: Array<readonly [RegExp, RouteOptions]> = []
  // `Array.isArray` does not narrow a list that is read-only.
  const pairs = Array.isArray(routes) ? routes as RoutePairs : Object.entries(routes as RouteTable)
  for (const [name, to] of pairs) {
    const options = typeof to === "string" ? { queue: to } : to
    if (typeof name !== "string") patterns.push([Glob.anchored(name), options])
    else if (name.includes("*")) patterns.push([Glob.make(name), options])
    else exact.set(name, options)
  }
  const route = (task: string) => exact.get(task) ?? patterns.find(([pattern]) => pattern.test(task))?.[1]
  byName.add(route)
  return route
}

/** `table`, which refuses to compile where a queue is not among these. */
export const tableOf = <const Q extends ReadonlyArray<Entity.Queue>>(
  _queues: Q,
  routes: RouteTable<Queues.NameOf<Q[number]>> | RoutePairs<Queues.NameOf<Q[number]>>
): Route => table(routes)

const byName = new WeakSet<Route>()

/** Whether it says the same of all calls of a task. */
export const isByName = (route: Route): boolean => byName.has(route)

const isRouteInput = (value: unknown): value is RouteInput =>
  typeof value === "function" || isRouter(value) || isPairs(value) ||
  isTable(value) && Object.values(value).every(isDestination)

const isRouter = (value: unknown): value is RouterObject =>
  typeof value === "object" && value !== null && "routeForTask" in value && typeof value.routeForTask === "function"

const isPairs = (value: unknown): value is RoutePairs =>
  Array.isArray(value) && value.length > 0 && value.every((pair) =>
    Array.isArray(pair) && pair.length === 2 &&
    (typeof pair[0] === "string" || pair[0] instanceof RegExp) && isDestination(pair[1])
  )

const isRoutesInput = (value: unknown): value is RoutesInput =>
  isRouteInput(value) || Array.isArray(value) && value.every(isRouteInput)

/** Whether it is what a route may say, by its shape: a queue's name, or where else and how. */
export const isDestination = (value: unknown): value is string | RouteOptions =>
  typeof value === "string" ? value !== "" : isTable(value) &&
    Object.entries(value).every(([name, part]) => part === undefined || parts.get(name)?.(part) === true)

const isText = (part: unknown): boolean => typeof part === "string"

const parts: ReadonlyMap<string, (part: unknown) => boolean> = new Map<string, (part: unknown) => boolean>([
  ["queue", isText],
  ["exchange", isText],
  ["routingKey", isText],
  ["priority", Number.isInteger],
  ["serializer", isText],
  ["compression", isText],
  ["deliveryMode", (part) => part === 1 || part === 2],
  ["headers", isTable]
])

const toRoutes = (input: RoutesInput): ReadonlyArray<Route> =>
  // `Array.isArray` does not narrow a list that is read-only.
  (Array.isArray(input) && !isPairs(input) ? input as ReadonlyArray<RouteInput> : [input as RouteInput]).map(toRoute)

const toRoute = (route: RouteInput): Route => {
  if (typeof route === "function") return route
  return isRouter(route) ? (task, { args, kwargs }) => route.routeForTask(task, args, kwargs) : table(route)
}
