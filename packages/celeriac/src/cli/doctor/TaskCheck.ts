/** Tasks that are named somewhere, and that no worker which is online runs. */
import type * as Topology from "@celeriac/messaging/Topology"
import type { Connection } from "@celeriac/messaging/Transport"
import { nearest } from "@celeriac/tasks/Nearest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Cluster, Node } from "./Cluster.ts"
import * as Finding from "./Finding.ts"

/** Who names it: `the route of celery@host`, `a message in emails`. */
export interface Named {
  readonly task: string
  readonly by: string
}

export const check = ({ nodes }: Cluster, named: ReadonlyArray<Named>): Finding.Findings => {
  // Who answers nothing may run everything.
  if (nodes.length === 0) return []
  const known = new Set(nodes.flatMap(({ registered }) => registered))
  const unknown = new Map<string, Array<string>>()
  for (const { by, task } of [...nodes.flatMap(ofSettings), ...named]) {
    if (known.has(task)) continue
    const all = unknown.get(task) ?? []
    if (!all.includes(by)) all.push(by)
    unknown.set(task, all)
  }
  if (unknown.size === 0) {
    const own = Array.from(known).filter((name) => !name.startsWith("celery."))
    return [Finding.ok("tasks", `${own.length} registered; none that is named is unknown`)]
  }
  return Array.from(unknown, ([task, by]) => {
    const near = nearest(task, known)
    return Finding.problem(
      "tasks",
      `No worker runs ${task}, which is named by ${by.join(", ")}`,
      near === undefined
        ? "Start a worker that has it, or correct the name"
        : `Did you mean ${near}? Otherwise start a worker that has it`
    )
  })
}

/** Of a Python worker, or of ours, by Celery's names. Patterns name no task. */
const ofSettings = ({ name, settings }: Node): ReadonlyArray<Named> => [
  ...namesIn(settings["task_routes"]).map((task) => ({ task, by: `task_routes of ${name}` })),
  ...Object.values(tableOf(settings["beat_schedule"])).flatMap((entry) => {
    const { task } = tableOf(entry)
    return typeof task === "string" ? [{ task, by: `beat_schedule of ${name}` }] : []
  })
]

/** Of a table of routes, or of several. */
export const namesIn = (routes: unknown): ReadonlyArray<string> =>
  (Array.isArray(routes) ? routes : [routes]).flatMap((table) => Object.keys(tableOf(table)))
    .filter((name) => /^[\w.:-]+$/.test(name))

const tableOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as Readonly<Record<string, unknown>> // as was asked
    : {}

/** Of the first messages of each queue. They are given back, marked as redelivered. */
export const ofMessages = Effect.fnUntraced(function*(
  connection: Connection,
  { queues }: Topology.Topology,
  most: number
) {
  const named: Array<Named> = []
  const look = (queue: string) =>
    Effect.scoped(Effect.gen(function*() {
      // What it fetched is given back when it closes.
      const channel = yield* connection.openChannel()
      for (let index = 0; index < most; index++) {
        const delivery = yield* channel.get(queue)
        if (Option.isNone(delivery)) return
        const task = delivery.value.headers["task"]
        if (typeof task === "string") named.push({ task, by: `a message in ${queue}` })
      }
    }))
  for (const { name } of queues) yield* Effect.ignore(look(name))
  return named
})
