/**
 * The entries that a scheduler begins with: a list, a layer that gives one, or
 * `beat_schedule` as Celery writes it.
 *
 * ```ts
 * BeatSchedule.layer([ScheduleEntry.make("tick", { signature: tick.s(), schedule: Schedule.schedule("10 seconds") })])
 *
 * BeatSchedule.decode({
 *   "add-every-30-seconds": { task: "tasks.add", schedule: 30.0, args: [16, 16] },
 *   report: { task: "tasks.report", schedule: Schedule.crontab({ hour: 7, minute: 30 }), options: { queue: "reports" } }
 * })
 * ```
 *
 * Of an entry in Celery's form, `schedule` is a schedule made in code, or what
 * `ScheduleForm` reads. Celery has `task`, `schedule`, `args`, `kwargs`, `options` and
 * `relative`; `enabled`, `missed` and `starting_deadline` (seconds) are ours. Instead of
 * `task`, `args`, `kwargs` and `options`, `signature` is a signature or a canvas: one made
 * in code, or as Celery writes it.
 *
 * @since 0.1.0
 */
import * as Signature from "@celeriac/tasks/Signature"
import type * as WorkerSettings from "@celeriac/worker/state/WorkerSettings"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import { BeatError, InvalidEntry } from "./BeatError.ts"
import { isTable } from "./internal/Json.ts"
import * as Schedule from "./Schedule.ts"
import * as ScheduleEntry from "./ScheduleEntry.ts"
import * as ScheduleForm from "./ScheduleForm.ts"

/** The entries from code and settings, each of its own name. */
export class BeatSchedule extends Context.Service<BeatSchedule, {
  readonly entries: ReadonlyArray<ScheduleEntry.ScheduleEntry>
}>()("@celeriac/beat/BeatSchedule") {}

/** These entries. Of two that have one name the first is sent, and that is told. */
export const layer = (entries: ReadonlyArray<ScheduleEntry.ScheduleEntry>): Layer.Layer<BeatSchedule> =>
  layerEffect(Effect.succeed(entries))

/** The entries that an effect gives, once, when the scheduler is started. */
export const layerEffect = <E, R>(
  entries: Effect.Effect<ReadonlyArray<ScheduleEntry.ScheduleEntry>, E, R>
): Layer.Layer<BeatSchedule, E, R> =>
  Layer.effect(
    BeatSchedule,
    Effect.gen(function*() {
      const { errors, unique } = withoutNamesakes(yield* entries)
      for (const error of errors) yield* Effect.logError(`beat: ${error.message}`)
      return BeatSchedule.of({ entries: unique })
    })
  )

/** The first of each name. */
const withoutNamesakes = (entries: ReadonlyArray<ScheduleEntry.ScheduleEntry>) => {
  const unique = new Map<string, ScheduleEntry.ScheduleEntry>()
  const errors: Array<BeatError> = []
  for (const entry of entries) {
    if (unique.has(entry.name)) {
      errors.push(invalid(entry.name, "another before it has the same name: give each its own"))
    } else unique.set(entry.name, entry)
  }
  return { unique: Array.from(unique.values()), errors }
}

/** The entries of a worker's settings, or of Celery's: those of `beatSchedule` that make sense; of the others it is told what is wrong. */
export const layerSettings = (settings: OfSettings): Layer.Layer<BeatSchedule> =>
  layerEffect(Effect.gen(function*() {
    const { entries, errors } = ofSettings(settings)
    for (const error of errors) yield* Effect.logError(`beat: ${error.message}`)
    return entries
  }))

/** What settings say of entries. */
export type OfSettings = Pick<WorkerSettings.Settings, "beatCronStartingDeadline" | "beatSchedule" | "timezone">

/** `decode` of `beatSchedule`, as the other settings say. */
export const ofSettings = (
  { beatCronStartingDeadline, beatSchedule, timezone }: OfSettings
): ReturnType<typeof decode> =>
  decode(beatSchedule, { timeZone: timezone, cronStartingDeadline: beatCronStartingDeadline })

/** An entry as `beat_schedule`, stores and commands have it. */
export interface EntryJson {
  readonly task?: string | undefined
  /** Of several tasks, as Celery writes it. */
  readonly signature?: object | undefined
  readonly schedule: unknown
  readonly args?: ReadonlyArray<unknown> | null | undefined
  readonly kwargs?: Readonly<Record<string, unknown>> | null | undefined
  readonly options?: Readonly<Record<string, unknown>> | null | undefined
  readonly relative?: boolean | undefined
  readonly enabled?: boolean | undefined
  readonly missed?: ScheduleEntry.MissedSlots | undefined
  readonly starting_deadline?: number | undefined
}

/** What counts where an entry does not say. */
export interface DecodeOptions extends Pick<ScheduleForm.Options, "timeZone"> {
  /** Of crontabs. Celery's `beat_cron_starting_deadline`. */
  readonly cronStartingDeadline?: Duration.Input | undefined
}

/** Reads `beat_schedule`. What is wrong with one entry does not keep the others from being sent. */
export const decode = (
  beatSchedule: Readonly<Record<string, unknown>>,
  options?: DecodeOptions
): { readonly entries: ReadonlyArray<ScheduleEntry.ScheduleEntry>; readonly errors: ReadonlyArray<BeatError> } => {
  const read = Object.entries(beatSchedule).map(([name, value]) => decodeEntry(name, value, options))
  return { entries: read.flatMap(Result.match({ onSuccess: one, onFailure: none })), errors: read.flatMap(failures) }
}

/** Reads one entry. */
export const decodeEntry = (
  name: string,
  value: unknown,
  options?: DecodeOptions
): Result.Result<ScheduleEntry.ScheduleEntry, BeatError> => {
  if (!isTable(value)) return Result.fail(invalid(name, "it is no object with 'task' and 'schedule'"))
  const other = Object.keys(value).find((key) => !keys.includes(key))
  if (other !== undefined) return Result.fail(invalid(name, `it has '${other}': an entry has ${keys.join(", ")}`))
  if (value.enabled != null && typeof value.enabled !== "boolean") {
    return Result.fail(invalid(name, "enabled is neither true nor false"))
  }
  if (value.starting_deadline != null && typeof value.starting_deadline !== "number") {
    return Result.fail(invalid(name, "starting_deadline is no number of seconds"))
  }
  const missed = missedOf(value.missed ?? "latest")
  if (missed === undefined) {
    return Result.fail(invalid(name, "missed is none of 'skip', 'latest' and {\"all\": 10}"))
  }
  const schedule = ScheduleForm.decode(value.schedule, { ...options, relative: value.relative === true })
  if (Result.isFailure(schedule)) return Result.fail(invalid(name, schedule.failure.message))
  const signature = signatureIn(value)
  if (Result.isFailure(signature)) {
    return Result.fail(invalid(name, signature.failure.reason.message.replace(/^the signature\./, "")))
  }
  try {
    return Result.succeed(ScheduleEntry.make(name, {
      signature: signature.success,
      schedule: schedule.success,
      enabled: value.enabled ?? undefined,
      missed,
      startingDeadline: value.starting_deadline != null
        ? value.starting_deadline * 1000
        : Schedule.isCrontab(schedule.success)
        ? options?.cronStartingDeadline
        : undefined
    }))
  } catch (error) {
    if (error instanceof BeatError) return Result.fail(error)
    throw error
  }
}

const signatureIn = ({ args, kwargs, options, signature, task }: Readonly<Record<string, unknown>>) =>
  Signature.isSignature(signature)
    ? Result.succeed(signature)
    : Signature.decode(
      signature ??
        { task, args: args ?? [], kwargs: kwargs ?? {}, options: options ?? {}, subtask_type: null, immutable: true }
    )

/** An entry for a store. Fails for a schedule that is code alone. */
export const encodeEntry = (entry: ScheduleEntry.ScheduleEntry): Result.Result<EntryJson, BeatError> => {
  const { missed, name, schedule } = entry
  if (schedule.toJSON === undefined) {
    return Result.fail(
      invalid(
        name,
        `its schedule ${schedule.describe} is code and cannot be kept: give it a toJSON, or the entry to BeatSchedule.layer`
      )
    )
  }
  const signature = Signature.encode(entry.signature)
  if (Result.isFailure(signature)) return Result.fail(invalid(name, signature.failure.message))
  const { args, kwargs, options, subtask_type, task } = signature.success
  const json: EntryJson = {
    ...(subtask_type == null
      ? { task, args: args ?? [], kwargs: kwargs ?? {}, options: options ?? {} }
      : { signature: signature.success }),
    schedule: schedule.toJSON(),
    enabled: entry.enabled,
    missed: { all: missed.limit }
  }
  return Result.succeed(missed.within === Infinity ? json : { ...json, starting_deadline: missed.within / 1000 })
}

const keys = [
  "task",
  "signature",
  "schedule",
  "args",
  "kwargs",
  "options",
  "relative",
  "enabled",
  "missed",
  "starting_deadline"
]

const invalid = (entry: string, detail: string) => new BeatError({ reason: new InvalidEntry({ entry, detail }) })

const missedOf = (value: unknown): ScheduleEntry.MissedSlots | undefined => {
  if (value === "skip" || value === "latest") return value
  return isTable(value) && typeof value.all === "number" ? { all: value.all } : undefined
}

const one = <A>(value: A): ReadonlyArray<A> => [value]
const none = (): ReadonlyArray<never> => []
const failures = <A, E>(result: Result.Result<A, E>): ReadonlyArray<E> =>
  Result.isFailure(result) ? [result.failure] : []
