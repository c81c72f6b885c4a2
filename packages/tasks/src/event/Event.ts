/**
 * Monitoring events: what nodes tell of themselves and of their tasks, and what
 * `celery events`, Flower and other nodes read.
 *
 * One type for each event, by its `_tag`; `type` is its name on the wire. An
 * event has the properties that its sender gave it: what was not said is not
 * there, what was said to be `None` is undefined. Times are seconds since the
 * epoch with their fractions, as Celery has them. `EventCodec` reads and writes
 * them. Source: protocol of events §2 and §3.
 *
 * @since 0.1.0
 */

/** What every event says. */
export interface Common {
  /** The node that sent it, `celery@host`; of a client, `gen4711@host`. */
  readonly hostname: string
  /** What to add to the sender's local time to get UTC, in hours. */
  readonly utcoffset?: number | undefined
  readonly pid?: number | undefined
  /** Of the sender's `LogicalClock`. */
  readonly clock?: number | undefined
  readonly timestamp: number
}

/** Whose event it is. */
export interface OfTask {
  readonly uuid: string
}

/** What is known of a task before it runs. `args` and `kwargs` are as Python prints them. */
export interface Received extends OfTask {
  readonly name?: string | undefined
  readonly args?: string | undefined
  readonly kwargs?: string | undefined
  readonly rootId?: string | undefined
  readonly parentId?: string | undefined
  readonly retries?: number | undefined
  /** Not before, ISO 8601. */
  readonly eta?: string | undefined
  /** Not after, ISO 8601. */
  readonly expires?: string | undefined
}

/** By the client that sends the task. */
export interface Sent extends Received {
  readonly queue?: string | undefined
  readonly exchange?: string | undefined
  readonly routingKey?: string | undefined
}

export interface Succeeded extends OfTask {
  /** As Python prints it, cut. */
  readonly result?: string | undefined
  /** In seconds. */
  readonly runtime?: number | undefined
}

/** `exception` is as Python prints it: `ValueError('bad')`. */
export interface Failed extends OfTask {
  readonly exception?: string | undefined
  readonly traceback?: string | undefined
}

export interface Rejected extends OfTask {
  readonly requeue?: boolean | undefined
}

export interface Revoked extends OfTask {
  readonly terminated?: boolean | undefined
  readonly signum?: number | string | undefined
  readonly expired?: boolean | undefined
}

/** What a node says of itself. */
export interface Node {
  /** How often it says so, in seconds. */
  readonly freq?: number | undefined
  /** How many tasks run. */
  readonly active?: number | undefined
  /** How many were started since it began. */
  readonly processed?: number | undefined
  /** Of the last 1, 5 and 15 minutes. */
  readonly loadavg?: ReadonlyArray<number> | undefined
  readonly swIdent?: string | undefined
  readonly swVer?: string | undefined
  readonly swSys?: string | undefined
}

/** Who wants to lead: the first step of an election. */
export interface Elect {
  readonly id: string
  readonly topic?: string | undefined
  readonly action?: unknown | undefined
  readonly cver?: number | undefined
}

export interface ElectAck {
  readonly id: string
}

/** What an event of each type says, besides what all of them say. */
export interface Fields {
  readonly "task-sent": Sent
  readonly "task-received": Received
  readonly "task-started": OfTask
  readonly "task-succeeded": Succeeded
  readonly "task-failed": Failed
  readonly "task-rejected": Rejected
  readonly "task-revoked": Revoked
  readonly "task-retried": Failed
  readonly "task-cancelled": OfTask
  readonly "worker-online": Node
  readonly "worker-heartbeat": Node
  readonly "worker-offline": Node
  readonly "worker-elect": Elect
  readonly "worker-elect-ack": ElectAck
}

/** The types that mean something here. */
export type Known = keyof Fields

/** Their tags. */
export interface Tags {
  readonly "task-sent": "TaskSent"
  readonly "task-received": "TaskReceived"
  readonly "task-started": "TaskStarted"
  readonly "task-succeeded": "TaskSucceeded"
  readonly "task-failed": "TaskFailed"
  readonly "task-rejected": "TaskRejected"
  readonly "task-revoked": "TaskRevoked"
  readonly "task-retried": "TaskRetried"
  readonly "task-cancelled": "TaskCancelled"
  readonly "worker-online": "WorkerOnline"
  readonly "worker-heartbeat": "WorkerHeartbeat"
  readonly "worker-offline": "WorkerOffline"
  readonly "worker-elect": "WorkerElect"
  readonly "worker-elect-ack": "WorkerElectAck"
}

/** An event of a known type. */
export type Of<K extends Known> = Common & Fields[K] & { readonly _tag: Tags[K]; readonly type: K }

type OfEach<K extends Known> = K extends Known ? Of<K> : never

/** What an application tells of a task, such as `task-progress`. */
export interface TaskCustom extends Common, OfTask {
  readonly _tag: "TaskCustom"
  readonly type: `task-${string}`
  /** As they were sent. */
  readonly fields: Readonly<Record<string, unknown>>
}

/** Of any other type: what it means is its sender's business. */
export interface Custom extends Common {
  readonly _tag: "Custom"
  readonly type: string
  /** As they were sent. */
  readonly fields: Readonly<Record<string, unknown>>
}

export type OfTaskEvent = OfEach<Extract<Known, `task-${string}`>> | TaskCustom

export type OfNodeEvent = OfEach<Extract<Known, `worker-${string}`>>

export type Event = OfTaskEvent | OfNodeEvent | Custom

/** An event as it came in. */
export type Heard = Event & {
  /** When it came in here, in seconds since the epoch. */
  readonly localReceived: number
}

/** What stands before the first dash of a type: `task`, `worker`. */
export const groupOf = (type: string): string => {
  const dash = type.indexOf("-")
  return dash === -1 ? type : type.slice(0, dash)
}

/** What stands behind it: `received`, `elect-ack`. */
export const subjectOf = (type: string): string => {
  const dash = type.indexOf("-")
  return dash === -1 ? "" : type.slice(dash + 1)
}

/** What an event is published with. */
export const routingKeyOf = (type: string): string => type.replaceAll("-", ".")

/** Whether it is about a task. */
export const isOfTask = <E extends Event>(event: E): event is E & OfTaskEvent => event.type.startsWith("task-")
