/**
 * Log lines as Celery writes them, for people, or as JSON, for machines.
 *
 * ```
 * [2026-01-01 12:00:00,123: INFO/MainProcess] celery@host ready.
 * {"level":"INFO","time":"2026-01-01T12:00:00.123Z","message":"celery@host ready.","annotations":{}}
 * ```
 *
 * The `celeriac` command logs with it; `layer` is for programs that start their
 * worker themselves. Lines go to stderr, as Celery's do.
 */
export {} from "./internal/RequiredNode.ts"

import * as Cause from "effect/Cause"
import * as Layer from "effect/Layer"
import type * as Logger from "effect/Logger"
import type * as LogLevel from "effect/LogLevel"
import * as References from "effect/References"
import * as Loggers from "./internal/Loggers.ts"

/** Celery's names, in lower case, as its command line takes them. */
export const levels = ["debug", "info", "warning", "error", "critical"] as const

export type Level = typeof levels[number]

export interface Options {
  /** The lowest level that is shown. Default `info`. */
  readonly level?: Level | undefined
  /** One JSON object a line, instead of text. Default false. */
  readonly json?: boolean | undefined
  /** Colours by level. Default false. */
  readonly colors?: boolean | undefined
}

/** Replaces the loggers there are, and sets the lowest level. */
export const layer = (options: Options = {}): Layer.Layer<never> =>
  Layer.merge(
    Loggers.layerError(options.json === true ? json : options.colors === true ? colored : plain),
    Layer.succeed(References.MinimumLogLevel, toEffect(options.level ?? "info"))
  )

/** Effect's level of Celery's name. */
const toEffect = (level: Level): LogLevel.LogLevel => fromCelery[level]

const fromCelery: Readonly<Record<Level, LogLevel.LogLevel>> = {
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

/** Celery's process format. */
export const plain: Logger.Logger<unknown, string> = Loggers.make((options) =>
  `[${timestamp(options.date)}: ${nameOf(options.logLevel)}/MainProcess] ${textOf(options)}`
)

/** The same, the message in the colour of its level: as in Celery, what is ordinary has none. */
export const colored: Logger.Logger<unknown, string> = Loggers.make((options) => {
  const name = nameOf(options.logLevel)
  return `\x1b[2m[${timestamp(options.date)}: ${name}/MainProcess]\x1b[22m ${paint(name, textOf(options))}`
})

/** One object a line: `level`, `time` (ISO 8601), `message`, `annotations`, and `cause` when there is one. */
export const json: Logger.Logger<unknown, string> = Loggers.make(({ cause, date, fiber, logLevel, message }) =>
  JSON.stringify({
    level: nameOf(logLevel),
    time: date.toISOString(),
    message: wordsOf(message).join(" "),
    annotations: Object.fromEntries(
      Object.entries(fiber.getRef(References.CurrentLogAnnotations)).map(([key, value]) => [key, jsonable(value)])
    ),
    ...(cause.reasons.length === 0 ? {} : { cause: Cause.pretty(cause) })
  })
)

/** `2026-01-01 12:00:00,123`, in local time. */
const timestamp = (date: Date): string =>
  `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ` +
  `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())},` +
  String(date.getMilliseconds()).padStart(3, "0")

const two = (value: number): string => value < 10 ? `0${value}` : String(value)

/** Message, annotations, and below them the cause. */
const textOf = ({ cause, fiber, message }: Logger.Options<unknown>): string => {
  let text = wordsOf(message).join(" ")
  const annotations = fiber.getRef(References.CurrentLogAnnotations)
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

/** Messages hold what came over the network: a task's name must not steer the operator's terminal. */
const harmless = (text: string): string =>
  text.replace(
    /[\0-\x08\x0b-\x1f\x7f-\x9f]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`
  )

const paint = (name: string, text: string): string => {
  const color = colors[name]
  return color === undefined ? text : `\x1b[${color}m${text}\x1b[39m`
}

const colors: Readonly<Record<string, number>> = { DEBUG: 34, WARNING: 33, ERROR: 31, CRITICAL: 35 }
