/**
 * The table of what a client and a worker agree on: the references of
 * `Settings`, `RunSettings`, `ResultSettings`, `ConnectionSettings`, `ControlSettings`, `EagerSettings`, `EventSettings`, `CanvasSettings` and `SecuritySettings`,
 * `Queues.Configured` as `taskQueues`, `Router.Routes` as `routes`.
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
import * as BySettings from "./BySettings.ts"
import * as CanvasSettings from "./CanvasSettings.ts"
import * as ConnectionSettings from "./ConnectionSettings.ts"
import * as ControlSettings from "./control/ControlSettings.ts"
import * as EagerSettings from "./EagerSettings.ts"
import * as EventSettings from "./event/EventSettings.ts"
import * as Queues from "./Queues.ts"
import { ResultWriter } from "./result/ResultWriter.ts"
import * as ResultSettings from "./ResultSettings.ts"
import * as Router from "./Router.ts"
import * as RunSettings from "./RunSettings.ts"
import * as SecuritySettings from "./SecuritySettings.ts"
import * as Setting from "./Setting.ts"
import * as Settings from "./Settings.ts"
import * as SettingsTable from "./SettingsTable.ts"

/** The settings that a module exports, by their names with a small letter. */
type Exported<M> = {
  readonly [K in keyof M as M[K] extends Setting.Reference<any, any> ? Uncapitalize<K & string> : never]: M[K]
}

type References =
  & Exported<typeof Settings>
  & Exported<typeof RunSettings>
  & Exported<typeof ConnectionSettings>
  & Exported<typeof ControlSettings>
  & Exported<typeof EagerSettings>
  & Exported<typeof CanvasSettings>
  & Exported<typeof EventSettings>
  & Exported<typeof ResultSettings>
  & Exported<typeof SecuritySettings>
  & {
    readonly taskQueues: typeof Queues.Configured
    readonly routes: typeof Router.Routes
  }

const references: ReadonlyMap<string, Setting.Reference<any, any>> = new Map<string, Setting.Reference<any, any>>([
  // Every export of these modules is a setting.
  ...Object.entries({
    ...{
      ...Settings,
      ...RunSettings,
      ...ResultSettings,
      ...ConnectionSettings,
      ...ControlSettings,
      ...EagerSettings,
      ...EventSettings,
      ...CanvasSettings,
      ...SecuritySettings
    }
  }).map(([name, value]) => [name.charAt(0).toLowerCase() + name.slice(1), value] as const),
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

/** All values in effect, by name. */
export const current: Effect.Effect<SettingsTable.Values<Table>> = Effect.contextWith((
  context: Context.Context<never>
) =>
  Effect.succeed(
    Object.fromEntries(
      Array.from(references, ([name, reference]) => [name, Context.get(context, reference)])
      // Each is the value of the setting of its name.
    ) as unknown as SettingsTable.Values<Table>
  )
)

/** Every value at its reference. */
export const context = (some: Some): Context.Context<never> => {
  let context = Context.empty()
  for (const [name, value] of Object.entries(some)) {
    const reference = references.get(name)
    if (reference !== undefined) context = Context.add(context, reference, value)
  }
  return context
}

/** Settings that were given inside of what reads them. */
export interface Applied {
  /** What reads them, made again by them. */
  readonly services: Context.Context<never>
  /** The names of those that reach nobody: they were given too far inside. */
  readonly unread: ReadonlyArray<string>
}

/** Takes these settings to the services around that read their like, as far as those can be made again. */
export const apply = (some: Some): Effect.Effect<Applied> =>
  Effect.contextWith((around: Context.Context<never>) => {
    const others = Object.entries(some).flatMap(([name, value]) => {
      const reference = references.get(name)
      return reference === undefined || Context.get(around, reference) === value ? [] : [{ name, reference }]
    })
    if (others.length === 0) return Effect.succeed(nothing)
    return Effect.map(BySettings.again(context(some)), (services) => {
      const isUnread = ({ reference }: { readonly reference: Setting.Reference<any, any> }): boolean => {
        if (around.mapUnsafe.has(reference.key)) return false
        const { readBy } = reference.setting
        return readBy === "broker" || (readBy === "writer" && !services.mapUnsafe.has(ResultWriter.key))
      }
      return { services, unread: others.filter(isUnread).map(({ name }) => name) }
    })
  })

const nothing: Applied = { services: Context.empty(), unread: [] }

/** Gives the settings to all that is built or run below. Throws a `SettingsError` that lists all that is wrong. */
export const layer = (given: Given): Layer.Layer<never> =>
  Layer.succeedContext(context(SettingsTable.decodeUnsafe(table, given)))
