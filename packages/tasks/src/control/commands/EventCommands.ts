/**
 * Commands about events and elections. Source: control section 2.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as Command from "../Command.ts"

export const enableEvents = Command.control("enable_events", { doc: "Send events about tasks." })

export const disableEvents = Command.control("disable_events", { doc: "Send no events about tasks." })

export const heartbeat = Command.control("heartbeat", { reply: Schema.Null, doc: "Send a heartbeat now." })

export const election = Command.control("election", {
  arguments: { id: Schema.String, topic: Schema.String, action: Command.optional(Schema.Unknown) },
  reply: Schema.Null,
  doc: "Elect one of the nodes, which is to do something."
})
