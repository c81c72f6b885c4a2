/**
 * Makes the pools that a worker's settings and its tasks name. What a kind takes
 * to run is loaded when it is asked for: with fibers alone, nothing of children
 * is.
 *
 * @since 0.1.0
 */
import * as PoolName from "@celeriac/tasks/PoolName"
import * as RunSettings from "@celeriac/tasks/RunSettings"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { availableParallelism } from "node:os"
import { NoProgram, PoolError } from "../state/WorkerError.ts"
import * as WorkerSettings from "../state/WorkerSettings.ts"
import type { Trace } from "../trace/Trace.ts"
import type { ChildPoolError, ChildProgram } from "./ChildPool.ts"
import * as FiberPool from "./FiberPool.ts"
import type { Pool } from "./Pool.ts"
import * as SoloPool from "./SoloPool.ts"

export interface Options {
  /** How many slots. */
  readonly size: number
  /** Of pools whose slots are in this process. */
  readonly trace: Trace
  readonly settings: WorkerSettings.Settings
  /** Undefined: nobody has said it. */
  readonly program: ChildProgram | undefined
  /** What the steps of the worker were given. */
  readonly stepOptions: Readonly<Record<string, unknown>>
  /** Is told, once, when no child can be started any more. */
  readonly onFailure: (error: PoolError) => void
}

/** How many slots a pool of this name has: the worker's own, or one that only some tasks ask for. */
export const sizeOf = (name: PoolName.PoolName, settings: WorkerSettings.Settings): number => {
  if (name === "solo") return 1
  if (name === settings.pool) return Math.max(1, settings.autoscale?.min ?? settings.concurrency)
  return settings.poolSizes[name] ?? (name === "fibers" ? asideFibers : availableParallelism())
}

/** Of a worker whose own pool is another: they mostly wait. */
const asideFibers = 100

export const make = (
  name: PoolName.PoolName,
  options: Options
): Effect.Effect<Pool, PoolError | NoProgram, Scope.Scope> => {
  const { size, trace } = options
  return name === "fibers"
    ? Effect.sync(() => FiberPool.make(size, trace))
    : name === "solo"
    ? Effect.sync(() => SoloPool.make(size, trace))
    : children(name, options)
}

const children = (
  name: "threads" | "processes",
  { onFailure, program, settings, size, stepOptions }: Options
): Effect.Effect<Pool, PoolError | NoProgram, Scope.Scope> => {
  if (program === undefined) return Effect.fail(new NoProgram({ pool: name }))
  const { maxMemoryPerChild, maxTasksPerChild, nodename, procAliveTimeout } = settings
  return Effect.promise(() => name === "threads" ? import("./ThreadPool.ts") : import("./ProcessPool.ts")).pipe(
    Effect.flatMap(({ make }) =>
      make({
        concurrency: size,
        hostname: nodename,
        program,
        stepOptions,
        maxTasksPerChild,
        maxMemoryPerChild: maxMemoryPerChild === undefined ? undefined : maxMemoryPerChild * 1_024,
        procAliveTimeout,
        onFailure: (error) => onFailure(failed(name, error))
      })
    ),
    Effect.mapError((error) => failed(name, error))
  )
}

const failed = (pool: string, error: ChildPoolError): PoolError =>
  new PoolError({ pool, says: error.message, cause: error })

/** What `inspect stats` shows of pools, as Celery's do: the first is the worker's own. */
export const info = Effect.map(
  Effect.all({ settings: WorkerSettings.WorkerSettings, hard: RunSettings.TimeLimit, soft: RunSettings.SoftTimeLimit }),
  ({ hard, settings, soft }) => (pools: ReadonlyMap<string, Pool>): Readonly<Record<string, unknown>> => {
    const [own, ...others] = Array.from(pools, ([name, pool]) =>
      [
        name,
        PoolName.hasChildren(name)
          ? {
            ...inChildren,
            "max-tasks-per-child": settings.maxTasksPerChild ?? "N/A",
            timeouts: [seconds(soft), seconds(hard)],
            ...pool.info()
          }
          : { ...inProcess, ...pool.info() }
      ] as const)
    // There is one.
    return others.length === 0 ? own![1] : { ...own![1], others: Object.fromEntries(others) }
  }
)

/** What Celery's pools tell, of one that has no other process. */
const inProcess = {
  processes: [process.pid],
  "max-tasks-per-child": null,
  "put-guarded-by-semaphore": true,
  timeouts: []
}

const inChildren = { "put-guarded-by-semaphore": true, writes: "N/A" }

const seconds = (limit: Duration.Input | undefined): number =>
  limit === undefined ? 0 : Duration.toSeconds(Duration.fromInputUnsafe(limit))
