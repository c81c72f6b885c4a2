/**
 * The result of a group, and how it is kept: what `GroupResult` gives to users,
 * and `AsyncResult` makes of what it finds in records.
 */
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { TaskException } from "../result/ExceptionRecord.ts"
import type { ResultError } from "../result/ResultError.ts"
import type { ResultReader } from "../result/ResultReader.ts"
import type * as ResultTuple from "../result/ResultTuple.ts"
import type { Any, AnyIdentified, CollectOptions, Identified } from "../ResultBase.ts"
import * as ResultSet from "../ResultSet.ts"
import * as Dependencies from "./Dependencies.ts"

/** What a group is made of: results of tasks, and of groups. */
export type Members = ReadonlyArray<AnyIdentified>

/** See `GroupResult`. */
export interface GroupResult<out M extends Members, out E = never>
  extends
    ResultSet.ResultSet<M, E>,
    Omit<Identified<ResultSet.Values<M>, ResultSet.Failures<M> | E>, keyof ResultSet.ResultSet<M, E>>
{
  readonly id: string

  /**
   * Keeps what it is made of under its id, for `GroupResult.restore`, here and
   * in Python: as long as results are kept. Fails with `Unsupported` where the
   * result backend keeps none.
   */
  readonly save: Effect.Effect<void, ResultError>
  /** Drops what `save` kept. The results of its members stay: `forget` drops those. */
  readonly delete: Effect.Effect<void, ResultError>

  /** It, its members, and all that was sent while they ran, and so on: each with the one that sent it, and not twice. */
  readonly iterdeps: (
    options?: Pick<CollectOptions, "intermediate">
  ) => Stream.Stream<Dependencies.Edge, ResultError>
  /** The same, each with its value, which is waited for: one after the other. */
  readonly collect: (
    options?: CollectOptions
  ) => Stream.Stream<readonly [result: Any, value: unknown], ResultSet.Failures<M> | E | TaskException | ResultError>
}

/** For whoever holds the reader. */
export const make = <M extends Members, E = never>(
  id: string,
  results: M,
  reader: ResultReader["Service"],
  parent?: Identified<unknown, E>
): GroupResult<M, E> => new GroupResultImpl<M, E>(id, results, reader, parent)

class GroupResultImpl<M extends Members, E> extends ResultSet.ResultSetImpl<M, E> implements GroupResult<M, E> {
  readonly #id: string
  readonly #reader: ResultReader["Service"]

  constructor(id: string, results: M, reader: ResultReader["Service"], parent: AnyIdentified | undefined) {
    super(results, parent)
    this.#id = id
    this.#reader = reader
  }

  override get id(): string {
    return this.#id
  }

  get asTuple(): ResultTuple.ResultTuple {
    return Dependencies.tupleOf(this)
  }

  get save(): Effect.Effect<void, ResultError> {
    return this.#reader.saveGroup(this.asTuple)
  }

  get delete(): Effect.Effect<void, ResultError> {
    return this.#reader.deleteGroup(this.id)
  }

  iterdeps(options: Pick<CollectOptions, "intermediate"> = {}) {
    return Dependencies.iterdeps(this, options)
  }

  collect(options: CollectOptions = {}) {
    // The definitions of what its members sent are not at hand: they declare nothing.
    return Dependencies.collect(this, options) as ReturnType<GroupResult<M, E>["collect"]>
  }
}
