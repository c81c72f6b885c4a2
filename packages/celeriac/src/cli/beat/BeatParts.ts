/**
 * What a scheduler is made of that the command runs: the entries of the module and
 * of the settings, where they are kept, and who leads.
 *
 * A module says what it wants by its export `beat`: a list of entries, or a layer
 * that gives any of `BeatSchedule`, `ScheduleStore` and `Leadership`, over the broker.
 * What it leaves out the settings say.
 */
import * as BackendCleanup from "@celeriac/beat/BackendCleanup"
import * as BeatSchedule from "@celeriac/beat/BeatSchedule"
import * as Leadership from "@celeriac/beat/Leadership"
import * as QueueLease from "@celeriac/beat/leases/QueueLease"
import * as PeriodicTasks from "@celeriac/beat/PeriodicTasks"
import type * as ScheduleEntry from "@celeriac/beat/ScheduleEntry"
import * as Scheduler from "@celeriac/beat/Scheduler"
import { ScheduleStore } from "@celeriac/beat/ScheduleStore"
import * as FileStore from "@celeriac/beat/stores/FileStore"
import * as MemoryStore from "@celeriac/beat/stores/MemoryStore"
import * as QueueStore from "@celeriac/beat/stores/QueueStore"
import { Transport } from "@celeriac/messaging/Transport"
import type * as WorkerSettings from "@celeriac/worker/state/WorkerSettings"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { Broker } from "../../Broker.ts"
import * as App from "../app/App.ts"
import { because, type CliFailure, mistaken } from "../output/CliFailure.ts"

/** What there is then. */
export type Parts =
  | BeatSchedule.BeatSchedule
  | Leadership.Leadership
  | PeriodicTasks.PeriodicTasks
  | ScheduleStore
  | Scheduler.Scheduler

type Own = BeatSchedule.BeatSchedule | Leadership.Leadership | ScheduleStore

/** Celery's names of schedulers, and what they are here. */
const celerys: Readonly<Record<string, string>> = {
  "celery.beat:PersistentScheduler": "file",
  "celery.beat.PersistentScheduler": "file",
  "celery.beat:Scheduler": "memory",
  "celery.beat.Scheduler": "memory"
}

export const make = (
  app: Pick<App.App, "exports" | "file"> | undefined,
  settings: WorkerSettings.Settings
): Effect.Effect<Context.Context<Parts>, CliFailure, Broker | Scope.Scope> =>
  Effect.gen(function*() {
    const own = yield* ownParts(app)
    const kind = yield* kindOf(settings, own)
    const entries = BeatSchedule.layerEffect(entriesOf(own, settings))
    const store = Option.match(Context.getOption(own, ScheduleStore), {
      onSome: (store) => Layer.succeed(ScheduleStore, store),
      onNone: () => storeOf(kind, settings)
    })
    const leadership = Option.match(Context.getOption(own, Leadership.Leadership), {
      onSome: (leadership) => Layer.succeed(Leadership.Leadership, leadership),
      onNone: () => kind === "broker" ? QueueLease.layer() : Leadership.layerSingle
    })
    const all = Layer.mergeAll(
      Scheduler.layer({ maxInterval: settings.beatMaxLoopInterval, syncEvery: settings.beatSyncEvery }),
      PeriodicTasks.layer
    ).pipe(Layer.provideMerge(Layer.mergeAll(entries, store, leadership)))
    return yield* Effect.mapError(Layer.build(all), (error) => because(`beat: ${error.message}`))
  })

/** Whether a module, or its settings, say what is to be sent. */
export const isScheduled = (exports: App.Exports, { beatSchedule }: WorkerSettings.Settings): boolean =>
  exports["beat"] !== undefined || Object.keys(beatSchedule).length > 0

/** What the module gives. */
const ownParts = (
  app: Pick<App.App, "exports" | "file"> | undefined
): Effect.Effect<Context.Context<Own>, CliFailure, Broker | Scope.Scope> => {
  const none = Context.empty() as Context.Context<Own> // what is not there is asked for by options alone
  const beat = app?.exports["beat"]
  if (app === undefined || beat === undefined) return Effect.succeed(none)
  if (Array.isArray(beat) && beat.every(isEntry)) {
    return Effect.succeed(Context.add(none, BeatSchedule.BeatSchedule, { entries: beat }))
  }
  if (!Layer.isLayer(beat)) {
    return Effect.fail(because(
      `${App.shown(app.file)}: its export 'beat' is neither a list of entries nor a layer of them. ` +
        "Write: export const beat = [ScheduleEntry.make(\"tick\", { signature: tick.s(), schedule: Schedule.schedule(\"10 seconds\") })]"
    ))
  }
  // What it gives, and needs, only its author's type checker sees.
  return Effect.mapError(
    Layer.build(beat as Layer.Layer<Own, unknown, Broker>),
    (error) => because(`${App.shown(app.file)}: its export 'beat' failed: ${told(error)}`, error)
  )
}

const told = (error: unknown): string => error instanceof Error ? error.message : String(error)

const isEntry = (value: unknown): value is ScheduleEntry.ScheduleEntry =>
  typeof value === "object" && value !== null && "name" in value && "signature" in value && "schedule" in value

const entriesOf = (own: Context.Context<Own>, settings: WorkerSettings.Settings) =>
  Effect.gen(function*() {
    const { entries, errors } = BeatSchedule.ofSettings(settings)
    for (const error of errors) yield* Effect.logError(`beat: ${error.message}`)
    const given = Option.match(Context.getOption(own, BeatSchedule.BeatSchedule), {
      onNone: () => [],
      onSome: (schedule) => schedule.entries
    })
    const all = [...given, ...entries]
    return [...all, ...yield* BackendCleanup.missingIn(all, settings.timezone)]
  })

type Kind = "broker" | "file" | "memory"

const kindOf = (
  settings: WorkerSettings.Settings,
  own: Context.Context<Own>
): Effect.Effect<Kind, CliFailure, Transport> =>
  Effect.gen(function*() {
    const { driver } = yield* Transport
    const named = settings.beatScheduler ?? (settings.beatScheduleFilename === undefined ? undefined : "file")
    // The embedded broker forgets its tasks with the process.
    const usual = driver === "memory" ? "memory" : "broker"
    const kind = named === undefined ? usual : Object.hasOwn(celerys, named) ? celerys[named]! : named
    if (kind === "broker" && driver === "memory") {
      return yield* Effect.fail(
        mistaken("the scheduler 'broker' needs RabbitMQ, and the broker is embedded: take 'file' or 'memory' (-S)")
      )
    }
    if (kind === "broker" || kind === "file" || kind === "memory") return kind
    if (Option.isSome(Context.getOption(own, ScheduleStore))) return usual
    return yield* Effect.fail(mistaken(
      `there is no scheduler '${named}' (-S, beat_scheduler): take broker, file or memory, or give a store of your own in the module's export 'beat'`
    ))
  })

const storeOf = (kind: Kind, { beatScheduleFilename }: WorkerSettings.Settings) =>
  kind === "broker"
    ? QueueStore.layer()
    : kind === "file"
    ? FileStore.layer(beatScheduleFilename ?? usualFile)
    : MemoryStore.layer

/** Not Celery's `celerybeat-schedule`, which it could not read, and would set aside. */
const usualFile = "celeriac-beat-schedule"
