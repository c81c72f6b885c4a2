/** `celeriac list`: its flags. What it does is loaded when it is run. */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import { json } from "./JsonFlag.ts"
import { globals } from "./Root.ts"

const bindings = Command.make("bindings", {
  brokerApi: Flag.String("broker-api").pipe(
    Flag.withMetavar("URL"),
    Flag.withDescription("The management API. Default: http://<host of the broker>:15672/api"),
    Flag.optional
  ),
  json
}, (flags) =>
  Effect.gen(function*() {
    const shared = yield* globals
    const { bindings } = yield* Effect.promise(() => import("../broker/Bindings.ts"))
    yield* bindings(shared, flags)
  })).pipe(
    Command.withDescription("Lists which exchange brings what to which queue. RabbitMQ's management plugin tells it."),
    Command.withShortDescription("Which exchange brings what to which queue"),
    Command.withExamples([
      { command: "celeriac -b amqp://user:password@rabbit/vhost list bindings", description: "Of this virtual host" }
    ])
  )

export const list = Command.make("list").pipe(
  Command.withDescription("Asks the broker what it has."),
  Command.withSubcommands([bindings])
)
