/**
 * A store in a database, which any number of schedulers and operators share: over
 * whatever `SqlClient` there is (`effect/sql`), with tables of its own: what was said,
 * how far entries have come, and rows of these that cannot be read.
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
import * as Rows from "../internal/Rows.ts"
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
  const [progress, changes, damaged] = [sql(`${prefix}progress`), sql(`${prefix}changes`), sql(`${prefix}damaged`)]
  const guard = <A, R>(effect: Effect.Effect<A, SqlError, R>): Effect.Effect<A, BeatError, R> =>
    Effect.mapError(effect, (error) => {
      const { cause } = error.reason
      const detail = `${error.message}${cause instanceof Error ? ` (${cause.message})` : ""}`
      return new BeatError({ reason: new StoreFailed({ store: describe, detail }) })
    })

  yield* guard(Effect.gen(function*() {
    yield* sql`CREATE TABLE IF NOT EXISTS ${progress} (name VARCHAR(255) NOT NULL PRIMARY KEY, last BIGINT NOT NULL, sent BIGINT NOT NULL)`
    // What is said of an entry; under the empty name the revision, and the format of all.
    yield* sql`CREATE TABLE IF NOT EXISTS ${changes} (name VARCHAR(255) NOT NULL PRIMARY KEY, revision BIGINT NOT NULL, said TEXT NOT NULL)`
    yield* sql`CREATE TABLE IF NOT EXISTS ${damaged} (kind VARCHAR(16) NOT NULL, name VARCHAR(255) NOT NULL, said TEXT NOT NULL)`
    const rows = yield* sql`SELECT revision FROM ${changes} WHERE name = ''`
    // Another may have come first.
    if (rows.length === 0) {
      yield* Effect.ignore(
        sql`INSERT INTO ${changes} (name, revision, said) VALUES ('', 1, ${String(Rows.format)})`
      )
    }
  }))

  const head = Effect.map(
    sql<{ readonly revision: unknown; readonly said: unknown }>`SELECT revision, said FROM ${changes} WHERE name = ''`,
    ([row]) => ({ revision: Number(row?.revision ?? 1), written: row?.said })
  )

  const read = Effect.gen(function*() {
    // Before what it is the revision of: what changes meanwhile is read again.
    const { revision, written } = yield* guard(head)
    yield* Rows.check(describe, written)
    const [said, come] = yield* guard(Effect.all([
      sql<{ name: string; said: unknown }>`SELECT name, said FROM ${changes} WHERE name <> ''`,
      sql<{ name: string; last: unknown; sent: unknown }>`SELECT name, last, sent FROM ${progress}`
    ]))
    const rows = new Rows.Rows()
    for (const { name, said: text } of said) rows.change(name, String(text))
    // Drivers give large numbers as numbers, as text or as `bigint`.
    for (const { last, name, sent } of come) rows.come(name, Number(last), Number(sent), `${last} ${sent}`)
    yield* guard(Effect.forEach(rows.damaged, setAside, { discard: true }))
    yield* Rows.tell(describe, `the table ${prefix}damaged`, rows.damaged)
    return { revision, changes: rows.changes, progress: rows.progress }
  })

  const setAside = ({ kind, name, text }: Rows.Damaged) => {
    const from = kind === "changes" ? changes : progress
    return sql.withTransaction(Effect.andThen(
      sql`INSERT INTO ${damaged} (kind, name, said) VALUES (${kind}, ${name}, ${text})`,
      sql`DELETE FROM ${from} WHERE name = ${name}`
    ))
  }

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
      const before = new Rows.Rows()
      if (rows[0] !== undefined) before.change(name, rows[0].said)
      const next = update(before.changes.get(name))
      if (next === undefined) return yield* sql`DELETE FROM ${changes} WHERE name = ${name}`
      const said = JSON.stringify(next)
      return yield* rows[0] === undefined
        ? sql`INSERT INTO ${changes} (name, revision, said) VALUES (${name}, 0, ${said})`
        : sql`UPDATE ${changes} SET said = ${said} WHERE name = ${name}`
    }))

  return ScheduleStore.of({
    describe,
    read,
    advance: (all) => all.length === 0 ? Effect.void : guard(advance(all)),
    forget: (names) =>
      guard(Effect.forEach(names, (name) => sql`DELETE FROM ${progress} WHERE name = ${name}`, { discard: true })),
    change: (name, update) => guard(Effect.asVoid(change(name, update))),
    changed: (known) =>
      guard(Effect.gen(function*() {
        while ((yield* head).revision === known) yield* Effect.sleep(pollInterval)
      }))
  })
})

export const layer = (options?: Options): Layer.Layer<ScheduleStore, BeatError, SqlClient> =>
  Layer.effect(ScheduleStore, make(options))
