/** Reads a command line with help for every mistake in it. A plain `celeriac worker` goes past it: see `PlainArguments`. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as CliConfig from "effect/cli/CliConfig"
import * as CliError from "effect/cli/CliError"
import * as Command from "effect/cli/Command"
import * as GlobalFlag from "effect/cli/GlobalFlag"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { packageVersion } from "./app/Version.ts"
import { CliFailure } from "./output/CliFailure.ts"
import * as Presenter from "./output/Presenter.ts"

const environment = Layer.mergeAll(
  NodeServices.layer,
  Presenter.layer,
  CliConfig.layer({ builtIns: [GlobalFlag.Help, GlobalFlag.Version, GlobalFlag.Completions] })
)

/** Does what the arguments of a command say. */
export const run = <Name extends string, Input, Context, E>(
  command: Command.Command<Name, Input, Context, E, NodeServices.NodeServices>,
  args: ReadonlyArray<string>
): Effect.Effect<unknown, unknown> =>
  Effect.suspend(() => Command.runWith(command, { version: packageVersion() })(args)).pipe(
    Effect.provide(environment),
    Effect.catch((error: unknown) => CliError.isCliError(error) ? told(error) : Effect.fail(error))
  )

/** The parser has said what is wrong, with the help; or it was asked for nothing else. */
const told = (error: CliError.CliError): Effect.Effect<void, CliFailure> =>
  error._tag === "ShowHelp" && error.errors.length === 0
    ? Effect.void
    : Effect.fail(new CliFailure({ message: "", exitCode: 2 }))
