/**
 * The faults that are under way, as the broker's parts look them up.
 *
 * @since 0.1.0
 */
import type { Address, Message } from "../../Message.ts"
import { AccessRefused, ConnectionLost, type Reason } from "../../MessagingError.ts"

/** Messages that close their channel. */
interface Refused {
  readonly which: (message: Message, to: Address) => boolean
  readonly isVague: boolean
}

export class FaultState {
  blocked: string | undefined
  /** Publishes that wait for the alarm to end. */
  held: Array<() => void> = []
  refusal: "ConnectionLost" | "AccessRefused" = "ConnectionLost"
  refusedConnects = 0
  lostConfirms = 0
  dropsOnPublish = 0
  nacks = 0
  refused: Refused | undefined
  maxMessageSize = Infinity
  duplicates = 0
  confirmDelay = 0
  deliveryDelay = 0

  /** Whether a publish may fare otherwise than well. */
  get touchPublishes(): boolean {
    return this.blocked !== undefined || this.nacks > 0 || this.lostConfirms > 0 || this.dropsOnPublish > 0 ||
      this.confirmDelay > 0 || this.refused !== undefined || this.maxMessageSize !== Infinity
  }

  get touchDeliveries(): boolean {
    return this.deliveryDelay > 0 || this.duplicates > 0
  }

  /** Whether it is left open which message the broker means. */
  isVague({ _tag }: Reason): boolean {
    return this.refused?.isVague === true && _tag === "MessageRefused"
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
