/**
 * A blueprint inside a step: boots, waits for `until` to fail, stops for a
 * restart, and boots again, for as long as the failures are recoverable.
 *
 * One fiber, in the scope of the step, goes round; the lifecycle around it calls
 * `close`, `stop` and `shutdown`. From `close` on it goes round no more. A failure
 * that is not recoverable is reported to the blueprint around, which then stops
 * in good order, this one included.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Pull from "effect/Pull"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import * as BootLog from "../BootLog.ts"
import type { Any } from "../Bootstep.ts"
import { BootstepError, describe } from "../BootstepError.ts"
import { reasonOf } from "../Control.ts"
import * as StopReason from "../StopReason.ts"
import type { Child, Surroundings } from "./Child.ts"
import { compose } from "./Composing.ts"
import type { Graph } from "./Definition.ts"
import * as Life from "./Life.ts"
import * as Lifecycle from "./Lifecycle.ts"
import * as Preparing from "./Preparing.ts"

export interface RestartDetails {
  /** How many times the blueprint has been built anew so far. */
  readonly restarts: number
  /** How many of the last attempts in a row did not stay up. */
  readonly attempts: number
  /** Whether all steps were up; else the failure is one of starting. */
  readonly wasUp: boolean
  /** How long it will be until the next attempt. */
  readonly delay: Duration.Duration
}

interface Options<E> {
  readonly until: Effect.Effect<never, E, unknown>
  readonly restart?: Schedule.Schedule<unknown, E> | undefined
  readonly resetAfter?: Duration.Input | undefined
  readonly isRecoverable?: ((error: E, wasUp: boolean) => boolean) | undefined
  readonly onRestart?: ((error: E, details: RestartDetails) => Effect.Effect<unknown, never, unknown>) | undefined
  readonly awaitFirst?: boolean | undefined
}

/** Starts afresh for every boot of the blueprint around. */
export const make =
  <E>(graph: Graph, steps: ReadonlyArray<Any>, options: Options<E>) => (surroundings: Surroundings): Child => {
    const { context: outside, control, step } = surroundings
    const schedule = options.restart ?? defaultRestart
    const resetAfter = Duration.toMillis(Duration.fromInputUnsafe(options.resetAfter ?? "1 second"))
    const isRecoverable = options.isRecoverable ?? saysRecoverable
    const onRestart = options.onRestart ?? warn(graph.name)
    const awaitFirst = options.awaitFirst ?? true

    /** Whether all steps have ever been up. */
    let wasEverUp = false
    /** Why we go round no more. */
    let leaving: StopReason.StopReason | undefined
    /** Whether all steps are up, and not about to be stopped for a restart. */
    let isUp = false
    let fiber: Fiber.Fiber<void> | undefined
    let failure = Deferred.makeUnsafe<never, unknown>()

    /** The present turn. */
    let life: Lifecycle.OwnLife = Life.make({
      graph,
      context: outside,
      control,
      phases: Lifecycle.phases(true),
      attribute: Life.attributeTo(graph.name),
      fail: (cause) =>
        Effect.suspend(() => {
          // Connections break while they are being closed: worth no more than a note.
          if (leaving !== undefined) return Effect.logDebug(`Error while ${graph.name} is stopping`, cause)
          Deferred.doneUnsafe(failure, Exit.failCause(cause))
          return Effect.void
        }),
      info: step.info
    })

    const whyStop = (cause: Cause.Cause<unknown>): StopReason.StopReason => {
      if (leaving !== undefined) return leaving
      const error = errorOf<E>(cause)
      return error !== undefined && isRecoverable(error.value, wasEverUp)
        ? StopReason.restart(cause)
        : reasonOf(control, cause)
    }

    /** One turn after the other. Runs uninterrupted except where `restore` says. */
    const goRound = Effect.fnUntraced(function*(
      context: Context.Context<unknown>,
      restore: Life.Restore,
      report: (cause: Cause.Cause<unknown>) => Effect.Effect<void>,
      onUp: () => void
    ) {
      let advance = yield* Schedule.toStep(schedule)
      let restarts = 0
      let attempts = 0
      for (;;) {
        failure = Deferred.makeUnsafe()
        life = Lifecycle.next(life)
        const booted = yield* Effect.exit(Lifecycle.boot(
          life,
          compose(graph, steps),
          context,
          (build) => restore(Effect.raceFirst(build, Deferred.await(failure))),
          whyStop
        ))
        const wasUp = Exit.isSuccess(booted)
        let cause: Cause.Cause<unknown>
        if (wasUp) {
          isUp = true
          wasEverUp = true
          onUp()
          const upSince = life.clock.currentTimeMillisUnsafe()
          const inside = Context.merge(context, booted.value)
          cause = yield* restore(
            Effect.raceFirst(Effect.provideContext(options.until, inside), Deferred.await(failure))
          ).pipe(Effect.matchCause({ onFailure: (cause) => cause, onSuccess: (never) => never }))
          if (life.clock.currentTimeMillisUnsafe() - upSince >= resetAfter) {
            advance = yield* Schedule.toStep(schedule)
            attempts = 0
          }
        } else {
          cause = booted.cause
        }
        if (leaving !== undefined) return

        const error = errorOf<E>(cause)
        if (error === undefined || !isRecoverable(error.value, wasEverUp)) return yield* report(cause)
        const delay = yield* delayOf(advance(life.clock.currentTimeMillisUnsafe(), error.value))
        if (delay === undefined) return yield* report(cause)

        isUp = false
        attempts++
        const details: RestartDetails = { restarts, attempts, wasUp, delay }
        const told = Effect.provideContext(Effect.suspend(() => onRestart(error.value, details)), context)
        yield* BootLog.logFailure(restore(told), "restarting", graph.name)
        if (wasUp) yield* Lifecycle.stop(life, StopReason.restart(cause))
        // A stop that was asked for comes here in its turn: until then nothing is built that it would only take down.
        yield* Effect.exit(restore(Effect.andThen(
          Effect.sleep(delay),
          Effect.suspend(() => control.currentUnsafe() === undefined ? Effect.void : Effect.never)
        )))
        if (leaving !== undefined) return
        restarts++
      }
    })

    /** An interruption that is not ours must not end the going round unnoticed. */
    const noticed = (cause: Cause.Cause<unknown>): Cause.Cause<unknown> =>
      Cause.hasInterruptsOnly(cause)
        ? Cause.die(new Error(`blueprint '${graph.name}' was interrupted from within`))
        : cause

    /** Ends the going round. What is up stays up. */
    const leave = (reason: StopReason.StopReason): Effect.Effect<void> =>
      Effect.suspend(() => {
        leaving = reason
        return fiber === undefined ? Effect.void : Fiber.interrupt(fiber)
      })

    return {
      prepare: Effect.suspend(() => Preparing.prepare(life, outside)),

      start: (context) =>
        Effect.uninterruptibleMask(Effect.fnUntraced(function*(restore) {
          leaving = undefined
          const first = Deferred.makeUnsafe<void, unknown>()
          const report = (cause: Cause.Cause<unknown>) =>
            Effect.suspend(() =>
              awaitFirst && Deferred.doneUnsafe(first, Exit.failCause(noticed(cause)))
                ? Effect.void
                : step.fail(noticed(cause))
            )
          fiber = yield* Effect.uninterruptibleMask((restore) =>
            goRound(context, restore, report, () => void Deferred.doneUnsafe(first, Exit.void))
          ).pipe(
            Effect.catchCause((cause) => leaving === undefined ? report(cause) : Effect.void),
            Effect.forkDetach({ startImmediately: true })
          )
          if (!awaitFirst) return
          // When that is interrupted, or has failed, whoever started it stops it.
          yield* restore(Deferred.await(first))
        })),

      close: Effect.fnUntraced(function*(reason) {
        if (isUp) leaving = reason
        else yield* leave(reason)
        if (life.ups.some((up) => up.state === "up")) yield* Lifecycle.close(life, reason)
      }),

      stop: Effect.fnUntraced(function*(reason) {
        yield* leave(reason)
        isUp = false
        yield* Lifecycle.stop(life, reason)
      }),

      shutdown: Effect.suspend(() =>
        leaving?._tag === "Restart" && !life.ups.some((up) => up.state === "kept")
          ? Effect.void
          : Lifecycle.shutdown(life, leaving ?? StopReason.shutdown())
      ),

      info: Effect.suspend(() => Life.tell(life))
    }
  }

/**
 * What the steps themselves, or `until`, failed with; nothing when there is a defect.
 * The cast: the causes that come here are those of `boot` and `until`, passed through erased hooks.
 */
const errorOf = <E>(cause: Cause.Cause<unknown>): { readonly value: E } | undefined => {
  const found = Cause.findError(cause as Cause.Cause<E | BootstepError<E>>)
  if (Result.isFailure(found) || Cause.hasDies(cause)) return undefined
  const error = found.success
  return { value: error instanceof BootstepError ? error.reason : error }
}

const saysRecoverable = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "isRecoverable" in error ? error.isRecoverable === true : true

/** Capped before the jitter: of many that wait for the same thing, no two come back at the same moment. */
const defaultRestart = Schedule.min([
  Schedule.exponential("250 millis"),
  Schedule.spaced("5 seconds")
]).pipe(Schedule.jittered)

/** The delay that a schedule asks for, or nothing when it has ended. */
const delayOf = <Output>(
  pull: Pull.Pull<[Output, Duration.Duration], never, Output>
): Effect.Effect<Duration.Duration | undefined> =>
  pull.pipe(
    Effect.map(([, delay]): Duration.Duration | undefined => delay),
    Pull.catchDone(() => Effect.succeed(undefined))
  )

const warn = (blueprint: string) => (error: unknown, { delay, wasUp }: RestartDetails): Effect.Effect<void> =>
  Effect.logWarning(
    `${blueprint}: ${wasUp ? "failed" : "could not start"}: ${describe(error)}. Trying again in ${
      Duration.format(delay)
    }.`
  )
