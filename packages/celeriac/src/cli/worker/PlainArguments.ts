/**
 * The arguments of `celeriac worker` where there is not much to say about them:
 * every flag is known, or may be one of the worker's own steps, is used once, and its value fits.
 *
 * They are read here, so that a worker starts without the library that knows
 * all the rest: what was meant, completions, other commands. That is a third of
 * what a boot would load.
 */
import type * as Setting from "@celeriac/tasks/Setting"
import * as SettingsTable from "@celeriac/tasks/SettingsTable"
import * as WorkerSettings from "@celeriac/worker/state/WorkerSettings"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { levels } from "../../LogFormat.ts"
import * as DaemonFlags from "../daemon/DaemonFlags.ts"
import * as Globals from "../flags/Globals.ts"
import * as SettingFlag from "../flags/SettingFlag.ts"
import type { Flags } from "./Start.ts"
import * as WorkerFlags from "./WorkerFlags.ts"

export interface Plain {
  readonly app: Option.Option<string>
  readonly flags: Flags
}

/** Or why they are not plain. */
export const read = (args: ReadonlyArray<string>): Result.Result<Plain, string> => {
  const said = new Map<string, unknown>()
  const own: Record<string, string | true> = {}
  /** Of settings, by the names of these. */
  const switches = new Map<string, ReadonlyArray<Setting.Switch>>()
  for (let index = 0; index < args.length; index++) {
    const [, flag = "", value] = /^(--[a-z-]+|-[A-Za-z])(?:=([^]*))?$/.exec(args[index]!) ?? []
    const meant = byFlag.get(flag)
    if (meant === undefined && flag.startsWith("--") && !builtIn.has(flag)) {
      const next = args[index + 1]
      own[flag.slice(2)] = value ?? (next === undefined || next.startsWith("-") ? true : args[++index]!)
      continue
    }
    if (meant === undefined) return Result.fail(`there is no flag ${args[index]}`)
    if (meant.read === undefined) {
      if (value !== undefined) return Result.fail(`${flag} takes no value`)
      if (meant.switch === undefined) said.set(meant.name, true)
      else switches.set(meant.name, [...switches.get(meant.name) ?? [], meant.switch])
      continue
    }
    if (said.has(meant.name)) return Result.fail(`${flag} is there twice`)
    const text = value ?? args[++index]
    if (text === undefined || text === "" || text.startsWith("-")) return Result.fail(`${flag} wants a value`)
    const checked = meant.read(text, flag)
    if (Result.isFailure(checked)) return Result.fail(checked.failure)
    said.set(meant.name, checked.success)
  }
  for (const [name, some] of switches) said.set(name, SettingFlag.switched(table[name]!, some))
  const all = Object.fromEntries(said)
  const { app, config, jsonLogs = false, loglevel = "warning", noColor = false, quiet = false, workdir } = all
  // Each was read by the flag of its name.
  return Result.succeed({
    app: Option.fromUndefinedOr(app),
    flags: {
      settings: Object.fromEntries(Array.from(said).filter(([name]) => WorkerFlags.ofSettings.has(name))),
      own,
      ...DaemonFlags.from(all),
      purge: said.has("purge") || said.has("discard"),
      loglevel,
      jsonLogs,
      noColor,
      quiet,
      config: Option.fromUndefinedOr(config),
      workdir: Option.fromUndefinedOr(workdir)
    }
  } as Plain)
}

/** What is read, by the name under which it is handed on. A switch reads nothing. */
interface Meaning {
  readonly name: string
  readonly read?: ((text: string, flag: string) => Result.Result<unknown, string>) | undefined
  /** The one of a setting. */
  readonly switch?: Setting.Switch | undefined
}

/** What is no option of a step, whatever a module says. */
const builtIn: ReadonlySet<string> = new Set(["--", "--help", "--version", "--completions"])

const byFlag = new Map<string, Meaning>()

const know = (flag: Pick<SettingFlag.SettingFlag, "name" | "alias" | "also">, meaning: Meaning): void => {
  byFlag.set(`--${flag.name}`, meaning)
  if (flag.alias !== undefined) byFlag.set(`-${flag.alias}`, meaning)
  if (flag.also !== undefined) byFlag.set(`--${flag.also}`, meaning)
}

for (const name of ["app", "config", "workdir"] as const) {
  know(Globals.own[name], { name, read: (text) => Result.succeed(text) })
}
for (const name of ["noColor", "quiet"] as const) know(Globals.own[name], { name })
const oneOf = (choices: ReadonlyArray<string>) => (text: string, flag: string): Result.Result<string, string> =>
  choices.includes(text)
    ? Result.succeed(text)
    : Result.fail(`${flag} is "${text}", and must be one of ${choices.join(", ")}`)
for (const [name, flag] of Object.entries<SettingFlag.SettingFlag>(WorkerFlags.own)) {
  know(flag, flag.metavar === undefined ? { name } : { name, read: (text) => Result.succeed(text) })
}
know(WorkerFlags.own.loglevel, { name: "loglevel", read: oneOf(levels) })
know(WorkerFlags.own.optimization, { name: "optimization", read: oneOf(WorkerFlags.profiles) })
const table: SettingsTable.Table = WorkerSettings.everything
for (const [name, flags] of WorkerFlags.ofSettings) {
  const setting = table[name]
  if (setting === undefined) continue
  if (setting.switches !== undefined) { for (const one of setting.switches) know(one, { name, switch: one }) }
  else {
    for (const flag of flags) {
      const read = (text: string, said: string) => SettingsTable.fromText(setting, said, text)
      // A switch says yes.
      know(flag, flag.metavar === undefined ? { name } : { name, read })
    }
  }
}
