/**
 * A store in a database, which any number of schedulers and operators share: over
 * whatever `SqlClient` there is (`effect/sql`), with two tables of its own.
 *
 * Others' changes are looked for twice a second. Statements are those that SQLite,
 * PostgreSQL and MySQL have in common.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { BeatError, StoreFailed } from "../BeatError.ts"
import { parse } from "../internal/Json.ts"
import { type Change, type Progress, ScheduleStore } from "../ScheduleStore.ts"

export interface Options {
  /** In front of the names of the tables. Default `celeriac_beat_`. */
  readonly prefix?: string | undefined
}

/** How often the revision is looked at. */
const pollInterval = "500 millis"

/** Makes the tables when they are not there. */
export const make = Effect.fnUntraced(function*(options: Options = {}) {
  const sql = yield* SqlClient
  const prefix = options.prefix ?? "celeriac_beat_"
  const describe = `the tables ${prefix}*`
  if (!/^[a-z_][a-z0-9_]{0,40}$/i.test(prefix)) {
    const detail = "a prefix has letters, digits and underscores, 41 at most"
    return yield* new BeatError({ reason: new StoreFailed({ store: describe, detail }) })
  }
  const [progress, changes] = [sql(`${prefix}progress`), sql(`${prefix}changes`)]
  const guard = <A, R>(effect: Effect.Effect<A, SqlError, R>): Effect.Effect<A, BeatError, R> =>
    Effect.mapError(effect, (error) => {
      const { cause } = error.reason
      const detail = `${error.message}${cause instanceof Error ? ` (${cause.message})` : ""}`
      return new BeatError({ reason: new StoreFailed({ store: describe, detail }) })
    })

  yield* guard(Effect.gen(function*() {
    yield* sql`CREATE TABLE IF NOT EXISTS ${progress} (name VARCHAR(255) NOT NULL PRIMARY KEY, last BIGINT NOT NULL, sent BIGINT NOT NULL)`
    // What is said of an entry; under the empty name the revision.
    yield* sql`CREATE TABLE IF NOT EXISTS ${changes} (name VARCHAR(255) NOT NULL PRIMARY KEY, revision BIGINT NOT NULL, said TEXT NOT NULL)`
    const rows = yield* sql`SELECT revision FROM ${changes} WHERE name = ''`
    // Another may have come first.
    if (rows.length === 0) yield* Effect.ignore(sql`INSERT INTO ${changes} (name, revision, said) VALUES ('', 1, '')`)
  }))

  const revision = Effect.map(
    sql<{ readonly revision: unknown }>`SELECT revision FROM ${changes} WHERE name = ''`,
    ([row]) => Number(row?.revision ?? 1)
  )

  const read = Effect.gen(function*() {
    // Before what it is the revision of: what changes meanwhile is read again.
    const before = yield* revision
    const said = yield* sql<{ name: string; said: string }>`SELECT name, said FROM ${changes} WHERE name <> ''`
    const come = yield* sql<{ name: string; last: unknown; sent: unknown }>`SELECT name, last, sent FROM ${progress}`
    return {
      revision: before,
      changes: new Map(said.flatMap(({ name, said }) => {
        const change = parse<Change>(said)
        return change === undefined ? [] : [[name, change] as const]
      })),
      progress: new Map(
        come.map(({ last, name, sent }) =>
          [name, { last: Number(last), count: Number(sent) } satisfies Progress] as const
        )
      )
    }
  })

  const advance = (all: ReadonlyArray<readonly [string, Progress]>) =>
    sql.withTransaction(Effect.forEach(all, ([name, { count, last }]) =>
      Effect.gen(function*() {
        const rows = yield* sql<{ last: unknown }>`SELECT last FROM ${progress} WHERE name = ${name}`
        if (rows[0] === undefined) {
          yield* sql`INSERT INTO ${progress} (name, last, sent) VALUES (${name}, ${last}, ${count})`
        } else {
          yield* sql`UPDATE ${progress} SET last = ${last}, sent = ${count} WHERE name = ${name} AND last < ${last}`
        }
      }), { discard: true }))

  const change = (name: string, update: (change: Change | undefined) => Change | undefined) =>
    sql.withTransaction(Effect.gen(function*() {
      // The first statement writes, so that whoever else changes something waits.
      yield* sql`UPDATE ${changes} SET revision = revision + 1 WHERE name = ''`
      const rows = yield* sql<{ said: string }>`SELECT said FROM ${changes} WHERE name = ${name}`
      const next = update(rows[0] === undefined ? undefined : parse<Change>(rows[0].said))
      if (next === undefined) return yield* sql`DELETE FROM ${changes} WHERE name = ${name}`
      const said = JSON.stringify(next)
      return yield* rows[0] === undefined
        ? sql`INSERT INTO ${changes} (name, revision, said) VALUES (${name}, 0, ${said})`
        : sql`UPDATE ${changes} SET said = ${said} WHERE name = ${name}`
    }))

  return ScheduleStore.of({
    describe,
    read: guard(read),
    advance: (all) => all.length === 0 ? Effect.void : guard(advance(all)),
    forget: (names) =>
      guard(Effect.forEach(names, (name) => sql`DELETE FROM ${progress} WHERE name = ${name}`, { discard: true })),
    change: (name, update) => guard(Effect.asVoid(change(name, update))),
    changed: (known) =>
      guard(Effect.gen(function*() {
        while ((yield* revision) === known) yield* Effect.sleep(pollInterval)
      }))
  })
})

export const layer = (options?: Options): Layer.Layer<ScheduleStore, BeatError, SqlClient> =>
  Layer.effect(ScheduleStore, make(options))
