/**
 * What a module of `-A` adds to every command: options of its own, each with what
 * it does before the command. `CliCommand.preload` makes them; this knows them
 * without the library that reads command lines.
 */
import type * as GlobalFlag from "effect/cli/GlobalFlag"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Settings from "../../Settings.ts"

export const TypeId = "~celeriac/cli/Preload"

/** An option of every command. What its hook gives are settings, that count where nobody says otherwise; or nothing. */
export interface Preload<Name extends string = string, A = any> {
  readonly [TypeId]: {
    readonly setting: GlobalFlag.Setting<Name, A>
    readonly hook: (value: A) => Effect.Effect<Settings.Given | void, unknown>
  }
  readonly name: Name
}

/** Those that a module exports. */
export const among = (exports: Readonly<Record<string, unknown>>): ReadonlyArray<Preload> =>
  Object.values(exports).filter(isPreload)

const isPreload = (value: unknown): value is Preload => typeof value === "object" && value !== null && TypeId in value

/** What their hooks gave; undefined before they were asked. */
export const Given: Context.Reference<Settings.Given | undefined> = Context.Reference("celeriac/cli/Preloads/Given", {
  defaultValue: (): Settings.Given | undefined => undefined
})
