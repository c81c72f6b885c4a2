/**
 * What the command line says about itself. Help that was asked for goes to
 * stdout. After a mistake there is one sentence for each, on stderr, and how to get
 * the help; for a person at a terminal also how the command is used. Nobody gets pages
 * that were not asked for.
 *
 * What Celery has and this has not is said to be that, with what to do instead. What
 * was typed may hold the URL of a broker.
 */
import { maskIn } from "@celeriac/messaging/MaskedUri"
import type * as CliError from "effect/cli/CliError"
import * as CliOutput from "effect/cli/CliOutput"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Elsewhere from "./Elsewhere.ts"
import * as Help from "./Help.ts"
import * as Print from "./Print.ts"

const present = (event: CliOutput.Presenter.Event): Effect.Effect<void> => {
  if (event._tag !== "InvalidInvocation") return CliOutput.defaultPresenter.present(event)
  const { commandPath, errors, helpDoc } = event
  const said = [
    ...errors.map((error) => `${commandPath.join(" ")}: ${maskIn(sentence(error))}`),
    `See: ${commandPath.join(" ")} --help`
  ].join("\n")
  const lines = Print.lines(said, process.stderr)
  return Console.error(process.stderr.isTTY === true ? `${Help.usage(helpDoc)}\n${lines}` : lines)
}

export const layer: Layer.Layer<never> = CliOutput.layerPresenter({ present })

const sentence = (error: CliError.NonShowHelpErrors): string => {
  switch (error._tag) {
    case "UnrecognizedOption": {
      const [flag = ""] = error.option.split("=")
      const instead = Elsewhere.flags.get(flag)
      if (instead !== undefined) return `there is no ${flag} of Celery's here: ${instead}`
      // One letter is like any other.
      const { suggestions } = error
      const guess = flag.startsWith("--") && suggestions.length > 0 ? `. Did you mean ${suggestions.join(" or ")}?` : ""
      return `there is no flag ${error.option}${guess}`
    }
    case "UnknownSubcommand": {
      const instead = Elsewhere.commands.get(error.subcommand)
      if (instead !== undefined) return `there is no ${error.subcommand} of Celery's here: ${instead}`
      const { suggestions } = error
      const guess = suggestions.length > 0 ? `. Did you mean ${suggestions.join(" or ")}?` : ""
      return `there is no command ${error.subcommand}${guess}`
    }
    case "MissingArgument":
      return `<${error.argument}> is missing`
    case "MissingOption":
      return `--${error.option} is missing`
    default:
      return `${error.message.slice(0, 1).toLowerCase()}${error.message.slice(1)}`
  }
}
