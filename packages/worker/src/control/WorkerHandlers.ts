/**
 * What a worker replies to commands about itself. Source: control sections 2
 * and 3.
 *
 * @since 0.1.0
 */
import { LogicalClock } from "@celeriac/messaging/LogicalClock"
import * as Commands from "@celeriac/tasks/control/Commands"
import * as Effect from "effect/Effect"
import * as WorkerExit from "../state/WorkerExit.ts"
import * as ControlHandler from "./ControlHandler.ts"

export const make = Effect.gen(function*() {
  const clock = yield* LogicalClock
  return yield* Effect.all([
    ControlHandler.make(Commands.inspect.ping, () => Effect.succeed("pong")),
    ControlHandler.make(Commands.inspect.clock, () => Effect.sync(() => ({ clock: clock.value() }))),
    ControlHandler.make(Commands.control.shutdown, ({ msg }) =>
      Effect.andThen(
        Effect.logWarning((msg ?? "Got shutdown from remote").slice(0, 1024)),
        Effect.fail(new WorkerExit.WorkerShutdown())
      ))
  ])
})
