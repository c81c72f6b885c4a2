/**
 * Counts the parts of chords, over whatever counter there is.
 *
 * @since 0.1.0
 */
import { ChordCounter, type ChordPart } from "@celeriac/tasks/result/ChordCounter"
import { because, type ResultError, Unsupported } from "@celeriac/tasks/result/ResultError"
import { ResultReader } from "@celeriac/tasks/result/ResultReader"
import type { ResultRecord } from "@celeriac/tasks/result/ResultRecord"
import type { ResultTuple } from "@celeriac/tasks/result/ResultTuple"
import * as TaskState from "@celeriac/tasks/TaskState"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Size } from "./Continued.ts"
import type { Ended } from "./Ending.ts"
import type { StoreFailure, Then } from "./ResultStore.ts"

/** Each `then` is called once. */
export interface Chords {
  /** Whether there is somebody who counts. */
  readonly isCounting: boolean
  readonly setSize: (size: Size, then: Then) => void
  /** With every record of the chord when it was the last part. */
  readonly count: (
    part: ChordPart,
    then: (failure: StoreFailure | undefined, complete?: Complete | undefined) => void
  ) => void
  /** A chord that is not forgotten expires. */
  readonly forget: (ended: Ended, then: () => void) => void
}

/** All parts, in the order of the header. */
export interface Complete {
  readonly records: ReadonlyArray<ResultRecord>
  /** The header as it was saved: only one that is a group of groups is. */
  readonly shape: ResultTuple | undefined
  /** One of them failed: the body will not run. */
  readonly hasFailed: boolean
}

/** Over the counter of the application. */
export const make: Effect.Effect<Chords> = Effect.map(Effect.context<never>(), (context) => {
  const counter = Context.getOrUndefined(context, ChordCounter)
  const reader = Context.getOrUndefined(context, ResultReader)
  const completeOf = (groupId: string) => (records: ReadonlyArray<ResultRecord> | undefined) =>
    records === undefined
      ? Effect.undefined
      : Effect.map(reader?.restoreGroup(groupId) ?? Effect.undefined, (shape): Complete => ({
        records,
        shape,
        hasFailed: records.some(({ status }) => TaskState.isPropagated(status))
      }))
  const counted = (counter: ChordCounter["Service"], size: Size): Effect.Effect<unknown, ResultError> => {
    if ("size" in size) return counter.setSize(size.groupId, size.size)
    if ("shape" in size) return reader?.saveGroup(size.shape) ?? Effect.void
    return counter.grow?.(size.groupId, size.added) ?? Effect.fail(because(
      "count",
      new Unsupported({ backend: counter.uri, detail: "cannot add parts to a chord", instead: "Use Redis" })
    ))
  }
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
    isCounting: counter !== undefined && counter.isRefusing !== true,
    // Whoever is told by it that all parts have ended has counted none: the next that is counted is told too.
    setSize: (size, then) => ask((counter) => counted(counter, size), (failure) => then(failure)),
    count: (part, then) =>
      ask<Complete | undefined>((counter) => Effect.flatMap(counter.count(part), completeOf(part.groupId)), then),
    forget: (ended, then) => ask((counter) => counter.forget(ended.last.groupId, ended), () => then())
  }
})

const patience = "10 seconds"

const failureOf = (cause: Cause.Cause<ResultError>): StoreFailure => {
  const error = Cause.squash(cause)
  const reason = (error as Partial<ResultError>).reason?._tag // anything may have been thrown
  return {
    message: error instanceof Error ? error.message : String(error),
    final: reason === "Unencodable" ? "Unencodable" : reason === "Unsupported" ? "Refused" : undefined
  }
}
