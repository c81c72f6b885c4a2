/**
 * Watches over what runs in the background of a worker: fibers that must not
 * fail unseen, and sources (sockets, streams) that are to be read or written
 * when they are ready.
 *
 * Effect's runtime is the event loop: the hub attaches to it and adds no
 * second one. When a supervised fiber or a callback fails, the worker stops
 * with that error, because an extension that is dead in a worker that looks
 * alive is worse; say `onFailure: "log"` for what is dispensable.
 *
 * @since 0.1.0
 */
import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { type Source, SourceTable } from "../state/SourceTable.ts"
import { Timer } from "./Timer.ts"

export interface SuperviseOptions {
  /** `stop` the worker with the error (the default), or `log` it and go on without the fiber. */
  readonly onFailure?: "stop" | "log" | undefined
}

/** A source to read from: `stdin`, a socket, a stream. */
export interface Readable extends Source {
  readonly readable: boolean
}

/** A source to write to. */
export interface Writable extends Source {
  readonly writable: boolean
}

export class Hub extends Bootstep.Service<Hub, {
  /** Runs an effect in the background until it ends or the worker stops. The name is the one in logs and `stats`. */
  readonly supervise: <A, E, R>(
    name: string,
    effect: Effect.Effect<A, E, R>,
    options?: SuperviseOptions
  ) => Effect.Effect<Fiber.Fiber<A, E>, never, R>

  /** Runs an effect in the next turn. */
  readonly callSoon: <E, R>(
    effect: Effect.Effect<unknown, E, R>,
    options?: SuperviseOptions
  ) => Effect.Effect<void, never, R>

  /**
   * Runs `onReadable` whenever the source has something to read. One callback
   * for each source and direction: a second call replaces the first. A source
   * that ends, closes or breaks is removed.
   */
  readonly addReader: <S extends Readable, E, R>(
    source: S,
    onReadable: (source: S) => Effect.Effect<unknown, E, R>
  ) => Effect.Effect<void, never, R>

  /** Runs `onWritable` now if the source takes writes, and whenever it takes them again after it was full. */
  readonly addWriter: <S extends Writable, E, R>(
    source: S,
    onWritable: (source: S) => Effect.Effect<unknown, E, R>
  ) => Effect.Effect<void, never, R>

  /** Forgets both callbacks of a source. It is not closed. */
  readonly remove: (source: Readable | Writable) => Effect.Effect<void>
  readonly removeReader: (source: Readable) => Effect.Effect<void>
  readonly removeWriter: (source: Writable) => Effect.Effect<void>

  /** Runs an effect when the hub closes: after every step that requires it has stopped. */
  readonly onClose: (effect: Effect.Effect<unknown>) => Effect.Effect<void>
}>()("Hub", {
  requires: [Timer],
  start: Effect.gen(function*() {
    const scope = yield* Effect.scope
    const own = yield* Effect.context<Scope.Scope>()
    const sources = new SourceTable()
    yield* Effect.addFinalizer(() => Effect.sync(() => sources.clear()))

    const supervise = <A, E, R>(name: string, effect: Effect.Effect<A, E, R>, options: SuperviseOptions = {}) =>
      Effect.flatMap(Effect.context<R>(), (context) => {
        const named = Effect.provideContext(effect, context).pipe(Effect.onExit((exit) => told(name, exit)))
        const fork = options.onFailure === "log"
          ? Effect.forkIn(named, scope)
          // Failing is told to the blueprint of the hub, whoever calls.
          : Effect.provideContext(Bootstep.forkSupervised(named), own)
        return Effect.orDie(fork)
      })

    const runner = <R>(name: string) =>
      Effect.map(Effect.context<R>(), (context) => {
        const run = Effect.runForkWith(context)
        return <E>(effect: Effect.Effect<unknown, E, R>) => void run(supervise(name, effect))
      })

    return {
      supervise,
      callSoon: (effect, options) =>
        Effect.asVoid(supervise("callSoon", Effect.andThen(Effect.yieldNow, effect), options)),
      addReader: (source, onReadable) =>
        Effect.map(
          runner<Effect.Services<ReturnType<typeof onReadable>>>("reader"),
          (run) => sources.set("read", source, () => run(onReadable(source)))
        ),
      addWriter: (source, onWritable) =>
        Effect.map(runner<Effect.Services<ReturnType<typeof onWritable>>>("writer"), (run) => {
          sources.set("write", source, () => run(onWritable(source)))
        }),
      remove: (source) =>
        Effect.sync(() => {
          sources.delete("read", source)
          sources.delete("write", source)
        }),
      removeReader: (source) => Effect.sync(() => sources.delete("read", source)),
      removeWriter: (source) => Effect.sync(() => sources.delete("write", source)),
      onClose: (effect) => Scope.addFinalizer(scope, effect)
    }
  })
}) {}

const told = (name: string, exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> =>
  Exit.isFailure(exit) && !Cause.hasInterruptsOnly(exit.cause)
    ? Effect.logError(`Error in ${name}:`, exit.cause)
    : Effect.void
