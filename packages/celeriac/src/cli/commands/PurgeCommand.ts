/** `celeriac purge`: its flags. What it does is loaded when it is run. */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import { json } from "./JsonFlag.ts"
import { globals } from "./Root.ts"

const names = (name: string, alias: string, doc: string) =>
  Flag.String(name).pipe(Flag.withAlias(alias), Flag.withMetavar("NAMES"), Flag.withDescription(doc), Flag.optional)

const flags = {
  force: Flag.Boolean("force").pipe(
    Flag.withAlias("f"),
    Flag.withDescription("Do not ask"),
    Flag.withDefault(false),
    Flag.withoutNegation
  ),
  queues: names(
    "queues",
    "Q",
    "Names of queues, with commas between them. Default: the default queue and all that are configured"
  ),
  excludeQueues: names("exclude-queues", "X", "Names of queues to leave alone. Default: none"),
  json
}

export const purge = Command.make("purge", flags, (flags) =>
  Effect.gen(function*() {
    const shared = yield* globals
    const { purge } = yield* Effect.promise(() => import("../broker/Purge.ts"))
    yield* purge(shared, flags)
  })).pipe(
    Command.withDescription("Throws away all tasks that wait in queues. There is no way back."),
    Command.withExamples([
      { command: "celeriac purge", description: "Asks first" },
      { command: "celeriac purge -f -Q reports", description: "One queue, without asking" }
    ])
  )
