/**
 * The slots that tasks run in, and nothing of what becomes of requests: that is
 * `Execution`'s.
 *
 * The setting `pool` says which pool it is, and tasks may ask for others by their
 * option `pool`: those are started when a task that does is registered. All
 * outlive connections. A pool of your own is another step that provides this
 * service, with `Pool.of`.
 *
 * Threads and processes load the worker's module. `celeriac worker -A` says which
 * that is; elsewhere the worker does, `Worker.make({ program: import.meta.url })`.
 *
 * @since 0.1.0
 */
import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import { Control } from "@celeriac/bootsteps/Control"
import * as StopReason from "@celeriac/bootsteps/StopReason"
import * as PoolName from "@celeriac/tasks/PoolName"
import { TaskRegistry } from "@celeriac/tasks/TaskRegistry"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scheduler from "effect/Scheduler"
import * as Scope from "effect/Scope"
import type { ChildProgram } from "../pool/ChildPool.ts"
import type { LoopWatch } from "../pool/LoopWatch.ts"
import * as NotifyingPool from "../pool/NotifyingPool.ts"
import type * as Seam from "../pool/Pool.ts"
import * as PoolKind from "../pool/PoolKind.ts"
import { Pools } from "../pool/Pools.ts"
import { Watched } from "../state/Watched.ts"
import { NoProgram, PoolError } from "../state/WorkerError.ts"
import { WorkerShutdown } from "../state/WorkerExit.ts"
import { WorkerSettings } from "../state/WorkerSettings.ts"
import type { Outcome } from "../trace/Outcome.ts"
import * as Portable from "../trace/Portable.ts"
import type { Run } from "../trace/Run.ts"
import { type Gate, Trace, WorkerMiddleware } from "../trace/Trace.ts"
import type { Work } from "../trace/Work.ts"
import * as BlockedLoop from "./BlockedLoop.ts"
import { Hub } from "./Hub.ts"

const CurrentProgram: Context.Reference<ChildProgram | undefined> = Context.Reference(
  "@celeriac/worker/boot/Pool/CurrentProgram",
  { defaultValue: (): ChildProgram | undefined => undefined }
)

/** The module that exports a worker: its URL, and the name of the export, if it is neither the default one nor `worker`. */
export type Program = string | URL | ChildProgram

const programOf = (program: Program): ChildProgram =>
  typeof program === "string" || program instanceof URL ? { module: String(program) } : program

/**
 * What threads and processes of the workers below load, where these do not say it
 * themselves by their option `program`. It is loaded in each of them, so that it
 * should define the worker and not run it.
 */
export const program = (program: Program): Layer.Layer<never> => Layer.succeed(CurrentProgram, programOf(program))

const StepOptions = Context.Reference<Readonly<Record<string, unknown>>>(
  "@celeriac/worker/boot/Pool/StepOptions",
  { defaultValue: () => ({}) }
)

/** For one worker, which may have said it itself: with the options that its steps were given. */
export const withProgram = <A, E, R>(
  program: Program | undefined,
  options: Readonly<Record<string, unknown>>,
  run: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> => {
  const given = Effect.provideService(run, StepOptions, options)
  return program === undefined ? given : Effect.provideService(given, CurrentProgram, programOf(program))
}

/** The work of pools whose slots are in this process: a handler that is called is watched. */
class WatchedTrace extends Trace {
  private readonly watch: LoopWatch | undefined

  constructor(watch: LoopWatch | undefined, ...rest: ConstructorParameters<typeof Trace>) {
    super(...rest)
    this.watch = watch
  }

  override begin(work: Work, gate: Gate): Run | Outcome | undefined {
    this.watch?.call(work.headers)
    return super.begin(work, gate)
  }
}

/** What this step provides. */
export interface Service {
  /** The slots of all pools, as one. */
  readonly slots: Seam.Pool
  /** The pools that there are by their names, the worker's own first. */
  readonly pools: () => ReadonlyMap<string, Seam.Pool>
  /** Of the worker's own pool. */
  readonly concurrency: Effect.Effect<number>
  /** How many slots there may come to be: as many as there are, unless more are reserved. What is prefetched goes by it. */
  readonly capacity: () => number
  /** Runs an effect with the capacity as it is, and as it becomes. */
  readonly followSize: <E, R>(onSize: (slots: number) => Effect.Effect<void, E, R>) => Effect.Effect<never, E, R>
  /** So many slots more; in the worker's own pool, if no other is said. */
  readonly grow: (slots: number, pool?: string) => Effect.Effect<void, PoolError>
  readonly shrink: (slots: number, pool?: string) => Effect.Effect<void, PoolError>
  /** So many slots of the worker's own pool, at once. */
  readonly resize: (slots: number) => void
  /** It may come to have so many slots; undefined: it stays as it is. */
  readonly reserve: (slots: number | undefined) => void
  /** Calls it whenever the worker's own pool was given a job, until the scope closes: for one listener, of an autoscaler. */
  readonly onSubmit: (listener: () => void) => Effect.Effect<void, never, Scope.Scope>
  /** Begins to put others in the place of all children, each when it has nothing to do. Fails where there are none. */
  readonly restart: Effect.Effect<void, PoolError>
  /** What the fibers of tasks are to be scheduled by, so that it is known which of them hold up the others. */
  readonly scheduler?: Scheduler.Scheduler | undefined
  /** Starts the pools that registered tasks ask for, before any of them runs. */
  readonly open: Effect.Effect<void, NoProgram | PoolError>
}

export class Pool extends Bootstep.Service<Pool, Service>()("Pool", {
  requires: [Hub, TaskRegistry],
  start: Effect.gen(function*() {
    const settings = yield* WorkerSettings
    const registry = yield* TaskRegistry
    const scope = yield* Effect.scope
    // A run closes what it opens: the scope of this step is none of its business.
    const context = Context.omit(Scope.Scope)(yield* Effect.context<never>())
    const watch = yield* BlockedLoop.watch(registry)
    const trace = new WatchedTrace(watch, registry, yield* Portable.coding, yield* WorkerMiddleware, context)
    const program = yield* CurrentProgram
    const stepOptions = yield* StepOptions
    const control = yield* Control
    const run = Effect.runForkWith(yield* Effect.context<never>())
    const onFailure = (error: PoolError): void => {
      const wish = new WorkerShutdown({ exitCode: 1, message: error.message })
      run(
        Effect.andThen(
          Effect.logError(error.message),
          control.request(StopReason.shutdown({ cause: Cause.fail(wish) }))
        )
      )
    }
    const start = (name: PoolName.PoolName) =>
      PoolKind.make(name, {
        ...{ size: PoolKind.sizeOf(name, settings), trace, settings, program, stepOptions, onFailure }
      }).pipe(Scope.provide(scope))
    const service = yield* make(settings.pool, yield* start(settings.pool), registry, start)
    return { ...service, scheduler: watch?.scheduler }
  }),
  close: (pool) => pool.slots.idle,
  stop: (pool) => pool.slots.idle,
  terminate: (pool) => pool.slots.terminate({ _tag: "Shutdown" }),
  info: (pool) => Effect.map(PoolKind.info, (info) => ({ pool: info(pool.pools()) }))
}) {}

/** The service over one pool of any kind: what a step that replaces this one provides. All tasks run in it. */
export const of = (plain: Seam.Pool): Effect.Effect<Service> =>
  make(plain.implementation, plain, undefined, () => Effect.die("asked for by nobody"))

/** `start` makes those that tasks of the registry ask for. */
const make = (
  own: string,
  plain: Seam.Pool,
  registry: TaskRegistry["Service"] | undefined,
  start: (name: PoolName.PoolName) => Effect.Effect<Seam.Pool, NoProgram | PoolError>
): Effect.Effect<Service> =>
  WorkerSettings.useSync(({ autoscale }) => {
    let onSubmit = (): void => {}
    const main = autoscale === undefined ? plain : NotifyingPool.make(plain, () => onSubmit())
    const asked = (task: string) => registry?.get(task)?.options.pool
    const slots = new Pools(main, asked)
    const pools = new Map<string, Seam.Pool>([[own, main]])
    let reserved: number | undefined
    const size = () => slots.concurrency() - main.concurrency() + (reserved ?? main.concurrency())
    const capacity = new Watched(size())
    const look = () => capacity.set(size())
    const resize = (to: number, pool = main) => {
      pool.resize(to)
      look()
    }
    const change = (by: number, name = own) =>
      Effect.suspend(() => {
        const pool = pools.get(name)
        if (pool === undefined) {
          const says = `this worker has no such pool: it has ${Array.from(pools.keys()).join(", ")}`
          return Effect.fail(new PoolError({ pool: name, says }))
        }
        const { most = Infinity } = pool
        const to = pool.concurrency() + by
        if (to > most) return Effect.fail(new PoolError({ pool: name, says: `it has ${most} slot and never more` }))
        resize(to, pool)
        return Effect.void
      })
    return {
      slots,
      pools: () => pools,
      concurrency: Effect.sync(main.concurrency),
      capacity: () => capacity.value,
      followSize: (onSize) => capacity.follow(onSize),
      grow: (by, pool) => change(by, pool),
      shrink: (by, pool) => change(-by, pool),
      resize: (to) => resize(to),
      reserve: (to) => {
        reserved = to
        look()
      },
      onSubmit: (listener) =>
        Effect.acquireRelease(
          Effect.sync(() => {
            onSubmit = listener
          }),
          () =>
            Effect.sync(() => {
              onSubmit = () => {}
            })
        ),
      restart: Effect.suspend(() => {
        const restarts = Array.from(pools.values(), ({ restart }) => restart).filter((restart) => restart !== undefined)
        if (restarts.length === 0) {
          return Effect.fail(
            new PoolError({ pool: own, says: "it has no threads or processes that could be restarted" })
          )
        }
        return Effect.andThen(
          Effect.logInfo("pool: Others take the place of its children"),
          Effect.sync(() => restarts.forEach((restart) => restart()))
        )
      }),
      open: Effect.suspend(() => {
        const wanted = new Map<PoolName.PoolName, string>()
        for (const task of registry?.names() ?? []) {
          const pool = asked(task)
          if (pool !== undefined && pool !== own && !wanted.has(pool)) wanted.set(pool, task)
        }
        return Effect.andThen(
          Effect.forEach(wanted, ([name, task]) =>
            Effect.map(
              Effect.mapError(
                start(name),
                (error) => error instanceof NoProgram ? new NoProgram({ pool: name, task }) : error
              ),
              (pool) => {
                slots.add(name, pool)
                pools.set(name, pool)
                look()
              }
            ), { discard: true }),
          Effect.andThen(
            warned(pools),
            Array.from(pools.values()).some(({ known }) => known !== undefined)
              ? Effect.flatMap(
                Effect.promise(() => import("../pool/internal/Unknown.ts")),
                ({ warn }) => warn(pools, own, registry)
              )
              : Effect.void
          )
        )
      })
    }
  })

/** Says which limits are not kept, because nothing of the worker has children. */
const warned = (pools: ReadonlyMap<string, Seam.Pool>): Effect.Effect<void> =>
  Effect.flatMap(WorkerSettings, ({ maxMemoryPerChild, maxTasksPerChild }) => {
    if (Array.from(pools.keys()).some(PoolName.hasChildren)) return Effect.void
    const limits = Object.entries({ maxTasksPerChild, maxMemoryPerChild }).filter(([, limit]) => limit !== undefined)
    return limits.length === 0 ? Effect.void : Effect.logWarning(
      `pool: ${limits.map(([name]) => name).join(" and ")} ${
        limits.length === 1 ? "is" : "are"
      } for threads and processes. ` +
        `This worker runs its tasks in ${
          Array.from(pools.keys()).join(" and ")
        }, which keep no such limit: run it with -P processes`
    )
  })
