/**
 * Why the command could not do what it was asked to: one message for the
 * person at the terminal, and the exit code of the process.
 */
import { maskIn } from "@celeriac/messaging/MaskedUri"
import * as Data from "effect/Data"

export class CliFailure extends Data.TaggedError("CliFailure")<{
  /** Empty when it has been told already. */
  readonly message: string
  readonly exitCode: number
  /** Who says it: Celery's programs say `Error`, where others read what they say. Default: `celeriac`. */
  readonly speaker?: "Error" | "ERROR" | `celeriac ${string}` | undefined
  /** The stack of what was thrown, for whoever debugs. */
  readonly detail?: string | undefined
}> {}

/** A mistake in the command line; in the arguments of this command, if one is named. */
export const mistaken = (message: string, command?: string): CliFailure =>
  new CliFailure({ message, exitCode: 2, ...(command === undefined ? {} : { speaker: `celeriac ${command}` }) })

export const because = (message: string, error?: unknown): CliFailure =>
  new CliFailure({
    message,
    exitCode: 1,
    ...(error instanceof Error && error.stack !== undefined ? { detail: maskIn(error.stack) } : {})
  })

/** `EX_UNAVAILABLE`: nobody is there who could answer, in Celery's words. */
export const unavailable = (message: string): CliFailure => new CliFailure({ message, exitCode: 69, speaker: "Error" })

/** For who does not debug: the sentence alone. */
export const withoutDetail = ({ exitCode, message, speaker }: CliFailure): CliFailure =>
  new CliFailure({ message, exitCode, speaker })
