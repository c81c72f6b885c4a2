/**
 * A failure as it is stored and read by workers and clients of any language:
 * the name of an exception, the module it comes from, and its arguments.
 *
 * A Python reader looks the name up in a module that it has loaded, and makes
 * up a class of that name otherwise. So failures that have an equal in Python
 * are given its name, and all others the module `celeriac`, which no Python
 * process has. Nothing is ever looked up here: a record becomes a
 * `TaskException` that carries the names. Source: protocol §7.1.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import { isTable } from "../internal/Table.ts"
import * as PythonRepr from "../protocol/PythonRepr.ts"

/** An exception as data, under the name that Python has for it. */
export interface ExceptionRecord {
  /** The class: `ValueError`. */
  readonly excType: string
  /** `builtins`, `celery.exceptions`, ... */
  readonly excModule: string | undefined
  /** What it was made with. Values that JSON has, or their Python repr. */
  readonly args: ReadonlyArray<unknown>
}

/** What a record looks like on the wire. */
export interface Wire {
  readonly exc_type: string
  readonly exc_message: ReadonlyArray<unknown>
  readonly exc_module: string | null
}

/** A task failed: what a reader of its result fails with. */
export class TaskException extends Data.TaggedError("TaskException")<{
  readonly excType: string
  readonly excModule: string | undefined
  readonly args: ReadonlyArray<unknown>
  /** Of the worker that ran the task, as that worker's language writes it. */
  readonly traceback: string | undefined
  readonly taskId: string | undefined
}> {
  /** As Python's repr: `ValueError('bad', 3)`. */
  override get message(): string {
    return repr(this)
  }

  /** Whether it is this exception: by its name, and the module too if it is given. */
  is(excType: string, excModule?: string): boolean {
    return this.excType === excType && (excModule === undefined || this.excModule === excModule)
  }
}

/** Default module: where Python has an exception of that name, or `celeriac`. */
export const make = (
  excType: string,
  args: ReadonlyArray<unknown> = [],
  excModule: string = moduleOf(excType)
): ExceptionRecord => ({ excType, excModule, args })

/** The module of what has no equal in Python. */
export const foreignModule = "celeriac"

// What Celery itself stores.

/** The worker knows no task of this name. */
export const notRegistered = (task: string) => make("NotRegistered", [task])
/** `Worker exited prematurely: signal 9 (SIGKILL) Job: 23.` */
export const workerLost = (message: string) => make("WorkerLostError", [message])
/** The hard limit, in seconds. */
export const timeLimitExceeded = (seconds: number) => make("TimeLimitExceeded", [seconds])
/** The soft limit. */
export const softTimeLimitExceeded = () => make("SoftTimeLimitExceeded")
/** It was not run, or not to its end. */
export const taskRevoked = (why: "revoked" | "expired" | "terminated") => make("TaskRevokedError", [why])
/** `when` is seconds from now, or ISO-8601. */
export const retry = (message: string | null = null, exc: string | null = null, when: number | string | null = null) =>
  make("Retry", [message, exc, when])
/** The task settled its outcome itself. */
export const ignore = (reason?: string) => make("Ignore", reason === undefined ? [] : [reason])
/** The task refused its message. */
export const reject = (reason: string | null = null, requeue = false) => make("Reject", [reason, requeue])
/** The retry policy is at its end. */
export const maxRetriesExceeded = (message: string) => make("MaxRetriesExceededError", [message])
/** `Dependency <id> raised <repr>`. */
export const chordError = (message: string) => make("ChordError", [message])
/** The message makes no sense. */
export const invalidTask = (message: string) => make("InvalidTaskError", [message])
/** Python's: a task called with other arguments than it takes. */
export const typeError = (message: string) => make("TypeError", [message])

/** As it is stored. What JSON cannot hold is written as its Python repr. */
export const encode = (record: ExceptionRecord): Wire => ({
  exc_type: record.excType,
  exc_message: record.args.map(sendable),
  exc_module: record.excModule ?? null
})

/** Reads any record. What is none is kept as the argument of an `Exception`: a failure must not get lost in its details. */
export const decode = (value: unknown): ExceptionRecord => {
  if (!isTable(value) || typeof value.exc_type !== "string" || value.exc_type === "") {
    return { excType: "Exception", excModule: "builtins", args: value == null ? [] : [jsonable(value)] }
  }
  const message = value.exc_message
  return {
    excType: value.exc_type,
    excModule: typeof value.exc_module === "string" ? value.exc_module : undefined,
    args: Array.isArray(message) ? message : message == null ? [] : [message]
  }
}

/** What a reader of the result fails with. */
export const toException = (
  record: ExceptionRecord,
  about: { readonly taskId?: string | undefined; readonly traceback?: string | undefined } = {}
): TaskException =>
  new TaskException({
    excType: record.excType,
    excModule: record.excModule,
    args: record.args,
    taskId: about.taskId,
    traceback: about.traceback
  })

/** As Python's repr of the exception: `ValueError('bad', 3)`. Events and logs show it. */
export const repr = (record: Pick<ExceptionRecord, "excType" | "args">): string => {
  const args = record.args.map((arg) => PythonRepr.repr(arg)).join(", ")
  return `${record.excType.slice(record.excType.lastIndexOf(".") + 1)}(${args})`
}

/** As Python's str of the exception: its only argument, or all of them as a tuple. */
export const str = (record: Pick<ExceptionRecord, "args">): string => {
  if (record.args.length === 0) return ""
  if (record.args.length > 1) return PythonRepr.args(record.args)
  const only = record.args[0]
  return typeof only === "string" ? only : PythonRepr.repr(only)
}

/** The record of whatever a task failed with. */
export const fromCause = (cause: Cause.Cause<unknown>): ExceptionRecord => fromUnknown(Cause.squash(cause))

/**
 * The record of any error. A tagged error is named by its tag, another one by
 * its class; JavaScript's own have equals in Python. The argument is the
 * message, or the fields of an error that has none.
 */
export const fromUnknown = (error: unknown): ExceptionRecord => {
  try {
    if (error instanceof TaskException) {
      return { excType: error.excType, excModule: error.excModule, args: error.args.map(jsonable) }
    }
    if (typeof error !== "object" || error === null) return make("Exception", [jsonable(error)])
    const excType = nameOf(error)
    return make(excType, argsOf(error))
  } catch {
    return make("Exception", ["<unrepresentable>"])
  }
}

const nameOf = (error: object): string => {
  if ("_tag" in error && typeof error._tag === "string" && error._tag !== "") return className(error._tag)
  if (!(error instanceof Error)) return "Exception"
  const own = error.name
  const name = typeof own === "string" && own !== "" && own !== "Error" ? own : error.constructor.name
  return className(javascript.get(name) ?? name)
}

/** Python makes a class of any text that is well-formed, not empty, and without NUL. */
const className = (name: string): string =>
  name.slice(0, longestName).toWellFormed().replaceAll("\0", "") || "Exception"

const longestName = 255

const argsOf = (error: object): ReadonlyArray<unknown> => {
  if ("message" in error && typeof error.message === "string" && error.message !== "") {
    return [jsonable(error.message)]
  }
  const fields: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(error)) {
    if (!notFields.has(name)) fields[name] = value
  }
  return Object.keys(fields).length === 0 ? [] : [jsonable(fields)]
}

const notFields: ReadonlySet<string> = new Set(["_tag", "name", "message", "stack", "cause", "__proto__"])

/** What Python calls JavaScript's errors. */
const javascript: ReadonlyMap<string, string> = new Map([
  ["Error", "Exception"],
  ["AggregateError", "Exception"],
  ["EvalError", "Exception"],
  ["RangeError", "ValueError"],
  ["ReferenceError", "NameError"],
  ["URIError", "ValueError"]
])

/** Only exceptions that Python makes from any arguments, and that no reader takes for a request to exit. */
const modules: ReadonlyMap<string, string> = new Map([
  ...[
    "ArithmeticError",
    "AssertionError",
    "AttributeError",
    "BufferError",
    "ConnectionError",
    "EOFError",
    "Exception",
    "FileExistsError",
    "FileNotFoundError",
    "IndexError",
    "KeyError",
    "LookupError",
    "MemoryError",
    "NameError",
    "NotImplementedError",
    "OSError",
    "OverflowError",
    "PermissionError",
    "RecursionError",
    "RuntimeError",
    "SyntaxError",
    "TimeoutError",
    "TypeError",
    "ValueError",
    "ZeroDivisionError"
  ].map((name) => [name, "builtins"] as const),
  ...[
    "ChordError",
    "Ignore",
    "InvalidTaskError",
    "MaxRetriesExceededError",
    "NotRegistered",
    "QueueNotFound",
    "Reject",
    "Retry",
    "TaskRevokedError"
  ].map((name) => [name, "celery.exceptions"] as const),
  ...[
    "SoftTimeLimitExceeded",
    "Terminated",
    "TimeLimitExceeded",
    "WorkerLostError"
  ].map((name) => [name, "billiard.exceptions"] as const)
])

function moduleOf(excType: string): string {
  return modules.get(excType) ?? foreignModule
}

const longestText = 8192

/** An argument of an error that we know nothing about: bounded. */
const jsonable = (value: unknown): unknown => {
  if (typeof value === "string" && value.length > longestText) return `${value.slice(0, longestText)}...`
  return isJsonSafe(value, 8, { left: 1000 }) ? value : PythonRepr.repr(value)
}

/** An argument that somebody chose: as it is, if any JSON has it. */
const sendable = (value: unknown): unknown =>
  isJsonSafe(value, 100, { left: Infinity }) ? value : PythonRepr.repr(value)

interface Parts {
  left: number
}

const isJsonSafe = (value: unknown, levels: number, parts: Parts): boolean => {
  try {
    return isJson(value, levels, parts)
  } catch {
    return false
  }
}

const isJson = (value: unknown, levels: number, parts: Parts): boolean => {
  if (--parts.left < 0) return false
  switch (typeof value) {
    case "boolean":
    case "string":
      return true
    case "number":
      return Number.isFinite(value)
    case "object":
      if (value === null) return true
      if (levels === 0) return false
      if (Array.isArray(value)) return value.every((item) => isJson(item, levels - 1, parts))
      return isTable(value) && Object.values(value).every((item) => isJson(item, levels - 1, parts))
    default:
      return false
  }
}
