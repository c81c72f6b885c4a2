/**
 * The faults that are under way, and the handle that starts and ends them.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import { AccessRefused, ChannelClosed, ConnectionLost, type Reason } from "../../MessagingError.ts"
import type { ChannelInfo, Faults } from "../MemoryFaults.ts"
import type { MemoryHost } from "./MemoryHost.ts"
import type { MemoryLink } from "./MemoryLink.ts"
import type { MemorySession } from "./MemorySession.ts"

/** As the broker's parts look them up. */
export class FaultState {
  blocked: string | undefined
  /** Publishes that wait for the alarm to end. */
  held: Array<() => void> = []
  refusal: "ConnectionLost" | "AccessRefused" = "ConnectionLost"
  refusedConnects = 0
  lostConfirms = 0
  dropsOnPublish = 0
  nacks = 0
  duplicates = 0
  confirmDelay = 0
  deliveryDelay = 0

  /** Whether a publish may fare otherwise than well. */
  get touchPublishes(): boolean {
    return this.blocked !== undefined || this.nacks > 0 || this.lostConfirms > 0 || this.dropsOnPublish > 0 ||
      this.confirmDelay > 0
  }

  get touchDeliveries(): boolean {
    return this.deliveryDelay > 0 || this.duplicates > 0
  }

  unblock(): void {
    this.blocked = undefined
    for (const proceed of this.held.splice(0)) proceed()
  }

  /** Why a connect is refused, if it is. */
  refuse(uri: string): Reason | undefined {
    if (this.refusedConnects <= 0) return undefined
    this.refusedConnects--
    return this.refusal === "ConnectionLost"
      ? new ConnectionLost({ uri, detail: "connection refused" })
      : new AccessRefused({ uri, detail: "ACCESS_REFUSED - login was refused" })
  }
}

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
