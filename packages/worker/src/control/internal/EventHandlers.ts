/**
 * What a worker does when it is told which events to send. Source: control
 * section 2.
 *
 * @since 0.1.0
 */
import { Refused } from "@celeriac/tasks/control/Command"
import * as Commands from "@celeriac/tasks/control/Commands"
import { EventDispatcher } from "@celeriac/tasks/event/EventDispatcher"
import * as Effect from "effect/Effect"
import * as Machine from "../../state/Machine.ts"
import * as ControlHandler from "../ControlHandler.ts"

/** Seconds: what Celery says of a heartbeat that was asked for. */
const askedFreq = 5

export const make = Effect.gen(function*() {
  const dispatcher = yield* EventDispatcher
  return yield* Effect.all([
    ControlHandler.make(Commands.control.enableEvents, () =>
      Effect.flatMap(dispatcher.enable("task"), (isNew) =>
        isNew
          ? Effect.as(Effect.logInfo("Events of group {task} enabled by remote."), "task events enabled")
          : Effect.succeed("task events already enabled"))),
    ControlHandler.make(
      Commands.control.disableEvents,
      () =>
        Effect.flatMap(dispatcher.disable("task"), (wasOn) =>
          wasOn
            ? Effect.as(Effect.logInfo("Events of group {task} disabled by remote."), "task events disabled")
            : Effect.succeed("task events already disabled"))
    ),
    ControlHandler.make(Commands.control.heartbeat, () =>
      Effect.as(
        Effect.sync(() => {
          dispatcher.expectListener()
          dispatcher.send("worker-heartbeat", { freq: askedFreq, ...Machine.software })
        }),
        null
      )),
    ControlHandler.make(
      Commands.control.election,
      () => Effect.fail(new Refused("this worker does not gossip: it holds no elections"))
    )
  ])
})
