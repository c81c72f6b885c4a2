/** `celeriac new`: its flags. What it does is loaded when it is run. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import { globals } from "./Root.ts"

export const create = Command.make("new", {
  folder: Argument.String("folder").pipe(Argument.withDescription("Where: a folder that is new or empty"))
}, ({ folder }) =>
  Effect.gen(function*() {
    const shared = yield* globals
    const { create } = yield* Effect.promise(() => import("../app/New.ts"))
    yield* create(shared, folder)
  })).pipe(
    Command.withDescription("Makes a project that runs at once: a task, a worker and a client."),
    Command.withExamples([{
      command: "celeriac new jobs",
      description: "Then: cd jobs && npm install && npx celeriac worker"
    }])
  )
