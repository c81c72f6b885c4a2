/**
 * The slots that tasks run in, and nothing of what becomes of requests: that is
 * `Execution`'s.
 *
 * The pool outlives connections. Another kind of pool is another step that
 * provides this service.
 *
 * @since 0.1.0
 */
import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import { TaskRegistry } from "@celeriac/tasks/TaskRegistry"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import * as FiberPool from "../pool/FiberPool.ts"
import * as NotifyingPool from "../pool/NotifyingPool.ts"
import type * as Seam from "../pool/Pool.ts"
import { Watched } from "../state/Watched.ts"
import { WorkerSettings } from "../state/WorkerSettings.ts"
import * as Portable from "../trace/Portable.ts"
import { Trace, WorkerMiddleware } from "../trace/Trace.ts"
import { Hub } from "./Hub.ts"

export class Pool extends Bootstep.Service<Pool, {
  /** The slots. */
  readonly slots: Seam.Pool
  readonly concurrency: Effect.Effect<number>
  /** How many slots it may come to have: as many as it has, unless more are reserved. What is prefetched goes by it. */
  readonly capacity: () => number
  /** Runs an effect with the capacity as it is, and as it becomes. */
  readonly followSize: <E, R>(onSize: (slots: number) => Effect.Effect<void, E, R>) => Effect.Effect<never, E, R>
  readonly grow: (slots: number) => Effect.Effect<void>
  readonly shrink: (slots: number) => Effect.Effect<void>
  /** So many slots, at once. */
  readonly resize: (slots: number) => void
  /** It may come to have so many slots; undefined: it stays as it is. */
  readonly reserve: (slots: number | undefined) => void
  /** Calls it whenever a job has come, until the scope closes: for one listener, of an autoscaler. */
  readonly onSubmit: (listener: () => void) => Effect.Effect<void, never, Scope.Scope>
}>()("Pool", {
  requires: [Hub, TaskRegistry],
  start: Effect.gen(function*() {
    const { autoscale, concurrency } = yield* WorkerSettings
    // A run closes what it opens: the scope of this step is none of its business.
    const context = Context.omit(Scope.Scope)(yield* Effect.context<never>())
    const trace = new Trace(yield* TaskRegistry, yield* Portable.coding, yield* WorkerMiddleware, context)
    let onSubmit = (): void => {}
    const plain = FiberPool.make(autoscale?.min ?? concurrency, trace)
    const slots = autoscale === undefined ? plain : NotifyingPool.make(plain, () => onSubmit())
    let reserved: number | undefined
    const capacity = new Watched(slots.concurrency())
    const look = () => capacity.set(reserved ?? slots.concurrency())
    const resize = (to: number) => {
      slots.resize(to)
      look()
    }
    return {
      slots,
      concurrency: Effect.sync(slots.concurrency),
      capacity: () => capacity.value,
      followSize: (onSize) => capacity.follow(onSize),
      grow: (by) => Effect.sync(() => resize(slots.concurrency() + by)),
      shrink: (by) => Effect.sync(() => resize(slots.concurrency() - by)),
      resize,
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
        )
    }
  }),
  close: (pool) => pool.slots.idle,
  stop: (pool) => pool.slots.idle,
  terminate: (pool) => pool.slots.terminate({ _tag: "Shutdown" }),
  info: (pool) => Effect.sync(() => ({ pool: { ...inProcess, ...pool.slots.info() } }))
}) {}

/** What Celery's pools tell, of one that has no other process. */
const inProcess = {
  processes: [process.pid],
  "max-tasks-per-child": null,
  "put-guarded-by-semaphore": true,
  timeouts: []
}
