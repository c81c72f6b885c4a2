/**
 * Which queues this worker wants to consume from.
 *
 * The selection lives as long as the worker and is applied again after every
 * reconnect: a queue that was added at run time stays added, a cancelled one
 * stays cancelled.
 *
 * @since 0.1.0
 */
import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import type { Queue } from "@celeriac/messaging/Entity"
import * as TaskQueues from "@celeriac/tasks/Queues"
import * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import { UnknownQueue } from "../state/WorkerError.ts"
import { WorkerSettings } from "../state/WorkerSettings.ts"

export type Selection = ReadonlyMap<string, Queue>

export class Queues extends Bootstep.Service<Queues, {
  readonly selected: Effect.Effect<Selection>
  /** The selection as it is, and as it becomes. */
  readonly changes: Stream.Stream<Selection>
  /** Consume from a queue, by its name as configured or as described. Does nothing when it is selected already. */
  readonly add: (queue: string | Queue) => Effect.Effect<Queue, UnknownQueue>
  /** Consume from it no more. Gives whether it was selected. */
  readonly cancel: (name: string) => Effect.Effect<boolean>
}>()("Queues", {
  start: Effect.gen(function*() {
    const known = yield* TaskQueues.make
    const configured = yield* TaskQueues.Configured
    const { queues } = yield* WorkerSettings

    const find = (name: string) =>
      Effect.suspend(() => {
        const queue = known.get(name)
        return queue === undefined ? Effect.fail(new UnknownQueue({ queue: name })) : Effect.succeed(queue)
      })

    // By name, because a configured queue is completed from the settings.
    const wanted = yield* Effect.forEach(queues ?? [known.default.name, ...configured.map(({ name }) => name)], find)
    const selection = yield* SubscriptionRef.make<Selection>(new Map(wanted.map((queue) => [queue.name, queue])))

    return {
      selected: SubscriptionRef.get(selection),
      changes: SubscriptionRef.changes(selection),
      add: Effect.fnUntraced(function*(queue) {
        const added = typeof queue === "string" ? yield* find(queue) : queue
        yield* SubscriptionRef.update(
          selection,
          (now) => now.has(added.name) ? now : new Map(now).set(added.name, added)
        )
        return added
      }),
      cancel: (name) =>
        SubscriptionRef.modify(selection, (now) => {
          if (!now.has(name)) return [false, now] as const
          const left = new Map(now)
          left.delete(name)
          return [true, left] as const
        })
    }
  }),
  info: (queues) => Effect.map(queues.selected, (selected) => ({ queues: Array.from(selected.keys()) }))
}) {}
