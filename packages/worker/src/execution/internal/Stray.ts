/**
 * A message that is no request: what is known of it, so that it ends as others
 * do.
 *
 * @since 0.1.0
 */
import type { Delivery, Message, Settlement, SettleOutcome } from "@celeriac/messaging/Message"
import type { Intake, Subject } from "./Subject.ts"

export class Stray implements Subject {
  readonly intake: Intake
  readonly id: string | undefined
  readonly task: string | undefined
  readonly receivedAt: number
  readonly retries = 0
  readonly attempt = 0
  readonly timeStart = undefined
  readonly group = undefined
  readonly parentId = undefined
  readonly rootId = undefined
  readonly eta = undefined
  readonly expires = undefined
  readonly argsRepr = undefined
  readonly kwargsRepr = undefined
  readonly sendsEvents = true
  /** Whoever waits for it does not know that it never ran. */
  readonly ignoreResult = false
  readonly acksOnFailure = false
  readonly acksOnTimeout = false
  readonly rejectOnWorkerLost = false
  readonly mayReturn = false
  private readonly delivery: Delivery

  constructor(
    intake: Intake,
    delivery: Delivery,
    id: string | undefined,
    task: string | undefined,
    receivedAt: number
  ) {
    this.intake = intake
    this.delivery = delivery
    this.id = id
    this.task = task
    this.receivedAt = receivedAt
  }

  get name(): string {
    return this.task ?? "unknown"
  }
  get replyTo(): string | undefined {
    return this.delivery.properties.replyTo
  }
  get correlationId(): string | undefined {
    return this.delivery.properties.correlationId ?? this.id
  }
  get redelivered(): boolean {
    return this.delivery.redelivered
  }
  get exchange(): string {
    return this.delivery.exchange
  }
  get routingKey(): string {
    return this.delivery.routingKey
  }
  get queue(): string | undefined {
    return this.intake.queue
  }
  get message(): Message {
    return this.delivery
  }
  get size(): number {
    return this.delivery.body.length
  }
  get isSettled(): boolean {
    return this.delivery.settlement !== undefined
  }

  settle(settlement: Settlement): SettleOutcome {
    return this.delivery.settle(settlement)
  }
}
