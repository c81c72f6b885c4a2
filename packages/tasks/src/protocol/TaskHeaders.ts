/**
 * The headers of a task message, protocol version 2: everything a worker needs
 * to decide about a task without touching its body.
 *
 * Only `task` and `id` must be there. Everything else may be absent or null,
 * which is the same; a value of another type than the protocol's is refused,
 * because guessing would run the task in another way than its sender meant.
 * Source: protocol §1.1.
 *
 * @since 0.1.0
 */
import type { Headers } from "@celeriac/messaging/Message"
import * as Result from "effect/Result"
import * as IsoTime from "./IsoTime.ts"
import { describe, InvalidHeader, MissingHeader, ProtocolError } from "./ProtocolError.ts"
import { isTable } from "./TaskBody.ts"

/** Seconds. */
export interface TimeLimit {
  /** The task is killed. */
  readonly hard: number | undefined
  /** The task is told, and may clean up. */
  readonly soft: number | undefined
}

export interface TaskHeaders {
  /** The language of the sender: `py`, `js`. */
  readonly lang: string | undefined
  /** The registered name. */
  readonly task: string
  readonly id: string
  /** Shown instead of `task` in logs, events and replies. */
  readonly shadow: string | undefined
  /** Not before: as it was sent. */
  readonly eta: string | undefined
  /** `eta` in milliseconds since the epoch, rounded up. */
  readonly etaMillis: number | undefined
  /** Not after: as it was sent. */
  readonly expires: string | undefined
  /** `expires` in milliseconds since the epoch, rounded up. */
  readonly expiresMillis: number | undefined
  readonly group: string | undefined
  readonly groupIndex: number | undefined
  readonly retries: number
  readonly timeLimit: TimeLimit
  /** The first task of the workflow: the task itself when it was sent alone. */
  readonly rootId: string
  readonly parentId: string | undefined
  readonly argsRepr: string | undefined
  readonly kwargsRepr: string | undefined
  /** `gen<pid>@<host>`. */
  readonly origin: string | undefined
  /** Overrides the task's own setting when it is there. */
  readonly ignoreResult: boolean | undefined
  readonly replacedTaskNesting: number
  /** The names of the stamps. */
  readonly stampedHeaders: ReadonlyArray<string> | undefined
  readonly stamps: Readonly<Record<string, unknown>>
  /** The MIME name of the compression of the body. */
  readonly compression: string | undefined
  /** The sender's own headers, without those that brokers add on the way. */
  readonly custom: Headers
}

/** Reads headers. Synchronous, and never throws: one runs for every message. */
export const decode = (headers: Headers): Result.Result<TaskHeaders, ProtocolError> => {
  try {
    return Result.succeed(read(headers))
  } catch (error) {
    if (error instanceof Refusal) return Result.fail(refused(headers, error))
    throw error
  }
}

/** Writes headers, every one of them and in the order of Python's client. */
export const encode = (headers: TaskHeaders): Headers => {
  const out: Record<string, unknown> = {
    lang: headers.lang ?? null,
    task: headers.task,
    id: headers.id,
    shadow: headers.shadow ?? null,
    eta: headers.eta ?? null,
    expires: headers.expires ?? null,
    group: headers.group ?? null,
    group_index: headers.groupIndex ?? null,
    retries: headers.retries,
    timelimit: [headers.timeLimit.hard ?? null, headers.timeLimit.soft ?? null],
    root_id: headers.rootId,
    parent_id: headers.parentId ?? null,
    argsrepr: headers.argsRepr ?? null,
    kwargsrepr: headers.kwargsRepr ?? null,
    origin: headers.origin ?? null,
    ignore_result: headers.ignoreResult ?? null,
    replaced_task_nesting: headers.replacedTaskNesting,
    stamped_headers: headers.stampedHeaders ?? null,
    stamps: headers.stamps
  }
  if (headers.custom !== none) copyCustom(headers.custom, out)
  if (headers.compression !== undefined) out.compression = headers.compression
  return out
}

/** A time limit that limits nothing. */
export const noTimeLimit: TimeLimit = Object.freeze({ hard: undefined, soft: undefined })

/** What `custom` and `stamps` are when there are none. */
export const none: Headers = Object.freeze({})

const wireNames = [
  "lang",
  "task",
  "id",
  "shadow",
  "eta",
  "expires",
  "group",
  "group_index",
  "retries",
  "timelimit",
  "root_id",
  "parent_id",
  "argsrepr",
  "kwargsrepr",
  "origin",
  "ignore_result",
  "replaced_task_nesting",
  "stamped_headers",
  "stamps",
  "compression"
] as const

/** Older senders' headers that mean nothing any more. */
const legacy = ["meth", "groups", "utc"] as const

/** What brokers write into a message that was dead-lettered or redelivered: true of one delivery alone. */
const brokers = [
  "x-death",
  "x-first-death-reason",
  "x-first-death-queue",
  "x-first-death-exchange",
  "x-last-death-reason",
  "x-last-death-queue",
  "x-last-death-exchange",
  "x-delivery-count"
] as const

const reserved: ReadonlySet<string> = new Set<string>([...wireNames, ...legacy, ...brokers])

/** Whether a header is the protocol's or a broker's, so that no sender can have it as its own. */
export const isReserved = (name: string): boolean => reserved.has(name)

class Refusal {
  readonly header: string
  readonly expected: string
  readonly received: unknown
  constructor(header: string, expected: string, received: unknown) {
    this.header = header
    this.expected = expected
    this.received = received
  }
}

const refused = (headers: Headers, { header, expected, received }: Refusal): ProtocolError =>
  new ProtocolError({
    task: nonEmptyText(headers.task),
    id: nonEmptyText(headers.id),
    reason: expected === ""
      ? new MissingHeader({ header })
      : new InvalidHeader({ header, expected, received: describe(received) })
  })

const nonEmptyText = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined

const read = (headers: Headers): TaskHeaders => {
  const id = requiredText("id", headers.id)
  const eta = optionalText("eta", headers.eta)
  const expires = optionalText("expires", headers.expires)
  return {
    lang: optionalText("lang", headers.lang),
    task: requiredText("task", headers.task),
    id,
    shadow: optionalText("shadow", headers.shadow),
    eta,
    etaMillis: eta === undefined ? undefined : time("eta", eta),
    expires,
    expiresMillis: expires === undefined ? undefined : time("expires", expires),
    group: optionalText("group", headers.group),
    groupIndex: headers.group_index == null ? undefined : integer("group_index", headers.group_index),
    retries: count("retries", headers.retries),
    timeLimit: timeLimit(headers.timelimit),
    rootId: optionalText("root_id", headers.root_id) ?? id,
    parentId: optionalText("parent_id", headers.parent_id),
    argsRepr: repr("argsrepr", headers.argsrepr),
    kwargsRepr: repr("kwargsrepr", headers.kwargsrepr),
    origin: optionalText("origin", headers.origin),
    ignoreResult: flag("ignore_result", headers.ignore_result),
    replacedTaskNesting: count("replaced_task_nesting", headers.replaced_task_nesting),
    stampedHeaders: names("stamped_headers", headers.stamped_headers),
    stamps: table("stamps", headers.stamps),
    compression: optionalText("compression", headers.compression),
    custom: withoutReserved(headers)
  }
}

const requiredText = (header: string, value: unknown): string => {
  if (typeof value === "string" && value !== "") return value
  if (value == null || value === "") throw new Refusal(header, "", value)
  throw new Refusal(header, "text", value)
}

/** Empty text says as little as null does. */
const optionalText = (header: string, value: unknown): string | undefined => {
  if (value == null || value === "") return undefined
  if (typeof value === "string") return value
  throw new Refusal(header, "text or null", value)
}

/** Unlike an empty name, an empty repr is a repr. */
const repr = (header: string, value: unknown): string | undefined => {
  if (value == null) return undefined
  if (typeof value === "string") return value
  throw new Refusal(header, "text or null", value)
}

const time = (header: string, text: string): number => {
  const millis = IsoTime.parse(text)
  if (millis === undefined) throw new Refusal(header, "an ISO-8601 time in the years 1 to 9999", text)
  return Math.ceil(millis)
}

const integer = (header: string, value: unknown): number => {
  const number = typeof value === "bigint" ? Number(value) : value
  if (typeof number === "number" && Number.isSafeInteger(number)) return number
  throw new Refusal(header, "an integer or null", value)
}

const count = (header: string, value: unknown): number => {
  if (value === 0 || value == null) return 0
  const number = typeof value === "bigint" ? Number(value) : value
  if (typeof number === "number" && Number.isSafeInteger(number) && number >= 0) return number
  throw new Refusal(header, "an integer from 0 upwards", value)
}

const flag = (header: string, value: unknown): boolean | undefined => {
  if (value === false) return false
  if (value === true) return true
  if (value == null) return undefined
  throw new Refusal(header, "true, false or null", value)
}

const timeLimit = (value: unknown): TimeLimit => {
  if (value == null) return noTimeLimit
  if (!Array.isArray(value) || value.length > 2) {
    throw new Refusal("timelimit", "a list of the hard and the soft limit", value)
  }
  const hard: unknown = value[0]
  const soft: unknown = value[1]
  if (hard == null && soft == null) return noTimeLimit
  return { hard: seconds(hard), soft: seconds(soft) }
}

/** No limit is written as null, and by some as 0. */
const seconds = (value: unknown): number | undefined => {
  if (value == null) return undefined
  const number = typeof value === "bigint" ? Number(value) : value
  if (typeof number === "number" && number >= 0 && number !== Infinity) return number === 0 ? undefined : number
  throw new Refusal("timelimit", "a list of two limits, each null or a number of seconds from 0 upwards", value)
}

const names = (header: string, value: unknown): ReadonlyArray<string> | undefined => {
  if (value == null) return undefined
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value
  throw new Refusal(header, "a list of names or null", value)
}

const table = (header: string, value: unknown): Readonly<Record<string, unknown>> => {
  if (value == null) return none
  if (isTable(value)) return value
  throw new Refusal(header, "an object or null", value)
}

/** A sender's own headers: what is left without those of the protocol and of brokers. */
export const withoutReserved = (headers: Headers): Headers => {
  let out: Record<string, unknown> | undefined
  for (const name of Object.keys(headers)) {
    if (!reserved.has(name)) set(out ??= {}, name, headers[name])
  }
  return out ?? none
}

const copyCustom = (from: Headers, to: Record<string, unknown>): void => {
  for (const name of Object.keys(from)) {
    if (!reserved.has(name)) set(to, name, from[name])
  }
}

/** An assignment to `__proto__` would change the object instead of filling it. */
const set = (to: Record<string, unknown>, name: string, value: unknown): void => {
  if (name === "__proto__") {
    Object.defineProperty(to, name, { value, writable: true, enumerable: true, configurable: true })
  } else {
    to[name] = value
  }
}
