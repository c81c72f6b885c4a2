/** The flags of those commands that ask workers. */
import * as Argument from "effect/cli/Argument"
import * as Flag from "effect/cli/Flag"
import { json } from "./JsonFlag.ts"

export const asking = {
  timeout: Flag.Finite("timeout").pipe(
    Flag.withAlias("t"),
    Flag.withMetavar("SECONDS"),
    Flag.withDescription("How long to wait for replies. Default: 1"),
    Flag.filter((seconds) => seconds >= 0, () => "a number of seconds, not below 0"),
    Flag.withDefault(1)
  ),
  destination: Flag.String("destination").pipe(
    Flag.withAlias("d"),
    Flag.withMetavar("NODES"),
    Flag.withDescription("The names of the nodes to ask, with commas between them. Default: all"),
    Flag.optional
  ),
  json
}

export const words = {
  command: Argument.String("command").pipe(
    Argument.withDescription("The name of the command: see --list"),
    Argument.optional
  ),
  words: Argument.String("arguments").pipe(
    Argument.withDescription("What it takes, in its order"),
    Argument.variadic()
  ),
  list: Flag.Boolean("list").pipe(
    Flag.withDescription("List the commands there are, and what they take"),
    Flag.withDefault(false),
    Flag.withoutNegation
  )
}
