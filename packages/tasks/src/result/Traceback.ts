/**
 * Where an error was raised, as text in the form of Python's tracebacks: that
 * is what monitors and Python clients show.
 *
 * Made from the JavaScript stack, the innermost call last, without the frames
 * of the runtimes that called the task: Celeriac's, Effect's and Node's. Costs what it costs: ask when a failure
 * is stored, not before.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as ExceptionRecord from "./ExceptionRecord.ts"

/** Characters. */
export const maxLength = 16_384

/** The traceback of whatever a task failed with. */
export const fromCause = (cause: Cause.Cause<unknown>): string => fromUnknown(Cause.squash(cause))

/** The traceback of any error; one that came from another worker keeps that worker's. Never throws. */
export const fromUnknown = (error: unknown): string => {
  try {
    if (error instanceof ExceptionRecord.TaskException && error.traceback !== undefined) {
      return bounded(error.traceback)
    }
    return bounded(chained(error, 0))
  } catch {
    return "Traceback (most recent call last):\nException: <unrepresentable>"
  }
}

const longestChain = 4

const chained = (error: unknown, depth: number): string => {
  const cause: unknown = error instanceof Error ? error.cause : undefined
  const own = single(error)
  return cause instanceof Error && depth < longestChain
    ? `${chained(cause, depth + 1)}\n\nThe above exception was the direct cause of the following exception:\n\n${own}`
    : own
}

const single = (error: unknown): string => {
  const record = ExceptionRecord.fromUnknown(error)
  const { excType, excModule } = record
  const name = excModule === undefined || hidden.has(excModule)
    ? excType
    : `${excModule}.${excType}`
  const message = ExceptionRecord.str(record)
  const lines = error instanceof Error && typeof error.stack === "string" ? frames(error.stack) : []
  return ["Traceback (most recent call last):", ...lines, message === "" ? name : `${name}: ${message}`].join("\n")
}

/** Modules that say nothing. */
const hidden: ReadonlySet<string> = new Set([
  "builtins",
  ExceptionRecord.foreignModule,
  ExceptionRecord.javascriptModule
])

const mostFrames = 50
const longestLine = 1024

/** Python's way round: the innermost call last. */
const frames = (stack: string): ReadonlyArray<string> => {
  const all: Array<string> = []
  const own: Array<string> = []
  for (const line of stack.slice(0, maxLength * 4).split("\n")) {
    const text = line.trimStart()
    if (!text.startsWith("at ") || text.length > longestLine) continue
    const frame = parse(text.slice(3))
    if (frame === undefined || isOurs(frame.file)) continue
    all.push(frame.text)
    if (!isRuntime(frame.file)) own.push(frame.text)
    if (own.length === mostFrames) break
  }
  return (own.length > 0 ? own : all.slice(0, mostFrames)).toReversed()
}

/** `name (place:line:column)`, or the place alone. */
const parse = (frame: string): { readonly text: string; readonly file: string } | undefined => {
  const open = frame.endsWith(")") ? frame.lastIndexOf(" (") : -1
  const place = open === -1 ? frame : frame.slice(open + 2, -1)
  const column = place.lastIndexOf(":")
  const line = place.lastIndexOf(":", column - 1)
  if (line <= 0) return undefined
  const number = place.slice(line + 1, column)
  if (!/^\d+$/.test(number)) return undefined
  const file = place.slice(0, line).replace(/^async /, "").replace(/^file:\/\//, "")
  const name = open === -1 ? "<anonymous>" : frame.slice(0, open).replace(/^async /, "")
  return { text: `  File "${file}", line ${number}, in ${name}`, file }
}

const isRuntime = (file: string): boolean =>
  file.startsWith("node:") || /[\\/]node_modules[\\/](?:effect|@effect)[\\/]/.test(file)

/** Of Celeriac itself: installed, or in the checkout in which this file lies. In a bundle nobody can tell. */
const isOurs = (file: string): boolean =>
  /[\\/]node_modules[\\/](?:celeriac|@celeriac)[\\/]/.test(file) ||
  (packages !== undefined && file.startsWith(packages) && /^[a-z]+\/(?:src|dist)\//.test(file.slice(packages.length)))

const packages = /^file:\/\/(.*\/packages\/)tasks\/(?:src|dist)\/result\/Traceback\.[jt]s$/.exec(
  String(import.meta.url)
)?.[1]

/** The end says what happened: it is the beginning that goes. */
const bounded = (text: string): string =>
  text.length <= maxLength ? text : `[...]\n${text.slice(text.length - maxLength + 6)}`
