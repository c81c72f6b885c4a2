/**
 * What a result backend stores about a task: Celery's meta record.
 *
 * Written with the keys, and the order of keys, that Celery writes; read
 * tolerantly, because older records lack fields and a reader wants the outcome
 * more than the details. Records are plain values here: bytes are made by a
 * serializer. Source: protocol §7.1, §7.4.
 *
 * @since 0.1.0
 */
import * as IsoTime from "@celeriac/messaging/IsoTime"
import * as PythonValue from "@celeriac/messaging/PythonValue"
import * as DateTime from "effect/DateTime"
import * as Result from "effect/Result"
import { isTable } from "../internal/Table.ts"
import { describe, InvalidRecord, ProtocolError } from "../protocol/ProtocolError.ts"
import * as TaskState from "../TaskState.ts"
import * as ExceptionRecord from "./ExceptionRecord.ts"
import * as ResultTuple from "./ResultTuple.ts"

/** What is known about one task. */
export interface ResultRecord {
  readonly taskId: string
  readonly status: TaskState.TaskState
  /** What the task returned, or what was stored with a state of one's own; null in the exception states. */
  readonly result: unknown
  /** Why, in the states FAILURE, REVOKED and RETRY. */
  readonly exception: ExceptionRecord.ExceptionRecord | undefined
  readonly traceback: string | undefined
  /** The tasks that it sent while it ran. Undefined when nobody knows. */
  readonly children: ReadonlyArray<ResultTuple.ResultTuple> | undefined
  /** ISO-8601, in the final states. */
  readonly dateDone: string | undefined
  readonly groupId: string | undefined
  readonly parentId: string | undefined
  /** What was run, when the backend stores extended records. */
  readonly extended: Extended | undefined
  /** In extended records of tasks with stamps. */
  readonly stamps: Stamps | undefined
}

/** What was run, for monitors. */
export interface Extended {
  readonly name: string | undefined
  readonly args: unknown
  readonly kwargs: unknown
  /** The node name. */
  readonly worker: string | undefined
  readonly retries: number | undefined
  /** The routing key it was delivered with. */
  readonly queue: string | undefined
}

/** The stamps of a task, by name. */
export interface Stamps {
  readonly names: ReadonlyArray<string>
  readonly values: Readonly<Record<string, unknown>>
}

/** What a record holds besides id and status. */
export interface Options {
  readonly result?: unknown | undefined
  readonly exception?: ExceptionRecord.ExceptionRecord | undefined
  readonly traceback?: string | undefined
  /** Default: none. */
  readonly children?: ReadonlyArray<ResultTuple.ResultTuple> | undefined
  /** Milliseconds since the epoch, or ISO-8601. Dropped in the states that are not final. */
  readonly dateDone?: number | string | undefined
  readonly groupId?: string | undefined
  readonly parentId?: string | undefined
  readonly extended?: Extended | undefined
  readonly stamps?: Stamps | undefined
}

const noChildren: ReadonlyArray<ResultTuple.ResultTuple> = []

/** A record. What its status has no place for is left out. */
export const make = (taskId: string, status: TaskState.TaskState, options: Options = {}): ResultRecord => ({
  taskId,
  status,
  result: TaskState.isException(status) ? null : options.result ?? null,
  exception: TaskState.isException(status) ? options.exception : undefined,
  traceback: options.traceback,
  children: "children" in options ? options.children : noChildren,
  dateDone: !TaskState.isReady(status)
    ? undefined
    : typeof options.dateDone === "number"
    ? IsoTime.format(options.dateDone)
    : options.dateDone,
  groupId: options.groupId,
  parentId: options.parentId,
  extended: options.extended,
  stamps: options.stamps
})

/** What readers see of a task that nothing was stored about. */
export const pending = (taskId: string): ResultRecord => make(taskId, TaskState.PENDING, { children: undefined })

/** The record as backends store it, and as the RPC backend sends it to the client that asked (protocol.md §7.1, §7.4). */
export const encode = (record: ResultRecord): Record<string, unknown> => {
  const out: Record<string, unknown> = {
    status: record.status,
    result: encodeResult(record),
    traceback: record.traceback ?? null,
    children: encodeChildren(record),
    date_done: record.dateDone ?? null
  }
  if (record.groupId !== undefined) out.group_id = record.groupId
  if (record.parentId !== undefined) out.parent_id = record.parentId
  if (record.extended !== undefined) {
    out.name = record.extended.name ?? null
    out.args = record.extended.args ?? null
    out.kwargs = record.extended.kwargs ?? null
    out.worker = record.extended.worker ?? null
    out.retries = record.extended.retries ?? null
    out.queue = record.extended.queue ?? null
  }
  if (record.stamps !== undefined) {
    out.stamped_headers = record.stamps.names
    for (const name of record.stamps.names) {
      if (fields.has(name) || !Object.hasOwn(record.stamps.values, name)) continue
      const value = record.stamps.values[name]
      // An assignment to `__proto__` would change the object.
      Object.defineProperty(out, name, { value, writable: true, enumerable: true, configurable: true })
    }
  }
  out.task_id = record.taskId
  return out
}

/** The `result` field alone: the value, or the exception. A chord's part is stored with it. */
const encodeResult = (record: Pick<ResultRecord, "status" | "result" | "exception">): unknown =>
  TaskState.isException(record.status)
    ? record.exception === undefined ? null : ExceptionRecord.encode(record.exception)
    : record.result ?? null

/**
 * Reads either form. Only `status` has to be there, and the id unless it is
 * given; fields of a wrong type count as absent.
 */
export const decode = (value: unknown, taskId?: string): Result.Result<ResultRecord, ProtocolError> => {
  if (!isTable(value)) return invalid(taskId, "the whole", "an object", value)
  const id = text(value.task_id) ?? taskId
  if (id === undefined) return invalid(taskId, "task_id", "text", value.task_id)
  const status = text(value.status)
  if (status === undefined) return invalid(id, "status", "text", value.status)
  const isException = TaskState.isException(status)
  return Result.succeed({
    taskId: id,
    status,
    result: isException ? null : value.result ?? null,
    exception: isException && value.result != null ? ExceptionRecord.decode(value.result) : undefined,
    traceback: text(value.traceback),
    children: ResultTuple.decodeAll(value.children),
    dateDone: time(value.date_done),
    groupId: text(value.group_id),
    parentId: text(value.parent_id),
    extended: decodeExtended(value),
    stamps: decodeStamps(value)
  })
}

/** When it was done, in milliseconds since the epoch. */
export const doneMillis = (record: ResultRecord): number | undefined =>
  record.dateDone === undefined ? undefined : IsoTime.parse(record.dateDone)

/** The error that a reader of the result fails with, in the states FAILURE and REVOKED. */
export const failure = (record: ResultRecord): ExceptionRecord.TaskException | undefined =>
  TaskState.isPropagated(record.status)
    ? ExceptionRecord.toException(record.exception ?? ExceptionRecord.make("Exception"), {
      taskId: record.taskId,
      traceback: record.traceback
    })
    : undefined

const encodeChildren = (record: ResultRecord) =>
  record.children === undefined ? null : record.children.map(ResultTuple.encode)

const extendedFields = ["name", "args", "kwargs", "worker", "retries", "queue"] as const

const fields: ReadonlySet<string> = new Set([
  "status",
  "result",
  "traceback",
  "children",
  "date_done",
  "group_id",
  "parent_id",
  ...extendedFields,
  "stamped_headers",
  "task_id"
])

const decodeExtended = (value: Readonly<Record<string, unknown>>): Extended | undefined =>
  extendedFields.some((field) => value[field] !== undefined)
    ? {
      name: text(value.name),
      args: value.args ?? null,
      kwargs: value.kwargs ?? null,
      worker: text(value.worker),
      retries: typeof value.retries === "number" ? value.retries : undefined,
      queue: text(value.queue)
    }
    : undefined

const decodeStamps = (value: Readonly<Record<string, unknown>>): Stamps | undefined => {
  if (!Array.isArray(value.stamped_headers)) return undefined
  const names: Array<string> = []
  const values: Array<[string, unknown]> = []
  for (const name of value.stamped_headers) {
    if (typeof name !== "string" || fields.has(name)) continue
    names.push(name)
    if (Object.hasOwn(value, name)) values.push([name, value[name]])
  }
  return { names, values: Object.fromEntries(values) }
}

/** Some stores keep a time for what it is. */
const time = (value: unknown): string | undefined =>
  DateTime.isDateTime(value) ? PythonValue.isoformat(value) : text(value)

const text = (value: unknown): string | undefined => typeof value === "string" && value !== "" ? value : undefined

const invalid = (id: string | undefined, path: string, expected: string, received: unknown) =>
  Result.fail(
    new ProtocolError({
      task: undefined,
      id,
      reason: new InvalidRecord({ path, expected, received: describe(received) })
    })
  )
