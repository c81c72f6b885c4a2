/** What a command line is given to: a plain `celeriac worker` is started at once, everything else is read by `Cli`. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as PlainArguments from "./PlainArguments.ts"
import * as Start from "./Start.ts"

export const run = (args: ReadonlyArray<string>): Effect.Effect<unknown, unknown> => {
  const flags = flagsOf(args)
  const plain = flags === undefined ? undefined : PlainArguments.read(flags)
  return plain === undefined || Result.isFailure(plain)
    ? everythingElse(args)
    : Start.start(plain.success.app, plain.success.flags)
}

/** Of `worker`, before which the module may stand, and nothing else. */
const flagsOf = (args: ReadonlyArray<string>): ReadonlyArray<string> | undefined => {
  const at = args.indexOf("worker")
  const before = args.slice(0, Math.max(at, 0))
  const isPlain = before.length === 0 || before.length === 2 && (before[0] === "-A" || before[0] === "--app")
  return at >= 0 && isPlain ? [...before, ...args.slice(at + 1)] : undefined
}

const everythingElse = (args: ReadonlyArray<string>) =>
  Effect.flatMap(
    Effect.promise(() => Promise.all([import("./Cli.ts"), import("./commands/Celeriac.ts")])),
    ([Cli, { all }]) => Cli.run(all, args)
  )
