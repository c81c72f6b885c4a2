/**
 * What a command line is given to: a plain `celeriac worker` is started at once,
 * `celeriac multi` has arguments of its own kind, everything else is read by `Cli`.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { CliFailure, withoutDetail } from "./CliFailure.ts"
import { commandAt } from "./Globals.ts"
import * as PlainArguments from "./PlainArguments.ts"
import * as Start from "./Start.ts"

export const run = (args: ReadonlyArray<string>): Effect.Effect<unknown, unknown> => {
  const at = commandAt(args)
  if (args[at] === "multi" && !args.some((arg) => arg === "--help" || arg === "-h")) {
    return Effect.flatMap(
      Effect.promise(() => import("./multi/Tool.ts")),
      ({ run }) => run(args.slice(0, at), args.slice(at + 1))
    )
  }
  const flags = flagsOf(args)
  const plain = flags === undefined ? undefined : PlainArguments.read(flags)
  return plain === undefined || Result.isFailure(plain)
    ? everythingElse(args)
    : Effect.catchIf(
      Start.start(plain.success.app, plain.success.flags),
      // What is wrong with a flag that no step knows is told first.
      (error) =>
        error._tag === "UnknownFlag" ||
        (error._tag === "CliFailure" && hasOwn(plain.success) && error.exitCode === 2 &&
          error.message.startsWith("there is no")),
      () => everythingElse(args)
    )
}

const hasOwn = ({ flags }: PlainArguments.Plain): boolean => Object.keys(flags.own).length > 0

/** Of `worker`, before which flags of all commands may stand, and nothing else. */
const flagsOf = (args: ReadonlyArray<string>): ReadonlyArray<string> | undefined => {
  const at = commandAt(args)
  return args[at] === "worker" ? [...args.slice(0, at), ...args.slice(at + 1)] : undefined
}

const everythingElse = (args: ReadonlyArray<string>) =>
  Effect.flatMap(
    Effect.promise(() =>
      Promise.all([import("./Cli.ts"), import("./commands/Celeriac.ts"), import("./EarlyModule.ts")])
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
