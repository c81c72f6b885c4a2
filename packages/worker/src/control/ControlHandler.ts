/**
 * What a worker does when it is sent a command: one's own commands are layers.
 *
 * ```ts
 * const SetLevel = ControlHandler.layer(setLevel, ({ level, loggerName }) =>
 *   Effect.as(Loggers.set(loggerName, level), `level of ${loggerName} set to ${level}`))
 * worker.layer.pipe(Layer.provide(SetLevel))
 * ```
 *
 * A handler runs when its command comes, and waits behind no task. What it fails
 * with is the reply: `Command.Refused` as its text, anything else as Python would
 * print the exception. With `WorkerShutdown` or `WorkerTerminate` it stops the
 * worker, and there is no reply. A handler of a command that is known already
 * takes its place. A step adds one for its own life with `Panel.add`.
 *
 * @since 0.1.0
 */
import type * as Command from "@celeriac/tasks/control/Command"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/** A command, and what is done. Its types are those of the command. */
export interface ControlHandler {
  readonly command: Command.Any
  readonly handle: (args: never) => Effect.Effect<unknown, unknown>
}

/** What is done: gets the arguments of the command, and succeeds with its reply. */
export type Handle<C extends Command.Any, E, R> = (
  args: Command.ArgumentsOf<C>
) => Effect.Effect<Command.Reply<C>, E, R>

/** With the services at hand. */
export const make = <C extends Command.Any, E, R>(
  command: C,
  handle: Handle<C, E, R>
): Effect.Effect<ControlHandler, never, R> =>
  Effect.map(Effect.context<R>(), (context): ControlHandler => ({
    command,
    handle: (args) => Effect.provideContext(handle(args), context)
  }))

/** Those there are, besides the worker's own. */
export const Handlers = Context.Reference<ReadonlyArray<ControlHandler>>("@celeriac/worker/control/ControlHandler", {
  defaultValue: () => []
})

/** Adds a handler to those there are. */
export const layer = <C extends Command.Any, E, R>(
  command: C,
  handle: Handle<C, E, R>
): Layer.Layer<never, never, R> =>
  Layer.effect(Handlers, Effect.zipWith(Handlers, make(command, handle), (others, own) => [...others, own]))
