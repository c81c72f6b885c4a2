/** `celeriac control`: its flags. What it does is loaded when it is run. */
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as RemoteFlags from "./RemoteFlags.ts"
import { globals } from "./Root.ts"

export const control = Command.make(
  "control",
  { ...RemoteFlags.asking, ...RemoteFlags.words },
  (flags) =>
    Effect.gen(function*() {
      const shared = yield* globals
      const { run } = yield* Effect.promise(() => import("../remote/Remote.ts"))
      yield* run("control", shared, flags)
    })
).pipe(
  Command.withDescription(
    "Tells workers what to do otherwise. Ends with 69 when nobody replies."
  ),
  Command.withExamples([
    { command: "celeriac control rate_limit proj.add 10/m", description: "Ten a minute" },
    { command: "celeriac control -d celery@web1 add_consumer reports", description: "Consume from another queue" },
    { command: "celeriac control --list", description: "What they can be told" }
  ])
)
