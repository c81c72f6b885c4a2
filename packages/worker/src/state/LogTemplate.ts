/**
 * How a line of the log is made, as Python's `logging` says it:
 * `[%(asctime)s: %(levelname)s/%(processName)s] %(message)s`, and its times as
 * `strftime` does: `%Y-%m-%d %H:%M:%S`.
 *
 * Source: Celery's settings `worker_log_format`, `worker_task_log_format` and
 * `worker_log_datefmt`; Python's `LogRecord` attributes, of which those are known
 * here that a worker has: nobody knows the line of a source.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"

/** What is known of a line. */
export interface Line {
  readonly date: Date
  readonly level: string
  readonly message: string
  /** Of the task that wrote it. */
  readonly task: { readonly name: string; readonly id: string } | undefined
}

/** Text as it stands, or a field. */
export type Part = string | Field

export interface Field {
  readonly isMessage: boolean
  readonly show: (line: Line, dates: Dates) => string
}

/** How times are written; undefined: as `asctime` is without a format, with milliseconds. */
export type Dates = string | undefined

/** Celery's own, of what is not a task's. */
export const ofProcess = "[%(asctime)s: %(levelname)s/%(processName)s] %(message)s"

/** Celery's own, of what a task writes. */
export const ofTask = "[%(asctime)s: %(levelname)s/%(processName)s] %(task_name)s[%(task_id)s]: %(message)s"

const two = (value: number): string => String(value).padStart(2, "0")

const three = (value: number): string => String(value).padStart(3, "0")

/** `2026-01-01 12:00:00,123`, in local time. */
const timestamp = (date: Date): string => `${strftime("%Y-%m-%d %H:%M:%S", date)},${three(date.getMilliseconds())}`

const levels: Readonly<Record<string, number>> = { DEBUG: 10, INFO: 20, WARNING: 30, ERROR: 40, CRITICAL: 50 }

const fields: Readonly<Record<string, (line: Line, dates: Dates) => string | number>> = {
  asctime: ({ date }, dates) => dates === undefined ? timestamp(date) : strftime(dates, date),
  created: ({ date }) => date.getTime() / 1000,
  levelname: ({ level }) => level,
  levelno: ({ level }) => levels[level] ?? 0,
  message: ({ message }) => message,
  msecs: ({ date }) => date.getMilliseconds(),
  name: ({ task }) => task === undefined ? "celery" : "celery.task",
  process: () => process.pid,
  processName: () => "MainProcess",
  task_id: ({ task }) => task?.id ?? "???",
  task_name: ({ task }) => task?.name ?? "???",
  threadName: () => "MainThread"
}

/** The names of fields, for who wrote another one. */
export const names: ReadonlyArray<string> = Object.keys(fields)

/** The parts of a template; or what is wrong with it. */
export const parse = (template: string): Result.Result<ReadonlyArray<Part>, string> => {
  const parts: Array<Part> = []
  let at = 0
  for (const found of template.matchAll(/%(?:%|\((\w+)\)([-0]*)(\d{1,3})?(?:\.(\d{1,3}))?([sdfr]))?/g)) {
    const [whole, name, flags = "", width = "0", precision, kind] = found
    parts.push(template.slice(at, found.index))
    at = found.index + whole.length
    if (whole === "%%") parts.push("%")
    else if (name === undefined) {
      return Result.fail(`there is no field in ${template.slice(found.index, found.index + 20)}`)
    } else if (!Object.hasOwn(fields, name)) {
      return Result.fail(`there is no field ${name}: there are ${names.join(", ")}`)
    } else {
      const value = fields[name]!
      const pad = (text: string): string =>
        flags.includes("-") ? text.padEnd(Number(width)) : text.padStart(Number(width), flags.includes("0") ? "0" : " ")
      const digits = precision === undefined ? undefined : Number(precision)
      parts.push({
        isMessage: name === "message",
        show: (line, dates) => pad(written(value(line, dates), kind, digits))
      })
    }
  }
  parts.push(template.slice(at))
  return Result.succeed(parts.filter((part) => part !== ""))
}

const written = (value: string | number, kind: string | undefined, digits: number | undefined): string => {
  if (typeof value === "number" && kind === "f") return value.toFixed(Math.min(digits ?? 6, 100))
  const text = typeof value === "number" && kind === "d" ? String(Math.trunc(value)) : String(value)
  return kind === "s" && digits !== undefined ? text.slice(0, digits) : text
}

const days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
const months = "January February March April May June July August September October November December".split(" ")

const offset = (date: Date): string => {
  const minutes = -date.getTimezoneOffset()
  const most = Math.abs(minutes)
  return `${minutes < 0 ? "-" : "+"}${two(Math.floor(most / 60))}${two(most % 60)}`
}

const dayOfYear = (date: Date): number =>
  Math.round(
    (Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) - Date.UTC(date.getFullYear(), 0, 0)) / 864e5
  )

const codes: Readonly<Record<string, (date: Date) => string>> = {
  "%": () => "%",
  a: (date) => days[date.getDay()]!.slice(0, 3),
  A: (date) => days[date.getDay()]!,
  b: (date) => months[date.getMonth()]!.slice(0, 3),
  B: (date) => months[date.getMonth()]!,
  d: (date) => two(date.getDate()),
  F: (date) => strftime("%Y-%m-%d", date),
  H: (date) => two(date.getHours()),
  I: (date) => two(date.getHours() % 12 || 12),
  j: (date) => three(dayOfYear(date)),
  m: (date) => two(date.getMonth() + 1),
  M: (date) => two(date.getMinutes()),
  p: (date) => date.getHours() < 12 ? "AM" : "PM",
  S: (date) => two(date.getSeconds()),
  T: (date) => strftime("%H:%M:%S", date),
  y: (date) => two(date.getFullYear() % 100),
  Y: (date) => String(date.getFullYear()),
  z: offset
}

/** The codes of times that there are not; nothing for those that can be written. */
export const unknownCodes = (dates: string): ReadonlyArray<string> =>
  Array.from(dates.matchAll(/%(.?)/gs)).filter(([, code = ""]) => !Object.hasOwn(codes, code)).map(([whole]) => whole)

/** In local time; a code that is none stays as it is. */
export const strftime = (format: string, date: Date): string =>
  format.replace(/%(.)/gs, (whole, code: string) => Object.hasOwn(codes, code) ? codes[code]!(date) : whole)
