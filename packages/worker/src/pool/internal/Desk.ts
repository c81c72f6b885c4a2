/**
 * What children ask their parent for: to store, to look up, to send, to log.
 *
 * It is done with what the parent has: its connections, its loggers. What a child
 * that is gone had asked for is interrupted, as it is in a run that is.
 *
 * @since 0.1.0
 */
import { Producer } from "@celeriac/messaging/Producer"
import { Transport } from "@celeriac/messaging/Transport"
import { EventDispatcher } from "@celeriac/tasks/event/EventDispatcher"
import { ChordCounter } from "@celeriac/tasks/result/ChordCounter"
import { ResultReader } from "@celeriac/tasks/result/ResultReader"
import { ResultWriter } from "@celeriac/tasks/result/ResultWriter"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import * as References from "effect/References"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { TaskOfLine } from "../../state/LogFields.ts"
import * as Portable from "../../trace/Portable.ts"
import * as ChildPool from "../ChildPool.ts"
import * as Borders from "./Borders.ts"
import type { Child } from "./Child.ts"
import * as Crossing from "./Crossing.ts"
import * as Lending from "./Lending.ts"
import * as PlainSettings from "./PlainSettings.ts"
import type { FromChild, Line, Packed, Start } from "./Protocol.ts"

export interface Desk {
  /** What each child is told first. */
  readonly start: Start
  readonly hear: (child: Child, message: FromChild) => void
  /** It is gone: nobody waits for its answers. */
  readonly forget: (child: Child) => void
}

export const make = (options: ChildPool.Options): Effect.Effect<Desk, never, Scope.Scope> =>
  Effect.gen(function*() {
    const context = yield* Effect.context<never>()
    const coding = yield* Portable.coding
    const fork = yield* FiberSet.makeRuntime<never>()
    const methods = yield* Lending.make
    const dispatcher = Context.getOrUndefined(context, EventDispatcher)
    const writer = Context.getOrUndefined(context, ResultWriter)
    const reader = Context.getOrUndefined(context, ResultReader)
    const chords = Context.getOrUndefined(context, ChordCounter)
    const transport = Context.getOrUndefined(context, Transport)
    const calls = new WeakMap<Child, Map<number, Fiber.Fiber<unknown, unknown>>>()

    const answer = (child: Child, call: number, name: string, packed: Packed): Effect.Effect<void> => {
      const reply = (reply: Borders.Reply) => Effect.sync(() => child.reply(call, reply))
      return Effect.suspend(() => {
        const args = Crossing.unpack(packed, coding) as ReadonlyArray<unknown> // so it is called
        const method = Object.hasOwn(methods, name) ? methods[name] : undefined
        if (method === undefined) return Effect.die(new Error(`the worker has no ${name} to lend`))
        const called = method(...args)
        return Stream.isStream(called)
          ? Stream.runForEach(called, (item) => reply(Borders.success("Item", item, coding)))
          : called
      }).pipe(
        Effect.exit,
        Effect.flatMap((exit) => reply(Borders.ofExit(exit, coding)))
      )
    }

    const log = ({ annotations, cause, level, message, task }: Line): Effect.Effect<void> =>
      Effect.suspend(() => {
        const words = Crossing.unpack(message, coding) as ReadonlyArray<unknown> // a child's logger has written them
        const notes = Crossing.unpack(annotations, coding) as Readonly<Record<string, unknown>> // as above
        const line = Effect.logWithLevel(level)(
          ...words,
          ...(cause === undefined ? [] : [Cause.die(Borders.remote(cause))])
        )
        return Effect.provideService(Effect.annotateLogs(line, notes), TaskOfLine, task)
      })

    return {
      start: {
        module: options.program.module,
        name: options.program.name,
        include: options.program.include ?? [],
        settings: yield* PlainSettings.current,
        stepOptions: PlainSettings.among(options.stepOptions ?? {}),
        level: yield* References.MinimumLogLevel,
        maxResultBytes: options.maxResultBytes ?? ChildPool.defaults.maxResultBytes,
        tellsMemory: options.maxMemoryPerChild !== undefined,
        lent: {
          events: dispatcher === undefined ? undefined : Array.from(dispatcher.groups),
          writer: writer && { uri: writer.uri },
          reader: reader && { uri: reader.uri, replyTo: reader.replyTo },
          chords: chords && { uri: chords.uri, isRefusing: chords.isRefusing === true },
          producer: Context.getOrUndefined(context, Producer) !== undefined,
          transport: transport && {
            driver: transport.driver,
            uri: transport.uri,
            exchangeTypes: Array.from(transport.exchangeTypes)
          }
        }
      },
      hear: (child, message) => {
        switch (message._tag) {
          case "Call": {
            const own = calls.get(child) ?? new Map<number, Fiber.Fiber<unknown, unknown>>()
            calls.set(child, own)
            const fiber = fork(answer(child, message.call, message.name, message.args))
            own.set(message.call, fiber)
            fiber.addObserver(() => own.delete(message.call))
            return
          }
          case "Cancel":
            return calls.get(child)?.get(message.call)?.interruptUnsafe()
          case "Event": {
            const fields = Crossing.unpack(message.fields, coding) as Readonly<Record<string, unknown>> // as it was given
            return dispatcher?.send(message.type, fields, { always: message.always })
          }
          case "Log":
            return void fork(log(message.line))
          default:
        }
      },
      forget: (child) => {
        for (const fiber of calls.get(child)?.values() ?? []) fiber.interruptUnsafe()
      }
    }
  })
