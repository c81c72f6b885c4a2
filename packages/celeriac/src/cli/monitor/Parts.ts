/** How things are written on the screens of the monitor: states, times, numbers; and what a task is told in. */
import { type Span, span, type Tone } from "./Line.ts"

/** What is told of a task, in this order. */
export type Part = "Task" | "Result" | "Traceback" | "Children"

/** How a state looks: a sign, so that nobody has to see colours, and a colour. */
const looks: Readonly<Record<string, readonly [sign: string, tone: Tone]>> = {
  PENDING: ["·", "faint"],
  RECEIVED: ["·", "plain"],
  STARTED: ["▶", "busy"],
  SUCCESS: ["✓", "ok"],
  FAILURE: ["✗", "error"],
  RETRY: ["↻", "warning"],
  REVOKED: ["⊘", "news"],
  REJECTED: ["✗", "news"]
}

export const ofState = (state: string, show: (text: string) => string): Span => {
  const [sign, tone] = looks[state] ?? ["▶", "name"]
  return span(show(`${sign} ${state}`), tone)
}

const two = (value: number): string => String(value).padStart(2, "0")

/** `12:03:11`, in local time, of seconds since the epoch. */
export const clock = (seconds: number | undefined): string => {
  if (seconds === undefined || !Number.isFinite(seconds)) return ""
  const date = new Date(seconds * 1000)
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}

/** `0.002s`, `12.3s`, `4m 03s`, `2h 05m`. */
export const duration = (seconds: number | undefined): string => {
  if (seconds === undefined || !Number.isFinite(seconds)) return ""
  if (seconds < 10) return `${seconds.toFixed(3)}s`
  if (seconds < 60) return `${seconds.toFixed(1)}s`
  return seconds < 3600
    ? `${Math.floor(seconds / 60)}m ${two(Math.floor(seconds % 60))}s`
    : `${Math.floor(seconds / 3600)}h ${two(Math.floor((seconds % 3600) / 60))}m`
}

/** `12,345`. */
export const number = (value: number | undefined): string =>
  value === undefined ? "" : String(value).replace(/\B(?=(\d{3})+$)/g, ",")
