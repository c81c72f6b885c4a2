/** `celeriac topology`: its flags. What it does is loaded when it is run. */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import type { Way } from "../broker/TopologyVerb.ts"
import { json } from "./JsonFlag.ts"
import { globals } from "./Root.ts"

const flags = {
  queues: Flag.String("queues").pipe(
    Flag.withAlias("Q"),
    Flag.withMetavar("NAMES"),
    Flag.withDescription("Queues that are used without being configured, with commas between them. Default: none"),
    Flag.optional
  ),
  workers: Flag.String("workers").pipe(
    Flag.withMetavar("NODES"),
    Flag.withDescription("Workers that have a queue of their own (`direct`), with commas between them. Default: none"),
    Flag.optional
  ),
  json
}

const make = <const Name extends Way>(name: Name, doc: string) =>
  Command.make(name, flags, (flags) =>
    Effect.gen(function*() {
      const shared = yield* globals
      const { run } = yield* Effect.promise(() => import("../broker/TopologyVerb.ts"))
      yield* run(name, shared, flags)
    })).pipe(Command.withDescription(doc))

export const topology = Command.make("topology").pipe(
  Command.withDescription(
    "What the queues, exchanges and bindings of an application are, by its settings, and what the broker has of it."
  ),
  Command.withSubcommands([
    make("plan", "Compares, and changes nothing."),
    make("apply", "Makes what is missing. Fails, before anything is made, when something differs."),
    make("verify", "Ends with 1 when something is missing or differs.")
  ]),
  Command.withExamples([
    { command: "celeriac topology plan -A ./worker.ts", description: "What would be made" },
    { command: "celeriac topology verify -A ./worker.ts -b amqp://deploy@rabbit//", description: "In a pipeline" }
  ])
)
