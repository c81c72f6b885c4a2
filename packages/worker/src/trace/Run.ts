/**
 * Work that is being done: what its handler sees of the message, and the
 * effect it came to.
 *
 * It looks into the work when it is asked, and copies nothing.
 *
 * @since 0.1.0
 */
import type { Headers, Properties } from "@celeriac/messaging/Message"
import { flat, kindOf } from "@celeriac/tasks/canvas/CanvasShape"
import type { Embed, SignatureJson, TaskBody } from "@celeriac/tasks/protocol/TaskBody"
import * as Exceptions from "@celeriac/tasks/result/ExceptionRecord"
import * as ResultTuples from "@celeriac/tasks/result/ResultTuple"
import type { ResultTuple } from "@celeriac/tasks/result/ResultTuple"
import * as Signature from "@celeriac/tasks/Signature"
import { SoftTimeLimit } from "@celeriac/tasks/SoftTimeLimit"
import type { Registered } from "@celeriac/tasks/TaskRegistry"
import type { DeliveryInfo, TaskRequest } from "@celeriac/tasks/TaskRequest"
import type { TaskState } from "@celeriac/tasks/TaskState"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Attempt } from "../state/WorkerState.ts"
import * as Canvas from "./Canvas.ts"
import { type Ports, Reporter } from "./Reporter.ts"
import { attemptOf, Sends, type Sent } from "./Sends.ts"
import type { Work } from "./Work.ts"

export class Run implements TaskRequest {
  readonly registered: Registered
  private readonly work: Work
  private readonly body: TaskBody
  private readonly ports: Ports
  /** What to run, and the services to run it with. */
  effect: Effect.Effect<unknown, unknown, unknown> = Effect.void
  context: Context.Context<any>
  /** Where its handler catches that it should end. Only where it has such a limit. */
  readonly soft: SoftTimeLimit | undefined
  /** As the handler has them. */
  parameters: unknown = undefined
  private trail: Array<ResultTuple> | undefined = undefined
  /** Its effect has come to an exit. */
  hasEnded = false
  private ownReporter: Reporter | undefined = undefined
  private ownSends: Sends | undefined = undefined

  /** What it tells goes to `ports`. */
  constructor(work: Work, body: TaskBody, registered: Registered, ports: Ports) {
    this.work = work
    this.body = body
    this.ports = ports
    this.registered = registered
    this.context = registered.context
    this.soft = work.timeLimit?.soft === undefined ? undefined : new SoftTimeLimit()
  }

  get id(): string {
    return this.work.headers.id
  }
  get task(): string {
    return this.work.headers.task
  }
  get name(): string {
    return this.work.headers.shadow ?? this.work.headers.task
  }
  get retries(): number {
    return this.work.headers.retries
  }
  get eta(): number | undefined {
    return this.work.headers.etaMillis
  }
  get expires(): number | undefined {
    return this.work.headers.expiresMillis
  }
  get rootId(): string {
    return this.work.headers.rootId
  }
  get parentId(): string | undefined {
    return this.work.headers.parentId
  }
  get group(): string | undefined {
    return this.work.headers.group
  }
  get groupIndex(): number | undefined {
    return this.work.headers.groupIndex
  }
  get correlationId(): string {
    return this.work.message.properties.correlationId ?? this.work.headers.id
  }
  get replyTo(): string | undefined {
    return this.work.message.properties.replyTo
  }
  get headers(): Headers {
    return this.work.headers.custom
  }
  get messageHeaders(): Headers {
    return this.work.message.headers
  }
  get properties(): Properties {
    return this.work.message.properties
  }
  get args(): ReadonlyArray<unknown> {
    return this.body.args
  }
  get kwargs(): Readonly<Record<string, unknown>> {
    return this.body.kwargs
  }
  /** What follows it. */
  get follows(): Embed {
    return this.body.embed
  }
  get stamps(): Readonly<Record<string, unknown>> {
    return this.work.headers.stamps
  }
  get stampedHeaders(): ReadonlyArray<string> | undefined {
    return this.work.headers.stampedHeaders
  }
  get hostname(): string {
    return this.work.hostname
  }
  get origin(): string | undefined {
    return this.work.headers.origin
  }
  get shadow(): string | undefined {
    return this.work.headers.shadow
  }
  get argsRepr(): string {
    return this.work.headers.argsRepr ?? ""
  }
  get kwargsRepr(): string {
    return this.work.headers.kwargsRepr ?? ""
  }
  get timeLimit(): number | undefined {
    return this.work.headers.timeLimit.hard
  }
  get softTimeLimit(): number | undefined {
    return this.work.headers.timeLimit.soft
  }
  get ignoreResult(): boolean {
    return this.work.headers.ignoreResult ?? this.registered.options.ignoreResult
  }
  get deliveryInfo(): DeliveryInfo {
    const { exchange, message, redelivered, routingKey } = this.work
    return { exchange, routingKey, priority: message.properties.priority, redelivered }
  }

  sendEvent(type: `task-${string}`, fields: Readonly<Record<string, unknown>> = {}): Effect.Effect<void> {
    return Effect.sync(() => this.ports.events?.send(type, { ...fields, uuid: this.id }, always))
  }
  updateState(state: TaskState, meta?: unknown): Effect.Effect<void> {
    return this.reporter.updateState(state, meta)
  }
  get isAborted(): Effect.Effect<boolean> {
    return this.reporter.isAborted
  }
  /** As many as there are now. */
  get children(): ReadonlyArray<ResultTuple> {
    return this.trail ?? none
  }
  addTrail(result: ResultTuple): void {
    // What is sent when it has ended is in no result.
    if (!this.hasEnded && this.registered.options.trail !== false) (this.trail ??= []).push(result)
  }

  /** What it has sent itself. */
  get sends(): ReadonlyArray<Sent> {
    return this.ownSends?.list ?? none
  }
  /** Sends it when this one has come to its end: gives what its result will be. Throws what is wrong with it. */
  send(signature: SignatureJson, args: ReadonlyArray<unknown> = none): ResultTuple {
    const wrong = this.problem(signature)
    if (wrong !== undefined) throw Exceptions.toException(wrong)
    return (this.ownSends ??= new Sends(this)).send(signature, args)
  }
  /** Why it cannot be sent, if it cannot. */
  problem(signature: SignatureJson): Exceptions.ExceptionRecord | undefined {
    return Canvas.problem(signature, this.ports.countsChords)
  }
  get attempt(): Attempt {
    return attemptOf(this.work.headers)
  }
  get chord(): SignatureJson | undefined {
    return this.body.embed.chord
  }
  addToChord(signature: Signature.Any): Effect.Effect<ResultTuple> {
    return Effect.suspend(() => {
      const json = Result.getOrThrow(Signature.encode(signature))
      const { chord, group } = this
      const wrong = chord === undefined || group === undefined ? Exceptions.noChord : this.problem(json)
      if (chord === undefined || group === undefined || wrong !== undefined) {
        return Effect.die(Exceptions.toException(wrong ?? Exceptions.noChord))
      }
      const sends = this.ownSends ??= new Sends(this)
      // Each member of a group is a part.
      const parts = flat([json]).map((part) =>
        sends.add({ ...part, options: { ...part.options, ...this.place, chord, group_id: group } }, group)
      )
      return Effect.succeed(kindOf(json) === "group" ? ResultTuples.group(group, parts) : parts[0]!)
    })
  }
  private get place(): Readonly<Record<string, unknown>> {
    return this.groupIndex === undefined ? {} : { group_index: this.groupIndex }
  }
  /** It will not run because of this, nor what waits for it. */
  fail(signature: SignatureJson, exception: Exceptions.ExceptionRecord): void {
    ;(this.ownSends ??= new Sends(this)).fail(signature, exception)
  }

  private get reporter(): Reporter {
    return this.ownReporter ??= new Reporter(this, this.ports)
  }
}

const none: ReadonlyArray<never> = []

/** What a task tells of itself is for whoever wrote it to decide. */
const always = { always: true }
