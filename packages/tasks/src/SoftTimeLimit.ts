/**
 * The soft time limit of a task, as a failure that its handler can catch:
 * Celery's `SoftTimeLimitExceeded`.
 *
 * ```ts
 * const CrawlLive = crawl.toLayer(({ url }) =>
 *   Task.failOnSoftTimeLimit(everything(url)).pipe(
 *     Effect.catchTag("SoftTimeLimitExceeded", () => whatThereIsSoFar)))
 * ```
 *
 * What is caught is said by the program: the effect inside is interrupted, its
 * finalizers run, and the failure comes out of it. A handler that does not ask
 * for it is interrupted as a whole, and has failed with it. Without a soft limit
 * the effect is run as it is.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"

const TypeId = "~@celeriac/tasks/SoftTimeLimit"

/** The task has run for longer than it should. */
export class SoftTimeLimitExceeded extends Data.TaggedError("SoftTimeLimitExceeded")<{
  /** The limit. */
  readonly seconds: number
}> {
  readonly [TypeId] = TypeId

  override get message(): string {
    return `the soft time limit of ${this.seconds}s is exceeded`
  }
}

/** Whether it is one: also one of another copy of this package. */
export const isExceeded = (error: unknown): error is SoftTimeLimitExceeded =>
  typeof error === "object" && error !== null && TypeId in error

/** What is to be ended when the limit has passed: a run, or the part of one that catches it. */
export class SoftTimeLimit {
  private readonly parts = new Set<Part>()

  /** It has passed: ends the innermost parts of the run that catch it. Gives whether there is one. */
  pass(seconds: number, annotations: Context.Context<never>): boolean {
    const parts = Array.from(this.parts)
    for (const part of parts) part.exceed(seconds, annotations)
    return parts.length > 0
  }

  /** Runs the effect as a part of this, which catches it. */
  catching<A, E, R>(work: Effect.Effect<A, E, R>): Effect.Effect<A, E | SoftTimeLimitExceeded, R> {
    return Effect.uninterruptibleMask((restore) =>
      Effect.suspend(() => {
        const part = new Part()
        const inside = restore(Effect.provideService(work, Current, part))
        return Effect.flatMap(Effect.forkChild(inside, { startImmediately: true }), (fiber) => {
          part.fiber = fiber
          this.parts.add(part)
          return restore(Fiber.await(fiber)).pipe(
            // Whoever interrupts the whole interrupts this, and says why.
            Effect.onExit((exit) => Exit.isSuccess(exit) ? Effect.void : stop(fiber, exit.cause)),
            Effect.ensuring(Effect.sync(() => this.parts.delete(part))),
            Effect.flatMap((exit): Effect.Effect<A, E | SoftTimeLimitExceeded> =>
              part.exceeded !== undefined && Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)
                ? Effect.fail(part.exceeded)
                : exit
            )
          )
        })
      })
    )
  }
}

const stop = (fiber: Fiber.Fiber<unknown, unknown>, cause: Cause.Cause<unknown>): Effect.Effect<unknown> =>
  Effect.suspend(() => {
    fiber.interruptUnsafe(undefined, Cause.annotations(cause))
    return Fiber.await(fiber)
  })

class Part extends SoftTimeLimit {
  fiber: Fiber.Fiber<unknown, unknown> | undefined = undefined
  exceeded: SoftTimeLimitExceeded | undefined = undefined

  exceed(seconds: number, annotations: Context.Context<never>): void {
    if (this.pass(seconds, annotations)) return
    this.exceeded = new SoftTimeLimitExceeded({ seconds })
    this.fiber?.interruptUnsafe(undefined, annotations)
  }
}

/** That of the run, or of the part of it, where it is read. Undefined where there is none. */
export const Current: Context.Reference<SoftTimeLimit | undefined> = Context.Reference<SoftTimeLimit | undefined>(
  "@celeriac/tasks/SoftTimeLimit",
  { defaultValue: () => undefined }
)

/** Runs the effect until the soft time limit of the task has passed, and fails then. */
export const fail = <A, E, R>(work: Effect.Effect<A, E, R>): Effect.Effect<A, E | SoftTimeLimitExceeded, R> =>
  Effect.flatMap(
    Current,
    (limit): Effect.Effect<A, E | SoftTimeLimitExceeded, R> => limit === undefined ? work : limit.catching(work)
  )
