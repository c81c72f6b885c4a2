/** What all commands of `celeriac` take, before or behind their name. */
import * as BrokerSettings from "@celeriac/tasks/BrokerSettings"
import type * as WorkerSettings from "@celeriac/worker/state/WorkerSettings"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { resolve } from "node:path"
import { type CliFailure, mistaken } from "../output/CliFailure.ts"
import * as SettingFlag from "./SettingFlag.ts"

export interface Globals {
  /** Of the module. */
  readonly app: Option.Option<string>
  /** Where the broker is, and where results go, if it was said. */
  readonly settings: WorkerSettings.Everything
  /** Of a file of settings. */
  readonly config: Option.Option<string>
  readonly workdir: Option.Option<string>
  readonly noColor: boolean
  readonly quiet: boolean
}

/** Those that are no settings. */
export const own = {
  app: {
    name: "app",
    alias: "A",
    metavar: "FILE",
    doc:
      "The module that exports the worker, or the folder that it is in. Default: CELERIAC_APP, else CELERY_APP, else worker.ts or worker.js, here or in src"
  },
  config: {
    name: "config",
    metavar: "FILE",
    doc: "A module or a JSON file of settings, under Celery's names or ours. Default: CELERIAC_CONFIG, else none"
  },
  workdir: {
    name: "workdir",
    metavar: "FOLDER",
    doc: "The folder to work in: entered before anything is loaded. Default: the one where it is started"
  },
  noColor: { name: "no-color", alias: "C", doc: "No colours, on a terminal too; so does NO_COLOR" },
  quiet: { name: "quiet", alias: "q", doc: "Say only what was asked for" }
} as const

/** The settings among them, by their names. */
export const ofSettings = {
  brokerUrl: SettingFlag.of("brokerUrl", BrokerSettings.table.brokerUrl)[0]!,
  resultBackend: SettingFlag.of("resultBackend", BrokerSettings.table.resultBackend)[0]!
} as const

/** Which of the arguments is the command: what is before it are flags of all, and their values. */
export const commandAt = (args: ReadonlyArray<string>): number => {
  let at = 0
  for (; at < args.length && args[at]!.startsWith("-"); at++) if (valued.has(args[at]!)) at++
  return at
}

/** Whose value is an argument of its own. */
const valued: ReadonlySet<string> = new Set(
  [own.app, own.config, own.workdir, ...Object.values(ofSettings)].flatMap((
    { alias, name }: SettingFlag.SettingFlag
  ) => [`--${name}`, `-${alias}`])
)

/** Where the process was started. */
const home = process.cwd()

/** Goes into the folder that was named: first of all, since the names of files are read from there. Twice is as good as once. */
export const enter = ({ workdir }: Pick<Globals, "workdir">): Effect.Effect<void, CliFailure> =>
  Option.match(workdir, {
    onNone: () => Effect.void,
    onSome: (folder) =>
      Effect.try({
        try: () => process.chdir(resolve(home, folder)),
        catch: () => mistaken(`--workdir ${folder} cannot be entered: is there such a folder?`)
      })
  })

/** The conventions of terminals: no-color.org, and `FORCE_COLOR` as Node has it. */
export const wantsColors = ({ noColor }: Pick<Globals, "noColor">, stream: NodeJS.WriteStream): boolean =>
  !noColor && (process.env["NO_COLOR"] ?? "") === "" &&
  (stream.isTTY || (process.env["FORCE_COLOR"] ?? "0") !== "0")
