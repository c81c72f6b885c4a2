/**
 * What a worker replies to commands about the cluster. Source: control section 3,
 * protocol of events §7 and §8.1.
 *
 * `election` is carried out by `Gossip`, for as long as that is there. Without it
 * the command is taken and nothing is done, as with Celery.
 *
 * @since 0.1.0
 */
import { LogicalClock } from "@celeriac/messaging/LogicalClock"
import * as Commands from "@celeriac/tasks/control/Commands"
import * as Effect from "effect/Effect"
import * as Revoked from "../state/Revoked.ts"
import { WorkerSettings } from "../state/WorkerSettings.ts"
import { WorkerState } from "../state/WorkerState.ts"
import * as Acquaintance from "./Acquaintance.ts"
import * as ControlHandler from "./ControlHandler.ts"

export const make = Effect.gen(function*() {
  const clock = yield* LogicalClock
  const { revoked } = yield* WorkerState
  const { nodename } = yield* WorkerSettings
  return yield* Effect.all([
    // A node that is new. To itself a node replies null.
    ControlHandler.make(Commands.inspect.hello, ({ fromNode, revoked: theirs }) =>
      Effect.gen(function*() {
        if (fromNode === nodename) return null
        yield* Effect.logInfo(`sync with ${Acquaintance.shown(fromNode)}`)
        revoked.merge(Revoked.read(theirs))
        return { revoked: revoked.ids(), clock: clock.forward() }
      })),
    ControlHandler.make(Commands.control.election, () => Effect.succeed(null))
  ])
})
