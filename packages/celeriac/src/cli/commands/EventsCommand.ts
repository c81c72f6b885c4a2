/** `celeriac events`: its flags. What it does is loaded when it is run. */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import { json } from "./JsonFlag.ts"
import { globals } from "./Root.ts"

const flags = {
  dump: Flag.Boolean("dump").pipe(
    Flag.withAlias("d"),
    Flag.withDescription("Print them, a line each"),
    Flag.withDefault(false),
    Flag.withoutNegation
  ),
  routingKey: Flag.String("routing-key").pipe(
    Flag.withMetavar("KEY"),
    Flag.withDescription("Which events: task.#, worker.heartbeat"),
    Flag.withDefault("#")
  ),
  json
}

export const events = Command.make("events", flags, ({ dump, ...flags }) =>
  Effect.gen(function*() {
    const shared = yield* globals
    if (!dump && !flags.json) {
      const { live } = yield* Effect.promise(() => import("../monitor/Live.ts"))
      return yield* live(shared, flags)
    }
    const events = yield* Effect.promise(() => import("../EventDump.ts"))
    yield* events.dump(shared, flags)
  })).pipe(
    Command.withDescription(
      "Prints what workers and clients tell, until it is interrupted. Workers tell of tasks with -E, or after `celeriac control enable_events`."
    ),
    Command.withExamples([
      { command: "celeriac events -d", description: "As it comes" },
      { command: "celeriac events --json --routing-key task.# | jq .type", description: "For a program" }
    ])
  )
