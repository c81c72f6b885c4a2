/** `celeriac inspect`: its flags. What it does is loaded when it is run. */
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as RemoteFlags from "./RemoteFlags.ts"
import { globals } from "./Root.ts"

export const inspect = Command.make(
  "inspect",
  { ...RemoteFlags.asking, ...RemoteFlags.words },
  (flags) =>
    Effect.gen(function*() {
      const shared = yield* globals
      const { run } = yield* Effect.promise(() => import("../remote/Remote.ts"))
      yield* run("inspect", shared, flags)
    })
).pipe(
  Command.withDescription(
    "Asks workers what they do, and changes nothing. Ends with 69 when nobody replies."
  ),
  Command.withExamples([
    { command: "celeriac inspect active", description: "What runs" },
    { command: "celeriac inspect query_task 5f0c 7d1e", description: "Where these are" },
    { command: "celeriac inspect --list", description: "What can be asked, commands of the module of -A among them" }
  ])
)
