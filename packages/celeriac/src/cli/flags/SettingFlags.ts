/**
 * The flags of settings: those that have one in their table, with its check and
 * its line of documentation.
 */
import type * as Setting from "@celeriac/tasks/Setting"
import * as SettingsTable from "@celeriac/tasks/SettingsTable"
import * as Flag from "effect/cli/Flag"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as SettingFlag from "./SettingFlag.ts"

/** By the names of the settings: the flag that takes a value, or switches. */
export type Flags = Readonly<Record<string, Flag.Flag<Option.Option<unknown>> | ReadonlyArray<Flag.Flag<boolean>>>>

/** What they say, by the names of the settings. */
type Said = Readonly<Record<string, Option.Option<unknown> | ReadonlyArray<boolean>>>

export const of = (table: SettingsTable.Table): Flags =>
  Object.fromEntries(
    Object.entries(table).flatMap(([name, setting]) => {
      const flags = SettingFlag.of(name, setting)
      if (flags.length === 0) return []
      return [[name, setting.switches === undefined ? make(setting, flags[0]!) : flags.map(makeSwitch)]]
    })
  )

/** Those that were used, checked. */
export const given = <T extends SettingsTable.Table>(table: T, said: Said): SettingsTable.Some<T> =>
  // Each was read by the setting of its name.
  Object.fromEntries(
    Object.entries(said).flatMap(([name, value]) => {
      if (Option.isOption(value)) return Option.isSome(value) ? [[name, value.value]] : []
      const switches = table[name]?.switches?.filter((_, index) => value[index])
      return switches === undefined || switches.length === 0
        ? []
        : [[name, SettingFlag.switched(table[name]!, switches)]]
    })
  ) as SettingsTable.Some<T>

const makeSwitch = (flag: SettingFlag.SettingFlag): Flag.Flag<boolean> => {
  return named(flag, Flag.Boolean(flag.name)).pipe(Flag.withDescription(flag.doc), Flag.withDefault(false))
}

/** By its other names too. */
const named = <A>({ alias, also }: SettingFlag.SettingFlag, flag: Flag.Flag<A>): Flag.Flag<A> =>
  [alias, also].reduce((flag, name) => name === undefined ? flag : Flag.withAlias(flag, name), flag)

/** The flag of a setting that has one, and no switches. */
export const make = (setting: Setting.Any, flag: SettingFlag.SettingFlag): Flag.Flag<Option.Option<unknown>> =>
  flag.metavar === undefined ? toggle(flag) : valued(setting, flag)

/** Says yes, or (`--no-...`) no; not used, it says nothing. */
const toggle = (flag: SettingFlag.SettingFlag): Flag.Flag<Option.Option<unknown>> => {
  return named(flag, Flag.Boolean(flag.name)).pipe(Flag.withDescription(flag.doc), Flag.optional)
}

const valued = (setting: Setting.Any, flag: SettingFlag.SettingFlag): Flag.Flag<Option.Option<unknown>> => {
  // What is wrong with a secret is told without it.
  const text = setting.isSecret === true
    ? Flag.map(Flag.Redacted(flag.name), (secret) => ({ text: Redacted.value(secret), toString: () => "" }))
    : Flag.map(Flag.String(flag.name), (text) => ({ text, toString: () => text }))
  return named(flag, text).pipe(
    Flag.withMetavar(flag.metavar ?? ""),
    Flag.withDescription(flag.doc),
    Flag.filterMap(
      ({ text }) => Result.getSuccess(SettingsTable.fromText(setting, flag.name, text)),
      ({ text }) => expected(setting, text)
    ),
    Flag.optional
  )
}

/** What fits, and what to take instead of what does not. */
const expected = (setting: Setting.Any, text: string): string => {
  const instead = setting.instead?.(text)
  return instead === undefined ? setting.expected : `${setting.expected}: ${instead}`
}
