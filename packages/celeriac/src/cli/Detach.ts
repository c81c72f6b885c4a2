/**
 * Starts the command a second time, in the background: in a session of its own,
 * with neither terminal nor input. What it prints goes into its log file, if it
 * has one: what ends a process before it can log is found there too.
 *
 * Everything that can be wrong is looked for before, while there is somebody
 * to tell.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { spawn } from "node:child_process"
import { because, type CliFailure, mistaken } from "./CliFailure.ts"
import type { DaemonFlags } from "./DaemonFlags.ts"
import * as LogFile from "./LogFile.ts"
import * as Pidfile from "./Pidfile.ts"

export interface Files {
  readonly pidfile: string | undefined
  readonly logfile: string | undefined
}

/** Ends when the other process runs. */
export const detach = (
  { executable }: Pick<DaemonFlags, "executable">,
  { logfile, pidfile }: Files
): Effect.Effect<void, CliFailure> =>
  Effect.gen(function*() {
    const args = process.argv.slice(2)
    const left = args.filter((arg) => !flags.has(arg))
    if (left.length === args.length) {
      return yield* Effect.fail(mistaken("-D stands by itself, and not among other letters"))
    }
    if (pidfile !== undefined) yield* Pidfile.check(pidfile)
    const log = logfile === undefined ? undefined : yield* LogFile.open(logfile)
    const output = log === undefined ? "ignore" as const : log.descriptor
    const node = Option.getOrElse(executable, () => process.execPath)
    yield* Effect.callback<void, CliFailure>((resume) => {
      const child = spawn(node, [...process.execArgv, process.argv[1] ?? "", ...left], {
        detached: true,
        stdio: ["ignore", output, output]
      })
      child.once("error", (error) => resume(Effect.fail(because(`${node} cannot be run: ${error.message}`))))
      child.once("spawn", () => {
        child.unref()
        resume(Effect.void)
      })
    })
    log?.close()
  })

const flags: ReadonlySet<string> = new Set(["-D", "--detach", "--detach=true"])
