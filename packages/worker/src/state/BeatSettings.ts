/**
 * Settings of a scheduler of periodic tasks, which the worker reads none of: they
 * are for whoever provides one, as `@celeriac/beat` does, inside of a worker and
 * beside it.
 *
 * @since 0.1.0
 */
import * as Setting from "@celeriac/tasks/Setting"
import * as SettingKind from "@celeriac/tasks/SettingKind"
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"

/** Entries by their names; what is in them whoever sends them checks, so that one that is wrong keeps no other from being sent. */
export type Entries = Readonly<Record<string, unknown>>

const entries: Setting.Kind<Entries> = {
  schema: () => Schema.declare(isEntries),
  expected: "an object of entries by their names: { tick: { task: \"proj.tick\", schedule: 30 } }",
  fromCelery: (value) => value
}

const isEntries = (value: unknown): value is Entries =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Where Celery's 0 says as much as nothing. */
const orDefault = <A>(kind: Setting.Kind<A>, byDefault: A): Setting.Kind<A> => ({
  ...kind,
  fromCelery: (value) => value === 0 ? byDefault : kind.fromCelery(value)
})

const loopInterval: Duration.Input = "5 seconds"

/** The settings of this room. */
export const table = {
  beatSchedule: Setting.make<Entries, Entries>(entries, {
    celery: "beat_schedule",
    default: () => ({}),
    defaultShown: "none",
    doc: "The periodic tasks, as Celery writes them; a schedule may be one of `@celeriac/beat/Schedule`."
  }),
  beatScheduler: Setting.make<string | undefined, string>(SettingKind.text, {
    celery: "beat_scheduler",
    default: () => undefined,
    defaultShown: "`broker` with RabbitMQ, `memory` with the embedded broker, `file` where a file is named",
    doc:
      "Where the schedule is kept, and who leads: `broker` (any number of schedulers, with RabbitMQ alone), `file` (one), `memory` (one, that forgets).",
    flag: { name: "scheduler", metavar: "NAME" }
  }),
  beatScheduleFilename: Setting.make<string | undefined, string>(SettingKind.text, {
    celery: "beat_schedule_filename",
    default: () => undefined,
    defaultShown: "celeriac-beat-schedule",
    doc: "The file of the scheduler `file`.",
    flag: { name: "schedule-filename", alias: "s", also: "schedule", metavar: "FILE" }
  }),
  beatMaxLoopInterval: Setting.make<Duration.Input, Duration.Input>(orDefault(SettingKind.duration, loopInterval), {
    celery: "beat_max_loop_interval",
    default: () => loopInterval,
    doc: "How long the scheduler sleeps at most: a clock that was set is noticed then."
  }),
  beatSyncEvery: Setting.make(
    orDefault(SettingKind.integer({ from: 1, expected: "a whole number of at least 1" }), 1),
    {
      celery: "beat_sync_every",
      default: () => 1,
      doc: "After how many tasks it is kept how far they have come."
    }
  ),
  beatCronStartingDeadline: Setting.make<Duration.Input | undefined, Duration.Input>(SettingKind.duration, {
    celery: "beat_cron_starting_deadline",
    default: () => undefined,
    defaultShown: "none: for ever",
    doc: "How late a slot of a crontab in `beatSchedule` may be sent."
  }),
  beatEnableRemoteControl: Setting.make(SettingKind.flag, {
    celery: "beat_enable_remote_control",
    default: () => true,
    doc: "Whether the scheduler answers `ping` and what `celeriac beat` asks."
  }),
  beatRemoteControlMaxTickAge: Setting.make<Duration.Input | undefined, Duration.Input>(SettingKind.duration, {
    celery: "beat_remote_control_max_tick_age",
    default: () => undefined,
    defaultShown: "a minute, or twice `beatMaxLoopInterval`",
    doc: "After how long without looking at what is due it does not answer any more, as one that stands still."
  }),
  timezone: Setting.make<string, string>(SettingKind.text, {
    celery: "timezone",
    default: () => "UTC",
    doc: "The zone of those crontabs in `beatSchedule` that name none."
  })
}
