/**
 * A periodic task: what is sent, and when. Celery's `ScheduleEntry`.
 *
 * ```ts
 * ScheduleEntry.make("report", {
 *   signature: report.s({ of: "sales" }),
 *   schedule: Schedule.crontab({ hour: 8, minute: 0, dayOfWeek: "mon-fri", timeZone: "Europe/Berlin" }),
 *   options: { queue: "reports", expires: "1 hour" }
 * })
 * ```
 *
 * A signature that lacks arguments does not compile. Each slot has a task id that is
 * made from the entry and the slot: who sends it a second time, as a leader does that
 * took over, sends the same task.
 *
 * @since 0.1.0
 */
import * as Signature from "@celeriac/tasks/Signature"
import * as TaskId from "@celeriac/tasks/TaskId"
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import { BeatError, InvalidEntry } from "./BeatError.ts"
import { isTable } from "./internal/Json.ts"
import type { Missed } from "./internal/Missed.ts"
import type { Schedule } from "./Schedule.ts"

export interface ScheduleEntry {
  /** Each has its own. */
  readonly name: string
  /** With its options. */
  readonly signature: Signature.Any
  /** With Celery's `celery_beat_task`. */
  readonly headers: Readonly<Record<string, unknown>>
  readonly schedule: Schedule
  /** Whether it is sent; an operator may say otherwise at run time. */
  readonly enabled: boolean
  readonly missed: Missed
}

/**
 * What becomes of slots that nobody sent in time, as while no scheduler ran:
 * `latest` sends the newest of them, as Celery does; `skip` none that is older than a
 * minute; `all` each, the newest so many of them.
 */
export type MissedSlots = "skip" | "latest" | { readonly all: number }

export interface EntryOptions<L, A> {
  /** Of one task, or a canvas. */
  readonly signature: Signature.Signature<L, A, any, any> & Complete<L>
  readonly schedule: Schedule
  /** Where and how it is sent: what `Client.applyAsync` takes. A duration of `expires` counts from when it is sent. */
  readonly options?: SendOptions<A> | undefined
  /** Default true. */
  readonly enabled?: boolean | undefined
  /** Default `latest`. */
  readonly missed?: MissedSlots | undefined
  /** How late a slot may be sent. Celery's `beat_cron_starting_deadline`. Default: for ever. */
  readonly startingDeadline?: Duration.Input | undefined
}

/** What a call can say, but for the id, which is the slot's, and its time. */
export type SendOptions<A = never> = Omit<Signature.Options<A>, "taskId" | "eta" | "replyTo">

/** Nothing, when a signature has all its arguments; a sentence for people when it has not. */
export type Complete<L> = undefined extends Signature.Rest<L>[0] ? unknown
  : "its arguments are not complete: give all that have no default"

/** Throws a `BeatError` for what makes no sense. */
export const make = <L, A>(name: string, options: EntryOptions<L, A>): ScheduleEntry => {
  const refuse = (detail: string) => new BeatError({ reason: new InvalidEntry({ entry: name, detail }) })
  if (name === "" || name.length > longestName) throw refuse(`a name has 1 to ${longestName} characters`)
  const signature = options.options === undefined ? options.signature : options.signature.set(options.options)
  const encoded = Signature.encode(signature)
  if (Result.isFailure(encoded)) throw refuse(encoded.failure.message)
  const headers = encoded.success.options?.["headers"]
  const { missed = "latest" } = options
  const limit = typeof missed === "string" ? 1 : missed.all
  if (!(Number.isInteger(limit) && limit >= 1 && limit <= mostMissed)) {
    throw refuse(`missed.all is ${limit}: give a whole number from 1 to ${mostMissed}`)
  }
  const deadline = options.startingDeadline === undefined ? Infinity : Duration.toMillis(options.startingDeadline)
  if (!(deadline >= 0)) throw refuse(`startingDeadline is ${deadline} ms: give a time of 0 or more`)
  return {
    name,
    signature,
    headers: isTable(headers) ? { ...headers, ...ownHeaders } : ownHeaders,
    schedule: options.schedule,
    enabled: options.enabled ?? true,
    missed: limit === 1 && missed === "latest" && deadline === Infinity
      ? latestForEver
      : { limit, within: missed === "skip" ? Math.min(deadline, skippedAfter) : deadline }
  }
}

/** The id of the task that is sent for a slot. `namespace` tells schedulers apart whose entries have the same names. */
export const slotId = (namespace: string, entry: ScheduleEntry, slot: number | string): string =>
  TaskId.derived(["beat", namespace, entry.name, entry.signature.task, slot].join("\n"))

/** By which the tasks of Celery's beat are known. */
const ownHeaders = Object.freeze({ celery_beat_task: true })

/** Of most entries. */
const latestForEver: Missed = Object.freeze({ limit: 1, within: Infinity })

const longestName = 255

/** So many slots of one entry are sent at once at most. */
const mostMissed = 10_000

/** A minute, which a scheduler takes to be started again, or another to take over. */
const skippedAfter = 60_000
