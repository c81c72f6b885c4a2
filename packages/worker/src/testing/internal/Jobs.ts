/**
 * Jobs for the conformance of pools: each has a task of its own, whose handler
 * is the test's, and writes down what it is told. What crosses is cloned, both
 * ways, as it is on the way to a thread.
 *
 * @since 0.1.0
 */
import type { Message } from "@celeriac/messaging/Message"
import * as TaskMessage from "@celeriac/tasks/protocol/TaskMessage"
import * as Task from "@celeriac/tasks/Task"
import * as TaskRegistry from "@celeriac/tasks/TaskRegistry"
import type { TaskRequest } from "@celeriac/tasks/TaskRequest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { Job, Pool } from "../../pool/Pool.ts"
import type { Outcome } from "../../trace/Outcome.ts"
import * as Portable from "../../trace/Portable.ts"
import { Trace } from "../../trace/Trace.ts"
import type { Work } from "../../trace/Work.ts"

/** Makes a pool of so many slots, which does its work with the trace. */
export type Make = (concurrency: number, trace: Trace) => Pool

/** What a job came to so far. */
export class Recorded implements Job {
  readonly id: string
  readonly outcomes: Array<Outcome> = []
  accepted = 0
  begun = 0
  private readonly work: Work | undefined
  private readonly log: Array<string>

  constructor(id: string, work: Work | undefined, log: Array<string>) {
    this.id = id
    this.work = work
    this.log = log
  }

  accept(): Work | undefined {
    this.accepted++
    return structuredClone(this.work)
  }
  started(): boolean {
    this.begun++
    this.log.push(`+${this.id}`)
    return true
  }
  ended(outcome: Outcome): void {
    this.outcomes.push(structuredClone(outcome))
    this.log.push(`-${this.id}`)
  }
}

export interface Jobs {
  /** The pool's side of all jobs. */
  readonly trace: Trace
  readonly coding: Portable.Coding
  /** A job whose handler does this; the handler itself when it is a function. */
  readonly job: (id: string, handler: Handler | Effect.Effect<unknown, unknown>, log?: Array<string>) => Recorded
  /** A job that turns out to be nothing. */
  readonly nothing: (id: string) => Recorded
  /** A job of a message of any kind. */
  readonly of: (id: string, message: Message) => Recorded
}

type Handler = (parameters: unknown, request: TaskRequest) => Effect.Effect<unknown, unknown>

/** Every value is a result, and every error a surprise. */
const definition = (name: string) => Task.make(name, { success: Schema.Unknown })

export const make: Effect.Effect<Jobs, never, Scope.Scope> = Effect.gen(function*() {
  const context = yield* Layer.build(TaskRegistry.layer)
  const registry = Context.get(context, TaskRegistry.TaskRegistry)
  const scope = yield* Effect.scope
  const coding = yield* Portable.coding
  const of = (id: string, message: Message, log: Array<string> = []) => new Recorded(id, workOf(message), log)
  return {
    trace: new Trace(registry, coding),
    coding,
    job: (id, handler, log) => {
      const run = (Effect.isEffect(handler) ? () => handler : handler) as () => Effect.Effect<unknown> // its errors are undeclared on purpose
      const live = definition(id).toLayer(run)
      Effect.runSyncWith(context)(Layer.buildWithScope(live, scope))
      return of(id, messageOf({ task: id, id }), log)
    },
    nothing: (id) => new Recorded(id, undefined, []),
    of
  }
})

/** As a client writes it. */
export const messageOf = (task: TaskMessage.OutgoingTask): Message =>
  Result.getOrThrow(TaskMessage.write(task, { serializer: "json" }))

export const workOf = (message: Message): Work => {
  const identity = Result.getOrThrow(TaskMessage.identify(message))
  const headers = identity.version === 2
    ? identity.headers
    : Result.getOrThrow(TaskMessage.readBody(message, identity)).headers
  const { body, headers: raw, properties } = message
  return {
    version: identity.version,
    headers,
    message: { body, headers: raw, properties },
    exchange: "",
    routingKey: "celery",
    redelivered: false,
    hostname: "celery@test"
  }
}
