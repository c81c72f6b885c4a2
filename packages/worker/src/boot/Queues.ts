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
import * as WorkerDirect from "@celeriac/tasks/WorkerDirect"
import * as Effect from "effect/Effect"
import { Watched } from "../state/Watched.ts"
import { UnknownQueue } from "../state/WorkerError.ts"
import { WorkerSettings } from "../state/WorkerSettings.ts"

export type Selection = ReadonlyMap<string, Queue>

export class Queues extends Bootstep.Service<Queues, {
  readonly selected: Effect.Effect<Selection>
  /** Runs an effect with the selection as it is, and as it becomes. */
  readonly follow: <E, R>(
    onSelection: (selection: Selection) => Effect.Effect<void, E, R>
  ) => Effect.Effect<never, E, R>
  /** Consume from a queue, by its name as configured or as described. Does nothing when it is selected already. */
  readonly add: (queue: string | Queue) => Effect.Effect<Queue, UnknownQueue>
  /** Consume from it no more. Gives whether it was selected. */
  readonly cancel: (name: string) => Effect.Effect<boolean>
}>()("Queues", {
  start: Effect.gen(function*() {
    const known = yield* TaskQueues.make
    const { direct, excludeQueues, nodename, queues } = yield* WorkerSettings

    const find = (name: string) =>
      Effect.suspend(() => {
        const queue = known.get(name)
        if (queue !== undefined) return Effect.succeed(queue)
        const nearest = known.nearest(name)
        return Effect.fail(new UnknownQueue({ queue: name, ...(nearest === undefined ? {} : { nearest }) }))
      })

    const listed = queues === undefined ? [known.default, ...known.configured] : yield* Effect.forEach(queues, find)
    const excluded = yield* Effect.forEach(excludeQueues, find)
    const own = direct ? yield* find(WorkerDirect.queueName(nodename)) : undefined
    const wanted = [
      ...listed.filter((queue) => !excluded.includes(queue)),
      // As in Celery, it is no part of the selection.
      ...own === undefined ? [] : [own]
    ]
    const selection = new Watched<Selection>(new Map(wanted.map((queue) => [queue.name, queue])))

    return {
      selected: Effect.sync(() => selection.value),
      follow: (onSelection) => selection.follow(onSelection),
      add: Effect.fnUntraced(function*(queue) {
        const added = typeof queue === "string" ? yield* find(queue) : queue
        if (!selection.value.has(added.name)) selection.set(new Map(selection.value).set(added.name, added))
        return added
      }),
      cancel: (name) =>
        Effect.sync(() => {
          const left = new Map(selection.value)
          if (!left.delete(name) && !left.delete(known.get(name)?.name ?? name)) return false
          selection.set(left)
          return true
        })
    }
  }),
  info: (queues) => Effect.map(queues.selected, (selected) => ({ queues: Array.from(selected.keys()) }))
}) {}
