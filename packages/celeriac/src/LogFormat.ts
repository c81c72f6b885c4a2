/**
 * Log lines as Celery writes them, for people, or as JSON, for machines.
 *
 * ```
 * [2026-01-01 12:00:00,123: INFO/MainProcess] celery@host ready.
 * [2026-01-01 12:00:00,123: INFO/MainProcess] proj.add[7e2bf43c-...]: what the task itself says
 * {"level":"INFO","time":"2026-01-01T12:00:00.123Z","message":"celery@host ready.","annotations":{}}
 * {"level":"INFO","time":"...","message":"Task proj.add[7e2bf43c-...] succeeded in 0.01s: 5","task_name":"proj.add","task_id":"7e2bf43c-...",...,"state":"SUCCESS","runtime":0.01,"return_value":"5","annotations":{}}
 * ```
 *
 * The `celeriac` command logs with it; `layer` is for programs that start their
 * worker themselves. Lines go to stderr, as Celery's do.
 */
export {} from "./internal/RequiredNode.ts"

import * as LogFields from "@celeriac/worker/state/LogFields"
import { type Level, levels } from "@celeriac/worker/state/LogSettings"
import * as LogTemplate from "@celeriac/worker/state/LogTemplate"
import * as Cause from "effect/Cause"
import * as Layer from "effect/Layer"
import type * as Logger from "effect/Logger"
import type * as LogLevel from "effect/LogLevel"
import * as References from "effect/References"
import * as Result from "effect/Result"
import { harmless } from "./internal/Harmless.ts"
import * as Loggers from "./internal/Loggers.ts"

export { type Level, levels }

export interface Options {
  /** The lowest level that is shown. Default `info`. */
  readonly level?: Level | undefined
  /** One JSON object a line, instead of text. Default false. */
  readonly json?: boolean | undefined
  /** Colours by level. Default false. */
  readonly colors?: boolean | undefined
  /** How a line is made, as Python's logging says it. Default Celery's: see above. */
  readonly format?: string | undefined
  /** How a line is made that a task writes. Default Celery's, which has the name and the id of the task. */
  readonly taskFormat?: string | undefined
  /** How times are written, as strftime does. Default with milliseconds. */
  readonly datefmt?: string | undefined
  /** How times are written in lines of tasks. Default `datefmt`. */
  readonly taskDatefmt?: string | undefined
}

/** Replaces the loggers there are, and sets the lowest level. Throws a sentence for a format that is none. */
export const layer = (options: Options = {}): Layer.Layer<never> =>
  Layer.merge(
    options.json === true ? Loggers.layerError(json, "fields") : Loggers.layerError(make(options), "text"),
    Layer.succeed(References.MinimumLogLevel, levelOf(options.level ?? "info"))
  )

/** Effect's level of Celery's name. */
export const levelOf = (level: Level): LogLevel.Severity => fromCelery[level]

const fromCelery: Readonly<Record<Level, LogLevel.Severity>> = {
  debug: "Debug",
  info: "Info",
  warning: "Warn",
  error: "Error",
  critical: "Fatal"
}

/** Celery's name, in capitals, of an Effect level. */
const nameOf = (level: LogLevel.LogLevel): string => names[level]

const names: Readonly<Record<LogLevel.LogLevel, string>> = {
  All: "DEBUG",
  Trace: "DEBUG",
  Debug: "DEBUG",
  Info: "INFO",
  Warn: "WARNING",
  Error: "ERROR",
  Fatal: "CRITICAL",
  None: "CRITICAL"
}

const make = (options: Options): Logger.Logger<unknown, string> => {
  const { colors = false, datefmt, format = LogTemplate.ofProcess, taskDatefmt = datefmt, taskFormat } = options
  const ofProcess = partsOf(format)
  const ofTask = partsOf(taskFormat ?? LogTemplate.ofTask)
  return Loggers.make((options) => {
    const task = taskOf(options)
    const line = { date: options.date, level: nameOf(options.logLevel), message: textOf(options), task }
    const dates = task === undefined ? datefmt : taskDatefmt
    return (colors ? colorful : colorless)(task === undefined ? ofProcess : ofTask, line, dates)
  })
}

const partsOf = (format: string): ReadonlyArray<LogTemplate.Part> =>
  Result.getOrThrowWith(LogTemplate.parse(format), (problem) => new Error(`the format of the log: ${problem}`))

/** The task that writes, if one does. */
const taskOf = ({ fiber }: Logger.Options<unknown>): LogTemplate.Line["task"] => {
  const task = LogFields.writer(fiber)
  return task === undefined ? undefined : { name: task.task ?? "???", id: task.id ?? "???" }
}

type Written = (parts: ReadonlyArray<LogTemplate.Part>, line: LogTemplate.Line, dates: LogTemplate.Dates) => string

const colorless: Written = (parts, line, dates) => {
  let text = ""
  for (const part of parts) text += typeof part === "string" ? part : part.show(line, dates)
  return text
}

/** The message in the colour of its level: as in Celery, what is ordinary has none. */
const colorful: Written = (parts, line, dates) =>
  parts.map((part) => {
    if (typeof part === "string") return faint(part)
    return part.isMessage ? paint(line.level, part.show(line, dates)) : faint(part.show(line, dates))
  }).join("").replaceAll("\x1b[22m\x1b[2m", "")

const faint = (text: string): string => `\x1b[2m${text}\x1b[22m`

/** Celery's process format, and its task format for what tasks write. */
export const plain: Logger.Logger<unknown, string> = make({})

/** The same, the message in the colour of its level. */
export const colored: Logger.Logger<unknown, string> = make({ colors: true })

/**
 * One object a line: `level`, `time` (ISO 8601), `message`, of what is about a task
 * or is written by one `task_name`, `task_id` and the other fields, `annotations`,
 * and `cause` when there is one. A traceback is a field, and not in the message.
 */
export const json: Logger.Logger<unknown, string> = Loggers.make((options) => {
  const { cause, date, fiber, logLevel, message } = options
  const fields = LogFields.ofFiber(fiber)
  return JSON.stringify({
    level: nameOf(logLevel),
    time: date.toISOString(),
    message: without(wordsOf(message).join(" "), fields?.["traceback"]),
    ...fields,
    annotations: Object.fromEntries(
      Object.entries(LogFields.annotations(fiber)).map(([key, value]) => [key, jsonable(value)])
    ),
    ...(cause.reasons.length === 0 ? {} : { cause: Cause.pretty(cause) })
  })
})

/** What text has below the message. */
const without = (message: string, traceback: unknown): string =>
  typeof traceback === "string" && message.endsWith(`\n${traceback}`)
    ? message.slice(0, -traceback.length - 1)
    : message

/** Message, annotations, and below them the cause. */
const textOf = ({ cause, fiber, message }: Logger.Options<unknown>): string => {
  let text = wordsOf(message).join(" ")
  const annotations = LogFields.annotations(fiber)
  for (const key in annotations) text += ` ${key}=${wordOf(annotations[key])}`
  if (cause.reasons.length > 0) text += `\n${Cause.pretty(cause)}`
  return harmless(text)
}

const wordsOf = (message: unknown): ReadonlyArray<string> =>
  Array.isArray(message) ? message.map(wordOf) : [wordOf(message)]

const wordOf = (value: unknown): string => {
  if (typeof value === "string") return value
  if (value instanceof Error) return value.stack ?? String(value)
  if (typeof value !== "object" || value === null) return String(value)
  const encoded = jsonable(value)
  return typeof encoded === "string" ? encoded : JSON.stringify(encoded)
}

/** What `JSON.stringify` would throw at, as text. */
const jsonable = (value: unknown): unknown => {
  if (typeof value === "bigint" || typeof value === "symbol") return String(value)
  try {
    return JSON.stringify(value) === undefined ? String(value) : value
  } catch {
    return String(value)
  }
}

const paint = (name: string, text: string): string => {
  const color = colors[name]
  return color === undefined ? text : `\x1b[${color}m${text}\x1b[39m`
}

const colors: Readonly<Record<string, number>> = { DEBUG: 34, WARNING: 33, ERROR: 31, CRITICAL: 35 }
