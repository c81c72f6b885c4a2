/**
 * What is shown of a cluster at one moment, as plain values: so that a screen
 * that stands still stands still, whatever comes in.
 */
import type * as ClusterState from "@celeriac/tasks/event/ClusterState"
import type { TaskView } from "@celeriac/tasks/event/TaskView"
import type { WorkerView } from "@celeriac/tasks/event/WorkerView"
import type { EventRate } from "./EventRate.ts"

/** Times are seconds since the epoch. */
export interface WorkerRow {
  readonly hostname: string
  readonly isAlive: boolean
  readonly active: number | undefined
  readonly processed: number | undefined
  readonly load: ReadonlyArray<number>
  /** `py-celery 5.7.0`. */
  readonly software: string
  readonly heard: number | undefined
}

export interface TaskRow {
  readonly uuid: string
  readonly name: string
  readonly state: string
  readonly worker: string
  readonly timestamp: number | undefined
  readonly runtime: number | undefined
  /** As Python prints them: `(2, 2)`, `{'x': 2}`, or both. */
  readonly args: string
}

/** All that is known of one task. */
export interface Detail extends TaskRow {
  readonly view: Readonly<TaskView>
  readonly children: ReadonlyArray<TaskRow>
}

export interface Snapshot {
  readonly now: number
  readonly workers: ReadonlyArray<WorkerRow>
  /** The first of those that fit. */
  readonly tasks: ReadonlyArray<TaskRow>
  /** How many events there were, and how many tasks were received. */
  readonly events: number
  readonly received: number
  /** Of the seconds that are over. */
  readonly rate: ReadonlyArray<number>
  readonly detail: Detail | undefined
}

export const sorts = ["time", "name", "state", "worker", "runtime"] as const

export type Sort = typeof sorts[number]

/** Which tasks are shown, and of which one all is. */
export interface Query {
  /** Words that must all be there; with `!` before it, one that must not. */
  readonly filter: string
  readonly sort: Sort
  /** The name of a node, to see its tasks alone. */
  readonly only: string | undefined
  readonly task: string | undefined
}

export const empty: Snapshot = {
  now: 0,
  workers: [],
  tasks: [],
  events: 0,
  received: 0,
  rate: [],
  detail: undefined
}

/** More nobody scrolls through. */
const most = 1_000

/** Whether all tasks have to be looked at: then it is done less often. */
export const isCostly = ({ filter, only, sort, task }: Query): boolean =>
  filter !== "" || only !== undefined || sort !== "time" || task !== undefined

export const make = (
  cluster: ClusterState.ClusterState,
  rate: EventRate,
  query: Query,
  now: number
): Snapshot => ({
  now,
  workers: cluster.workers.map((worker) => workerRow(worker, now)).toSorted(byLife),
  tasks: tasksOf(cluster, query).map(taskRow),
  events: cluster.eventCount,
  received: cluster.taskCount,
  rate: rate.read(now),
  detail: query.task === undefined ? undefined : detailOf(cluster, query.task)
})

const tasksOf = (cluster: ClusterState.ClusterState, { filter, only, sort }: Query): ReadonlyArray<TaskView> => {
  const fits = matching(filter)
  const found: Array<TaskView> = []
  for (const task of cluster.tasksByTime()) {
    if ((only !== undefined && task.worker !== only) || !fits(task)) continue
    found.push(task)
    if (sort === "time" && found.length === most) break
  }
  return sort === "time" ? found : found.toSorted(orders[sort]).slice(0, most)
}

/** Whatever is equal stays in the order of time. */
const orders: Readonly<Record<Exclude<Sort, "time">, (one: TaskView, other: TaskView) => number>> = {
  name: (one, other) => compare(one.name ?? "", other.name ?? ""),
  state: (one, other) => compare(one.state, other.state),
  worker: (one, other) => compare(one.worker ?? "", other.worker ?? ""),
  runtime: (one, other) => (other.runtime ?? -1) - (one.runtime ?? -1)
}

const compare = (one: string, other: string): number => one < other ? -1 : one > other ? 1 : 0

/** Whether a task is one of those that are looked for. */
const matching = (filter: string): (task: Pick<TaskView, "name" | "state" | "uuid" | "worker">) => boolean => {
  const words = filter.toLowerCase().split(/\s+/).filter((word) => word !== "" && word !== "!")
  if (words.length === 0) return () => true
  return ({ name, state, uuid, worker }) => {
    const text = `${name ?? ""} ${state} ${uuid} ${worker ?? ""}`.toLowerCase()
    return words.every((word) => word.startsWith("!") ? !text.includes(word.slice(1)) : text.includes(word))
  }
}

const taskRow = ({ args, kwargs, name, runtime, state, timestamp, uuid, worker }: TaskView): TaskRow => ({
  uuid,
  name: name ?? "",
  state,
  worker: worker ?? "",
  timestamp,
  runtime,
  args: [args, kwargs].filter((text) => text !== undefined && text !== "()" && text !== "{}").join(" ").slice(
    0,
    longest
  )
})

/** No screen is wider. */
const longest = 300

const workerRow = (worker: WorkerView, now: number): WorkerRow => ({
  hostname: worker.hostname,
  isAlive: worker.isAlive(now),
  active: worker.active,
  processed: worker.processed,
  load: worker.loadavg ?? [],
  software: [worker.swIdent, worker.swVer].filter((word) => word !== undefined).join(" "),
  heard: worker.heartbeats.at(-1)
})

const byLife = (one: WorkerRow, other: WorkerRow): number =>
  one.isAlive === other.isAlive ? compare(one.hostname, other.hostname) : one.isAlive ? -1 : 1

/** What follows from a task is found by looking at all: no task is told of its children. */
const detailOf = (cluster: ClusterState.ClusterState, uuid: string): Detail | undefined => {
  const task = cluster.task(uuid)
  if (task === undefined) return undefined
  const children: Array<TaskRow> = []
  for (const other of cluster.tasksByTime({ reverse: false })) {
    if (other.parentId === uuid && children.length < most) children.push(taskRow(other))
  }
  // As it is now.
  return { ...taskRow(task), view: Object.freeze({ ...task, isReady: task.isReady, told: task.told }), children }
}
