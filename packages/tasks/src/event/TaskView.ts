/**
 * A task as monitors see it: what was told of it so far, in whatever order it
 * came. Made and changed by `ClusterState`. Source: protocol of events §5,
 * Celery's `celery.events.state.Task`.
 *
 * @since 0.1.0
 */
import * as TaskState from "../TaskState.ts"
import * as Event from "./Event.ts"

/** What the subject of an event makes of the state. */
const states: ReadonlyMap<string, TaskState.TaskState> = new Map([
  ["sent", TaskState.PENDING],
  ["received", TaskState.RECEIVED],
  ["started", TaskState.STARTED],
  ["failed", TaskState.FAILURE],
  ["retried", TaskState.RETRY],
  ["succeeded", TaskState.SUCCESS],
  ["revoked", TaskState.REVOKED],
  ["rejected", TaskState.REJECTED]
])

/** All that may be known; the times are seconds since the epoch. What is undefined was not told. */
export interface Told {
  readonly name: string | undefined
  readonly args: string | undefined
  readonly kwargs: string | undefined
  readonly rootId: string | undefined
  readonly parentId: string | undefined
  readonly retries: number | undefined
  readonly eta: string | undefined
  readonly expires: string | undefined
  readonly queue: string | undefined
  readonly exchange: string | undefined
  readonly routingKey: string | undefined
  readonly result: string | undefined
  readonly runtime: number | undefined
  readonly exception: string | undefined
  readonly traceback: string | undefined
  readonly requeue: boolean | undefined
  readonly terminated: boolean | undefined
  readonly signum: number | string | undefined
  readonly expired: boolean | undefined
}

type Name = keyof Told

/** What a task knows from the event `task-received`, whenever that comes. */
const ofReceived: ReadonlyArray<Name> = [
  "name",
  "args",
  "kwargs",
  "parentId",
  "rootId",
  "retries",
  "eta",
  "expires"
]

const all: ReadonlyArray<Name> = [
  ...ofReceived,
  "queue",
  "exchange",
  "routingKey",
  "result",
  "runtime",
  "exception",
  "traceback",
  "requeue",
  "terminated",
  "signum",
  "expired"
]

/** When it came to each. */
type Times = "sent" | "received" | "started" | "succeeded" | "failed" | "retried" | "revoked" | "rejected"

export class TaskView implements Told {
  readonly uuid: string
  state: TaskState.TaskState = TaskState.PENDING
  /** The node that has it, by its name. */
  worker: string | undefined = undefined
  /** Who sent it. */
  client: string | undefined = undefined
  /** Of what was told last. */
  clock: number | undefined = 0
  timestamp: number | undefined = undefined

  readonly sent: number | undefined = undefined
  readonly received: number | undefined = undefined
  readonly started: number | undefined = undefined
  readonly succeeded: number | undefined = undefined
  readonly failed: number | undefined = undefined
  readonly retried: number | undefined = undefined
  readonly revoked: number | undefined = undefined
  readonly rejected: number | undefined = undefined

  readonly name: string | undefined = undefined
  readonly args: string | undefined = undefined
  readonly kwargs: string | undefined = undefined
  readonly rootId: string | undefined = undefined
  readonly parentId: string | undefined = undefined
  readonly retries: number | undefined = undefined
  readonly eta: string | undefined = undefined
  readonly expires: string | undefined = undefined
  readonly queue: string | undefined = undefined
  readonly exchange: string | undefined = undefined
  readonly routingKey: string | undefined = undefined
  readonly result: string | undefined = undefined
  readonly runtime: number | undefined = undefined
  readonly exception: string | undefined = undefined
  readonly traceback: string | undefined = undefined
  readonly requeue: boolean | undefined = undefined
  readonly terminated: boolean | undefined = undefined
  readonly signum: number | string | undefined = undefined
  readonly expired: boolean | undefined = undefined
  /** What its application told of it, by events of its own. */
  custom: Readonly<Record<string, unknown>> = {}

  constructor(uuid: string) {
    this.uuid = uuid
  }

  /** Whether what it came to is final. */
  get isReady(): boolean {
    return TaskState.isReady(this.state)
  }

  /**
   * Something was told of it. An event that comes before the state in the life
   * of a task, and so comes late, changes no state; the end of a retry does.
   */
  told(event: Event.Heard & Event.OfTaskEvent): void {
    const subject = Event.subjectOf(event.type)
    const known = states.get(subject)
    const state = known ?? subject.toUpperCase()
    // Each subject with a state has its time.
    if (known !== undefined) this.set(subject as Times, event.timestamp)
    const isLate = state !== TaskState.RETRY && this.state !== TaskState.RETRY &&
      TaskState.precedence(state) > TaskState.precedence(this.state)
    if (isLate && state === TaskState.RECEIVED) return this.take(event, ofReceived)
    if (!isLate) this.state = state
    this.clock = event.clock
    this.timestamp = event.timestamp
    if (event._tag === "TaskCustom") this.custom = { ...this.custom, ...event.fields }
    else this.take(event, all)
  }

  /** What was said, `None` included. */
  private take(event: Event.OfTaskEvent, names: ReadonlyArray<Name>): void {
    // An event has of these what its type has, in the types that they have here.
    const said: Readonly<Partial<Record<Name, unknown>>> = event as object
    for (const name of names) {
      if (name in said) this.set(name, said[name])
    }
  }

  /** The one place where it is changed. */
  private set(name: Name | Times, value: unknown): void {
    // The types of events see to it that a value is of the type of its name.
    ;(this as Partial<Record<Name | Times, unknown>>)[name] = value
  }
}
