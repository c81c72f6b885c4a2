/**
 * What a file that `celeriac build` made does when it is run: what `celeriac
 * worker -A` does with the module that it was made of.
 */
import * as ChildMain from "@celeriac/worker/pool/ChildMain"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as App from "../app/App.ts"
import * as SourceMaps from "../app/SourceMaps.ts"
import { builtOf, packageVersion } from "../app/Version.ts"
import * as Globals from "../flags/Globals.ts"
import type * as SettingFlag from "../flags/SettingFlag.ts"
import { CliFailure, mistaken } from "../output/CliFailure.ts"
import * as Process from "../output/Process.ts"
import * as PlainArguments from "../worker/PlainArguments.ts"
import * as Start from "../worker/Start.ts"
import * as WorkerFlags from "../worker/WorkerFlags.ts"

const module = builtOf ?? "a module"

/** Of the module, which is evaluated after this one. */
const refuse = (error: unknown): void => {
  const { message } = App.notLoaded(module, error)
  Process.tell(new CliFailure({ message, exitCode: 1 }))
  process.exit(1)
}

if (builtOf !== undefined) {
  SourceMaps.use(import.meta.url)
  process.once("uncaughtException", refuse)
}

/** With what the module exports. */
export const main = (exports: App.Exports): void => {
  process.removeListener("uncaughtException", refuse)
  if (ChildMain.isChild) return void ChildMain.run(exports)
  const loader: typeof App.Loader["Service"] = (app) =>
    Option.isSome(app)
      ? Effect.fail(mistaken(`this file is made of ${module}, and runs no other module: leave -A out`))
      : App.appIn(exports, module)
  Process.run(Effect.provideService(program(process.argv.slice(2)), App.Loader, loader))
}

const program = (args: ReadonlyArray<string>): Effect.Effect<unknown, unknown> => {
  if (args.includes("--help") || args.includes("-h")) return Console.log(help())
  if (args.includes("--version") || args.includes("-v")) return Console.log(`celeriac v${packageVersion()}`)
  const plain = PlainArguments.read(args)
  return Result.isFailure(plain)
    ? Effect.fail(mistaken(`${plain.failure}. See --help`))
    : Effect.catchTag(
      Start.start(plain.success.app, plain.success.flags),
      "UnknownFlag",
      ({ flag }) => Effect.fail(mistaken(`there is no flag --${flag}. See --help`))
    )
}

const help = (): string => {
  const flags: ReadonlyArray<SettingFlag.SettingFlag> = [
    ...Array.from(WorkerFlags.ofSettings.values()).flat(),
    ...Object.values(WorkerFlags.own),
    ...Object.values(Globals.own).filter(({ name }) => name !== "app")
  ]
  const rows = flags.map(({ alias, doc, metavar = "", name }) =>
    [`  ${alias === undefined ? "" : `-${alias}, `}--${name} ${metavar}`.trimEnd(), doc] as const
  )
  const width = Math.max(...rows.map(([flag]) => flag.length)) + 2
  return [
    "A worker of celeriac in one file. Runs until it is told to stop: SIGTERM, or Ctrl+C, lets running tasks finish.",
    "",
    ...rows.map(([flag, doc]) => `${flag.padEnd(width)}${doc}`)
  ].join("\n")
}
