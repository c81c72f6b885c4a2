/** `celeriac shell`: its flags. What it does is loaded when it is run. */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import { globals } from "./Root.ts"

const flags = {
  evaluate: Flag.String("eval").pipe(
    Flag.withAlias("e"),
    Flag.withMetavar("CODE"),
    Flag.withDescription("Run this, print what it comes to, and end. Default: a prompt"),
    Flag.optional
  ),
  withoutTasks: Flag.Boolean("without-tasks").pipe(
    Flag.withAlias("T"),
    Flag.withDescription("Do not give the exports of the module names of their own"),
    Flag.withDefault(false),
    Flag.withoutNegation
  )
}

export const shell = Command.make("shell", flags, (flags) =>
  Effect.gen(function*() {
    const shared = yield* globals
    const { open } = yield* Effect.promise(() => import("../shell/Shell.ts"))
    yield* open(shared, flags)
  })).pipe(
    Command.withDescription(
      "A JavaScript prompt with app, client, control, inspect, the tasks of the module and the words of canvas at hand. await works everywhere; promises and Effects are run, and what they come to is shown; _ is the last value. What comes from a pipe is run as one program. The history is in ~/.celeriac_history, or where CELERIAC_HISTORY says."
    ),
    Command.withShortDescription("Open a prompt with tasks, client and remote control at hand"),
    Command.withExamples([
      { command: "celeriac shell -A ./worker.ts", description: "To try things" },
      { command: `celeriac shell -e 'Object.keys(await inspect.ping())'`, description: "One expression" },
      { command: `celeriac shell -A ./app.ts < script.js`, description: "A program" }
    ])
  )
