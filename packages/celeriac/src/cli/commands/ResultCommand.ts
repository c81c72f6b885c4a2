/** `celeriac result`: its flags. What it does is loaded when it is run. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import { json } from "./JsonFlag.ts"
import { globals } from "./Root.ts"

const flags = {
  id: Argument.String("task-id").pipe(Argument.withDescription("The id that `celeriac call` printed")),
  task: Flag.String("task").pipe(
    Flag.withAlias("t"),
    Flag.withMetavar("NAME"),
    Flag.withDescription("The name of the task: Celery's, not needed here. Default: none"),
    Flag.optional
  ),
  traceback: Flag.Boolean("traceback").pipe(
    Flag.withDescription("Print the traceback instead, and wait for nothing"),
    Flag.withDefault(false),
    Flag.withoutNegation
  ),
  timeout: Flag.Finite("timeout").pipe(
    Flag.withMetavar("SECONDS"),
    Flag.withDescription("How long to wait for a task that has not ended. Default: for ever"),
    Flag.optional
  ),
  json
}

export const result = Command.make("result", flags, (flags) =>
  Effect.gen(function*() {
    const shared = yield* globals
    const { result } = yield* Effect.promise(() => import("../tasks/ResultVerb.ts"))
    yield* result(shared, flags)
  })).pipe(
    Command.withDescription(
      "Prints what a task came to, as Python prints it, and waits for one that has not ended. Ends with 1 when it has failed. The backend has to keep results: rpc:// does not."
    ),
    Command.withExamples([
      { command: "celeriac --result-backend redis://localhost result 5f0c0b9e", description: "What it returned" },
      { command: "celeriac result 5f0c0b9e --traceback", description: "Why it failed" }
    ])
  )
