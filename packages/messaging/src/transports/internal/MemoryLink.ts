/**
 * A connection to the in-memory broker: its channels, and the end of it.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { because, type MessagingError, type Reason } from "../../MessagingError.ts"
import type { ConnectionInfo } from "../MemoryFaults.ts"
import type { FaultState } from "./MemoryFaultState.ts"
import type { MemoryHost } from "./MemoryHost.ts"
import { byOwner } from "./MemoryRefusal.ts"
import { MemorySession } from "./MemorySession.ts"

export class MemoryLink {
  readonly info: ConnectionInfo
  readonly host: MemoryHost
  readonly faults: FaultState
  readonly sessions = new Set<MemorySession>()
  readonly lost = Deferred.makeUnsafe<never, MessagingError>()
  /** Why nothing goes any more. */
  closed: Reason | undefined
  private readonly links: Set<MemoryLink>
  private lastSession = 0

  constructor(host: MemoryHost, faults: FaultState, links: Set<MemoryLink>, info: ConnectionInfo) {
    this.host = host
    this.faults = faults
    this.links = links
    this.info = info
    links.add(this)
  }

  open(): MemorySession {
    const session = new MemorySession(this, ++this.lastSession)
    this.sessions.add(session)
    return session
  }

  /** By ourselves: no loss. */
  close(): void {
    this.end(byOwner(), (session) => session.close())
  }

  lose(reason: Reason): void {
    this.end(reason, (session) => session.lose(reason))
    Deferred.doneUnsafe(this.lost, Effect.fail(because("connection", reason)))
  }

  private end(reason: Reason, endSession: (session: MemorySession) => void): void {
    if (this.closed !== undefined) return
    this.closed = reason
    this.links.delete(this)
    for (const session of [...this.sessions]) endSession(session)
    for (const queue of [...this.host.queues.values()]) {
      if (queue.owner === this) this.host.remove(queue)
    }
  }
}
