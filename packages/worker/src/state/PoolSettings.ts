/**
 * Where tasks run, and how many at once: the entries of the worker's table that
 * are about its pools.
 *
 * @since 0.1.0
 */
import * as PoolName from "@celeriac/tasks/PoolName"
import * as Setting from "@celeriac/tasks/Setting"
import * as SettingKind from "@celeriac/tasks/SettingKind"
import type * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import { availableParallelism } from "node:os"
import type * as Autoscale from "./Autoscale.ts"

/** Slots of pools, by their names. */
export type Sizes = { readonly [K in PoolName.PoolName]?: number | undefined }

const count = (expected: string) => SettingKind.integer({ from: 1, expected })

const pool: Setting.Kind<PoolName.PoolName> = {
  schema: () => Schema.Literals(PoolName.names),
  expected: PoolName.expected,
  instead: PoolName.instead,
  fromText: (text) => PoolName.read(text) ?? text,
  fromCelery: (value) => typeof value === "string" ? PoolName.read(value) ?? value : value
}

const sizes: Setting.Kind<Sizes> = {
  schema: () => {
    const size = Schema.optionalKey(Schema.Int.check(Schema.isGreaterThanOrEqualTo(1)))
    return Schema.Struct({ fibers: size, threads: size, processes: size, solo: size }).check(
      Schema.makeFilter(({ solo }) => (solo ?? 1) === 1)
    )
  },
  expected: "{ processes: 4, threads: 2 }, or \"processes=4,threads=2\": whole numbers of at least 1; solo has 1 slot",
  fromText: (text) => {
    const pairs = text.split(",").map((pair) => pair.split("=").map((part) => part.trim()))
    if (pairs.some((pair) => pair.length !== 2)) return text
    const read = pairs.map(([name = "", size = ""]) => [PoolName.read(name), SettingKind.toNumber(size)] as const)
    return read.some(([name]) => name === undefined) ? text : Object.fromEntries(read)
  },
  fromCelery: (value) => value
}

const autoscale: Setting.Kind<Autoscale.Bounds> = {
  schema: () => {
    const bound = (from: number) => Schema.Int.check(Schema.isGreaterThanOrEqualTo(from))
    return Schema.Struct({ max: bound(1), min: bound(0) }).check(Schema.makeFilter(({ max, min }) => min <= max))
  },
  expected: "{ max, min }, or \"10,3\": whole numbers, the first at least 1 and not below the second",
  fromText: (text) => {
    const [one, other = 0, ...more] = text.split(",").map(SettingKind.toNumber)
    if (typeof one !== "number" || typeof other !== "number" || more.length > 0) return text
    return { max: Math.max(one, other), min: Math.min(one, other) }
  },
  fromCelery: (value) => value
}

/** Part of `WorkerSettings.table`. */
export const table = {
  pool: Setting.make<PoolName.PoolName, PoolName.PoolName>(pool, {
    celery: "worker_pool",
    default: () => "fibers",
    doc:
      "Where tasks run that do not say so themselves: in fibers of this process, in threads, in processes, or one at a time (solo). Celery's prefork is processes.",
    flag: { name: "pool", alias: "P", metavar: "POOL" }
  }),
  concurrency: Setting.make(
    count("a whole number of at least 1, or left out for the number of processors"),
    {
      celery: "worker_concurrency",
      default: availableParallelism,
      defaultShown: "the number of processors",
      doc: "How many tasks run at once in the pool of the worker.",
      flag: { name: "concurrency", alias: "c", metavar: "N" }
    }
  ),
  poolSizes: Setting.make<Sizes, Sizes>(sizes, {
    default: () => ({}),
    defaultShown: "processes and threads: the number of processors; fibers: 100; solo: 1",
    doc: "How many tasks run at once in the other pools of the worker, which tasks ask for by their option `pool`.",
    flag: { name: "pool-sizes", metavar: "POOL=N,..." }
  }),
  autoscale: Setting.make<Autoscale.Bounds | undefined, Autoscale.Bounds>(autoscale, {
    default: () => undefined,
    defaultShown: "none: as many as `concurrency`",
    doc: "Between how many tasks run at once: as many as there are, and not `concurrency`.",
    flag: { name: "autoscale", metavar: "MAX,MIN" }
  }),
  autoscaleKeepalive: Setting.make<Duration.Input, Duration.Input>(SettingKind.duration, {
    default: () => "30 seconds",
    doc: "How long no task must have come before an autoscaled pool shrinks.",
    environment: ["AUTOSCALE_KEEPALIVE"]
  }),
  maxTasksPerChild: Setting.make<number | undefined, number>(
    count("a whole number of at least 1, or left out for no limit"),
    {
      celery: "worker_max_tasks_per_child",
      default: () => undefined,
      defaultShown: "no limit",
      doc: "After how many tasks another thread or process takes the place of the one that they ran in.",
      flag: { name: "max-tasks-per-child", metavar: "N" }
    }
  ),
  maxMemoryPerChild: Setting.make<number | undefined, number>(
    count("kilobytes, a whole number of at least 1, or left out for no limit"),
    {
      celery: "worker_max_memory_per_child",
      default: () => undefined,
      defaultShown: "no limit",
      doc:
        "How many kilobytes a thread or process may have when a task has ended; another takes the place of one that has more.",
      flag: { name: "max-memory-per-child", metavar: "KILOBYTES" }
    }
  ),
  procAliveTimeout: Setting.make<Duration.Input, Duration.Input>(SettingKind.duration, {
    celery: "worker_proc_alive_timeout",
    default: () => "4 seconds",
    doc: "How long a new thread or process may take to be ready."
  }),
  poolRestarts: Setting.make(SettingKind.flag, {
    celery: "worker_pool_restarts",
    default: () => false,
    doc: "Whether remote control may put other threads or processes in the place of those of a pool (pool_restart)."
  }),
  blockedWarning: Setting.make<Duration.Input, Duration.Input>(SettingKind.duration, {
    default: () => "1 second",
    doc: "How long a task may hold up the event loop before the log says which one did. For pools of fibers and solo."
  })
}
