/** `celeriac worker`, where its arguments are plain: see `PlainArguments`. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as PlainArguments from "./PlainArguments.ts"
import * as Start from "./Start.ts"

/** Of `worker`, before which flags of all commands may stand; `otherwise` reads all arguments. */
export const run = (
  flags: ReadonlyArray<string>,
  otherwise: Effect.Effect<unknown, unknown>
): Effect.Effect<unknown, unknown> => {
  const plain = PlainArguments.read(flags)
  return Result.isFailure(plain)
    ? otherwise
    : Effect.catchIf(
      Start.start(plain.success.app, plain.success.flags),
      // What is wrong with a flag that no step knows is told first.
      (error) =>
        error._tag === "UnknownFlag" ||
        (error._tag === "CliFailure" && hasOwn(plain.success) && error.exitCode === 2 &&
          error.message.startsWith("there is no")),
      () => otherwise
    )
}

const hasOwn = ({ flags }: PlainArguments.Plain): boolean => Object.keys(flags.own).length > 0
