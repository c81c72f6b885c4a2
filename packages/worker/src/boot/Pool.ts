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
  /** Runs an effect with the concurrency as it is, and as it becomes. */
  readonly followSize: <E, R>(onSize: (slots: number) => Effect.Effect<void, E, R>) => Effect.Effect<never, E, R>
  readonly grow: (slots: number) => Effect.Effect<void>
  readonly shrink: (slots: number) => Effect.Effect<void>
}>()("Pool", {
  requires: [Hub, TaskRegistry],
  start: Effect.gen(function*() {
    const { concurrency } = yield* WorkerSettings
    // A run closes what it opens: the scope of this step is none of its business.
    const context = Context.omit(Scope.Scope)(yield* Effect.context<never>())
    const trace = new Trace(yield* TaskRegistry, yield* Portable.coding, yield* WorkerMiddleware, context)
    const slots = FiberPool.make(concurrency, trace)
    const size = new Watched(slots.concurrency())
    const resize = (by: number) =>
      Effect.sync(() => {
        slots.resize(size.value + by)
        size.set(slots.concurrency())
      })
    return {
      slots,
      concurrency: Effect.sync(() => size.value),
      followSize: (onSize) => size.follow(onSize),
      grow: (by) => resize(by),
      shrink: (by) => resize(-by)
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
