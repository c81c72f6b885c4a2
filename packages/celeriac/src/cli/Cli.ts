/** Reads a command line with help for every mistake in it. A plain `celeriac worker` goes past it: see `PlainArguments`. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as CliConfig from "effect/cli/CliConfig"
import * as CliError from "effect/cli/CliError"
import * as CliOutput from "effect/cli/CliOutput"
import * as Command from "effect/cli/Command"
import * as GlobalFlag from "effect/cli/GlobalFlag"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { packageVersion } from "./app/Version.ts"
import * as Globals from "./flags/Globals.ts"
import { CliFailure } from "./output/CliFailure.ts"
import * as Help from "./output/Help.ts"
import * as Presenter from "./output/Presenter.ts"
import * as Print from "./output/Print.ts"

const environment = (help: Partial<Help.Options>) =>
  Layer.mergeAll(
    NodeServices.layer,
    Presenter.layer,
    CliOutput.layer(Help.formatter({ colors: help.colors ?? false, columns: help.columns })),
    CliConfig.layer({ builtIns: [GlobalFlag.Help, GlobalFlag.Version, GlobalFlag.Completions] })
  )

/** Does what the arguments of a command say. */
export const run = <Name extends string, Input, Context, E>(
  command: Command.Command<Name, Input, Context, E, NodeServices.NodeServices>,
  args: ReadonlyArray<string>,
  help: Partial<Help.Options> = { colors: wantsColors(args), columns: Print.width() }
): Effect.Effect<unknown, unknown> =>
  Effect.suspend(() => Command.runWith(command, { version: packageVersion() })(args)).pipe(
    Effect.provide(environment(help)),
    Effect.catch((error: unknown) => CliError.isCliError(error) ? told(error) : Effect.fail(error))
  )

/** Before the flags are read: help is asked for among others. */
const wantsColors = (args: ReadonlyArray<string>): boolean => {
  const { alias, name } = Globals.own.noColor
  return Globals.wantsColors(
    { noColor: args.some((arg) => arg === `--${name}` || arg === `-${alias}`) },
    process.stdout
  )
}

/** The parser has said what is wrong; or it was asked for nothing else. */
const told = (error: CliError.CliError): Effect.Effect<void, CliFailure> =>
  error._tag === "ShowHelp" && error.errors.length === 0
    ? Effect.void
    : Effect.fail(new CliFailure({ message: "", exitCode: 2 }))
