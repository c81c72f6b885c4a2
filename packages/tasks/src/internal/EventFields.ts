/**
 * The fields of events, by type: their names on the wire and here, and what
 * their values may be. A value that may not be throws a `Refusal`.
 *
 * Used by `EventCodec`. Names and ids are bounded by being refused, what is
 * shown to people by being cut.
 */
import * as LogicalClock from "@celeriac/messaging/LogicalClock"
import type * as Event from "../event/Event.ts"
import * as PythonRepr from "../protocol/PythonRepr.ts"
import { Refusal } from "./Refusal.ts"
import { isTable } from "./Table.ts"

/** Of a routing key, which a type becomes; and of names and ids with it. */
const longestName = 255

/** Of what is shown, in characters. */
const longestText = 65_536

/** Of what a custom event says, roughly in characters. */
const largestCustom = 262_144

/** Reads a value that is there and not null. */
type Read = (name: string, value: unknown) => unknown

interface Field {
  readonly wire: string
  readonly ours: string
  readonly read: Read
}

interface Spec {
  readonly tag: string
  readonly fields: ReadonlyArray<Field>
  /** Which of them must be there: `uuid` or `id`. */
  readonly key: string | undefined
}

export const name: Read = (field, value) => {
  if (typeof value === "string" && value.length > 0 && value.length <= longestName) return value
  throw new Refusal(field, `text of at most ${longestName} characters`, value)
}

/** As `name`, and empty is a name too: that of the default exchange. */
const label: Read = (field, value) => value === "" ? value : name(field, value)

/** What a type may be: it becomes a routing key. */
export const typeOf = (value: unknown): string => {
  if (typeof value === "string" && value.length <= longestName && /^[^\s\p{C}]+$/u.test(value)) return value
  throw new Refusal("type", `text of at most ${longestName} characters without spaces`, value)
}

/** What others print is text; what they forgot to print is printed. */
const shown: Read = (_field, value) => {
  const text = typeof value === "string" ? value : PythonRepr.safe(value)
  return text.length > longestText ? `${text.slice(0, longestText)}...` : text
}

const number = (least: number, most: number, expected: string): Read => (field, value) => {
  if (typeof value === "number" && value >= least && value <= most) return value
  throw new Refusal(field, expected, value)
}

/** The years 1970 to 9999: what a date can be made of everywhere. */
export const timestamp = number(0, 253_402_300_799, "seconds since 1970")

export const utcoffset = number(-48, 48, "hours")

const seconds = number(0, 1e9, "seconds")

const whole: Read = (field, value) => {
  if (Number.isSafeInteger(value) && Number(value) >= 0) return value
  throw new Refusal(field, "a whole number", value)
}

export const pid = whole

export const clock: Read = (field, value) => {
  if (LogicalClock.isTime(value)) return value
  throw new Refusal(field, "the time of a logical clock", value)
}

const flag: Read = (field, value) => {
  if (typeof value === "boolean") return value
  throw new Refusal(field, "true or false", value)
}

const signal: Read = (field, value) => typeof value === "number" ? whole(field, value) : name(field, value)

const load: Read = (field, value) => {
  if (Array.isArray(value) && value.length <= 8 && value.every((one) => Number.isFinite(one))) return value
  throw new Refusal(field, "a few numbers", value)
}

/** Anything, within bounds. */
const anything: Read = (field, value) => {
  if (sizeLeft(value, largestCustom) >= 0) return value
  throw new Refusal(field, `larger than ${largestCustom} characters`, value)
}

/** What is left of `budget`, or less than 0. */
const sizeLeft = (value: unknown, budget: number): number => {
  let left = budget - 8
  if (typeof value === "string") return left - value.length
  if (typeof value !== "object" || value === null) return left
  if (value instanceof Uint8Array) return left - value.length
  for (const [key, item] of Object.entries(value)) {
    left = sizeLeft(item, left - key.length)
    if (left < 0) break
  }
  return left
}

const renamed = (wire: string): string => wire.replace(/_([a-z])/g, (_all, letter: string) => letter.toUpperCase())

const fields = (reads: Readonly<Record<string, Read>>): ReadonlyArray<Field> =>
  Object.entries(reads).map(([wire, read]) => ({ wire, ours: renamed(wire), read }))

const ofTask = { uuid: name }

const received = {
  ...ofTask,
  name,
  args: shown,
  kwargs: shown,
  root_id: name,
  parent_id: name,
  retries: whole,
  eta: name,
  expires: name
}

const failed = fields({ ...ofTask, exception: shown, traceback: shown })

const node = fields({
  freq: seconds,
  active: whole,
  processed: whole,
  loadavg: load,
  sw_ident: label,
  sw_ver: label,
  sw_sys: label
})

const specs: { readonly [K in Event.Known]: Omit<Spec, "tag"> & { readonly tag: Event.Tags[K] } } = {
  "task-sent": {
    tag: "TaskSent",
    fields: fields({ ...received, queue: label, exchange: label, routing_key: label }),
    key: "uuid"
  },
  "task-received": { tag: "TaskReceived", fields: fields(received), key: "uuid" },
  "task-started": { tag: "TaskStarted", fields: fields(ofTask), key: "uuid" },
  "task-succeeded": {
    tag: "TaskSucceeded",
    fields: fields({ ...ofTask, result: shown, runtime: seconds }),
    key: "uuid"
  },
  "task-failed": { tag: "TaskFailed", fields: failed, key: "uuid" },
  "task-rejected": { tag: "TaskRejected", fields: fields({ ...ofTask, requeue: flag }), key: "uuid" },
  "task-revoked": {
    tag: "TaskRevoked",
    fields: fields({ ...ofTask, terminated: flag, signum: signal, expired: flag }),
    key: "uuid"
  },
  "task-retried": { tag: "TaskRetried", fields: failed, key: "uuid" },
  "task-cancelled": { tag: "TaskCancelled", fields: fields(ofTask), key: "uuid" },
  "worker-online": { tag: "WorkerOnline", fields: node, key: undefined },
  "worker-heartbeat": { tag: "WorkerHeartbeat", fields: node, key: undefined },
  "worker-offline": { tag: "WorkerOffline", fields: node, key: undefined },
  "worker-elect": {
    tag: "WorkerElect",
    fields: fields({ id: name, topic: name, action: anything, cver: whole }),
    key: "id"
  },
  "worker-elect-ack": { tag: "WorkerElectAck", fields: fields({ id: name }), key: "id" }
}

const byType: ReadonlyMap<string, Spec> = new Map(Object.entries(specs))

/** What is known of a type. */
export const specOf = (type: string): Spec | undefined => byType.get(type)

/** The names that every event has, and no field can have. */
const common: ReadonlySet<string> = new Set([
  "type",
  "hostname",
  "utcoffset",
  "pid",
  "clock",
  "timestamp",
  "local_received"
])

/** Everything that is not common to all events: a copy. */
export const customOf = (wire: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(wire).filter(([name]) => !common.has(name)))

/** What a custom event says. */
export const custom = (wire: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => {
  const all = customOf(wire)
  anything("the event", all)
  return all
}

/** An object, as JSON has it. */
export const table = (value: unknown): Readonly<Record<string, unknown>> => {
  if (isTable(value)) return value
  throw new Refusal("the event", "an object", value)
}
