/**
 * The process of a command: 0 when all went well, 1 with one line on stderr
 * when it did not, 2 after a mistake in the command line.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Runtime from "effect/Runtime"
import { harmless } from "../../internal/Harmless.ts"
import { CliFailure } from "./CliFailure.ts"
import * as Print from "./Print.ts"

/** Runs what the command was asked for, and ends the process with it. */
export const run = (program: Effect.Effect<unknown, unknown>): void => {
  const fiber = Effect.runFork(program)
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
    tell(error)
    return error.exitCode
  }
  // The worker has told it in its log.
  if (Runtime.getErrorReported(error) === false) return Runtime.getErrorExitCode(error)
  process.stderr.write(`celeriac: ${harmless(Cause.pretty(exit.cause))}\n`)
  return 1
}

/** On stderr, what has not been told already. */
export const tell = ({ detail, message, speaker }: CliFailure): void => {
  if (message !== "") {
    process.stderr.write(`${Print.lines(`${speaker ?? "celeriac"}: ${harmless(message)}`, process.stderr)}\n`)
  }
  if (detail !== undefined) process.stderr.write(`${harmless(detail)}\n`)
}
