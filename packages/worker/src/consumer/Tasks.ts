/**
 * Consumes tasks: one `TaskQueue` for each queue that is selected.
 *
 * On a warm shutdown `close` cancels the consumers and sends back what has not
 * started; what runs is finished by the pool while the channels stay open. When
 * the connection is lost, what has not started is dropped instead: the broker
 * delivers it again.
 *
 * @since 0.1.0
 */
import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import type { Queue } from "@celeriac/messaging/Entity"
import * as RateLimit from "@celeriac/tasks/RateLimit"
import { TaskRegistry } from "@celeriac/tasks/TaskRegistry"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { Execution } from "../boot/Execution.ts"
import { Pool } from "../boot/Pool.ts"
import { Queues, type Selection } from "../boot/Queues.ts"
import { Timer } from "../boot/Timer.ts"
import type { Bucket, MakeBucket, TaskBuckets } from "../execution/RateLimit.ts"
import type { Strategies } from "../execution/Strategy.ts"
import type * as Prefetch from "../state/Prefetch.ts"
import { type UnknownQueue, UnknownTask } from "../state/WorkerError.ts"
import type { ActiveRequest } from "../state/WorkerState.ts"
import { Connection } from "./Connection.ts"
import { Receiver } from "./internal/Receiver.ts"
import * as TaskQueue from "./internal/TaskQueue.ts"
import { Mingle } from "./Mingle.ts"

/** Celery's `qos`: the prefetch of every queue, besides what is held. The broker is told soon. */
export interface Qos {
  /** Of all queues together, as the broker was told; 0 is unlimited. */
  readonly value: () => number
  /** So many more for each queue than the settings say. Does nothing to one that is unlimited. */
  readonly incrementEventually: (n?: number) => void
  /** So many fewer, but one at least. */
  readonly decrementEventually: (n?: number) => void
  /** So many for each queue from now on, instead of what the settings say; 0 is unlimited. */
  readonly set: (count: number) => void
}

/** A queue that is being consumed, and the scope that ends it. */
interface Consumed {
  readonly consumer: TaskQueue.TaskQueue
  readonly scope: Scope.Closeable
}

export class Tasks extends Bootstep.Service<Tasks, {
  readonly consumingFrom: (queue: string) => boolean
  /** By queue: how many messages may be outstanding now; 0 is unlimited. */
  readonly prefetch: () => Readonly<Record<string, number>>
  /** What is done with the requests of each task. */
  readonly strategies: Strategies
  /** What those wait for whose task has a rate limit. Kept over reconnects, as all that is set here. */
  readonly taskBuckets: TaskBuckets
  /** The bucket that a task has by its rate limit, or one that is made for its rate; undefined without a limit. */
  readonly bucketForTask: (task: TaskName, make?: MakeBucket) => Bucket | undefined
  /** All tasks have the buckets again that their rate limits say. */
  readonly resetRateLimits: Effect.Effect<void>
  /** The rate limit of a task in this worker, as it was given. */
  readonly rateLimitOf: (task: TaskName) => RateLimit.RateLimit | undefined
  /** Sets it, also for those that wait. Undefined and 0: without a limit. What Celery's `rate_limit` commands. */
  readonly setRateLimit: (
    task: TaskName,
    limit: RateLimit.RateLimit | undefined
  ) => Effect.Effect<void, RateLimit.InvalidRateLimit | UnknownTask>
  /** Consumes from a queue too, by its name as configured or as described: also after a reconnect. */
  readonly addTaskQueue: (queue: string | Queue) => Effect.Effect<Queue, UnknownQueue>
  /** Consumes from it no more, after a reconnect neither. Gives whether it was selected. */
  readonly cancelTaskQueue: (name: string) => Effect.Effect<boolean>
  /** How many messages each queue may have outstanding, as steps may change it for as long as the connection lives. */
  readonly qos: Qos
  /** Runs a request that is held for its ETA now. Gives whether it was held. */
  readonly applyEtaTask: (request: ActiveRequest) => boolean
  /** Takes no more deliveries, and sends back what has not started. */
  readonly quiesce: Effect.Effect<void>
  /** Drops what has not started: the connection is gone, and the broker delivers it again. */
  readonly drop: Effect.Effect<void>
  /** Quiesces, and interrupts what runs: its messages go back when it has ended, and not while it may still do something. */
  readonly terminate: Effect.Effect<void>
}>()("Tasks", {
  requires: [Connection, Mingle, Pool, Execution, Queues, Timer, TaskRegistry],
  start: Effect.gen(function*() {
    const pool = yield* Pool
    const queues = yield* Queues
    const scope = yield* Effect.scope
    const { executor, recall } = yield* Execution
    const registry = yield* TaskRegistry
    const consumed = new Map<string, Consumed>()
    /** Queues that were added, until they can be consumed. */
    const attempts = new Map<string, Fiber.Fiber<void>>()
    let quiet = false
    let asked: Prefetch.Asked = { more: 0, instead: undefined }
    const ask = (change: Partial<Prefetch.Asked>) => {
      asked = { ...asked, ...change }
      for (const { consumer } of consumed.values()) consumer.ask(asked)
    }

    const consume = Effect.fnUntraced(function*(queue: Queue) {
      const own = yield* Scope.fork(scope)
      const consumer = yield* TaskQueue.start(queue).pipe(
        Scope.provide(own),
        Effect.onExit((exit) => Exit.isFailure(exit) ? Scope.close(own, exit) : Effect.void)
      )
      consumed.set(queue.name, { consumer, scope: own })
      consumer.ask(asked)
    })

    const attempt = (queue: Queue) =>
      TaskQueue.persist(queue, consume(queue)).pipe(
        Effect.andThen(Effect.logInfo(`Started consuming from ${queue.name}`)),
        Effect.ensuring(Effect.sync(() => attempts.delete(queue.name)))
      )

    /** Its channel stays open until what it brought is settled. */
    const cease = Effect.fnUntraced(function*({ consumer, scope }: Consumed) {
      executor.settler.giveBack(yield* consumer.cancel)
      for (const intake of consumer.intakes) executor.giveBack(intake)
      yield* consumer.idle
      yield* Scope.close(scope, Exit.void)
    })

    /** Follows the selection at run time. */
    const follow = (selection: Selection) =>
      Effect.gen(function*() {
        if (quiet) return
        for (const [name, fiber] of attempts) {
          if (!selection.has(name)) yield* Fiber.interrupt(fiber)
        }
        for (const [name, one] of consumed) {
          if (selection.has(name)) continue
          consumed.delete(name)
          yield* Effect.logInfo(`Canceling queue ${name}`)
          yield* Effect.forkIn(cease(one), scope)
        }
        for (const queue of selection.values()) {
          if (consumed.has(queue.name) || attempts.has(queue.name)) continue
          attempts.set(queue.name, yield* Effect.forkIn(attempt(queue), scope))
        }
      })

    const cancelAll = Effect.gen(function*() {
      quiet = true
      yield* Fiber.interruptAll(attempts.values())
      const waiting = yield* Effect.forEach(consumed.values(), ({ consumer }) => consumer.cancel)
      return waiting.flat()
    })

    yield* recall
    yield* Effect.forEach((yield* queues.selected).values(), consume, { concurrency: "unbounded" })
    yield* Bootstep.forkSupervised(queues.follow(follow))
    let size = yield* pool.concurrency
    yield* Bootstep.forkSupervised(
      pool.followSize((slots) => {
        if (slots === size) return Effect.void
        size = slots
        return Effect.forEach(consumed.values(), ({ consumer }) => consumer.resized, { discard: true })
      })
    )

    // A broker that is back may take the results that were kept meanwhile.
    executor.completion.retry()

    const quiesce = Effect.map(cancelAll, (waiting) => {
      executor.settler.giveBack(waiting)
      executor.giveBack()
    })

    const { rates, strategies } = executor
    return {
      strategies,
      taskBuckets: rates,
      bucketForTask: (task, make) => rates.bucketFor(nameOf(task), make),
      resetRateLimits: Effect.sync(rates.reset),
      rateLimitOf: (task) => rates.limitOf(nameOf(task)),
      setRateLimit: Effect.fnUntraced(function*(task, limit) {
        const rateLimit = yield* Effect.fromResult(RateLimit.read(limit))
        const name = nameOf(task)
        if (registry.get(name) === undefined) return yield* Effect.fail(new UnknownTask({ task: name }))
        rates.limit(name, rateLimit)
      }),
      addTaskQueue: (queue) => queues.add(queue),
      cancelTaskQueue: (name) => queues.cancel(name),
      consumingFrom: (queue) => consumed.has(queue),
      prefetch: () => Object.fromEntries(Array.from(consumed, ([name, { consumer }]) => [name, consumer.prefetch()])),
      qos: {
        value: () => total(Array.from(consumed.values(), ({ consumer }) => consumer.prefetch())),
        incrementEventually: (n = 1) => ask({ more: asked.more + Math.max(0, n) }),
        decrementEventually: (n = 1) => ask({ more: asked.more - Math.max(0, n) }),
        set: (count) => ask({ instead: Math.max(0, Math.trunc(count)), more: 0 })
      },
      applyEtaTask: (request) =>
        Array.from(consumed.values()).some(({ consumer }) =>
          consumer.intakes.some((intake) => intake instanceof Receiver && intake.runNow(request))
        ),
      quiesce,
      drop: Effect.map(cancelAll, (waiting) => {
        executor.settler.forget(waiting)
        executor.dropWaiting()
      }),
      terminate: Effect.andThen(quiesce, executor.terminate)
    }
  }),
  close: (tasks) => tasks.quiesce,
  stop: (tasks, reason) => reason._tag === "Restart" ? tasks.drop : tasks.quiesce,
  terminate: (tasks) => tasks.terminate,
  info: (tasks) => Effect.sync(() => ({ prefetch_count: total(Object.values(tasks.prefetch())) }))
}) {}

/** A task, or the name that it is registered under. */
export type TaskName = string | { readonly name: string }

const nameOf = (task: TaskName): string => typeof task === "string" ? task : task.name

/** One that is unlimited makes the whole so. */
const total = (counts: ReadonlyArray<number>): number =>
  counts.includes(0) ? 0 : counts.reduce((sum, count) => sum + count, 0)
