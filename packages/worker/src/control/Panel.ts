/**
 * The commands that a worker knows, and how each is carried out: Celery's
 * `Panel`.
 *
 * It lives as long as the worker. A command is carried out when it comes: a
 * handler that does not wait has replied before the next message is looked at;
 * one that waits goes on in a fiber of its own and holds up nobody. Nothing that
 * comes, and nothing that a handler does, stops it. Source: control section 1.2.
 *
 * @since 0.1.0
 */
import { Control } from "@celeriac/bootsteps/Control"
import * as StopReason from "@celeriac/bootsteps/StopReason"
import type { Request } from "@celeriac/messaging/Mailbox"
import type { SendReply } from "@celeriac/messaging/MailboxNode"
import * as Codec from "@celeriac/tasks/Codec"
import { type Any, Refused } from "@celeriac/tasks/control/Command"
import * as PythonRepr from "@celeriac/tasks/protocol/PythonRepr"
import * as ExceptionRecord from "@celeriac/tasks/result/ExceptionRecord"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as WorkerExit from "../state/WorkerExit.ts"
import * as WorkerLog from "../state/WorkerLog.ts"
import * as ControlHandler from "./ControlHandler.ts"

export class Panel extends Context.Service<Panel, {
  /** Adds a handler until the scope closes. Of two for one command, the later one counts. */
  readonly add: <C extends Any, E, R>(
    command: C,
    handle: ControlHandler.Handle<C, E, R>
  ) => Effect.Effect<void, never, R | Scope.Scope>
  /** Adds the worker's own handlers until the scope closes: all others count before them. */
  readonly addDefaults: (
    handlers: ReadonlyArray<ControlHandler.ControlHandler>
  ) => Effect.Effect<void, never, Scope.Scope>
  /** The commands that are known, each once. */
  readonly commands: () => ReadonlyArray<Any>
  /** Carries out what was asked. A function, for whoever listens; it never throws. */
  readonly dispatch: (request: Request, reply: SendReply) => void
}>()("@celeriac/worker/control/Panel") {}

/** Handlers that have not ended, in all. Beyond, a command is refused. */
const mostRunning = 64

/** With the handlers that were added as layers. What still runs when the scope closes is interrupted. */
export const make: Effect.Effect<Panel["Service"], never, Control | Scope.Scope> = Effect.gen(function*() {
  const state = new State(
    yield* ControlHandler.Handlers,
    yield* Control,
    yield* WorkerLog.make,
    Effect.runForkWith(yield* Effect.context<never>())
  )
  yield* Effect.addFinalizer(() => state.close)
  return {
    add: (command, handle) =>
      Effect.flatMap(ControlHandler.make(command, handle), (handler) =>
        Effect.asVoid(Effect.acquireRelease(
          Effect.sync(() => state.add(handler)),
          () => Effect.sync(() => state.remove(handler))
        ))),
    addDefaults: (handlers) =>
      Effect.asVoid(Effect.acquireRelease(
        Effect.sync(() => handlers.forEach((handler) => state.addLast(handler))),
        () => Effect.sync(() => handlers.forEach((handler) => state.remove(handler)))
      )),
    commands: state.commands,
    dispatch: state.dispatch
  }
})

class State {
  /** By command and alias; the last one counts. */
  private readonly handlers = new Map<string, ReadonlyArray<ControlHandler.ControlHandler>>()
  private readonly control: Control["Service"]
  private readonly log: WorkerLog.WorkerLog
  private readonly run: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>
  private readonly running = new Set<Fiber.Fiber<unknown, unknown>>()

  constructor(
    handlers: ReadonlyArray<ControlHandler.ControlHandler>,
    control: Control["Service"],
    log: WorkerLog.WorkerLog,
    run: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>
  ) {
    this.control = control
    this.log = log
    this.run = run
    for (const handler of handlers) this.add(handler)
  }

  readonly close: Effect.Effect<void> = Effect.suspend(() => Fiber.interruptAll(this.running))

  readonly commands = (): ReadonlyArray<Any> =>
    Array.from(new Set(Array.from(this.handlers.values(), (handlers) => handlers.at(-1)!.command)))

  add(handler: ControlHandler.ControlHandler): void {
    for (const name of namesOf(handler)) this.handlers.set(name, [...this.handlers.get(name) ?? [], handler])
  }

  /** Behind those that are there. */
  addLast(handler: ControlHandler.ControlHandler): void {
    for (const name of namesOf(handler)) this.handlers.set(name, [handler, ...this.handlers.get(name) ?? []])
  }

  remove(handler: ControlHandler.ControlHandler): void {
    for (const name of namesOf(handler)) {
      const left = (this.handlers.get(name) ?? []).filter((one) => one !== handler)
      if (left.length === 0) this.handlers.delete(name)
      else this.handlers.set(name, left)
    }
  }

  readonly dispatch = (request: Request, reply: SendReply): void => {
    const { method } = request
    if (this.log.isDebug) this.log.log("Debug", received(request))
    const handler = this.handlers.get(method)?.at(-1)
    if (handler === undefined) return this.failed(ExceptionRecord.make("KeyError", [method]), reply)
    const bound = handler.command.bind(request.arguments)
    if (Result.isFailure(bound)) return this.failed(ExceptionRecord.typeError(bound.failure.message), reply)
    if (this.running.size >= mostRunning) {
      return this.failed(
        ExceptionRecord.make("RuntimeError", [`${mostRunning} commands are being carried out: try again later`]),
        reply
      )
    }
    // What it takes was decoded by its command.
    const fiber = this.run(Effect.suspend(() => handler.handle(bound.success as never)))
    const exit = fiber.pollUnsafe()
    if (exit !== undefined) return this.ended(handler.command, exit, reply)
    this.running.add(fiber)
    fiber.addObserver((exit) => {
      this.running.delete(fiber)
      this.ended(handler.command, exit, reply)
    })
  }

  private ended(command: Any, exit: Exit.Exit<unknown, unknown>, reply: SendReply): void {
    if (Exit.isFailure(exit)) return this.notDone(exit.cause, reply)
    // What it replied has the type of its command, where there are types.
    const encoded = command.encodeReply(exit.value as never)
    if (Result.isSuccess(encoded)) return reply(encoded.success)
    this.failed(ExceptionRecord.make("EncodeError", [`the reply: ${Codec.format(encoded.failure)}`]), reply)
  }

  private notDone(cause: Cause.Cause<unknown>, reply: SendReply): void {
    const wish = WorkerExit.fromCause(cause)
    if (wish !== undefined) {
      const reason = wish._tag === "WorkerTerminate" ? StopReason.terminate : StopReason.shutdown
      this.run(this.control.request(reason({ cause })))
      return
    }
    const error = Cause.squash(cause)
    if (error instanceof Refused) return reply({ error: error.message })
    const record = Cause.hasInterruptsOnly(cause)
      ? ExceptionRecord.make("RuntimeError", ["the worker stops"])
      : ExceptionRecord.fromCause(cause)
    this.failed(record, reply, cause)
  }

  private failed(
    record: ExceptionRecord.ExceptionRecord,
    reply: SendReply,
    cause?: Cause.Cause<unknown>
  ): void {
    // As Python calls it.
    const { exc_message, exc_type } = ExceptionRecord.encode(record)
    const error = ExceptionRecord.repr({ excType: exc_type, args: exc_message })
    const isDefect = cause?.reasons.some(Cause.isDieReason) === true
    this.log.log("Error", `pidbox command error: ${error}`, undefined, isDefect ? cause : undefined)
    reply({ error })
  }
}

const namesOf = ({ command }: ControlHandler.ControlHandler): ReadonlyArray<string> => [
  command.name,
  ...command.aliases
]

const received = ({ arguments: args, method, replyTo, ticket }: Request): string => {
  const given = Object.entries(args).map(([name, value]) => `${name}=${PythonRepr.safe(value)}`).join(", ")
  return `pidbox received method ${method.slice(0, 128)}(${given}) [reply_to:${replyTo ?? "None"} ticket:${
    ticket ?? "None"
  }]`
}
