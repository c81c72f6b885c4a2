/**
 * The switch that stops a running program, and the place to wait for it.
 *
 * One `Control` serves one life of one worker: signal handlers, remote commands
 * and failing steps `request` a stop; the program that booted a blueprint waits
 * in `awaitStop`; the blueprint watches `awaitTerminate` so that a warm shutdown
 * in progress gives way to a cold one. Several workers in one process each have
 * their own.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import type { Shutdown, StopReason, Terminate } from "./StopReason.ts"

/**
 * @category services
 * @since 0.1.0
 */
export class Control extends Context.Service<Control, {
  /**
   * Asks for a stop. The first call wins: later ones change nothing, except that
   * a `Terminate` escalates a warm shutdown.
   */
  readonly request: (reason: Shutdown | Terminate) => Effect.Effect<void>

  /** What was asked for, as escalated. */
  readonly current: Effect.Effect<Shutdown | Terminate | undefined>

  /** The same, read outside of an effect. */
  readonly currentUnsafe: () => Shutdown | Terminate | undefined

  /** Waits for the first request. */
  readonly awaitStop: Effect.Effect<Shutdown | Terminate>

  /** Waits until a cold shutdown is asked for. */
  readonly awaitTerminate: Effect.Effect<Terminate>
}>()("@celeriac/bootsteps/Control") {
  /**
   * @category layers
   * @since 0.1.0
   */
  static readonly layer = Layer.sync(this, () => makeUnsafe())
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const make: Effect.Effect<Control["Service"]> = Effect.sync(() => makeUnsafe())

/**
 * @category constructors
 * @since 0.1.0
 */
export const makeUnsafe = (): Control["Service"] => {
  const stop = Deferred.makeUnsafe<Shutdown | Terminate>()
  const terminate = Deferred.makeUnsafe<Terminate>()
  let current: Shutdown | Terminate | undefined
  return {
    request: (reason) =>
      Effect.sync(() => {
        if (current === undefined || (current._tag === "Shutdown" && reason._tag === "Terminate")) {
          current = reason
        }
        Deferred.doneUnsafe(stop, Exit.succeed(current))
        if (current._tag === "Terminate") Deferred.doneUnsafe(terminate, Exit.succeed(current))
      }),
    current: Effect.sync(() => current),
    currentUnsafe: () => current,
    awaitStop: Deferred.await(stop),
    awaitTerminate: Deferred.await(terminate)
  }
}

/**
 * Runs `warm`, and gives it up for `cold` as soon as a cold shutdown is asked
 * for. Without `cold`, giving up is all.
 *
 * @category combinators
 * @since 0.1.0
 */
export const orElseTerminate = <E, R, E2 = never, R2 = never>(
  self: Control["Service"],
  warm: Effect.Effect<unknown, E, R>,
  cold?: (reason: Terminate) => Effect.Effect<unknown, E2, R2>
): Effect.Effect<void, E | E2, R | R2> =>
  Effect.asVoid(
    Effect.raceFirst(
      Effect.interruptible(Effect.as(warm, undefined)),
      Effect.interruptible(self.awaitTerminate)
    ).pipe(Effect.flatMap((reason) => reason === undefined || cold === undefined ? Effect.void : cold(reason)))
  )

/**
 * The reason to stop for, given how the program ended: what the operator asked
 * for, else a warm shutdown.
 *
 * @category getters
 * @since 0.1.0
 */
export const reasonOf = (self: Control["Service"], cause?: Shutdown["cause"]): StopReason =>
  self.currentUnsafe() ?? (cause === undefined ? { _tag: "Shutdown" } : { _tag: "Shutdown", cause })
