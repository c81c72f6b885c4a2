/**
 * Runs tasks, and finishes them before the worker leaves.
 *
 * The pool outlives connections: what runs when the broker is lost goes on,
 * and what waits is dropped, for the broker delivers it again. On a warm
 * shutdown its `close` waits until every running task is done, its result
 * stored and its message settled, while the connection is still there; a cold
 * one interrupts them.
 *
 * @since 0.1.0
 */
import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import { Compressions } from "@celeriac/messaging/Compressions"
import * as Content from "@celeriac/messaging/Content"
import { Limits } from "@celeriac/messaging/Limits"
import type { Message } from "@celeriac/messaging/Message"
import { Serializers } from "@celeriac/messaging/Serializers"
import * as TaskMessage from "@celeriac/tasks/protocol/TaskMessage"
import { ResultWriter } from "@celeriac/tasks/result/ResultWriter"
import * as Settings from "@celeriac/tasks/Settings"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { Executor } from "../execution/Executor.ts"
import type { Request } from "../execution/Request.ts"
import { ResultStore } from "../execution/ResultStore.ts"
import * as FiberPool from "../pool/FiberPool.ts"
import type * as Seam from "../pool/Pool.ts"
import { Watched } from "../state/Watched.ts"
import * as WorkerLog from "../state/WorkerLog.ts"
import { WorkerSettings } from "../state/WorkerSettings.ts"
import { type ActiveRequest, type State, WorkerState } from "../state/WorkerState.ts"
import { Hub } from "./Hub.ts"

export class Pool extends Bootstep.Service<Pool, {
  /** The slots. */
  readonly slots: Seam.Pool
  /** What runs now: Celery's `active_requests`. */
  readonly active: Effect.Effect<ReadonlyArray<ActiveRequest>>
  readonly concurrency: Effect.Effect<number>
  /** Runs an effect with the concurrency as it is, and as it becomes. */
  readonly followSize: <E, R>(onSize: (slots: number) => Effect.Effect<void, E, R>) => Effect.Effect<never, E, R>
  readonly grow: (slots: number) => Effect.Effect<void>
  readonly shrink: (slots: number) => Effect.Effect<void>
  /** The life of requests, for whoever receives them. */
  readonly executor: Executor
  /** Where results go. */
  readonly results: ResultStore
  /** Reads the body of a message. */
  readonly decode: TaskMessage.Decode
}>()("Pool", {
  requires: [Hub, WorkerState, ResultWriter],
  start: Effect.gen(function*() {
    const { concurrency } = yield* WorkerSettings
    const slots = FiberPool.make(concurrency)
    // The state is everybody's; the requests in it are made by this worker alone.
    const state = (yield* WorkerState) as State<Request>
    const coding = {
      accept: yield* Settings.AcceptContent,
      limits: yield* Limits,
      serializers: yield* Serializers,
      compressions: yield* Compressions
    }
    const decode: TaskMessage.Decode = (message: Message) => Content.decode(message, coding)
    const results = new ResultStore(yield* ResultWriter, slots)
    const executor = new Executor({
      pool: slots,
      results,
      state,
      clock: yield* Clock.Clock,
      log: yield* WorkerLog.make,
      readBody: (request) =>
        Result.map(
          TaskMessage.readBody(request.delivery, { version: 2, headers: request.taskHeaders }, { decode }),
          (message) => message.body
        )
    })
    const size = new Watched(slots.concurrency())
    const resize = (by: number) =>
      Effect.sync(() => {
        slots.resize(size.value + by)
        size.set(slots.concurrency())
      })
    return {
      slots,
      executor,
      results,
      decode,
      active: Effect.sync(() => Array.from(state.active.values())),
      concurrency: Effect.sync(() => size.value),
      followSize: (onSize) => size.follow(onSize),
      grow: (by) => resize(by),
      shrink: (by) => resize(-by)
    }
  }),
  close: (pool) => pool.executor.idle,
  stop: (pool) => pool.executor.idle,
  terminate: (pool) => pool.executor.terminate,
  info: (pool) => Effect.sync(() => ({ pool: pool.slots.info() }))
}) {}
