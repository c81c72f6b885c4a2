/**
 * Says, when a worker starts, what its threads and processes do not have of it:
 * tasks that they do not know, and steps that they cannot start.
 *
 * @since 0.1.0
 */
import type { TaskRegistry } from "@celeriac/tasks/TaskRegistry"
import * as Effect from "effect/Effect"
import type * as Seam from "../Pool.ts"

/** `own` is the pool of tasks that ask for no other. */
export const warn = (
  pools: ReadonlyMap<string, Seam.Pool>,
  own: string,
  registry: TaskRegistry["Service"] | undefined
): Effect.Effect<void> =>
  Effect.forEach(pools, ([pool, { known }]) => {
    if (known === undefined || registry === undefined) return Effect.void
    const tasks = registry.names().filter((name) => (registry.get(name)?.options.pool ?? own) === pool)
    return Effect.forEach(sentences(pool, tasks, known()), (sentence) => Effect.logWarning(`pool: ${sentence}`))
  }, { discard: true })

const sentences = (pool: string, tasks: ReadonlyArray<string>, known: Seam.Known): ReadonlyArray<string> => {
  const unknown = tasks.filter((task) => !known.tasks.includes(task))
  const others = tasks.filter((task) => known.tasks.includes(task) && !task.startsWith(builtIn))
  return [
    ...(unknown.length === 0 ? [] : [
      `${listed(unknown)} would run in ${pool}, which do not know ${unknown.length === 1 ? "it" : "them"}: ` +
      "what a step registers is known there when the step says inChildren: true. " +
      `Or run ${unknown.length === 1 ? "it" : "them"} on fibers, by the option pool`
    ]),
    ...(others.length === 0 ?
      [] :
      known.unstarted.map(({ step, why }) =>
        `What the step '${step}' provides is not there in ${pool}, for ${why}, which lives with the worker alone. ` +
        `Those of ${listed(others)} that use it are for fibers, by the option pool; ` +
        "if none does, let the step say inChildren: false"
      ))
  ]
}

const listed = (tasks: ReadonlyArray<string>): string =>
  tasks.length > most ? `${tasks.slice(0, most).join(", ")} and ${tasks.length - most} more tasks` : tasks.join(", ")

const most = 10

/** Celery's own, which use no steps. */
const builtIn = "celery."
