/**
 * Counts the parts of chords, over whatever counter there is.
 *
 * @since 0.1.0
 */
import { ChordCounter, type ChordPart } from "@celeriac/tasks/result/ChordCounter"
import { because, type ResultError, Unsupported } from "@celeriac/tasks/result/ResultError"
import type { ResultRecord } from "@celeriac/tasks/result/ResultRecord"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Size } from "./Continued.ts"
import type { StoreFailure, Then } from "./ResultStore.ts"

/** Each `then` is called once. */
export interface Chords {
  readonly setSize: (size: Size, then: Then) => void
  /** With every record of the chord when it was the last part. */
  readonly count: (
    part: ChordPart,
    then: (failure: StoreFailure | undefined, records?: ReadonlyArray<ResultRecord> | undefined) => void
  ) => void
  /** A chord that is not forgotten expires. */
  readonly forget: (groupId: string, then: () => void) => void
}

/** Over the counter of the application. */
export const make: Effect.Effect<Chords> = Effect.map(Effect.context<never>(), (context) => {
  const counter = Context.getOrUndefined(context, ChordCounter)
  const run = <A>(effect: Effect.Effect<A, ResultError>, then: (exit: Exit.Exit<A, ResultError>) => void) =>
    void Effect.runForkWith(context)(effect).addObserver(then)
  const ask = <A>(
    of: (counter: ChordCounter["Service"]) => Effect.Effect<A, ResultError>,
    then: (failure: StoreFailure | undefined, value?: A | undefined) => void
  ) =>
    counter === undefined
      ? then({ message: "nobody counts the parts of chords here", final: "Refused" })
      : run(
        Effect.timeoutOrElse(of(counter), {
          duration: patience,
          orElse: () => Effect.die(`the counter of chords did not answer within ${patience}`)
        }),
        (exit) => Exit.isSuccess(exit) ? then(undefined, exit.value) : then(failureOf(exit.cause))
      )
  return {
    // Whoever is told by it that all parts have ended has counted none: the last of them is told too.
    setSize: (size, then) => ask((counter) => counted(counter, size), (failure) => then(failure)),
    count: (part, then) => ask<ReadonlyArray<ResultRecord> | undefined>((counter) => counter.count(part), then),
    forget: (groupId, then) => ask((counter) => counter.forget(groupId), () => then())
  }
})

const counted = (counter: ChordCounter["Service"], size: Size): Effect.Effect<unknown, ResultError> =>
  "size" in size
    ? counter.setSize(size.groupId, size.size)
    : counter.grow?.(size.groupId, size.added) ?? Effect.fail(because(
      "count",
      new Unsupported({
        backend: counter.uri,
        detail: "cannot add parts to a chord",
        instead: "Use Redis"
      })
    ))

const patience = "10 seconds"

const failureOf = (cause: Cause.Cause<ResultError>): StoreFailure => {
  const error = Cause.squash(cause)
  const reason = (error as Partial<ResultError>).reason?._tag // anything may have been thrown
  return {
    message: error instanceof Error ? error.message : String(error),
    final: reason === "Unencodable" ? "Unencodable" : reason === "Unsupported" ? "Refused" : undefined
  }
}
