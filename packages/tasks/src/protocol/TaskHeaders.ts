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
import {
  Absent,
  count,
  flag,
  integer,
  names,
  none,
  optionalText,
  repr,
  requiredText,
  table,
  time,
  type TimeLimit,
  timeLimit
} from "../internal/HeaderFields.ts"
import { Refusal } from "../internal/Refusal.ts"
import { describe, InvalidHeader, MissingHeader, ProtocolError } from "./ProtocolError.ts"

export { none, noTimeLimit, type TimeLimit } from "../internal/HeaderFields.ts"

/** The headers, in this project's spelling. */
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

const refused = (headers: Headers, { expected, path: header, received }: Refusal): ProtocolError =>
  new ProtocolError({
    task: nonEmptyText(headers.task),
    id: nonEmptyText(headers.id),
    reason: expected === Absent
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
