/** `celeriac status`: its flags. What it does is loaded when it is run. */
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as RemoteFlags from "./RemoteFlags.ts"
import { globals } from "./Root.ts"

export const status = Command.make("status", RemoteFlags.asking, (flags) =>
  Effect.gen(function*() {
    const shared = yield* globals
    const { status } = yield* Effect.promise(() => import("../remote/Remote.ts"))
    yield* status(shared, flags)
  })).pipe(
    Command.withDescription(
      "Shows which workers are online, Python's too. Ends with 69 when nobody replies."
    ),
    Command.withExamples([
      { command: "celeriac status", description: "Who is there" },
      { command: "celeriac status -d celery@web1 -t 5 --json", description: "One of them, for a program" }
    ])
  )
