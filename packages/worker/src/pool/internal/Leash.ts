/**
 * How a process is begun that the kernel ends when its parent is gone, where
 * that can be had: on Linux, by `setpriv` of util-linux. It holds for one that
 * computes when its parent and the `Guardian` are killed in the same moment.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"

/** Of `fork`. */
export interface Leash {
  readonly execPath: string
  readonly execArgv: Array<string>
}

/** None where there is no such command, or one that cannot do it. */
export const make = (command = "setpriv"): Effect.Effect<Partial<Leash>> =>
  process.platform !== "linux" || process.execArgv.some((argument) => evaluates.test(argument))
    ? Effect.succeed({})
    : Effect.map(
      succeeds(command, [...bound, "true"]),
      (is) => is ? { execPath: command, execArgv: [...bound, process.execPath, ...process.execArgv] } : {}
    )

const bound = ["--pdeathsig", "KILL", "--"]

/** The text of a program is an argument then, which `fork` knows to leave out. */
const evaluates = /^(-[ep]|-pe|--eval|--print)/

const succeeds = (file: string, args: ReadonlyArray<string>): Effect.Effect<boolean> =>
  Effect.callback((resume) => {
    const trial = spawn(file, args, { stdio: "ignore" })
    trial.on("exit", (code) => resume(Effect.succeed(code === 0)))
    trial.on("error", () => resume(Effect.succeed(false)))
  })
