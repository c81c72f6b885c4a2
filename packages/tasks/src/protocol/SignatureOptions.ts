/**
 * The options of a signature: what `apply_async` is to be called with, under
 * Celery's names, as they stand in messages. `SignatureCall` reads them.
 *
 * Times are seconds or datetimes, stamps stand flat beside their names in
 * `stamped_headers`. Source: protocol §1.4.
 *
 * @since 0.1.0
 */
import type { RetryPolicy } from "@celeriac/messaging/Producer"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Equal from "effect/Equal"
import * as Result from "effect/Result"
import * as Callback from "../Callback.ts"
import * as CallOptions from "../CallOptions.ts"
import { isTable } from "../internal/Table.ts"
import { because, InvalidOption, type TaskError } from "../TaskError.ts"

/** Options as they stand in a message. */
export type Wire = Readonly<Record<string, unknown>>

/** What a signature can say: all of a call, but for what holds only for the one who sends it. */
export type Options<A = never> = Omit<CallOptions.CallOptions<A>, "deadline" | "idsFrom" | "parent">

/** What is said, under Celery's names; fails with `InvalidOption` for what makes no sense. */
export const write = (options: Options): Result.Result<Wire, TaskError> => {
  const times = CallOptions.times(options, 0)
  if (Result.isFailure(times)) return Result.fail(times.failure)
  const limits = CallOptions.limits(options)
  if (Result.isFailure(limits)) return Result.fail(limits.failure)
  const problem = CallOptions.problem(options, options.priority ?? 0)
  if (problem !== undefined) return Result.fail(problem)
  const link = Callback.encodeAll(options.link)
  if (Result.isFailure(link)) return Result.fail(link.failure)
  const linkError = Callback.encodeAll(options.linkError)
  if (Result.isFailure(linkError)) return Result.fail(linkError.failure)
  const wire: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(options)) {
    const celery = names.get(name)
    if (celery !== undefined && value !== undefined) wire[celery] = value
  }
  if (options.countdown !== undefined) wire.countdown = seconds(options.countdown)
  if (options.eta !== undefined) wire.eta = pointOrSeconds(options.eta)
  if (options.expires !== undefined) wire.expires = pointOrSeconds(options.expires)
  if (options.timeLimit !== undefined) wire.time_limit = limits.success?.hard
  if (options.softTimeLimit !== undefined) wire.soft_time_limit = limits.success?.soft
  if (options.retryPolicy !== undefined) wire.retry_policy = policy(options.retryPolicy)
  if (link.success !== undefined) wire.link = link.success
  if (linkError.success !== undefined) wire.link_error = linkError.success
  return options.stamps === undefined ? Result.succeed(wire) : stamp(wire, options.stamps)
}

const names: ReadonlyMap<string, string> = new Map([
  ["queue", "queue"],
  ["exchange", "exchange"],
  ["routingKey", "routing_key"],
  ["countdown", "countdown"],
  ["eta", "eta"],
  ["expires", "expires"],
  ["taskId", "task_id"],
  ["priority", "priority"],
  ["headers", "headers"],
  ["shadow", "shadow"],
  ["serializer", "serializer"],
  ["compression", "compression"],
  ["timeLimit", "time_limit"],
  ["softTimeLimit", "soft_time_limit"],
  ["argsRepr", "argsrepr"],
  ["kwargsRepr", "kwargsrepr"],
  ["replyTo", "reply_to"],
  ["ignoreResult", "ignore_result"],
  ["retry", "retry"],
  ["retryPolicy", "retry_policy"]
])

/** What the protocol says of a task besides: no stamp has such a name. */
const others = [
  "link",
  "link_error",
  "chain",
  "chord",
  "group_id",
  "group_index",
  "root_id",
  "parent_id",
  "retries",
  "replaced_task_nesting",
  "stamped_headers"
] as const

const taken: ReadonlySet<string> = new Set([...names.values(), ...others])

const seconds = (input: Duration.Input): number => Duration.toMillis(input) / 1000

const pointOrSeconds = (value: NonNullable<CallOptions.CallOptions["expires"]>): unknown =>
  value instanceof Date ? DateTime.fromDateUnsafe(value) : DateTime.isDateTime(value) ? value : seconds(value)

const policy = ({ intervalMax, intervalStart, intervalStep, maxRetries }: RetryPolicy): Wire => ({
  ...(maxRetries === undefined ? {} : { max_retries: Number.isFinite(maxRetries) ? maxRetries : null }),
  ...(intervalStart === undefined ? {} : { interval_start: seconds(intervalStart) }),
  ...(intervalStep === undefined ? {} : { interval_step: seconds(intervalStep) }),
  ...(intervalMax === undefined ? {} : { interval_max: seconds(intervalMax) })
})

/** Whether these options win over others of the same name when both are merged: the group, and stamps. */
const stays = (options: Wire, name: string): boolean =>
  Object.hasOwn(options, name) &&
  (name === "group_id" || name === "stamped_headers" || stampNames(options).includes(name))

/** As Celery merges them: the later win, but for the group and the stamps that are there. */
export const merge = (options: Wire, more: Wire): Wire => {
  const merged: Record<string, unknown> = { ...options }
  for (const [name, value] of Object.entries(more)) {
    if (!stays(options, name)) merged[name] = value
  }
  return merged
}

/** One more callback, unless it is there. */
export const append = (options: Wire, name: "link" | "link_error", callback: unknown): Wire => {
  const known = listOf(options[name])
  return known.some((one) => Equal.equals(one, callback)) ? options : { ...options, [name]: [...known, callback] }
}

/** Marks the task, and what is linked to it. What was stamped before is replaced; two lists become one. */
export const stamp = (options: Wire, stamps: Wire): Result.Result<Wire, TaskError> => {
  const wrong = Object.keys(stamps).find((name) => taken.has(name) || name === "__proto__")
  return wrong === undefined
    ? Result.succeed(stampAll(options, stamps, deepest))
    : Result.fail(
      because("send", new InvalidOption({ option: "stamps", detail: `'${wrong}' is an option's own name` }))
    )
}

const stampAll = (options: Wire, stamps: Wire, depth: number): Wire => {
  const marked: Record<string, unknown> = { ...options }
  for (const name of ["link", "link_error"]) {
    if (options[name] == null || depth === 0) continue
    marked[name] = listOf(options[name]).map((linked) => stampLinked(linked, stamps, depth - 1))
  }
  for (const [name, value] of Object.entries(stamps)) {
    const old = options[name]
    marked[name] = Array.isArray(value) && Array.isArray(old) ? [...value, ...old] : value
  }
  return { ...marked, stamped_headers: [...new Set([...stampNames(options), ...Object.keys(stamps)])] }
}

const stampLinked = (linked: unknown, stamps: Wire, depth: number): unknown =>
  isTable(linked)
    ? { ...linked, options: stampAll(isTable(linked.options) ? linked.options : {}, stamps, depth) }
    : linked

/** Deeper than anybody links. */
const deepest = 64

/** The names of the stamps. */
const stampNames = (options: Wire): ReadonlyArray<string> =>
  listOf(options.stamped_headers).filter((name) => typeof name === "string")

/** The stamps, if there are any. */
export const stampsOf = (options: Wire): Wire | undefined => {
  if (options.stamped_headers == null) return undefined
  const present = stampNames(options).filter((name) => Object.hasOwn(options, name))
  return Object.fromEntries(present.map((name) => [name, options[name]]))
}

/** One stands for a list of it. */
const listOf = (value: unknown): ReadonlyArray<unknown> => value == null ? [] : Array.isArray(value) ? value : [value]
