/**
 * The life of a child: loads the module, builds the handlers, and does one job
 * after the other.
 *
 * @since 0.1.0
 */
import * as Security from "@celeriac/tasks/Security"
import * as TaskRegistry from "@celeriac/tasks/TaskRegistry"
import * as TaskSettings from "@celeriac/tasks/TaskSettings"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as References from "effect/References"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import * as Guards from "../../../state/Guards.ts"
import * as Builtins from "../../../trace/internal/Builtins.ts"
import * as Portable from "../../../trace/Portable.ts"
import * as Program from "../../../trace/Program.ts"
import { Trace } from "../../../trace/Trace.ts"
import type { Known } from "../../Pool.ts"
import type { Start, ToChild } from "../Protocol.ts"
import * as Borrowed from "./Borrowed.ts"
import { Caller } from "./Caller.ts"
import * as ChildLog from "./ChildLog.ts"
import { Runner } from "./Runner.ts"
import type { Wire } from "./Wire.ts"

/** How it comes to its module, and what is to be done beside. */
interface Options {
  readonly load: (module: string) => Promise<Readonly<Record<string, unknown>>>
  /** Whether something of what is loaded may send tasks. */
  readonly mightSend: () => boolean
  readonly onUp?: () => void
}

/** Until the parent lets it go. */
export const run = (wire: Wire, { load, mightSend, onUp }: Options): void => {
  const scope = Scope.makeUnsafe()
  let caller: Caller | undefined
  let runner: Runner | undefined
  const leave = (code: number) =>
    Effect.runFork(Effect.ensuring(Scope.close(scope, Exit.void), Effect.sync(() => wire.leave(code))))

  const start = async (start: Start): Promise<void> => {
    try {
      const exports = await load(start.module)
      const included = await Promise.all(start.include.map(load))
      const program = Result.getOrThrowWith(Program.find(exports, start.name), (why) => new Wrong(why))
      const handlers = [...program.handlers, ...included.flatMap(Program.handlersIn)]
      const built = await Effect.runPromiseExit(
        build(start, { ...program, handlers }, wire, scope, mightSend(), (made) => {
          caller = made
        })
      )
      if (Exit.isFailure(built)) throw new Wrong(Cause.pretty(built.cause))
      const { known, ...parts } = built.value
      runner = new Runner(wire, parts, start)
      wire.send({ _tag: "Up", known })
      onUp?.()
    } catch (error) {
      wire.send({ _tag: "Failed", detail: textOf(error) })
      leave(1)
    }
  }

  wire.onMessage((message: ToChild) => {
    switch (message._tag) {
      case "Start":
        return void start(message.start)
      case "Reply":
        return caller?.answered(message.call, message.reply)
      case "Leave":
        return void leave(0)
      default:
        return runner?.hear(message)
    }
  })
}

/** The trace, with all that tasks have around them. */
const build = (
  start: Start,
  program: Program.Found,
  wire: Wire,
  scope: Scope.Scope,
  mightSend: boolean,
  onCaller: (caller: Caller) => void
): Effect.Effect<{ readonly trace: Trace; readonly coding: Portable.Coding; readonly known: Known }, unknown> =>
  Effect.gen(function*() {
    const coding = yield* Portable.coding
    const caller = new Caller(wire, coding)
    onCaller(caller)
    const basic = Borrowed.make(start.lent, caller, wire, coding)
    const borrowed = mightSend
      ? yield* (yield* Effect.promise(() => import("./Sender.ts"))).make(start.lent, basic, caller, coding)
      : basic
    program.lend?.(borrowed)
    const around = Layer.mergeAll(
      Layer.succeedContext(borrowed),
      Layer.succeed(References.CurrentLoggers, ChildLog.loggers(wire, coding)),
      Layer.succeed(References.MinimumLogLevel, start.level)
    )
    const handlers = Layer.mergeAll(Layer.effectDiscard(Guards.stand), ...program.handlers)
    const steps = yield* stepsOf(program, start, borrowed)
    const context = yield* Layer.buildWithScope(
      Builtins.layer.pipe(
        Layer.provideMerge(handlers),
        Layer.provideMerge(steps.layer),
        Layer.provideMerge(TaskRegistry.layer),
        Layer.provideMerge(around)
      ),
      scope
    )
    const registry = Context.get(context, TaskRegistry.TaskRegistry)
    // A run closes what it opens.
    const own = Context.omit(Scope.Scope)(Context.merge(yield* Effect.context<never>(), context))
    const known = { tasks: registry.names(), unstarted: steps.unstarted }
    return { trace: new Trace(registry, coding, program.middleware, own), coding, known }
  }).pipe(
    Effect.provide(Security.layerWanted),
    Effect.provideContext(TaskSettings.context({ ...program.taskSettings, ...start.settings })),
    Effect.provide(program.settings),
    // What handlers need besides, nobody gives them: the types of their worker have said so.
    (building) => building as Effect.Effect<Effect.Success<typeof building>, unknown>
  )

/** Those that handlers may need. */
const stepsOf = (
  program: Program.Found,
  start: Start,
  around: Context.Context<never>
): Effect.Effect<{ readonly layer: Layer.Layer<never, unknown>; readonly unstarted: Known["unstarted"] }> =>
  program.steps.length === 0
    ? Effect.succeed({ layer: Layer.empty, unstarted: [] })
    : Effect.map(
      Effect.promise(() => import("./Steps.ts")),
      (Steps) => Steps.make(program.steps, { ...program.options, ...start.stepOptions }, around)
    )

/** What is wrong, in words. */
class Wrong extends Error {}

const textOf = (error: unknown): string => {
  if (error instanceof Wrong) return error.message
  return error instanceof Error ? error.stack ?? error.message : `it threw ${String(error)}`
}
