/**
 * Runs calls when they are due: Celery's timer, for extensions and for the
 * worker itself (the ETA of a task is a call like any other).
 *
 * ```ts
 * const timer = yield* Timer
 * yield* timer.callRepeatedly("30 seconds", detect, { priority: 10 })
 * ```
 *
 * One fiber sleeps until the head of a heap is due, whose entries are plain
 * functions: what the worker itself enters costs no fiber, neither while it
 * waits nor when it is due. An effect is run in a fiber of its own and holds up
 * nobody. A call that fails is logged and the timer goes on; one that fails with
 * `WorkerShutdown` or `WorkerTerminate` stops the worker.
 *
 * @since 0.1.0
 */
import * as Bootstep from "@celeriac/bootsteps/Bootstep"
import { Control } from "@celeriac/bootsteps/Control"
import * as StopReason from "@celeriac/bootsteps/StopReason"
import { type Entry, TimerHeap } from "@celeriac/messaging/TimerHeap"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import type * as Scope from "effect/Scope"
import * as WorkerExit from "../state/WorkerExit.ts"

/** A call that was entered. */
export interface TimerCall {
  /** Never run it (again). A run in progress is not interrupted. */
  readonly cancel: Effect.Effect<void>
}

export interface CallOptions {
  /** Of calls due at the same time, lower runs first. Default 0. */
  readonly priority?: number | undefined
}

export class Timer extends Bootstep.Service<Timer, {
  /** Runs `call` once, `delay` from now. */
  readonly callAfter: <E, R>(
    delay: Duration.Input,
    call: Effect.Effect<unknown, E, R>,
    options?: CallOptions
  ) => Effect.Effect<TimerCall, never, R>
  /** Runs `call` once, at a time: a `DateTime`, or milliseconds since the epoch. A time that is past is now. */
  readonly callAt: <E, R>(
    at: DateTime.DateTime | number,
    call: Effect.Effect<unknown, E, R>,
    options?: CallOptions
  ) => Effect.Effect<TimerCall, never, R>
  /**
   * Runs `call` every so often, first `every` from now, until the scope around
   * closes. It does not drift, and a run never overlaps the one before: a slow
   * one delays the next.
   */
  readonly callRepeatedly: <E, R>(
    every: Duration.Input,
    call: Effect.Effect<unknown, E, R>,
    options?: CallOptions
  ) => Effect.Effect<TimerCall, never, R | Scope.Scope>
  /** The heap itself, for whoever enters calls outside of effects: functions, called when they are due. What one throws is logged. */
  readonly queue: TimerHeap
}>()("Timer", {
  start: Effect.gen(function*() {
    const queue = new TimerHeap()
    const clock = yield* Clock.Clock
    yield* Effect.addFinalizer(() => Effect.sync(() => queue.clear()))
    const { failed, run } = yield* runner
    yield* Bootstep.forkSupervised(runDue(queue, clock, failed))

    const enter = <E, R>(at: number, call: Effect.Effect<unknown, E, R>, options: CallOptions | undefined) =>
      Effect.contextWith((context: Context.Context<R>) =>
        Effect.sync((): TimerCall => {
          const provided = Effect.provideContext(call, context)
          const entry = queue.enter(at, () => run(provided), options?.priority)
          return { cancel: Effect.sync(() => entry.cancel()) }
        })
      )

    return {
      queue,
      callAfter: (delay, call, options) =>
        Effect.suspend(() => enter(clock.currentTimeMillisUnsafe() + Duration.toMillis(delay), call, options)),
      callAt: (at, call, options) => enter(typeof at === "number" ? at : at.epochMilliseconds, call, options),
      callRepeatedly: (every, call, options) =>
        Effect.flatMap(Effect.context<Effect.Services<typeof call>>(), (context) => {
          const repeated = new RepeatedCall(
            queue,
            clock,
            Duration.toMillis(every),
            options?.priority ?? 0,
            Effect.provideContext(call, context),
            run
          )
          return Effect.as(Effect.addFinalizer(() => repeated.cancel), repeated)
        })
    }
  }),
  info: (timer) => Effect.succeed({ timer: { scheduled: timer.queue.size } })
}) {}

/** `setTimeout` counts in 31 bits. */
const longestSleep = 86_400_000

/** Between two looks at the rest of the process. */
const callsPerTurn = 100

/** Sleeps until the head is due, and calls what is due. Its failure would be a defect of ours: it stops the worker. */
const runDue = (queue: TimerHeap, clock: Clock.Clock, failed: Runner["failed"]): Effect.Effect<never> =>
  Effect.gen(function*() {
    const earlier = yield* Latch.make(false)
    queue.onEarlier = () => void earlier.openUnsafe()
    while (true) {
      earlier.closeUnsafe()
      const head = queue.peek()
      if (head === undefined) {
        yield* earlier.await
        continue
      }
      const wait = head.at - clock.currentTimeMillisUnsafe()
      if (wait > 0) {
        yield* Effect.raceFirst(Effect.sleep(Math.min(wait, longestSleep)), earlier.await)
        continue
      }
      // Whoever enters a call that is due goes on first: it is not called before it is known that it was entered.
      yield* Effect.yieldNow
      const now = clock.currentTimeMillisUnsafe()
      for (let i = 0; i < callsPerTurn; i++) {
        const entry = queue.popDue(now)
        if (entry === undefined) break
        try {
          entry.call()
        } catch (defect) {
          failed(Cause.die(defect))
        }
      }
    }
  })

interface Runner {
  readonly run: (call: Effect.Effect<unknown, unknown>) => void
  readonly failed: (cause: Cause.Cause<unknown>) => void
}

/** Starts effects, each in its own fiber, and interrupts at the end those that are not done. */
const runner: Effect.Effect<Runner, never, Control | Scope.Scope> = Effect.gen(function*() {
  const control = yield* Control
  const context = yield* Effect.context<never>()
  const runFork = Effect.runForkWith(context)
  const running = new Set<Fiber.Fiber<unknown, unknown>>()
  yield* Effect.addFinalizer(() => Fiber.interruptAll(running))

  const failed = (cause: Cause.Cause<unknown>): void => void runFork(onFailure(control, cause))

  const run = (call: Effect.Effect<unknown, unknown>): void => {
    const fiber = runFork(call)
    const exit = fiber.pollUnsafe()
    if (exit !== undefined) {
      if (Exit.isFailure(exit)) failed(exit.cause)
      return
    }
    running.add(fiber)
    fiber.addObserver((exit) => {
      running.delete(fiber)
      if (Exit.isFailure(exit)) failed(exit.cause)
    })
  }

  return { run, failed }
})

const onFailure = (control: Control["Service"], cause: Cause.Cause<unknown>): Effect.Effect<void> => {
  const wish = WorkerExit.fromCause(cause)
  if (wish !== undefined) {
    return control.request(
      wish._tag === "WorkerTerminate" ? StopReason.terminate({ cause }) : StopReason.shutdown({ cause })
    )
  }
  return Cause.hasInterruptsOnly(cause) ? Effect.void : Effect.logError("Timer error:", cause)
}

/** A call that enters itself again when it has run. */
class RepeatedCall implements TimerCall {
  private entry: Entry | undefined
  private cancelled = false
  private readonly queue: TimerHeap
  private readonly clock: Clock.Clock
  private readonly every: number
  private readonly priority: number
  private readonly call: Effect.Effect<unknown, unknown>
  private readonly run: Runner["run"]

  constructor(
    queue: TimerHeap,
    clock: Clock.Clock,
    every: number,
    priority: number,
    call: Effect.Effect<unknown, unknown>,
    run: Runner["run"]
  ) {
    this.queue = queue
    this.clock = clock
    this.every = every
    this.priority = priority
    this.call = call
    this.run = run
    this.enter(clock.currentTimeMillisUnsafe() + every)
  }

  readonly cancel: Effect.Effect<void> = Effect.sync(() => {
    this.cancelled = true
    this.entry?.cancel()
  })

  private enter(at: number): void {
    if (this.cancelled) return
    // A run that fails is told of by the timer, after the next one has been entered.
    const call = Effect.onExit(
      this.call,
      () => Effect.sync(() => this.enter(Math.max(at + this.every, this.clock.currentTimeMillisUnsafe())))
    )
    this.entry = this.queue.enter(at, () => this.run(call), this.priority)
  }
}
