/**
 * The settings that the environment says, of all rooms, from Effect's
 * `ConfigProvider`.
 */
import type { SettingsError } from "@celeriac/tasks/SettingsError"
import * as SettingsTable from "@celeriac/tasks/SettingsTable"
import * as WorkerSettings from "@celeriac/worker/state/WorkerSettings"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

const table = WorkerSettings.everything

const variables = Object.entries(table).flatMap(([name, setting]) => SettingsTable.environmentOf(name, setting) ?? [])

/** What was said, checked. An empty text says nothing. */
export const read: Effect.Effect<
  SettingsTable.Some<typeof table>,
  SettingsError | Config.ConfigError
> = Effect.gen(function*() {
  const said: Record<string, string> = {}
  for (const variable of variables) {
    const text = yield* Config.option(Config.String(variable))
    if (Option.isSome(text)) said[variable] = text.value
  }
  return yield* Effect.fromResult(SettingsTable.fromEnvironment(table, said))
})
