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
import { because, type CliFailure, mistaken } from "../output/CliFailure.ts"
import type { DaemonFlags } from "./DaemonFlags.ts"
import * as LogFile from "./LogFile.ts"
import * as Pidfile from "./Pidfile.ts"

export interface Files {
  readonly pidfile: string | undefined
  readonly logfile: string | undefined
}

/** Ends when the other process runs, and has its pidfile, if it is to have one. */
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
    const child = spawn(node, [...process.execArgv, process.argv[1] ?? "", ...left], {
      detached: true,
      stdio: ["ignore", output, output]
    })
    const failed = Effect.callback<never, CliFailure>((resume) => {
      child.once("error", (error) => resume(Effect.fail(because(`${node} cannot be run: ${error.message}`))))
      child.once("exit", (code) =>
        resume(Effect.fail(because(
          `it ended with ${code} before it was up${logfile === undefined ? "" : `: ${logfile} tells why`}`
        ))))
    })
    // Whoever stops it finds it by that.
    const isUp = () => child.pid !== undefined && (pidfile === undefined || Pidfile.read(pidfile) === child.pid)
    yield* Effect.raceFirst(failed, untilTrue(isUp))
    child.unref()
    log?.close()
  })

const untilTrue = (holds: () => boolean): Effect.Effect<void> =>
  Effect.suspend(() => holds() ? Effect.void : Effect.andThen(Effect.sleep("10 millis"), untilTrue(holds)))

const flags: ReadonlySet<string> = new Set(["-D", "--detach", "--detach=true"])
