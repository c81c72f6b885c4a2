/** `celeriac report`. What it does is loaded when it is run. */
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import { json } from "./JsonFlag.ts"
import { globals } from "./Root.ts"

export const report = Command.make("report", { json }, (flags) =>
  Effect.gen(function*() {
    const shared = yield* globals
    const { report } = yield* Effect.promise(() => import("../doctor/Report.ts"))
    yield* report(shared, flags)
  })).pipe(
    Command.withDescription(
      "Shows what to say in a bug report: versions, the machine, and the settings that are not as they are by default, without secrets."
    ),
    Command.withExamples([{ command: "celeriac report -A ./worker.ts", description: "Of this module" }])
  )
