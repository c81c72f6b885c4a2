/** `celeriac migrate`: its flags. What it does is loaded when it is run. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as FlagOf from "./FlagOf.ts"
import { json } from "./JsonFlag.ts"
import { globals } from "./Root.ts"

const flags = {
  source: Argument.String("source").pipe(Argument.withDescription("The URL of the broker that has them")),
  destination: Argument.String("destination").pipe(Argument.withDescription("The URL of the one that is to get them")),
  limit: Flag.Int("limit").pipe(
    Flag.withAlias("n"),
    Flag.withMetavar("N"),
    Flag.withDescription("How many tasks at most. Default: all"),
    Flag.filter((count) => count > 0, () => "a whole number of at least 1"),
    Flag.optional
  ),
  timeout: Flag.Finite("timeout").pipe(
    Flag.withAlias("t"),
    Flag.withMetavar("SECONDS"),
    Flag.withDescription("How long to wait for another task before it is done. Default: 1"),
    Flag.filter((seconds) => seconds > 0, () => "a number of seconds above 0"),
    Flag.withDefault(1)
  ),
  ackMessages: FlagOf.toggle({
    name: "ack-messages",
    alias: "a",
    doc: "Take them away at the source. Without it they are copied"
  }),
  tasks: FlagOf.text({ name: "tasks", alias: "T", metavar: "NAMES", doc: "Names of tasks: only these. Default: all" }),
  queues: FlagOf.text({
    name: "queues",
    alias: "Q",
    metavar: "NAMES",
    doc:
      "Names of queues, each alone or with its new name, as old:new. Default: the default queue and all that are configured"
  }),
  forever: FlagOf.toggle({ name: "forever", alias: "F", doc: "Go on until it is interrupted" }),
  json
}

export const migrate = Command.make("migrate", flags, (flags) =>
  Effect.gen(function*() {
    const shared = yield* globals
    const { migrate } = yield* Effect.promise(() => import("../broker/Migrate.ts"))
    yield* migrate(shared, flags)
  })).pipe(
    Command.withDescription(
      "Brings the tasks that wait at one broker to another. Queues are declared there as the settings have them. A task is taken away (-a) only when the other broker has confirmed it; whoever is interrupted meanwhile may have it at both."
    ),
    Command.withShortDescription("Bring tasks from one broker to another"),
    Command.withExamples([
      { command: "celeriac migrate amqp://old// amqp://new//", description: "Copy what waits in the default queue" },
      {
        command: "celeriac migrate amqp://old// amqp://new// -a -Q emails,reports:accounts -T proj.send",
        description: "Move one kind of task, of two queues, one of which is called otherwise there"
      }
    ])
  )
