/**
 * Doing work: from plain data to what came of it, which is plain data again.
 *
 * This is the pool's side, and all that a thread or a process has to load. It
 * looks up the handler, reads the body, binds the arguments, gives the effect
 * to run, and last turns the exit of that effect into an outcome. It knows
 * neither the message's delivery nor the state of the worker, and never throws.
 *
 * @since 0.1.0
 */
import * as Content from "@celeriac/messaging/Content"
import type { Message } from "@celeriac/messaging/Message"
import { EventDispatcher } from "@celeriac/tasks/event/EventDispatcher"
import * as Middleware from "@celeriac/tasks/Middleware"
import * as ChainText from "@celeriac/tasks/protocol/ChainText"
import type { ProtocolError } from "@celeriac/tasks/protocol/ProtocolError"
import { noEmbed } from "@celeriac/tasks/protocol/TaskBody"
import * as TaskMessage from "@celeriac/tasks/protocol/TaskMessage"
import { ChordCounter } from "@celeriac/tasks/result/ChordCounter"
import type { ExceptionRecord } from "@celeriac/tasks/result/ExceptionRecord"
import * as Exceptions from "@celeriac/tasks/result/ExceptionRecord"
import { ResultReader } from "@celeriac/tasks/result/ResultReader"
import { ResultWriter } from "@celeriac/tasks/result/ResultWriter"
import * as Traceback from "@celeriac/tasks/result/Traceback"
import { ResultExtended } from "@celeriac/tasks/ResultSettings"
import * as SoftTimeLimit from "@celeriac/tasks/SoftTimeLimit"
import { TaskContext } from "@celeriac/tasks/TaskContext"
import * as TaskOptions from "@celeriac/tasks/TaskOptions"
import * as TaskPredicate from "@celeriac/tasks/TaskPredicate"
import type { Registered, TaskRegistry } from "@celeriac/tasks/TaskRegistry"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import * as Canvas from "./Canvas.ts"
import * as Interruption from "./Interruption.ts"
import * as Outcome from "./Outcome.ts"
import * as Portable from "./Portable.ts"
import * as Predicate from "./Predicate.ts"
import type { Ports } from "./Reporter.ts"
import { Run } from "./Run.ts"
import * as Stopped from "./Stopped.ts"
import type { Work } from "./Work.ts"

/** Whoever is to be asked before a handler begins, once its message has been understood. */
export interface Gate {
  /** Whether it may. If not, nothing came of the work, and that is known. */
  started(): boolean
}

/** What is around every run of a worker, the first outermost. */
export const WorkerMiddleware = Context.Reference<Middleware.List>("@celeriac/worker/trace/Trace/WorkerMiddleware", {
  defaultValue: () => []
})

export class Trace {
  private readonly registry: Pick<TaskRegistry["Service"], "get">
  private readonly coding: Portable.Coding
  private readonly read: TaskMessage.ReadOptions
  private readonly middleware: Middleware.List
  private readonly context: Context.Context<never>
  private readonly ports: Ports
  /** Tasks inside the middleware, made at their first run. */
  private readonly wrapped = new WeakMap<Registered, Wrapped>()

  /** Handlers are looked up in `registry`; `coding` reads bodies and seals what is not plain; `context` is what middleware needs, and has who sends events and keeps results. */
  constructor(
    registry: Pick<TaskRegistry["Service"], "get">,
    coding: Portable.Coding,
    middleware: Middleware.List = [],
    context: Context.Context<never> = Context.empty()
  ) {
    this.registry = registry
    this.coding = coding
    this.read = { decode: (message: Message) => Content.decode(message, coding) }
    this.middleware = middleware
    this.context = context
    const chords = Context.getOrUndefined(context, ChordCounter)
    this.ports = {
      events: Context.getOrUndefined(context, EventDispatcher),
      writer: Context.getOrUndefined(context, ResultWriter),
      reader: Context.getOrUndefined(context, ResultReader),
      isExtended: Context.get(context, ResultExtended),
      countsChords: chords !== undefined && chords.isRefusing !== true
    }
  }

  /** What is to be run, or what the work came to without; nothing when its handler may not begin. */
  begin(work: Work, gate: Gate): Run | Outcome.Outcome | undefined {
    try {
      const understood = this.understand(work)
      if (!(understood instanceof Run)) return understood
      return gate.started() ? this.start(understood) : undefined
    } catch (defect) {
      return Outcome.broken(defect)
    }
  }

  /** The first half of `begin`: a run that may begin, or what the work came to without. */
  understand(work: Work): Run | Outcome.Outcome {
    try {
      const registered = this.registry.get(work.headers.task)
      if (registered === undefined) return { _tag: "Unregistered", task: work.headers.task }
      const message = this.bodyOf(work)
      if (Result.isFailure(message)) return { _tag: "Invalid", message: message.failure.message }
      const { body } = message.success
      const exception = Canvas.refusal(body.embed, this.ports.countsChords)
      return exception === undefined ? new Run(work, body, registered, this.ports) : { _tag: "Refused", exception }
    } catch (defect) {
      return Outcome.broken(defect)
    }
  }

  /** Steps of a long chain that are only passed on are not read. */
  private bodyOf(work: Work): Result.Result<TaskMessage.TaskMessage, ProtocolError> {
    const cut = ChainText.cut(work.message, this.coding)
    if (cut !== undefined) {
      const read = TaskMessage.readBody(cut.message, work, this.read)
      const embed = Result.isSuccess(read) ? cut.whole(read.success.body.embed) : undefined
      if (Result.isSuccess(read) && embed !== undefined) {
        return Result.succeed({ ...read.success, body: { ...read.success.body, embed } })
      }
    }
    return TaskMessage.readBody(work.message, work, this.read)
  }

  /** The second half: a run that is to be run now, or what it comes to at once. */
  start(understood: Run): Run | Outcome.Outcome {
    try {
      const run = this.call(understood)
      return understood.follows === noEmbed || run instanceof Run ? run : Outcome.followedBy(run, understood.follows)
    } catch (defect) {
      return Outcome.broken(defect)
    }
  }

  /** What the exit of a run means. */
  end(run: Run, exit: Exit.Exit<unknown, unknown>): Outcome.Outcome {
    run.hasEnded = true
    const ran = this.outcomeOf(run, exit)
    const outcome = run.follows === noEmbed ? ran : Outcome.followedBy(ran, run.follows)
    const sent = run.sends.length === 0 ? outcome : Outcome.sending(outcome, run.sends)
    return run.children.length === 0 ? sent : Outcome.withChildren(sent, run.children)
  }

  private outcomeOf(run: Run, exit: Exit.Exit<unknown, unknown>): Outcome.Outcome {
    try {
      if (Exit.isSuccess(exit)) {
        const encoded = run.registered.encodeSuccess(exit.value)
        return Result.isSuccess(encoded)
          ? Portable.success(encoded.success, this.coding)
          : Outcome.failure(portable(encoded.failure))
      }
      const why = Cause.hasInterruptsOnly(exit.cause) ? Interruption.fromCause(exit.cause) : undefined
      if (why !== undefined) return interrupted(run, why)
      return unsuccessful(run, Cause.squash(exit.cause), exit.cause.reasons.some(Cause.isFailReason))
    } catch (defect) {
      return Outcome.broken(defect)
    }
  }

  private call(run: Run): Run | Outcome.Outcome {
    const bound = run.registered.bind(run.args, run.kwargs)
    // The caller's mistake: a traceback would show nothing but our own code.
    if (Result.isFailure(bound)) return Outcome.failure(Exceptions.typeError(bound.failure.message))
    const { context, handler } = this.middleware.length === 0 ? run.registered : this.wrap(run.registered)
    run.context = Context.add(context, TaskContext, run)
    if (run.soft !== undefined) run.context = Context.add(run.context, SoftTimeLimit.Current, run.soft)
    run.parameters = bound.success
    try {
      const effect: unknown = handler(bound.success, run)
      run.effect = Effect.isEffect(effect) ? effect : Effect.die(noEffect(run))
    } catch (defect) {
      run.effect = Effect.die(defect)
    }
    return run
  }

  /** What a middleware provides must not be hidden by what was there when the handler's layer was built: one context for both. */
  private wrap(registered: Registered): Wrapped {
    const known = this.wrapped.get(registered)
    if (known !== undefined) return known
    const wrapped = {
      handler: Middleware.wrap(registered.handler, this.middleware),
      context: Context.merge(this.context, registered.context)
    }
    this.wrapped.set(registered, wrapped)
    return wrapped
  }
}

type Wrapped = Pick<Registered, "handler" | "context">

const interrupted = (run: Run, why: Interruption.Interruption): Outcome.Outcome =>
  why._tag === "SoftLimit"
    ? failed(run, new SoftTimeLimit.SoftTimeLimitExceeded({ seconds: why.seconds }), false)
    : Stopped.outcome(why, run.hostname)

const unsuccessful = (run: Run, error: unknown, isDeclared: boolean): Outcome.Outcome =>
  TaskPredicate.isTaskPredicate(error)
    ? Predicate.outcome(run, error, (error, isDeclared) => failed(run, error, isDeclared))
    : failed(run, error, isDeclared)

const failed = (run: Run, error: unknown, isDeclared: boolean): Outcome.Failure => {
  const isSoft = SoftTimeLimit.isExceeded(error)
  return Outcome.failure(
    isSoft ? softLimit : portable(run.registered.encodeError(error)),
    isSoft ? softTraceback : Traceback.fromUnknown(error),
    (isDeclared && !isSoft) || TaskOptions.isExpected(run.registered.options.throws, error)
  )
}

const softLimit = Exceptions.softTimeLimitExceeded()

/** Where it was at that time is not known. */
const softTraceback = `Traceback (most recent call last):\n${softLimit.excModule}.${softLimit.excType}: ${
  Exceptions.repr(softLimit)
}`

/** Types forbid it, where there are types. */
const noEffect = ({ task }: Run): TypeError => new TypeError(`the handler of task '${task}' did not return an effect`)

/** As it would be written in any case: arguments that JSON has no form for are text. */
const portable = (exception: ExceptionRecord): ExceptionRecord => ({
  ...exception,
  args: Exceptions.encode(exception).exc_message
})
