/**
 * The handle that starts and ends faults: those that go on are written down in
 * the `FaultState`, the others strike at once.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import { ChannelClosed, ConnectionLost } from "../../MessagingError.ts"
import type { ChannelInfo, Faults } from "../MemoryFaults.ts"
import type { FaultState } from "./MemoryFaultState.ts"
import type { MemoryHost } from "./MemoryHost.ts"
import type { MemoryLink } from "./MemoryLink.ts"
import type { MemorySession } from "./MemorySession.ts"

export const make = (host: MemoryHost, state: FaultState, links: ReadonlySet<MemoryLink>): Faults => {
  const dropConnections: Faults["dropConnections"] = (detail = "the connection was reset", which = () => true) => {
    const dropped = [...links].filter((link) => which(link.info))
    for (const link of dropped) link.lose(new ConnectionLost({ uri: host.uri, detail }))
    host.turn.run()
    return dropped.length
  }
  return {
    dropConnections,
    restart: (detail = "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'") => {
      dropConnections(detail)
      host.restart()
      host.turn.run()
    },
    closeChannels: (code, text, which = () => true) => {
      const sessions = [...links].flatMap((link) => Array.from(link.sessions)).filter((session) =>
        which(describe(session))
      )
      for (const session of sessions) session.lose(new ChannelClosed({ code, detail: text }))
      host.turn.run()
      return sessions.length
    },
    cancelConsumers: (queue) => {
      const consumers = [...(host.queues.get(queue)?.consumers ?? [])]
      for (const consumer of consumers) consumer.cancelled()
      host.turn.run()
      return consumers.length
    },
    inject: (name, message) => {
      const stored = host.queues.get(name)?.publish(message, "", name) ?? false
      host.turn.run()
      return stored
    },
    refuseConnects: (reason, times = Infinity) => {
      state.refusal = reason
      state.refusedConnects = times
    },
    allowConnects: () => {
      state.refusedConnects = 0
    },
    blockPublishers: (reason) => {
      state.blocked = reason
    },
    unblockPublishers: () => state.unblock(),
    loseConfirms: (times = Infinity) => {
      state.lostConfirms = times
    },
    dropOnPublish: (times = 1) => {
      state.dropsOnPublish = times
    },
    nackPublishes: (times = Infinity) => {
      state.nacks = times
    },
    refusePublishes: (which, how = "clearly") => {
      state.refused = { which, isVague: how === "vaguely" }
    },
    limitMessageSize: (bytes) => {
      state.maxMessageSize = bytes
    },
    delayConfirms: (by) => {
      state.confirmDelay = Duration.toMillis(by)
    },
    delayDeliveries: (by) => {
      state.deliveryDelay = Duration.toMillis(by)
    },
    duplicateDeliveries: (times = 1) => {
      state.duplicates = times
    },
    heal: () => {
      state.refusedConnects = 0
      state.lostConfirms = 0
      state.dropsOnPublish = 0
      state.nacks = 0
      state.refused = undefined
      state.maxMessageSize = Infinity
      state.duplicates = 0
      state.confirmDelay = 0
      state.deliveryDelay = 0
      state.unblock()
    }
  }
}

export const describe = (session: MemorySession): ChannelInfo => ({
  connection: session.link.info,
  id: session.id,
  queues: [...session.consumers.values()].map((consumer) => consumer.queue.name),
  unacked: session.unacked.size
})
