/**
 * Celery's `task_routes` and `task_queues`, as ours: names in snake case, and
 * the several forms that both may have. What is of none of them stays as it
 * is, for the check of the setting to refuse.
 */
import * as Entity from "@celeriac/messaging/Entity"
import { isTable } from "./Table.ts"

/** A table, a list of pairs, or a list of those and of functions. */
export const routes = (value: unknown): unknown => {
  if (isTable(value)) return routeTable(value)
  if (isPairs(value)) return routePairs(value)
  if (!Array.isArray(value)) return value
  return value.map((route: unknown) => isTable(route) ? routeTable(route) : isPairs(route) ? routePairs(route) : route)
}

const routeTable = (table: Readonly<Record<string, unknown>>): unknown =>
  // A router of one's own is an object too.
  typeof table["route_for_task"] === "function"
    ? { routeForTask: table["route_for_task"].bind(table) }
    : Object.fromEntries(Object.entries(table).map(([name, to]) => [name, routeTo(to)]))

const isPairs = (value: unknown): value is ReadonlyArray<readonly [unknown, unknown]> =>
  Array.isArray(value) && value.length > 0 &&
  value.every((pair) =>
    Array.isArray(pair) && pair.length === 2 && (typeof pair[0] === "string" || pair[0] instanceof RegExp)
  )

/** A name that is a pattern of its own stays one. */
const routePairs = (pairs: ReadonlyArray<readonly [unknown, unknown]>): unknown =>
  pairs.map(([name, to]) => [name, routeTo(to)])

const routeTo = (to: unknown): unknown => {
  if (!isTable(to)) return to
  const { exchange_type: _, ...rest } = to
  // The type of an exchange says something only where it is not known which key to take.
  return renamed("exchange" in to && "routing_key" in to ? rest : to, routeNames)
}

const routeNames: ReadonlyMap<string, string> = new Map([
  ["routing_key", "routingKey"],
  ["delivery_mode", "deliveryMode"]
])

/** By name, with the options of each queue; or a list that is ours already. */
export const queues = (value: unknown): unknown => {
  if (!isTable(value)) return value
  const made = Object.entries(value).map(([name, options]) => queue(name, options))
  return made.includes(undefined) ? value : made
}

/** Undefined for an option that is not known, or not as it should be. */
const queue = (name: string, options: unknown): Entity.Queue | undefined => {
  if (options === null || options === undefined) return direct(name, {})
  return isTable(options) && Object.entries(options).every(([option, value]) => queueOptions.get(option)?.(value))
    ? direct(name, options)
    : undefined
}

/** As Kombu does: the exchange and the routing key are named as the queue where nothing is said. */
const direct = (name: string, options: Readonly<Record<string, unknown>>): Entity.Queue => {
  const type = options["exchange_type"] ?? "direct"
  return Entity.queue(name, {
    exchange: Entity.exchange(String(options["exchange"] ?? name), {
      // Checked by `queueOptions`.
      type: type as Entity.ExchangeType
    }),
    routingKey: String(options["binding_key"] ?? options["routing_key"] ?? name),
    ...pick(options, {
      durable: "durable",
      exclusive: "exclusive",
      autoDelete: "auto_delete",
      maxPriority: "max_priority",
      maxLength: "max_length",
      maxLengthBytes: "max_length_bytes"
    }),
    ...seconds(options, { expires: "expires", messageTtl: "message_ttl" }),
    ...(isTable(options["queue_arguments"]) ? { arguments: options["queue_arguments"] } : {})
  })
}

const isText = (value: unknown): boolean => typeof value === "string"
const isTime = (value: unknown): boolean => typeof value === "number" && Number.isFinite(value) && value >= 0
const isFlag = (value: unknown): boolean => typeof value === "boolean"

const queueOptions: ReadonlyMap<string, (value: unknown) => boolean> = new Map([
  ["exchange", isText],
  ["exchange_type", (value) => ["direct", "topic", "fanout", "headers"].includes(String(value))],
  ["routing_key", isText],
  ["binding_key", isText],
  ["durable", isFlag],
  ["exclusive", isFlag],
  ["auto_delete", isFlag],
  ["max_priority", Number.isInteger],
  ["max_length", Number.isInteger],
  ["max_length_bytes", Number.isInteger],
  ["expires", isTime],
  ["message_ttl", isTime],
  ["queue_arguments", isTable]
])

const renamed = (table: Readonly<Record<string, unknown>>, names: ReadonlyMap<string, string>) =>
  Object.fromEntries(Object.entries(table).map(([name, value]) => [names.get(name) ?? name, value]))

/** The options that are there, under our names. */
const pick = (options: Readonly<Record<string, unknown>>, names: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    Object.entries(names).flatMap(([ours, theirs]) => theirs in options ? [[ours, options[theirs]]] : [])
  )

/** The same for times, which are milliseconds here. */
const seconds = (options: Readonly<Record<string, unknown>>, names: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    Object.entries(pick(options, names)).map(([name, value]) => [name, Math.trunc(Number(value) * 1_000)])
  )
