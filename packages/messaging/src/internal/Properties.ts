/** What exchanges and queues are declared with, in words. */
import type { Arguments, Exchange, Queue } from "../Entity.ts"

/** `topic, durable`. */
export const ofExchange = (exchange: Exchange): string => [exchange.type, ...flags(exchange)].join(", ")

/** `durable, x-max-priority=10`. */
export const ofQueue = (queue: Queue): string => flags(queue).join(", ")

const flags = (entity: Exchange | Queue): ReadonlyArray<string> => [
  entity.durable ? "durable" : "transient",
  ..."exclusive" in entity && entity.exclusive ? ["exclusive"] : [],
  ...entity.autoDelete ? ["auto-delete"] : [],
  ...ofArguments(entity.arguments)
]

/** `x-max-priority=10`, each. */
export const ofArguments = (args: Arguments): ReadonlyArray<string> =>
  Object.entries(args).map(([name, value]) => `${name}=${show(value)}`)

/** A value of an argument; `none` for one that is not there. */
export const show = (value: unknown): string =>
  value === undefined ? "none" : typeof value === "string" ? value : JSON.stringify(value) ?? typeof value
