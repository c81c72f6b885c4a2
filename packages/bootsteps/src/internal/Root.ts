/** An outermost blueprint: boots once, and stops when its owner or the operator says so. */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { BootstepError } from "../BootstepError.ts"
import * as Control from "../Control.ts"
import * as StopReason from "../StopReason.ts"
import type { Whole } from "./Composing.ts"
import { CurrentStep } from "./CurrentStep.ts"
import type { Graph } from "./Definition.ts"
import * as Life from "./Life.ts"
import * as Lifecycle from "./Lifecycle.ts"
import * as Preparing from "./Preparing.ts"

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
  graph: Graph,
  whole: Whole,
  restore: Life.Restore
): Effect.Effect<Root<P, E>, BootstepError<E>, R | Control.Control> =>
  Effect.contextWith((needs: Context.Context<R | Control.Control>) => {
    const booted = bootUntyped(graph, whole, restore, Context.makeUnsafe<unknown>(needs.mapUnsafe))
    // Types of services and errors are erased in definitions; every failure is attributed to its step.
    return booted as Effect.Effect<Root<P, E>, BootstepError<E>>
  })

const bootUntyped = Effect.fnUntraced(function*(
  graph: Graph,
  whole: Whole,
  restore: Life.Restore,
  context: Context.Context<unknown>
) {
  const control = Context.get(context, Control.Control)
  const failure = Deferred.makeUnsafe<never, unknown>()
  const info = Effect.suspend(() => Life.tell(life))
  let stopping = false
  const life: Lifecycle.OwnLife = Life.make({
    graph,
    context,
    control,
    phases: Lifecycle.phases(false),
    attribute: Life.attributeTo(graph.name),
    fail: (cause) =>
      Effect.suspend(() => {
        // What breaks while all is being taken down does not make the program a failure.
        if (stopping) return Effect.logError(`Error while ${graph.name} is stopping`, cause)
        Deferred.doneUnsafe(failure, Exit.failCause(cause))
        return control.request(StopReason.shutdown({ cause }))
      }),
    info
  })

  yield* restore(Preparing.prepare(life, context))
  const services = yield* Lifecycle.boot(
    life,
    whole,
    context,
    (build) =>
      restore(Effect.raceAllFirst([
        build,
        Deferred.await(failure),
        Effect.andThen(control.awaitStop, Effect.interrupt)
      ])),
    (cause) => Control.reasonOf(control, cause)
  )
  const current: CurrentStep = {
    fail: (cause) => Effect.logError("A supervised fiber failed outside of any step", cause),
    info
  }
  return {
    context: Context.add(services, CurrentStep, current),
    failed: Deferred.await(failure),
    stop: (exit: Exit.Exit<unknown, unknown>) => {
      stopping = true
      const cause = Exit.isFailure(exit) && !Cause.hasInterruptsOnly(exit.cause) ? exit.cause : undefined
      const reason = Control.reasonOf(control, cause)
      return Effect.andThen(
        reason._tag === "Shutdown" ? Lifecycle.close(life, reason) : Effect.void,
        Effect.suspend(() => Lifecycle.stop(life, Control.reasonOf(control, cause)))
      )
    },
    outcome: <A, E2>(exit: Exit.Exit<A, E2>): Effect.Effect<A, unknown> =>
      Deferred.isDoneUnsafe(failure) ? Deferred.await(failure) : exit
  }
})
