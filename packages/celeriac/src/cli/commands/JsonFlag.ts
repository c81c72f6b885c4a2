/** The flag `--json`, as all commands have it that print facts. */
import * as Flag from "effect/cli/Flag"

export const json = Flag.Boolean("json").pipe(
  Flag.withAlias("j"),
  Flag.withDescription("Print JSON, for programs"),
  Flag.withDefault(false),
  Flag.withoutNegation
)
