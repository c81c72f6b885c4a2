/**
 * A task message, understood and accepted, for as long as this worker has it.
 *
 * One is made for every delivery, so it copies nothing: it looks into the
 * headers and the delivery when asked. What crosses to where the task runs is
 * its `work`; what a handler sees is `trace/Run`.
 *
 * @since 0.1.0
 */
import type { Delivery, Message, Settlement, SettleOutcome } from "@celeriac/messaging/Message"
import * as TaskHeaders from "@celeriac/tasks/protocol/TaskHeaders"
import type { ExecutionOptions } from "@celeriac/tasks/TaskOptions"
import * as Result from "effect/Result"
import type { After } from "../pool/Pool.ts"
import type { ActiveRequest, Attempt } from "../state/WorkerState.ts"
import type { Revoked } from "../trace/Outcome.ts"
import { attemptOf } from "../trace/Sends.ts"
import type { Work } from "../trace/Work.ts"
import type { Intake, Subject } from "./internal/Subject.ts"

export class Request implements Subject, ActiveRequest {
  /** Of its task, as this worker runs it. */
  readonly options: ExecutionOptions
  readonly hostname: string
  readonly receivedAt: number
  timeStart: number | undefined = undefined
  /** It was revoked while it waited here: it will not run, whatever is forgotten meanwhile. */
  revocation: Revoked | undefined = undefined
  /** Whether it may be put back once more that ran out of time, or took down what it ran in. */
  mayReturn = true
  after: After | undefined = undefined
  /** Another message of its id is here, or elsewhere: what becomes of that is not known by this one. */
  isDuplicate = false
  private readonly version: 1 | 2
  /** Undefined while it is held, for its delivery can be read again. */
  private known: TaskHeaders.TaskHeaders | undefined
  /** While it is held: it is looked for among a hundred thousand. */
  private heldId: string | undefined = undefined
  private from: Delivery
  private receivedBy: Intake

  constructor(
    intake: Intake,
    options: ExecutionOptions,
    version: 1 | 2,
    headers: TaskHeaders.TaskHeaders,
    delivery: Delivery,
    hostname: string,
    receivedAt: number
  ) {
    this.receivedBy = intake
    this.options = options
    this.version = version
    this.known = headers
    this.from = delivery
    this.hostname = hostname
    this.receivedAt = receivedAt
  }

  private get headers(): TaskHeaders.TaskHeaders {
    return this.known ?? read(this, this.from)
  }

  /** It will wait for long: what can be read again is forgotten until it is looked at. */
  hold(): void {
    if (this.version !== 2 || this.from.condense === undefined) return
    this.from.condense()
    this.heldId = this.id
    this.known = undefined
  }

  /** It waits for long, and little is kept of it. */
  get isCondensed(): boolean {
    return this.known === undefined
  }

  /** It waits no more. */
  resume(): void {
    this.known = this.headers
  }

  get id(): string {
    return this.known?.id ?? this.heldId ?? this.headers.id
  }
  get task(): string {
    return this.headers.task
  }
  get name(): string {
    return this.headers.shadow ?? this.headers.task
  }
  get retries(): number {
    return this.headers.retries
  }
  /** Which message of its id it is. */
  get attempt(): Attempt {
    return attemptOf(this.headers)
  }
  get eta(): number | undefined {
    return this.headers.etaMillis
  }
  get expires(): number | undefined {
    return this.headers.expiresMillis
  }
  get rootId(): string {
    return this.headers.rootId
  }
  get parentId(): string | undefined {
    return this.headers.parentId
  }
  get group(): string | undefined {
    return this.headers.group
  }
  get groupIndex(): number | undefined {
    return this.headers.groupIndex
  }
  get replacedTaskNesting(): number {
    return this.headers.replacedTaskNesting
  }
  get correlationId(): string {
    return this.from.properties.correlationId ?? this.headers.id
  }
  get replyTo(): string | undefined {
    return this.from.properties.replyTo
  }
  /** Which of its stamps others may ask for. */
  get stampedHeaders(): ReadonlyArray<string> | undefined {
    return this.headers.stampedHeaders
  }
  get stamps(): Readonly<Record<string, unknown>> {
    return this.headers.stamps
  }
  get ignoreResult(): boolean {
    return this.headers.ignoreResult ?? this.options.ignoreResult
  }
  get acksOnFailure(): boolean {
    return this.options.acksOnFailure
  }
  get acksOnTimeout(): boolean {
    return this.options.acksOnTimeout
  }
  get rejectOnWorkerLost(): boolean {
    return this.options.rejectOnWorkerLost
  }
  /** What its message says, in seconds. */
  get timeLimit(): TaskHeaders.TimeLimit {
    return this.headers.timeLimit
  }
  get exchange(): string {
    return this.from.exchange
  }
  get routingKey(): string {
    return this.from.routingKey
  }
  get message(): Message {
    return this.from
  }
  get argsRepr(): string | undefined {
    return this.headers.argsRepr
  }
  get kwargsRepr(): string | undefined {
    return this.headers.kwargsRepr
  }
  get sendsEvents(): boolean {
    return this.options.sendEvents
  }
  /** The queue it came from: what a retry goes to, whatever became of its routing key on the way. */
  get queue(): string | undefined {
    return this.receivedBy.queue
  }
  get size(): number {
    return this.from.body.length
  }
  get redelivered(): boolean {
    return this.from.redelivered
  }

  /** What is to be done, as plain data. */
  get work(): Work {
    const { body, exchange, headers, properties, redelivered, routingKey } = this.from
    return {
      version: this.version,
      headers: this.headers,
      message: { body, headers, properties },
      exchange,
      routingKey,
      redelivered,
      hostname: this.hostname
    }
  }

  get delivery(): Delivery {
    return this.from
  }
  get intake(): Intake {
    return this.receivedBy
  }
  get isSettled(): boolean {
    return this.from.settlement !== undefined
  }

  settle(settlement: Settlement): SettleOutcome {
    return this.from.settle(settlement)
  }

  /** The broker delivered the message again: settle that delivery, and not the one that is lost. */
  adopt(delivery: Delivery, intake: Intake): void {
    this.receivedBy.dropped()
    this.from = delivery
    this.receivedBy = intake
  }
}

/** The headers of a delivery that was understood before. One look is seldom the only one, so the last is kept. */
const read = (request: Request, delivery: Delivery): TaskHeaders.TaskHeaders => {
  if (lastRead !== request) {
    lastHeaders = Result.getOrThrow(TaskHeaders.decode(delivery.headers))
    lastRead = request
  }
  return lastHeaders!
}

let lastRead: Request | undefined
let lastHeaders: TaskHeaders.TaskHeaders | undefined
