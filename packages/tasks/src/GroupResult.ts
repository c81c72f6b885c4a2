/**
 * The result of a group: the results of its members, waited for together and
 * typed by them, under one id.
 *
 * ```ts
 * const sent = yield* client.delay(Canvas.group(add.s({ x: 2, y: 3 }), page.s({ url })))
 * yield* sent.save
 * const [sum, text] = yield* sent.get({ timeout: "10 seconds" })
 * ```
 *
 * Partial results are `completed` (each member as it ends), `progress` (each
 * state of each) and `completedCount`. It is kept by its id alone with `save`,
 * and made again by `restore`, in another process and in either language.
 * Celery's `GroupResult`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as AsyncResult from "./AsyncResult.ts"
import * as Grouped from "./internal/Grouped.ts"
import { because, InvalidTuple, type ResultError } from "./result/ResultError.ts"
import { ResultReader } from "./result/ResultReader.ts"
import { parse, type ResultTuple } from "./result/ResultTuple.ts"
import type { Identified } from "./ResultBase.ts"
import type * as Task from "./Task.ts"

export type { Completed, Failures, Finals, Values } from "./ResultSet.ts"

/** What a group is made of: results of tasks, and of groups. */
export type Members = Grouped.Members

/** The result of a group. `E` is what those that it followed in a chain may fail with. */
export interface GroupResult<out M extends Members, out E = never> extends Grouped.GroupResult<M, E> {}

/** Of how many tasks, and of what kind, is not known before it is read. */
export type Unknown = GroupResult<ReadonlyArray<AsyncResult.Child>>

/** Each member is the result of this task. */
export type Of<T extends Task.Any> = GroupResult<
  ReadonlyArray<AsyncResult.AsyncResult<Task.Success<T>, Task.Failure<T>>>
>

/** Of these results, in this order, under an id of its own. */
export const make = <const M extends Members, E = never>(
  id: string,
  results: M,
  parent?: Identified<unknown, E>
): Effect.Effect<GroupResult<M, E>, never, ResultReader> =>
  Effect.map(ResultReader, (reader) => fromReader(id, results, reader, parent))

/** For whoever holds the reader: see `make`. */
export const fromReader = <const M extends Members, E = never>(
  id: string,
  results: M,
  reader: ResultReader["Service"],
  parent?: Identified<unknown, E>
): GroupResult<M, E> => Grouped.make(id, results, reader, parent)

/**
 * The group as it was saved, by either language; undefined when it was not, or
 * is kept no longer. Typed when the definition of its tasks is given: then a
 * member that is a group itself is refused (`InvalidTuple`).
 */
export function restore<T extends Task.Any>(
  id: string,
  task: T
): Effect.Effect<Of<T> | undefined, ResultError, ResultReader>
export function restore(id: string): Effect.Effect<Unknown | undefined, ResultError, ResultReader>
export function restore(
  id: string,
  task?: Task.Any
): Effect.Effect<Unknown | Of<Task.Any> | undefined, ResultError, ResultReader> {
  return Effect.flatMap(ResultReader, (reader) =>
    Effect.flatMap(
      reader.restoreGroup(id),
      (tuple): Effect.Effect<Unknown | Of<Task.Any> | undefined, ResultError> =>
        tuple === undefined ? Effect.undefined : group(reader, tuple, task)
    ))
}

/** Reads what `AsyncResult.encode` wrote of a group, or Python's `as_tuple` gives. Fails with `InvalidTuple` when it is of one task, or none. */
export function decode<T extends Task.Any>(value: unknown, task: T): Effect.Effect<Of<T>, ResultError, ResultReader>
export function decode(value: unknown): Effect.Effect<Unknown, ResultError, ResultReader>
export function decode(
  value: unknown,
  task?: Task.Any
): Effect.Effect<Unknown | Of<Task.Any>, ResultError, ResultReader> {
  return Effect.flatMap(
    ResultReader,
    (reader) => Effect.flatMap(Effect.fromResult(parse(value)), (tuple) => group(reader, tuple, task))
  )
}

const group = (
  reader: ResultReader["Service"],
  { id, members, parent }: ResultTuple,
  task: Task.Any | undefined
): Effect.Effect<Unknown | Of<Task.Any>, ResultError> => {
  const refuse = (detail: string) => Effect.fail(because("restore", new InvalidTuple({ detail })))
  if (members === undefined) return refuse(`${id} is a task, and no group`)
  const above = parent === undefined ? undefined : AsyncResult.fromTupleWith(reader, parent)
  if (task === undefined) {
    return Effect.succeed(
      fromReader(id, members.map((member) => AsyncResult.fromTupleWith(reader, member)), reader, above)
    )
  }
  const nested = members.find((member) => member.members !== undefined)
  if (nested !== undefined) {
    return refuse(`member ${nested.id} of group ${id} is a group, and no ${task.name}: restore it without a definition`)
  }
  const results = members.map((member) =>
    AsyncResult.fromReader(
      member.id,
      reader,
      task.outcome,
      false,
      member.parent === undefined ? undefined : AsyncResult.fromTupleWith(reader, member.parent)
    )
  )
  return Effect.succeed(fromReader(id, results, reader, above))
}
