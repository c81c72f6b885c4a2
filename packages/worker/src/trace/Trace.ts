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
import type { TaskBody } from "@celeriac/tasks/protocol/TaskBody"
import * as TaskMessage from "@celeriac/tasks/protocol/TaskMessage"
import type { ExceptionRecord } from "@celeriac/tasks/result/ExceptionRecord"
import * as Exceptions from "@celeriac/tasks/result/ExceptionRecord"
import * as Traceback from "@celeriac/tasks/result/Traceback"
import type { TaskRegistry } from "@celeriac/tasks/TaskRegistry"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import * as Canvas from "./Canvas.ts"
import * as Interruption from "./Interruption.ts"
import * as Outcome from "./Outcome.ts"
import * as Portable from "./Portable.ts"
import { Run } from "./Run.ts"
import type { Work } from "./Work.ts"

/** Whoever is to be asked before a handler begins, once its message has been understood. */
export interface Gate {
  /** Whether it may. If not, nothing came of the work, and that is known. */
  started(): boolean
}

export interface Options {
  /** Where handlers are looked up. */
  readonly registry: Pick<TaskRegistry["Service"], "get">
  /** How bodies are read, and what is not plain is sealed. */
  readonly coding: Portable.Coding
}

export class Trace {
  private readonly options: Options
  private readonly read: TaskMessage.ReadOptions

  constructor(options: Options) {
    this.options = options
    this.read = { decode: (message: Message) => Content.decode(message, options.coding) }
  }

  /** What is to be run, or what the work came to without; nothing when its handler may not begin. */
  begin(work: Work, gate: Gate): Run | Outcome.Outcome | undefined {
    try {
      const registered = this.options.registry.get(work.headers.task)
      if (registered === undefined) return { _tag: "Unregistered", task: work.headers.task }
      const message = TaskMessage.readBody(work.message, work, this.read)
      if (Result.isFailure(message)) return { _tag: "Invalid", message: message.failure.message }
      const { body } = message.success
      const exception = Canvas.refusal(body.embed)
      if (exception !== undefined) return { _tag: "Refused", exception }
      if (!gate.started()) return undefined
      return call(new Run(work, registered), body)
    } catch (defect) {
      return Outcome.broken(defect)
    }
  }

  /** What the exit of a run means. */
  end(run: Run, exit: Exit.Exit<unknown, unknown>): Outcome.Outcome {
    try {
      if (Exit.isSuccess(exit)) {
        const encoded = run.registered.encodeSuccess(exit.value)
        return Result.isSuccess(encoded)
          ? Portable.success(encoded.success, this.options.coding)
          : Outcome.failure(portable(encoded.failure))
      }
      const why = Cause.hasInterruptsOnly(exit.cause) ? Interruption.fromCause(exit.cause) : undefined
      if (why !== undefined) return interrupted(run, why)
      return failed(run, Cause.squash(exit.cause), exit.cause.reasons.some(Cause.isFailReason))
    } catch (defect) {
      return Outcome.broken(defect)
    }
  }
}

const call = (run: Run, body: TaskBody): Run | Outcome.Outcome => {
  const bound = run.registered.bind(body.args, body.kwargs)
  // The caller's mistake: a traceback would show nothing but our own code.
  if (Result.isFailure(bound)) return Outcome.failure(Exceptions.typeError(bound.failure.message))
  try {
    const effect: unknown = run.registered.handler(bound.success, run)
    if (!Effect.isEffect(effect)) return noEffect(run)
    run.effect = effect
    return run
  } catch (defect) {
    return failed(run, defect, false)
  }
}

const interrupted = (run: Run, why: Interruption.Interruption): Outcome.Outcome => {
  switch (why._tag) {
    case "Revoked":
      return { _tag: "Revoked", why: "terminated" }
    case "SoftLimit":
      return Outcome.failure(Exceptions.softTimeLimitExceeded())
    case "HardLimit":
      return Outcome.failure(Exceptions.timeLimitExceeded(why.seconds))
    case "Shutdown":
      return { _tag: "Lost", why: "Shutdown", message: `Worker ${run.hostname} was terminated while the task ran` }
    case "ConnectionLost":
      return {
        _tag: "Lost",
        why: "ConnectionLost",
        message: `Worker ${run.hostname} lost its connection while the task ran`
      }
  }
}

const failed = (run: Run, error: unknown, isDeclared: boolean): Outcome.Outcome =>
  Outcome.failure(portable(run.registered.encodeError(error)), Traceback.fromUnknown(error), isDeclared)

/** Types forbid it, where there are types. */
const noEffect = ({ task }: Run): Outcome.Outcome => {
  const error = new TypeError(`the handler of task '${task}' did not return an effect`)
  return Outcome.failure(Exceptions.fromUnknown(error), Traceback.fromUnknown(error))
}

/** As it would be written in any case: arguments that JSON has no form for are text. */
const portable = (exception: ExceptionRecord): ExceptionRecord => ({
  ...exception,
  args: Exceptions.encode(exception).exc_message
})
