/**
 * The table of what a client and a worker agree on: the references of
 * `Settings` and `EventSettings`, `Queues.Configured` as `taskQueues`, `Router.Routes` as `routes`.
 *
 * ```ts
 * program.pipe(Effect.provide(TaskSettings.layer({ defaultQueue: "emails", serializer: "yaml" })))
 * ```
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as EventSettings from "./event/EventSettings.ts"
import * as Queues from "./Queues.ts"
import * as Router from "./Router.ts"
import * as Setting from "./Setting.ts"
import * as Settings from "./Settings.ts"
import * as SettingsTable from "./SettingsTable.ts"

/** The settings that a module exports, by their names with a small letter. */
type Exported<M> = {
  readonly [K in keyof M as M[K] extends Setting.Reference<any, any> ? Uncapitalize<K & string> : never]: M[K]
}

type References = Exported<typeof Settings> & Exported<typeof EventSettings> & {
  readonly taskQueues: typeof Queues.Configured
  readonly routes: typeof Router.Routes
}

const references: ReadonlyMap<string, Setting.Reference<any, any>> = new Map<string, Setting.Reference<any, any>>([
  // Every export of these modules is a setting.
  ...Object.entries({ ...Settings, ...EventSettings }).map(([name, value]) =>
    [name.charAt(0).toLowerCase() + name.slice(1), value] as const
  ),
  ["taskQueues", Queues.Configured] as const,
  ["routes", Router.Routes] as const
].sort(([one], [other]) => one < other ? -1 : 1))

/** The settings of this room. */
export type Table = { readonly [K in keyof References]: References[K]["setting"] }

/** The settings of this room. */
export const table: Table = Object.fromEntries(
  Array.from(references, ([name, reference]) => [name, reference.setting])
  // The names of the type are made as those of the value are.
) as unknown as Table

/** What programs give. */
export type Given = SettingsTable.Given<Table>

/** Those that were given, checked. */
export type Some = SettingsTable.Some<Table>

/** Every value at its reference. */
export const context = (some: Some): Context.Context<never> => {
  let context = Context.empty()
  for (const [name, value] of Object.entries(some)) {
    const reference = references.get(name)
    if (reference !== undefined) context = Context.add(context, reference, value)
  }
  return context
}

/**
 * Of these, the names of those that were given too far inside: the layers of
 * broker, client and results have read them, and nobody gave them any.
 */
export const unread = (some: Some): Effect.Effect<ReadonlyArray<string>> =>
  Effect.contextWith((around: Context.Context<never>) =>
    Effect.succeed(
      Object.keys(some).filter((name) => {
        const reference = references.get(name)
        return reference?.setting.isReadByBroker === true && !around.mapUnsafe.has(reference.key)
      })
    )
  )

/** Gives the settings to all that is built or run below. Throws a `SettingsError` that lists all that is wrong. */
export const layer = (given: Given): Layer.Layer<never> =>
  Layer.succeedContext(context(SettingsTable.decodeUnsafe(table, given)))
