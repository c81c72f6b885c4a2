/** How a setting of a table is said on a command line: by a flag with a value, or by switches. */
import type * as Setting from "@celeriac/tasks/Setting"
import * as SettingsTable from "@celeriac/tasks/SettingsTable"
import * as Result from "effect/Result"

/** How a flag is written, and what it says in the help. */
export interface SettingFlag {
  readonly name: string
  readonly alias?: string | undefined
  /** Another long name. */
  readonly also?: string | undefined
  /** What stands for its value; a switch has none. */
  readonly metavar?: string | undefined
  readonly doc: string
}

/** Of one setting: the one flag that takes a value, or its switches, or none. */
export const of = (name: string, setting: Setting.Any): ReadonlyArray<SettingFlag> => {
  const { flag, switches } = setting
  if (switches !== undefined) return switches
  return flag === undefined ? [] : [{ ...flag, doc: `${setting.doc} ${otherwise(name, setting)}` }]
}

/** What switches of one setting say together. */
export const switched = (setting: Setting.Any, switches: ReadonlyArray<Setting.Switch>): unknown =>
  // The table says it, and its test that it fits.
  Result.getOrThrow(SettingsTable.fromText(setting, "switches", switches.map(({ says }) => says).join(",")))

/** What holds when the flag is not used. */
const otherwise = (name: string, setting: Setting.Any): string => {
  const places = [...SettingsTable.environmentOf(name, setting) ?? [], SettingsTable.defaultShown(setting)]
  return `Default: ${places.join(", else ")}`
}
