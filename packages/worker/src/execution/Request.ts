/**
 * A task message, understood and accepted: what runs, and what its handler
 * sees of the message.
 *
 * One is made for every delivery, so it copies nothing: it looks into the
 * headers and the delivery when asked.
 *
 * @since 0.1.0
 */
import type { Delivery, Settlement, SettleOutcome } from "@celeriac/messaging/Message"
import type { TaskBody } from "@celeriac/tasks/protocol/TaskBody"
import type { TaskHeaders } from "@celeriac/tasks/protocol/TaskHeaders"
import type { Registered } from "@celeriac/tasks/TaskRegistry"
import type { DeliveryInfo, TaskRequest } from "@celeriac/tasks/TaskRequest"
import type { ActiveRequest } from "../state/WorkerState.ts"

/** Whoever received a request: told, once, when its place among the prefetched is free. */
export interface Source {
  /** It came to something. */
  readonly finished: (request: Request) => void
  /** It went without having come to anything: back to the broker, or lost with its channel. */
  readonly dropped: (request: Request) => void
  /** Whether more is to come: if not, nothing waits here any longer. */
  readonly isReceiving: boolean
  /** Sends a request that does not run back to its queue, at a time in milliseconds since the epoch. */
  readonly requeueAt: (request: Request, at: number) => void
}

export class Request implements TaskRequest, ActiveRequest {
  readonly registered: Registered
  readonly hostname: string
  readonly receivedAt: number
  timeStart: number | undefined = undefined
  private readonly header: TaskHeaders
  /** Known early for version 1, whose headers are in its body. */
  readonly body: TaskBody | undefined
  private from: Delivery
  private receivedBy: Source

  constructor(
    source: Source,
    registered: Registered,
    header: TaskHeaders,
    body: TaskBody | undefined,
    delivery: Delivery,
    hostname: string,
    receivedAt: number
  ) {
    this.receivedBy = source
    this.registered = registered
    this.header = header
    this.body = body
    this.from = delivery
    this.hostname = hostname
    this.receivedAt = receivedAt
  }

  get id(): string {
    return this.header.id
  }
  get task(): string {
    return this.header.task
  }
  /** The name in logs. */
  get name(): string {
    return this.header.shadow ?? this.header.task
  }
  get retries(): number {
    return this.header.retries
  }
  get eta(): number | undefined {
    return this.header.etaMillis
  }
  get expires(): number | undefined {
    return this.header.expiresMillis
  }
  get rootId(): string {
    return this.header.rootId
  }
  get parentId(): string | undefined {
    return this.header.parentId
  }
  get group(): string | undefined {
    return this.header.group
  }
  get groupIndex(): number | undefined {
    return this.header.groupIndex
  }
  get correlationId(): string {
    return this.from.properties.correlationId ?? this.header.id
  }
  get replyTo(): string | undefined {
    return this.from.properties.replyTo
  }
  get headers(): Readonly<Record<string, unknown>> {
    return this.header.custom
  }
  get origin(): string | undefined {
    return this.header.origin
  }
  get shadow(): string | undefined {
    return this.header.shadow
  }
  get argsRepr(): string {
    return this.header.argsRepr ?? ""
  }
  get kwargsRepr(): string {
    return this.header.kwargsRepr ?? ""
  }
  get timeLimit(): number | undefined {
    return this.header.timeLimit.hard
  }
  get softTimeLimit(): number | undefined {
    return this.header.timeLimit.soft
  }
  get ignoreResult(): boolean {
    return this.header.ignoreResult ?? this.registered.options.ignoreResult
  }
  get deliveryInfo(): DeliveryInfo {
    return {
      exchange: this.from.exchange,
      routingKey: this.from.routingKey,
      priority: this.from.properties.priority,
      redelivered: this.from.redelivered
    }
  }

  get taskHeaders(): TaskHeaders {
    return this.header
  }
  get delivery(): Delivery {
    return this.from
  }
  get source(): Source {
    return this.receivedBy
  }
  get isSettled(): boolean {
    return this.from.settlement !== undefined
  }

  settle(settlement: Settlement): SettleOutcome {
    return this.from.settle(settlement)
  }

  /** The broker delivered the message again while it runs: settle that delivery, and not the one that is lost. */
  adopt(delivery: Delivery, source: Source): void {
    this.receivedBy.dropped(this)
    this.from = delivery
    this.receivedBy = source
  }
}
