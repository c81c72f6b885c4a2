/**
 * The module of `-A`, loaded before the arguments are read: it may have commands,
 * and options for all of them. One that does not load says so when a command
 * needs it, and spoils no other.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { pathToFileURL } from "node:url"
import * as Globals from "../flags/Globals.ts"
import type * as App from "./App.ts"

/** What it exports; nothing where no module is meant, or none loads. */
export const load = (args: ReadonlyArray<string>): Effect.Effect<App.Exports> => {
  const command = args[Globals.commandAt(args)]
  const named = valueOf(args, "--app", "-A")
  // For a help that nobody asks of a module none is loaded.
  if (named === undefined && (command === undefined || without.has(command))) return Effect.succeed({})
  return Effect.gen(function*() {
    const said = (name: "gid" | "uid" | "umask") => Option.fromUndefinedOr(valueOf(args, `--${name}`))
    yield* Globals.enter({ workdir: Option.fromUndefinedOr(valueOf(args, "--workdir")) })
    const whose = { uid: said("uid"), gid: said("gid"), umask: said("umask") }
    // As whom a worker runs, its module is loaded.
    if (Object.values(whose).some(Option.isSome)) {
      const { drop } = yield* Effect.promise(() => import("../daemon/Privileges.ts"))
      yield* drop(whose)
    }
    const App = yield* Effect.promise(() => import("./App.ts"))
    if (args.includes("--autoreload")) {
      const { record } = yield* Effect.promise(() => import("./LoadedFiles.ts"))
      record(App.here)
    }
    if (!App.isAny(Option.fromUndefinedOr(named))) return {}
    const file = yield* App.find(Option.fromUndefinedOr(named))
    return yield* Effect.tryPromise({
      try: (): Promise<App.Exports> => import(pathToFileURL(file).href),
      catch: (error) => App.notLoaded(file, error)
    })
  }).pipe(
    // A command that needs it says so itself.
    Effect.tapError(({ message }) =>
      args.some((arg) => helps.has(arg))
        ? Effect.sync(() => void process.stderr.write(`celeriac: ${message.split("\n")[0]}\n`))
        : Effect.void
    ),
    Effect.orElseSucceed(() => ({}))
  )
}

/** That look for no module before they are run. */
const without: ReadonlySet<string> = new Set(["new", "build"])

const helps: ReadonlySet<string> = new Set(["--help", "-h", "--completions"])

const valueOf = (args: ReadonlyArray<string>, long: string, short?: string): string | undefined => {
  const at = args.findIndex((arg) => arg === long || arg === short || arg.startsWith(`${long}=`))
  if (at < 0) return undefined
  return args[at]!.startsWith(`${long}=`) ? args[at]!.slice(long.length + 1) : args[at + 1]
}
