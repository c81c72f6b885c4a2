/**
 * What a command line is given to: a plain `celeriac worker` is started at once,
 * `celeriac multi` has arguments of its own kind, everything else is read by `Cli`.
 */
import * as Effect from "effect/Effect"
import { commandAt } from "./flags/Globals.ts"
import { CliFailure, withoutDetail } from "./output/CliFailure.ts"

export const run = (args: ReadonlyArray<string>): Effect.Effect<unknown, unknown> => {
  const at = commandAt(args)
  const [before, behind] = [args.slice(0, at), args.slice(at + 1)]
  switch (args[at]) {
    case "worker":
      return Effect.flatMap(
        Effect.promise(() => import("./worker/WorkerLine.ts")),
        ({ run }) => run([...before, ...behind], everythingElse(args))
      )
    case "multi":
      return behind.some((arg) => arg === "--help" || arg === "-h") ? everythingElse(args) : Effect.flatMap(
        Effect.promise(() => import("./multi/Tool.ts")),
        ({ run }) => run(before, behind)
      )
    default:
      return everythingElse(args)
  }
}

const everythingElse = (args: ReadonlyArray<string>) =>
  Effect.flatMap(
    Effect.promise(() =>
      Promise.all([import("./Cli.ts"), import("./commands/Celeriac.ts"), import("./app/EarlyModule.ts")])
    ),
    ([Cli, { tree }, EarlyModule]) =>
      Effect.flatMap(
        EarlyModule.load(args),
        (exports) => Effect.flatMap(tree(args, exports), (tree) => Cli.run(tree, args))
      )
  ).pipe(
    // A worker that debugs shows it itself.
    Effect.mapError((error) => error instanceof CliFailure && !logs(args) ? withoutDetail(error) : error)
  )

const logs = (args: ReadonlyArray<string>): boolean => ["worker", "beat"].includes(args[commandAt(args)] ?? "")
