/**
 * What a cluster is doing, by what its nodes have told: workers, and tasks.
 * Celery's `celery.events.state.State`, rule for rule.
 *
 * Pure: it is fed events and asked, and knows no broker and no clock. Events may
 * come late and in any order; what comes of it is what Celery makes of the same.
 * All that it keeps is bounded: workers, tasks, and the order of events. Feed it
 * from an `EventReceiver`. Source: protocol of events §5.
 *
 * ```ts
 * const cluster = ClusterState.make()
 * yield* EventReceiver.consume(channel, (event) => cluster.add(event))
 * cluster.aliveWorkers(now).map(({ hostname }) => hostname)
 * ```
 *
 * @since 0.1.0
 */
import { BoundedMap } from "@celeriac/messaging/BoundedMap"
import { EventOrder } from "../internal/EventOrder.ts"
import * as Event from "./Event.ts"
import { TaskView } from "./TaskView.ts"
import { WorkerView } from "./WorkerView.ts"

/** How much is kept, and who is told. */
export interface Options {
  /** Default 5,000; beyond, the one that appeared first is forgotten. */
  readonly maxWorkers?: number | undefined
  /** Default 10,000; beyond, the one that appeared first is forgotten. */
  readonly maxTasks?: number | undefined
  /** A worker was heard of for the first time, or says that it is there. */
  readonly onNodeJoin?: ((worker: WorkerView) => void) | undefined
  /** A worker said goodbye. It is forgotten then; where nobody is told, it stays, and is not alive. */
  readonly onNodeLeave?: ((worker: WorkerView) => void) | undefined
  /** The time of a node is far from ours, by so many seconds: told once for each. */
  readonly onDrift?: ((hostname: string, seconds: number) => void) | undefined
}

/** How many events are ordered, for each task that may be kept. */
const eventsPerTask = 4

/** How many nodes are remembered whose time is far from ours. */
const mostDrifting = 1_000

export class ClusterState {
  /** How many events there were, and how many tasks were received. */
  eventCount = 0
  taskCount = 0
  private readonly byHostname: BoundedMap<string, WorkerView>
  private readonly byId: BoundedMap<string, TaskView>
  private readonly order: EventOrder<TaskView>
  private readonly drifting = new BoundedMap<string, true>(mostDrifting)
  private readonly options: Options

  constructor(options: Options = {}) {
    this.options = options
    const maxTasks = options.maxTasks ?? 10_000
    this.byHostname = new BoundedMap(options.maxWorkers ?? 5_000)
    this.byId = new BoundedMap(maxTasks)
    this.order = new EventOrder(maxTasks * eventsPerTask)
  }

  /** Something was told. */
  add(event: Event.Heard): void {
    this.eventCount++
    if (Event.isOfTask(event)) this.ofTask(event)
    else if (event._tag !== "Custom") this.ofNode(event)
  }

  worker(hostname: string): WorkerView | undefined {
    return this.byHostname.get(hostname)
  }

  task(uuid: string): TaskView | undefined {
    return this.byId.get(uuid)
  }

  /** The one that appeared first comes first. */
  get workers(): ReadonlyArray<WorkerView> {
    return Array.from(this.byHostname.values())
  }

  /** Those that are there, at a time in seconds since the epoch. */
  aliveWorkers(now: number): ReadonlyArray<WorkerView> {
    return this.workers.filter((worker) => worker.isAlive(now))
  }

  /** A worker that was not heard of for long is gone. */
  forgetWorker(hostname: string): boolean {
    return this.byHostname.delete(hostname)
  }

  /** Those of which something was told last come first, or with `reverse: false` last. */
  *tasksByTime(options: { readonly reverse?: boolean | undefined } = {}): Generator<TaskView> {
    const seen = new Set<TaskView>()
    for (const task of options.reverse === false ? this.order.earliest() : this.order.latest()) {
      // One that was forgotten may be known anew since.
      if (seen.has(task) || this.byId.get(task.uuid) !== task) continue
      seen.add(task)
      yield task
    }
  }

  /** The names of tasks that are known, sorted. */
  get taskTypes(): ReadonlyArray<string> {
    const names = new Set(Array.from(this.byId.values(), ({ name }) => name))
    return Array.from(names).filter((name) => name !== undefined).sort()
  }

  /** Forgets the tasks, or (by default) those alone whose end is known; and the order of events. */
  clearTasks(options: { readonly ready?: boolean | undefined } = {}): void {
    const left = options.ready === false ? [] : Array.from(this.byId.values()).filter((task) => !task.isReady)
    this.byId.clear()
    for (const task of left) this.byId.set(task.uuid, task)
    this.order.clear()
  }

  private ofNode(event: Event.Heard & Event.OfNodeEvent): void {
    const { onNodeJoin, onNodeLeave } = this.options
    const isOffline = event._tag === "WorkerOffline"
    const known = this.byHostname.get(event.hostname)
    const worker = known ?? new WorkerView(event.hostname)
    if (known === undefined && !isOffline) this.byHostname.set(event.hostname, worker)
    this.drifted(worker, worker.told(event))
    if ((known === undefined && !isOffline) || event._tag === "WorkerOnline") onNodeJoin?.(worker)
    if (!isOffline || onNodeLeave === undefined) return
    onNodeLeave(worker)
    this.byHostname.delete(event.hostname)
  }

  private ofTask(event: Event.Heard & Event.OfTaskEvent): void {
    const task = this.taskOf(event.uuid)
    const origin = event._tag === "TaskSent" ? event.hostname : this.ranBy(task, event).id
    if (event._tag === "TaskSent") task.client = event.hostname
    this.order.add({ clock: event.clock, timestamp: event.timestamp, origin, about: task })
    if (event._tag === "TaskReceived") this.taskCount++
    task.told(event)
    // Whoever asks for the parent of a task keeps it.
    const parent = task.parentId === undefined ? undefined : this.byId.get(task.parentId)
    if (parent !== undefined) this.byId.set(parent.uuid, parent)
  }

  private taskOf(uuid: string): TaskView {
    const known = this.byId.get(uuid)
    if (known !== undefined) return known
    const task = new TaskView(uuid)
    this.byId.set(uuid, task)
    return task
  }

  /** What a node tells of a task is a sign of its own life, too. */
  private ranBy(task: TaskView, event: Event.Heard): WorkerView {
    const known = this.byHostname.get(event.hostname)
    const worker = known ?? new WorkerView(event.hostname)
    if (known === undefined) this.byHostname.set(event.hostname, worker)
    task.worker = worker.hostname
    // Celery gives the time at which it was told the place of the one at which it came in.
    this.drifted(worker, worker.beat(event.timestamp, event.localReceived))
    return worker
  }

  private drifted({ hostname }: WorkerView, seconds: number | undefined): void {
    if (seconds === undefined || this.drifting.has(hostname)) return
    this.drifting.set(hostname, true)
    this.options.onDrift?.(hostname, seconds)
  }
}

/** Nothing is known yet. */
export const make = (options: Options = {}): ClusterState => new ClusterState(options)
