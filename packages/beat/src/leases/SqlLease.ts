/**
 * Leadership by a row of a database: for schedulers whose store is `SqlStore`.
 *
 * A leader that stops is succeeded within a second, one that was cut off or killed
 * after `validity`. What it has not renewed for so long it does not use any more.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { BeatError, LeaseFailed } from "../BeatError.ts"
import * as SwapLease from "../internal/SwapLease.ts"
import { Leadership } from "../Leadership.ts"

export interface Options {
  /** Tells schedulers apart that share a table; all that take over from each other have one. Default `celerybeat`. */
  readonly name?: string | undefined
  /** The table. Default `celeriac_beat_lease`. */
  readonly table?: string | undefined
  /** Default 3 seconds. */
  readonly validity?: Duration.Input | undefined
}

/** Makes the table when it is not there. */
export const make = Effect.fnUntraced(function*(options: Options = {}) {
  const sql = yield* SqlClient
  const name = options.name ?? "celerybeat"
  const table = options.table ?? "celeriac_beat_lease"
  const describe = `the table ${table}`
  const rows = sql(table)
  const guard = <A>(effect: Effect.Effect<A, SqlError>): Effect.Effect<A, BeatError> =>
    Effect.mapError(
      effect,
      (error) => new BeatError({ reason: new LeaseFailed({ lease: describe, detail: error.message }) })
    )
  yield* guard(Effect.gen(function*() {
    yield* sql`CREATE TABLE IF NOT EXISTS ${rows} (name VARCHAR(255) NOT NULL PRIMARY KEY, word VARCHAR(255) NOT NULL)`
    const found = yield* sql`SELECT word FROM ${rows} WHERE name = ${name}`
    // Another may have come first.
    if (found.length === 0) yield* Effect.ignore(sql`INSERT INTO ${rows} (name, word) VALUES (${name}, '')`)
  }))
  const read = Effect.map(
    sql<{ readonly word: string }>`SELECT word FROM ${rows} WHERE name = ${name}`,
    ([row]) => row?.word ?? ""
  )
  return yield* SwapLease.make({
    describe,
    read: guard(read),
    // Words are not used twice: if it is there, it was put there by this.
    swap: (known, next) =>
      guard(Effect.andThen(
        sql`UPDATE ${rows} SET word = ${next} WHERE name = ${name} AND word = ${known}`,
        Effect.map(read, (word) => word === next)
      ))
  }, Duration.toMillis(options.validity ?? "3 seconds"))
})

export const layer = (options?: Options): Layer.Layer<Leadership, BeatError, SqlClient> =>
  Layer.effect(Leadership, make(options))
