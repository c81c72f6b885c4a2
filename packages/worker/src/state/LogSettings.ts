/**
 * How the log of `celeriac worker` is written, and what else goes into it: the
 * entries of the worker's table that the command reads.
 *
 * @since 0.1.0
 */
import * as Setting from "@celeriac/tasks/Setting"
import * as SettingKind from "@celeriac/tasks/SettingKind"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as LogTemplate from "./LogTemplate.ts"

/** What cannot be written is told, with what can. */
const template: Setting.Kind<string> = {
  ...SettingKind.text,
  schema: () => Schema.String.check(Schema.makeFilter((text) => Result.isSuccess(LogTemplate.parse(text)))),
  expected: "a format of Python's logging, such as \"%(asctime)s %(message)s\"",
  instead: (value) =>
    typeof value === "string" ? Result.getOrUndefined(Result.flip(LogTemplate.parse(value))) : undefined
}

const dates: Setting.Kind<string> = {
  ...SettingKind.text,
  schema: () => Schema.String.check(Schema.makeFilter((text) => LogTemplate.unknownCodes(text).length === 0)),
  expected: "a time as strftime writes it, such as \"%Y-%m-%d %H:%M:%S\"",
  instead: (value) =>
    typeof value === "string" ? `there is no ${LogTemplate.unknownCodes(value).join(", ")}` : undefined
}

/** Celery's names of levels, as its command line takes them. */
export const levels = ["debug", "info", "warning", "error", "critical"] as const

export type Level = typeof levels[number]

const level: Setting.Kind<Level> = {
  ...SettingKind.oneOf(...levels),
  fromText: (text) => text.toLowerCase(),
  fromCelery: (value) => typeof value === "string" ? value.toLowerCase() : value,
  toCelery: (value: Level) => value.toUpperCase()
}

/** Part of `WorkerSettings.table`. */
export const table = {
  logFormat: Setting.make(template, {
    celery: "worker_log_format",
    default: () => LogTemplate.ofProcess,
    doc: `How the command writes a line, as Python's logging says it, of these: ${LogTemplate.names.join(", ")}.`
  }),
  taskLogFormat: Setting.make(template, {
    celery: "worker_task_log_format",
    default: () => LogTemplate.ofTask,
    doc: "How the command writes a line of a task's."
  }),
  logDatefmt: Setting.make<string | undefined, string>(dates, {
    celery: "worker_log_datefmt",
    default: () => undefined,
    defaultShown: "`2026-01-01 12:00:00,123`",
    doc: "How `asctime` is written, as strftime does."
  }),
  taskLogDatefmt: Setting.make<string | undefined, string>(dates, {
    celery: "worker_task_log_datefmt",
    default: () => undefined,
    defaultShown: "that of `logDatefmt`",
    doc: "How `asctime` is written in a line of a task's."
  }),
  logColor: Setting.make<boolean | undefined, boolean>(SettingKind.flag, {
    celery: "worker_log_color",
    default: () => undefined,
    defaultShown: "on a terminal alone",
    doc: "Whether the command colours its log. `--no-color` says no, whatever this says."
  }),
  redirectStdouts: Setting.make(SettingKind.flag, {
    celery: "worker_redirect_stdouts",
    default: () => true,
    doc: "Whether what tasks say by `console` becomes lines of the log, with the task's name and id."
  }),
  redirectStdoutsLevel: Setting.make<Level, Level>(level, {
    celery: "worker_redirect_stdouts_level",
    default: () => "warning",
    doc: "The level of those lines."
  })
}
