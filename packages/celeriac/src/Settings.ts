/**
 * Settings: what clients, workers and brokers go by, each with its name in
 * Celery and its default.
 *
 * ```ts
 * import * as Broker from "celeriac/Broker"
 * import * as Settings from "celeriac/Settings"
 * import * as Worker from "celeriac/Worker"
 *
 * const settings = Settings.fromCelery({ task_default_queue: "emails", worker_concurrency: 4, result_expires: 3600 })
 * const worker = Worker.make({ tasks: [], settings })
 * const broker = Broker.layer("amqp://localhost", { settings })
 * ```
 *
 * `Settings.DefaultQueue` and the others here are references: read where they
 * are needed, and provided by `layer`.
 */
export {} from "./internal/RequiredNode.ts"

import type { SettingsError } from "@celeriac/tasks/SettingsError"
import * as SettingsTable from "@celeriac/tasks/SettingsTable"
import * as TaskSettings from "@celeriac/tasks/TaskSettings"
import * as WorkerSettings from "@celeriac/worker/state/WorkerSettings"
import type * as Layer from "effect/Layer"
import * as Result from "effect/Result"

export * from "@celeriac/tasks/Settings"

/** Every setting there is, by its name. */
export const table = WorkerSettings.everything

/** Any of the settings, as a program gives them. */
export type Given = SettingsTable.Given<typeof table>

/** Those of the settings that were given, checked: good for whatever takes settings. */
export type Settings = SettingsTable.Some<typeof table>

/**
 * The settings of a Celery configuration, as its modules have it: names in
 * lower case. Throws a `SettingsError` that lists all that is wrong: names that
 * are not known, with the nearest one, settings that are not supported here
 * yet, values that do not fit.
 */
export const fromCelery = (configuration: Readonly<Record<string, unknown>>): Settings =>
  Result.getOrThrow(fromCeleryResult(configuration))

/** `fromCelery`, for who does not want it to throw. */
export const fromCeleryResult = (
  configuration: Readonly<Record<string, unknown>>
): Result.Result<Settings, SettingsError> => SettingsTable.fromCelery(table, configuration)

/** The settings of an environment: `CELERIAC_DEFAULT_QUEUE` is `defaultQueue`. Throws a `SettingsError` that lists all that is wrong. */
export const fromEnvironment = (environment: Readonly<Record<string, string | undefined>> = process.env): Settings =>
  Result.getOrThrow(SettingsTable.fromEnvironment(table, environment))

/** Gives those of tasks to all that is built or run below. Throws a `SettingsError` that lists all that is wrong. */
export const layer = (given: Given): Layer.Layer<never> => TaskSettings.layer(WorkerSettings.ofTasks(given))
