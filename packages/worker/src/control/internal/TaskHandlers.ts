/**
 * What a worker replies to commands about its tasks and requests. Source:
 * control sections 2 and 3.
 *
 * @since 0.1.0
 */
import * as PythonValue from "@celeriac/messaging/PythonValue"
import * as Commands from "@celeriac/tasks/control/Commands"
import { TaskRegistry } from "@celeriac/tasks/TaskRegistry"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { Execution } from "../../boot/Execution.ts"
import type { Request } from "../../execution/Request.ts"
import * as InSlices from "../../state/internal/InSlices.ts"
import { WorkerSettings } from "../../state/WorkerSettings.ts"
import * as ControlHandler from "../ControlHandler.ts"
import type { Rates } from "./RateHandlers.ts"
import * as RequestInfo from "./RequestInfo.ts"

/** As Celery's timer has it. */
const etaPriority = 6

/** Requests that are told of in one reply. A worker may hold a hundred thousand. */
const mostTold = 1_000

/** `rateLimitOf`: of a task, as it is now. */
export const make = Effect.fnUntraced(function*(rateLimitOf: Rates["rateLimitOf"]) {
  const { executor } = yield* Execution
  const registry = yield* TaskRegistry
  const clock = yield* Clock.Clock
  const tell = yield* RequestInfo.make
  const { limits, state } = executor
  const { nodename } = yield* WorkerSettings

  /** What its definition says of it, and what it was told since. */
  const optionsOf = (name: string): object => {
    const options = registry.get(name)?.options ?? {}
    const { hard, soft } = limits.limitOf(name, options)
    return { ...options, rateLimit: rateLimitOf(name), timeLimit: hard, softTimeLimit: soft }
  }

  const isHeld = (request: Request): boolean =>
    request.isCondensed || request.eta !== undefined && request.eta > clock.currentTimeMillisUnsafe()

  const where = (request: Request) =>
    state.active.has(request)
      ? "active"
      : isHeld(request)
      ? "scheduled"
      : request.timeStart === undefined
      ? "reserved"
      : "ready"

  return yield* Effect.all([
    ControlHandler.make(
      Commands.inspect.active,
      ({ safe }) => Effect.sync(() => Array.from(state.active, (request) => tell(request, safe ?? false)))
    ),
    ControlHandler.make(
      Commands.inspect.reserved,
      () =>
        Effect.map(
          InSlices.filter(state.requests, (request) => where(request) === "reserved", mostTold),
          (requests) => requests.map((one) => tell(one))
        )
    ),
    ControlHandler.make(
      Commands.inspect.scheduled,
      () =>
        Effect.map(
          InSlices.filter(state.requests, (request) => where(request) === "scheduled", mostTold),
          (requests) =>
            requests.map((request) => ({
              eta: request.eta === undefined ? null : etaText(request, request.eta),
              priority: etaPriority,
              request: tell(request)
            }))
        )
    ),
    ControlHandler.make(Commands.inspect.queryTask, ({ asker, ids }) => {
      const wanted = new Set(typeof ids === "string" ? [ids] : ids)
      if (asker === nodename) return Effect.succeed({})
      const settled = asker == null ? [] : Array.from(wanted).filter((id) => state.recall(id, 0) !== undefined)
      const isToTell = (request: Request): boolean =>
        asker == null || executor.duplicates?.claims(request, asker) !== false
      return Effect.map(
        InSlices.filter(state.requests, ({ id }) => wanted.has(id)),
        (found) =>
          Object.fromEntries([
            ...settled.map((id) => [id, ["ready", RequestInfo.ofSettled(id, nodename)]] as const),
            ...found.filter(isToTell).map((request) => [request.id, [where(request), tell(request)]] as const)
          ])
      )
    }),
    ControlHandler.make(Commands.inspect.registered, ({ builtins, taskinfoitems }) =>
      Effect.sync(() => {
        const given = typeof taskinfoitems === "string" ? [taskinfoitems] : taskinfoitems ?? []
        const items = given.length === 0 ? defaultItems : given
        return registry.names().filter((name) => builtins === true || !name.startsWith("celery.")).map((name) =>
          described(name, optionsOf(name), items)
        )
      }))
  ])
})

/** As its message says it, to the microsecond: Python's readers compare. One that says no offset means UTC. */
const etaText = (request: Request, millis: number): string => {
  const said = request.work.headers.eta
  const naive = said === undefined ? undefined : PythonValue.parsePlainDateTime(said)
  if (naive !== undefined) return `${naive}+00:00`
  const parsed = said === undefined ? undefined : PythonValue.parseDateTime(said)
  return PythonValue.isoformat(parsed ?? DateTime.makeUnsafe(millis)).replace(/Z$/, "+00:00")
}

const defaultItems: ReadonlyArray<unknown> = ["exchange", "routing_key", "rate_limit"]

/** `proj.add [acks_late=True]`: those attributes that the task has, under Celery's names. */
const described = (name: string, options: object, items: ReadonlyArray<unknown>): string => {
  const attributes: ReadonlyMap<string, unknown> = new Map(
    Object.entries({ ...options, name }).map((
      [option, value]
    ) => [option.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`), value])
  )
  const told = items.flatMap((item) => {
    const value = typeof item === "string" ? attributes.get(item) : undefined
    return value === undefined || value === null ? [] : [`${String(item)}=${pythonText(value)}`]
  })
  return told.length === 0 ? name : `${name} [${told.join(" ")}]`
}

const pythonText = (value: unknown): string => value === true ? "True" : value === false ? "False" : String(value)
