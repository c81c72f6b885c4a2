/**
 * A failure as it is stored and read by workers and clients of any language:
 * the name of an exception, the module it comes from, and its arguments.
 *
 * A Python reader looks the name up in a module that it has loaded, and makes
 * up a class of that name otherwise. So JavaScript's own errors are written as
 * the nearest that Python has, with their own name beside it for readers that
 * know it (`exc_js_type`); what is called as in Python is written so; and all
 * others have the module `celeriac`, which no Python process has. Nothing is ever looked up here: a record becomes a
 * `TaskException` that carries the names. Source: protocol §7.1.
 *
 * @since 0.1.0
 */
import * as PythonValue from "@celeriac/messaging/PythonValue"
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as PythonExceptions from "../internal/PythonExceptions.ts"
import { isTable } from "../internal/Table.ts"
import * as PythonRepr from "../protocol/PythonRepr.ts"

/** An exception as data, under the name that it was raised or thrown with. */
export interface ExceptionRecord {
  /** The class: `ValueError`, `RangeError`. */
  readonly excType: string
  /** `builtins`, `celery.exceptions`, `javascript`, ... */
  readonly excModule: string | undefined
  /** What it was made with. Values that JSON has, or their Python repr. */
  readonly args: ReadonlyArray<unknown>
}

/** What a record looks like on the wire. */
export interface Wire {
  readonly exc_type: string
  readonly exc_message: ReadonlyArray<unknown>
  readonly exc_module: string | null
  /** What JavaScript calls it, where Python calls it something else. */
  readonly exc_js_type?: string
}

/** A task failed: what a reader of its result fails with. */
export class TaskException extends Data.TaggedError("TaskException")<{
  /** The class it was raised or thrown as, in the language of the worker. */
  readonly excType: string
  /** `javascript` for JavaScript's own errors, `celeriac` for other classes of it. */
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

  /** Whether it is this exception: by its own name or the one that Python sees, and the module too if it is given. */
  is(excType: string, excModule?: string): boolean {
    const python = encode(this)
    return (this.excType === excType && (excModule === undefined || this.excModule === excModule)) ||
      (python.exc_type === excType && (excModule === undefined || python.exc_module === excModule))
  }
}

/** Default module: where Python has an exception of that name, or `celeriac`. */
export const make = (
  excType: string,
  args: ReadonlyArray<unknown> = [],
  excModule: string = PythonExceptions.moduleOf(excType) ?? foreignModule
): ExceptionRecord => ({ excType, excModule, args })

/** The module of what has no equal in Python. */
export const foreignModule = "celeriac"

/** The module of JavaScript's own errors. */
export const javascriptModule = "javascript"

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
/** The task is no part of a chord, and would add to one. */
export const noChord = make("ValueError", ["Current task is not member of any chord"])
/** What was asked for is not possible as it was said. */
export const improperlyConfigured = (message: string) => make("ImproperlyConfigured", [message], "celery.exceptions")
/** The message makes no sense. */
export const invalidTask = (message: string) => make("InvalidTaskError", [message])
/** Python's: a task called with other arguments than it takes. */
export const typeError = (message: string) => make("TypeError", [message])

/** As it is stored. What Python's JSON cannot hold is written as its Python repr. */
export const encode = (record: ExceptionRecord): Wire => {
  const exc_message = record.args.map(sendable)
  const nearest = record.excModule === javascriptModule ? PythonExceptions.javascript.get(record.excType) : undefined
  return nearest === undefined
    ? { exc_type: record.excType, exc_message, exc_module: record.excModule ?? null }
    : {
      exc_type: nearest,
      exc_message,
      exc_module: PythonExceptions.moduleOf(nearest) ?? null,
      exc_js_type: record.excType
    }
}

/** Reads any record. What is none is kept as the argument of an `Exception`: a failure must not get lost in its details. */
export const decode = (value: unknown): ExceptionRecord => {
  if (!isTable(value) || typeof value.exc_type !== "string" || value.exc_type === "") {
    return { excType: "Exception", excModule: "builtins", args: value == null ? [] : [jsonable(value)] }
  }
  const message = value.exc_message
  const own = typeof value.exc_js_type === "string" && PythonExceptions.javascript.has(value.exc_js_type)
    ? value.exc_js_type
    : undefined
  return {
    excType: own ?? value.exc_type,
    excModule: own !== undefined
      ? javascriptModule
      : typeof value.exc_module === "string"
      ? value.exc_module
      : undefined,
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
 * its class. The argument is the
 * message, or the fields of an error that has none.
 */
export const fromUnknown = (error: unknown): ExceptionRecord => {
  try {
    if (error instanceof TaskException) {
      return { excType: error.excType, excModule: error.excModule, args: error.args.map(jsonable) }
    }
    if (typeof error !== "object" || error === null) return make("Exception", [jsonable(error)])
    const excType = nameOf(error)
    return error instanceof Error && PythonExceptions.javascript.has(excType)
      ? make(excType, argsOf(error), javascriptModule)
      : make(excType, argsOf(error))
  } catch {
    return make("Exception", ["<unrepresentable>"])
  }
}

const nameOf = (error: object): string => {
  if ("_tag" in error && typeof error._tag === "string" && error._tag !== "") return className(error._tag)
  if (!(error instanceof Error)) return "Exception"
  const own = error.name
  const name = typeof own === "string" && own !== "" && own !== "Error" ? own : error.constructor.name
  return className(name)
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

const longestText = 8192

/** An argument of an error that we know nothing about: bounded. */
const jsonable = (value: unknown): unknown => {
  if (typeof value === "string" && value.length > longestText) return `${value.slice(0, longestText)}...`
  return isJsonSafe(value, 8, { left: 1000 }) ? value : PythonRepr.repr(value)
}

/** An argument that somebody chose: as it is, if Python's JSON has it. */
const sendable = (value: unknown): unknown =>
  isJsonSafe(value, 100, { left: Infinity, isChosen: true }) ? value : PythonRepr.repr(value)

interface Parts {
  left: number
  /** Then it may have Python's types too, which have no bounds. */
  readonly isChosen?: boolean | undefined
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
    case "bigint":
      return parts.isChosen === true
    case "object":
      if (value === null) return true
      if (PythonValue.isPythonValue(value)) return parts.isChosen === true
      if (levels === 0) return false
      if (Array.isArray(value)) return value.every((item) => isJson(item, levels - 1, parts))
      return isTable(value) && Object.values(value).every((item) => isJson(item, levels - 1, parts))
    default:
      return false
  }
}
