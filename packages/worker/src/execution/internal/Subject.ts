/**
 * A message whose ending is to be completed: a `Request`, or a `Stray` that
 * never became one.
 *
 * @since 0.1.0
 */
import type { Settlement, SettleOutcome } from "@celeriac/messaging/Message"
import type { Addressee } from "@celeriac/tasks/result/ResultWriter"
import type { Facts } from "../Aftermath.ts"
import type { Observed } from "../RequestObserver.ts"

/** Whoever received a message: told, once, when its place among the prefetched is free. */
export interface Intake {
  /** The queue it came from. */
  readonly queue?: string | undefined
  /** It came to something. */
  readonly finished: () => void
  /** It went without having come to anything: back to the broker, or lost with its channel. */
  readonly dropped: () => void
}

export interface Subject extends Observed, Facts, Addressee {
  readonly id: string | undefined
  readonly group: string | undefined
  readonly parentId: string | undefined
  readonly redelivered: boolean
  readonly isSettled: boolean
  readonly intake: Intake
  settle(settlement: Settlement): SettleOutcome
}
