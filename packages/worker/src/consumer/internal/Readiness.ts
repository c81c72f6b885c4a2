/**
 * Sees to it that a queue is there before it is consumed: declares it, or, where
 * nothing is declared, says what is missing.
 */
import * as Declaration from "@celeriac/messaging/Declaration"
import type { Queue } from "@celeriac/messaging/Entity"
import { because, InvalidConfiguration, type MessagingError } from "@celeriac/messaging/MessagingError"
import type { Channel } from "@celeriac/messaging/Transport"
import * as Settings from "@celeriac/tasks/Settings"
import * as Effect from "effect/Effect"

type Prepare = (channel: Channel, queue: Queue) => Effect.Effect<unknown, MessagingError>

/** By the setting in effect. */
export const make: Effect.Effect<Prepare> = Effect.map(
  Settings.DeclareTopology,
  (declares) => declares ? Declaration.declareQueue : find
)

/** To try again would come to the same: somebody else has to make it. */
const find: Prepare = (channel, { name }) =>
  Effect.mapError(
    channel.queueState(name),
    (error) =>
      error.reason._tag === "NotFound"
        ? because(error.operation, new InvalidConfiguration({ detail: missing(name) }))
        : error
  )

const missing = (name: string): string =>
  `queue '${name}' is not there, and this worker declares nothing (declareTopology). ` +
  "Create it with a user who may configure the broker (Topology.apply)"
