/** An outermost blueprint: boots once, and stops when its owner or the operator says so. */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { BootGraph } from "../BootGraph.ts"
import { BootstepError } from "../BootstepError.ts"
import * as Control from "../Control.ts"
import * as StopReason from "../StopReason.ts"
import * as Booting from "./Booting.ts"
import { CurrentStep } from "./CurrentStep.ts"
import * as Life from "./Life.ts"
import * as Stopping from "./Stopping.ts"

/** A blueprint that is up. */
export interface Root<P, E> {
  /** What its steps provide. */
  readonly context: Context.Context<P>
  /** Fails when a step fails after it came up. */
  readonly failed: Effect.Effect<never, BootstepError<E>>
  /** Stops it, in both phases. Must run uninterrupted. */
  readonly stop: (exit: Exit.Exit<unknown, unknown>) => Effect.Effect<void>
  /** What `exit` amounts to: a step's failure comes before everything else. */
  readonly outcome: <A, E2>(exit: Exit.Exit<A, E2>) => Effect.Effect<A, E2 | BootstepError<E>>
}

/**
 * Boots. Interrupted when a stop is asked for before everything is up, and failed
 * when a step that is up fails meanwhile.
 *
 * Must run uninterrupted: `restore` says where interruption is welcome.
 */
export const boot = <P, E, R>(
  graph: BootGraph,
  restore: Booting.Restore
): Effect.Effect<Root<P, E>, BootstepError<E>, R | Control.Control> =>
  Effect.contextWith(Effect.fnUntraced(function*(outside: Context.Context<R | Control.Control>) {
    const control = Context.get(outside, Control.Control)
    const context = Context.makeUnsafe<unknown>(outside.mapUnsafe)
    const failure = Deferred.makeUnsafe<never, BootstepError<E>>()
    let stopping = false
    const life: Life.Life = Life.make<E>({
      graph,
      context,
      control,
      nested: false,
      fail: (cause) =>
        Effect.suspend(() => {
          // What breaks while all is being taken down does not make the program a failure.
          if (stopping) return Effect.logError(`Error while ${graph.name} is stopping`, cause)
          Deferred.doneUnsafe(failure, Exit.failCause(cause))
          return control.request(StopReason.shutdown({ cause }))
        }),
      info: Effect.suspend(() => Life.info(life))
    })

    yield* restore(Booting.prepare<E>(life, context))
    const services = yield* Booting.boot<E>(
      life,
      context,
      (starts) =>
        restore(Effect.raceAllFirst([
          starts,
          Deferred.await(failure),
          Effect.andThen(control.awaitStop, Effect.interrupt)
        ])),
      (cause) => Control.reasonOf(control, cause)
    )

    services.set(
      CurrentStep.key,
      {
        fail: (cause) => Effect.logError("A supervised fiber failed outside of any step", cause),
        info: Effect.suspend(() => Life.info(life))
      } satisfies CurrentStep
    )
    return {
      context: Context.makeUnsafe<P>(services),
      failed: Deferred.await(failure),
      stop: (exit) => {
        stopping = true
        const cause = Exit.isFailure(exit) && !Cause.hasInterruptsOnly(exit.cause) ? exit.cause : undefined
        const reason = Control.reasonOf(control, cause)
        return Effect.andThen(
          reason._tag === "Shutdown" ? Control.orElseTerminate(control, Stopping.closeAll(life, reason)) : Effect.void,
          Effect.suspend(() => Stopping.stopAll(life, Control.reasonOf(control, cause)))
        )
      },
      outcome: <A, E2>(exit: Exit.Exit<A, E2>): Effect.Effect<A, E2 | BootstepError<E>> =>
        Deferred.isDoneUnsafe(failure) ? Deferred.await(failure) : exit
    }
  }))
