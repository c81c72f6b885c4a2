/**
 * A message whose ending is to be completed: a `Request`, or a `Stray` that
 * never became one.
 *
 * @since 0.1.0
 */
import type { Message, Settlement, SettleOutcome } from "@celeriac/messaging/Message"
import type { Addressee } from "@celeriac/tasks/result/ResultWriter"
import type { After } from "../../pool/Pool.ts"
import type { Attempt } from "../../state/WorkerState.ts"
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
  /** One more of its requests waits for the rate of its task or for others' answers, or one less. */
  readonly limited: (by: 1 | -1) => void
}

export interface Subject extends Observed, Facts, Addressee {
  readonly id: string | undefined
  readonly name: string
  readonly attempt: Attempt
  readonly group: string | undefined
  readonly parentId: string | undefined
  readonly redelivered: boolean
  readonly isSettled: boolean
  readonly message: Message
  readonly intake: Intake
  /** What is to be done before it is settled, when what it came to is stored. */
  after?: After | undefined
  settle(settlement: Settlement): SettleOutcome
}

/** Whether a scheduler has sent it: it may be seldom, and is not to run twice because an acknowledgement was lost. */
export const isSlot = ({ message }: Pick<Subject, "message">): boolean => message.headers["celery_beat_task"] === true

/** A transport that throws has lost the channel, as far as we can know. */
export const settleSafely = (subject: Subject, settlement: Settlement): SettleOutcome => {
  try {
    return subject.settle(settlement)
  } catch {
    return "stale"
  }
}
