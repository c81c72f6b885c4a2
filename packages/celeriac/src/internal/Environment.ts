/**
 * The settings that the environment says, of all rooms, from Effect's
 * `ConfigProvider` where one was provided.
 */
import type { SettingsError } from "@celeriac/tasks/SettingsError"
import * as SettingsTable from "@celeriac/tasks/SettingsTable"
import * as WorkerSettings from "@celeriac/worker/state/WorkerSettings"
import type * as Config from "effect/Config"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"

const table = WorkerSettings.everything

const variables = Object.entries(table).flatMap(([name, setting]) => SettingsTable.environmentOf(name, setting) ?? [])

/** What was said, checked. An empty text says nothing. */
export const read: Effect.Effect<
  SettingsTable.Some<typeof table>,
  SettingsError | Config.ConfigError
> = Effect.contextWith((context: Context.Context<never>) =>
  Effect.flatMap(
    context.mapUnsafe.has(provider) ? Effect.flatMap(configured, (read) => read) : Effect.sync(() => process.env),
    (said) => Effect.fromResult(SettingsTable.fromEnvironment(table, said))
  )
)

/**
 * The key of Effect's service. Without one its default reads the environment of
 * the process, and so do we: `Config` and all that it imports are a tenth of a boot.
 */
const provider = "effect/ConfigProvider"

const configured = Effect.map(Effect.promise(() => import("./Configured.ts")), ({ read }) => read(variables))
