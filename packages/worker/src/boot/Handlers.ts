/**
 * Builds the handlers of a worker's tasks, when every step of the Worker
 * blueprint that provides something is up: what those provide, a handler may
 * use. What the handlers' own layers acquire is released when nothing runs any
 * more, and before what it was built from.
 *
 * @since 0.1.0
 */
import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import { BootstepError } from "@celeriac/bootsteps/BootstepError"
import * as PoolName from "@celeriac/tasks/PoolName"
import type { ExecutionOptions } from "@celeriac/tasks/TaskOptions"
import { TaskRegistry } from "@celeriac/tasks/TaskRegistry"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { WorkerSettings } from "../state/WorkerSettings.ts"
import * as Builtins from "../trace/internal/Builtins.ts"
import * as BlockedLoop from "./BlockedLoop.ts"
import { Execution } from "./Execution.ts"
import { Pool } from "./Pool.ts"

const name = "Handlers"

/** Handlers, made by `task.toLayer`. */
export type List = ReadonlyArray<Layer.Layer<never, any, any>>

/** `undefined` is as good as none: without it here, a literal one is taken for any list. */
export type Maybe = List | undefined

/** `services` are those that handlers may use, besides what comes from outside. */
export const step = (handlers: List, services: Bootstep.Tags): Bootstep.Any =>
  Bootstep.makeGeneric<Execution | Pool | TaskRegistry>()(name, [TaskRegistry, Execution, Pool, ...services], {
    start: Effect.flatMap(
      Pool,
      ({ scheduler }) => BlockedLoop.scheduledBy(scheduler, Layer.build(Layer.mergeAll(Layer.empty, ...handlers)))
    ).pipe(
      Effect.tap(warned),
      // A task of one's own takes the place of a built-in one.
      Effect.tap(Layer.build(Builtins.layer)),
      Effect.tap(Effect.flatMap(Pool, ({ open }) => open))
    ),
    stop: () => Effect.flatMap(Execution, ({ executor }) => executor.idle),
    terminate: () => Effect.flatMap(Execution, ({ executor }) => executor.terminate)
  })

/** Says which tasks will not be held to their limits. */
const warned = Effect.gen(function*() {
  const registry = yield* TaskRegistry
  const { pool } = yield* WorkerSettings
  const names = registry.names().filter((name) => isUnheld(registry.get(name)?.options, pool))
  if (names.length === 0) return
  const shown = names.length > 20 ? [...names.slice(0, 20), `and ${names.length - 20} more`] : names
  yield* Effect.logWarning(
    `These tasks have time limits, and cannot be interrupted: what they do goes on after their limits: ${
      shown.join(", ")
    }`
  )
})

/** A thread or a process is ended, whatever it does. */
const isUnheld = (options: ExecutionOptions | undefined, pool: string): boolean =>
  options?.interruptible === false && !PoolName.hasChildren(options.pool ?? pool) &&
  (isLimit(options.timeLimit) || isLimit(options.softTimeLimit))

const isLimit = (limit: Duration.Input | undefined): boolean =>
  limit !== undefined && Duration.isFinite(Duration.fromInputUnsafe(limit))

/** What a handler's layer failed with is its own error, and not a step's. */
export const ownError = (error: unknown): unknown =>
  error instanceof BootstepError && error.step === name ? error.reason : error
