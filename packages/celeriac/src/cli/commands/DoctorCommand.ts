/** `celeriac doctor`: its flags. What it does is loaded when it is run. */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import { json } from "./JsonFlag.ts"
import { globals } from "./Root.ts"

const flags = {
  timeout: Flag.Finite("timeout").pipe(
    Flag.withAlias("t"),
    Flag.withMetavar("SECONDS"),
    Flag.withDescription("How long to wait for replies of workers. Default: 1"),
    Flag.filter((seconds) => seconds > 0, () => "a number of seconds above 0"),
    Flag.withDefault(1)
  ),
  queues: Flag.String("queues").pipe(
    Flag.withAlias("Q"),
    Flag.withMetavar("NAMES"),
    Flag.withDescription("Queues that are used without being configured, with commas between them. Default: none"),
    Flag.optional
  ),
  messages: Flag.Int("messages").pipe(
    Flag.withMetavar("N"),
    Flag.withDescription(
      "Look at the first N messages of each queue, for tasks that nobody runs. They are given back, marked as redelivered. Default: 0"
    ),
    Flag.filter((count) => count >= 0 && count <= 10_000, () => "a whole number from 0 to 10000"),
    Flag.withDefault(0)
  ),
  consumerTimeout: Flag.Finite("consumer-timeout").pipe(
    Flag.withMetavar("SECONDS"),
    Flag.withDescription(
      "How long the broker waits for an acknowledgement, which AMQP does not tell. Default: 1800, as RabbitMQ's"
    ),
    Flag.filter((seconds) => seconds > 0, () => "a number of seconds above 0"),
    Flag.optional
  ),
  json
}

export const doctor = Command.make("doctor", flags, (flags) =>
  Effect.gen(function*() {
    const shared = yield* globals
    const { examine } = yield* Effect.promise(() => import("../doctor/Doctor.ts"))
    yield* examine(shared, flags)
  })).pipe(
    Command.withDescription(
      "Looks for what is wrong: the broker and its version, permissions, queues that differ from their declaration, workers, clocks, tasks that nobody runs, time limits against the broker's patience, prefetch, and the store of results. Says what to do about each. Changes nothing. Ends with 1 when something is wrong."
    ),
    Command.withShortDescription("Look for what is wrong, and say what to do about it"),
    Command.withExamples([
      { command: "celeriac doctor -A ./worker.ts", description: "Of this module" },
      {
        command: "celeriac doctor -b amqp://rabbit// --result-backend redis://cache --json",
        description: "For a program"
      },
      { command: "celeriac doctor -A ./worker.ts --messages 100", description: "And what waits in the queues" }
    ])
  )
