/**
 * Ends the processes of a pool when their parent is gone, however that went: one
 * that computes hears of nothing by itself.
 *
 * It is one small process for all of them, a shell where there is one: it holds
 * the end of a pipe from the parent, is told there who is to be ended, and ends
 * them when the pipe closes, which the kernel sees to. One that is gone itself is
 * replaced. It lives outside of the parent's group: what a terminal sends to all
 * is not for it.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { type ChildProcess, spawn } from "node:child_process"
import type { Socket } from "node:net"

export interface Guardian {
  /** It is to go with the parent. */
  readonly guard: (pid: number) => void
  /** It is gone: its number may come to be another's. */
  readonly forget: (pid: number) => void
}

/** Between one that is gone and the next. */
const pause = "50 millis"

/** Until the scope closes: those that it guards then are ended. */
export const make = (shell = "/bin/sh"): Effect.Effect<Guardian, never, Scope.Scope> =>
  Effect.gen(function*() {
    const guarded = new Set<number>()
    let command: ReadonlyArray<string> = [shell, "-c", inShell, "guardian"]
    let current: ChildProcess | undefined
    const tell = (sign: "+" | "-", pid: number) => void current?.stdin?.write(`${sign} ${pid}\n`)

    const life = Effect.callback<void>((resume) => {
      const [file, ...args] = command
      // Those there are it knows from its first moment: the parent may be gone in the next one.
      const guardian = spawn(file, [...args, ...Array.from(guarded, String)], {
        detached: true,
        cwd: "/",
        env: {},
        stdio: ["pipe", "ignore", "ignore"]
      })
      current = guardian
      // It keeps nobody from leaving, and hears of the end of the pipe.
      guardian.unref()
      const stdin: Socket | undefined = guardian.stdin as Socket | null ?? undefined // of a pipe it is one; none where files ran out
      stdin?.on("error", () => {}).unref()
      guardian.on("exit", () => resume(Effect.void))
      guardian.on("error", ({ code }: NodeJS.ErrnoException) => {
        // There is no such shell here.
        if (code === "ENOENT" || code === "EACCES") command = [process.execPath, "-e", inNode, "--"]
        resume(Effect.void)
      })
      return Effect.sync(() => void stdin?.end())
    })
    yield* Effect.forkScoped(Effect.repeat(Effect.exit(life), Schedule.spaced(pause)), { startImmediately: true })
    return {
      guard: (pid) => {
        guarded.add(pid)
        tell("+", pid)
      },
      forget: (pid) => {
        if (guarded.delete(pid)) tell("-", pid)
      }
    }
  })

const inShell = `
trap '' INT TERM HUP QUIT
all=$*
while read -r sign pid; do
  if [ "$sign" = + ]; then all="$all $pid"; continue; fi
  rest=
  for other in $all; do [ "$other" = "$pid" ] || rest="$rest $other"; done
  all=$rest
done
[ -z "$all" ] || kill -9 $all
`

const inNode = `
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"]) process.on(signal, () => {})
const all = new Set(process.argv.slice(1).map(Number))
require("node:readline").createInterface({ input: process.stdin })
  .on("line", (line) => all[line[0] === "+" ? "add" : "delete"](Number(line.slice(2))))
  .on("close", () => { for (const pid of all) try { process.kill(pid, "SIGKILL") } catch {} process.exit() })
`
