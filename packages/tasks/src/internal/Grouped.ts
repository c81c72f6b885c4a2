/**
 * The result of a group, and how it is kept: what `GroupResult` gives to users,
 * and `AsyncResult` makes of what it finds in records.
 */
import type * as Effect from "effect/Effect"
import type { ResultError } from "../result/ResultError.ts"
import type { ResultReader } from "../result/ResultReader.ts"
import * as ResultTuple from "../result/ResultTuple.ts"
import type { AnyIdentified, Identified } from "../ResultBase.ts"
import * as ResultSet from "../ResultSet.ts"

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
    return ResultTuple.group(this.id, this.results.map(({ asTuple }) => asTuple), this.parent?.asTuple)
  }

  get save(): Effect.Effect<void, ResultError> {
    return this.#reader.saveGroup(this.asTuple)
  }

  get delete(): Effect.Effect<void, ResultError> {
    return this.#reader.deleteGroup(this.id)
  }
}
