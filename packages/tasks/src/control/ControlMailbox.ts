/**
 * The mailbox of remote control, as the settings in effect declare it.
 *
 * @since 0.1.0
 */
import * as Mailbox from "@celeriac/messaging/Mailbox"
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import * as Effect from "effect/Effect"
import * as Settings from "../Settings.ts"
import * as ControlSettings from "./ControlSettings.ts"

/** Fails when the settings contradict each other. */
export const make: Effect.Effect<Mailbox.Mailbox, MessagingError> = Effect.gen(function*() {
  return yield* Mailbox.make({
    namespace: yield* ControlSettings.ControlExchange,
    queueTtl: yield* ControlSettings.ControlQueueTtl,
    queueExpires: yield* ControlSettings.ControlQueueExpires,
    queueExclusive: yield* ControlSettings.ControlQueueExclusive,
    queueDurable: yield* ControlSettings.ControlQueueDurable,
    accept: yield* Settings.AcceptContent,
    serializer: yield* Settings.Serializer
  })
})
