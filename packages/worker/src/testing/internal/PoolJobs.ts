/**
 * What is around the pools that run `PoolProgram`, and jobs of its tasks: each
 * tells when it has begun and what it came to.
 *
 * @since 0.1.0
 */
import * as Producer from "@celeriac/messaging/Producer"
import * as MemoryTransport from "@celeriac/messaging/transports/MemoryTransport"
import * as Client from "@celeriac/tasks/Client"
import * as EventDispatcher from "@celeriac/tasks/event/EventDispatcher"
import * as MemoryBackend from "@celeriac/tasks/result/backends/MemoryBackend"
import * as TaskRegistry from "@celeriac/tasks/TaskRegistry"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import type * as Scope from "effect/Scope"
import type { After, Job, Pool } from "../../pool/Pool.ts"
import * as LogFields from "../../state/LogFields.ts"
import type { Outcome } from "../../trace/Outcome.ts"
import * as Portable from "../../trace/Portable.ts"
import * as Program from "../../trace/Program.ts"
import { Trace } from "../../trace/Trace.ts"
import type { Work } from "../../trace/Work.ts"
import * as Jobs from "./Jobs.ts"
import program from "./PoolProgram.ts"

/** What a pool is made of. */
interface Setting {
  readonly concurrency: number
  /** The module that children load. */
  readonly module: string
  /** The same, for who runs it in this process. */
  readonly trace: Trace
}

/** Makes a pool that does its work with the program. */
export type Make = (setting: Setting) => Effect.Effect<Pool, unknown, Scope.Scope>

/** The module itself. */
export const module = new URL(
  `./PoolProgram${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`,
  import.meta.url
).href

/** What came to the worker's loggers and monitors. */
export class Heard {
  readonly lines: Array<{
    readonly text: string
    readonly annotations: LogFields.Fields
    readonly fields: LogFields.Fields | undefined
  }> = []
  readonly events: Array<readonly [type: string, fields: Readonly<Record<string, unknown>>]> = []

  forget(): void {
    this.lines.length = 0
    this.events.length = 0
  }

  readonly logger: Logger.Logger<unknown, void> = Logger.make(({ fiber, message }) => {
    const text = (Array.isArray(message) ? message : [message]).map(String).join(" ")
    this.lines.push({ text, annotations: LogFields.annotations(fiber), fields: LogFields.ofFiber(fiber) })
  })

  readonly dispatcher: EventDispatcher.EventDispatcher["Service"] = {
    ...EventDispatcher.disabled,
    send: (type: string, fields: object) => void this.events.push([type, fields as Readonly<Record<string, unknown>>]) // what any event has
  }
}

/** Services of a worker, and its tasks. */
export const surroundings = (heard: Heard) => {
  const { handlers } = program[Program.TypeId]
  return Layer.mergeAll(Layer.empty, ...handlers as ReadonlyArray<Layer.Layer<never, never, TaskRegistry.TaskRegistry>>)
    .pipe(
      Layer.provideMerge(TaskRegistry.layer),
      Layer.provideMerge(Client.layer),
      Layer.provideMerge(MemoryBackend.layer),
      Layer.provideMerge(Producer.layer()),
      Layer.provideMerge(MemoryTransport.layer()),
      Layer.provideMerge(Layer.succeed(EventDispatcher.EventDispatcher, heard.dispatcher)),
      Layer.provideMerge(Logger.layer([heard.logger])),
      Layer.provideMerge(Layer.succeed(References.MinimumLogLevel, "Info"))
    )
}

/** As a worker in this process would. */
export const trace: Effect.Effect<Trace, never, TaskRegistry.TaskRegistry> = Effect.gen(function*() {
  const context = yield* Effect.context<TaskRegistry.TaskRegistry>()
  const { middleware } = program[Program.TypeId]
  return new Trace(Context.get(context, TaskRegistry.TaskRegistry), yield* Portable.coding, middleware, context)
})

/** What a job was told. */
export class Waited implements Job {
  readonly id: string
  private readonly work: Work
  accepted = 0
  readonly outcomes: Array<Outcome> = []
  private readonly beginning = Deferred.makeUnsafe<void>()
  private readonly ending = Deferred.makeUnsafe<Outcome>()

  constructor(id: string, work: Work) {
    this.id = id
    this.work = work
  }

  accept(): Work | undefined {
    this.accepted++
    return this.work
  }
  started(): boolean {
    Deferred.doneUnsafe(this.beginning, Exit.void)
    return true
  }
  ended(outcome: Outcome, after?: After): void {
    this.outcomes.push(outcome)
    const done = () => void Deferred.doneUnsafe(this.ending, Exit.succeed(outcome))
    if (after === undefined) done()
    else after.run(outcome, done)
  }

  /** And it has been given away: that is in the same turn. */
  readonly begun: Effect.Effect<void> = Effect.andThen(Deferred.await(this.beginning), Effect.yieldNow)
  /** What it came to, when all that belongs to it is done. */
  readonly outcome: Effect.Effect<Outcome> = Deferred.await(this.ending)
}

let jobs = 0

/** A job of a task of the program. */
export const job = (
  task: string,
  kwargs: Readonly<Record<string, unknown>> = {},
  more: Partial<Work> = {}
): Waited => {
  const id = `job-${++jobs}`
  return new Waited(id, { ...Jobs.workOf(Jobs.messageOf({ task, id, kwargs })), ...more })
}
