/**
 * The command tree, and how the process ends: 0 when all went well, 1 with one
 * line on stderr when it did not, 2 after a mistake in the command line.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Cause from "effect/Cause"
import * as CliConfig from "effect/cli/CliConfig"
import * as CliError from "effect/cli/CliError"
import * as Command from "effect/cli/Command"
import * as GlobalFlag from "effect/cli/GlobalFlag"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import { CliFailure } from "./CliFailure.ts"
import { graph } from "./commands/GraphCommand.ts"
import { celeriac } from "./commands/Root.ts"
import { worker } from "./commands/WorkerCommand.ts"
import * as Presenter from "./Presenter.ts"
import { packageVersion } from "./Version.ts"

const command = celeriac.pipe(Command.withSubcommands([worker, graph]))

const environment = Layer.mergeAll(
  NodeServices.layer,
  Presenter.layer,
  CliConfig.layer({ builtIns: [GlobalFlag.Help, GlobalFlag.Version, GlobalFlag.Completions] })
)

/** Runs the command line, and sets or takes the exit code of the process. */
export const main = (args: ReadonlyArray<string>): void => {
  const fiber = Effect.runFork(
    Effect.provide(Command.runWith(command, { version: packageVersion() })(args), environment)
  )
  // `Worker.run` takes the signals over while it runs; before, and in other commands, they interrupt.
  const interrupt = () => fiber.interruptUnsafe()
  for (const signal of signals) process.once(signal, interrupt)
  // A reader that went away (`| head`, a log collector) is no reason to stop a worker.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {})
  // Something has to keep the process: a program in memory has neither socket nor timer.
  const alive = setInterval(() => {}, 2_147_483_647)
  fiber.addObserver((exit) => {
    clearInterval(alive)
    for (const signal of signals) process.removeListener(signal, interrupt)
    // Not `exitCode`: what a user's module left open must not keep a worker that is done.
    process.exit(codeOf(exit))
  })
}

const signals = ["SIGINT", "SIGTERM", "SIGQUIT"] as const

const codeOf = (exit: Exit.Exit<unknown, unknown>): number => {
  if (Exit.isSuccess(exit)) return 0
  if (Cause.hasInterruptsOnly(exit.cause)) return 130
  const error = Cause.squash(exit.cause)
  if (error instanceof CliFailure) {
    process.stderr.write(`celeriac: ${error.message}\n${error.detail === undefined ? "" : `${error.detail}\n`}`)
    return error.exitCode
  }
  // Both have been told already: by the parser with the help, by the worker in its log.
  if (CliError.isCliError(error)) return error._tag === "ShowHelp" && error.errors.length === 0 ? 0 : 2
  if (Runtime.getErrorReported(error) === false) return Runtime.getErrorExitCode(error)
  process.stderr.write(`celeriac: ${Cause.pretty(exit.cause)}\n`)
  return 1
}
