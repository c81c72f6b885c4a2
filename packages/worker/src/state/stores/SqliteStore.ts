/**
 * A `StateStore` in SQLite, the one that Node has: of 22.13 and later, without a
 * flag. It is loaded when a file is opened, and not before.
 *
 * It writes ahead (WAL) and holds the lock of the file as long as it is open: a
 * second worker is told.
 *
 * @since 0.1.0
 */
import type { DatabaseSync } from "node:sqlite"
import { Damaged, InUse, type StateStore, StateStoreError, Unusable, type Value } from "../StateStore.ts"

/** Whether this Node has SQLite. */
export const isAvailable = (): boolean => process.getBuiltinModule("node:sqlite") !== undefined

/** Throws a `StateStoreError`. */
export const open = (file: string): StateStore => {
  const sqlite = process.getBuiltinModule("node:sqlite")
  const guarded = <A>(run: () => A): A => {
    try {
      return run()
    } catch (cause) {
      throw new StateStoreError({ file, reason: reasonOf(cause), cause })
    }
  }
  const database = guarded(() => new sqlite.DatabaseSync(file))
  try {
    guarded(() => prepare(database))
  } catch (error) {
    database.close()
    throw error
  }
  const select = database.prepare("SELECT key, value FROM kept WHERE room = ? ORDER BY rowid")
  // A row that is replaced is a new one: the youngest.
  const put = database.prepare("INSERT OR REPLACE INTO kept (room, key, value) VALUES (?, ?, ?)")
  const remove = database.prepare("DELETE FROM kept WHERE room = ? AND key = ?")
  const clear = database.prepare("DELETE FROM kept WHERE room = ?")
  /** All of it or nothing. */
  const atOnce = (run: () => void): void =>
    guarded(() => {
      database.exec("BEGIN")
      try {
        run()
        database.exec("COMMIT")
      } catch (cause) {
        database.exec("ROLLBACK")
        throw cause
      }
    })
  const putAll = (room: string, entries: Iterable<readonly [string, Value]>): void => {
    for (const [key, value] of entries) put.run(room, key, value)
  }
  return {
    kind: "sqlite",
    // Written by `put`, whose values are these.
    entries: (room) =>
      guarded(() => select.all(room).map(({ key, value }) => [key as string, value as Value] as const)),
    put: (room, key, value) => guarded(() => void put.run(room, key, value)),
    putAll: (room, entries) => atOnce(() => putAll(room, entries)),
    delete: (room, key) => guarded(() => void remove.run(room, key)),
    replace: (room, entries) =>
      atOnce(() => {
        clear.run(room)
        putAll(room, entries)
      }),
    sync: () => guarded(() => database.exec("PRAGMA wal_checkpoint(FULL)")),
    close: () => guarded(() => database.close())
  }
}

const prepare = (database: DatabaseSync): void => {
  database.exec(
    "PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL"
  )
  const [check] = database.prepare("PRAGMA quick_check(1)").all()
  const said = Object.values(check ?? {})[0]
  if (said !== "ok") throw new Broken(String(said))
  database.exec(
    "CREATE TABLE IF NOT EXISTS kept (room TEXT NOT NULL, key TEXT NOT NULL, value NOT NULL, UNIQUE (room, key))"
  )
}

/** What the check of a database has found. */
class Broken extends Error {}

/** By SQLite's own codes. */
const reasonOf = (cause: unknown): Damaged | InUse | Unusable => {
  const detail = cause instanceof Error ? cause.message : String(cause)
  const code = typeof cause === "object" && cause !== null && "errcode" in cause ? Number(cause.errcode) & 0xff : 0
  // CORRUPT, NOTADB; BUSY, LOCKED. An older table of another shape is an ERROR.
  if (cause instanceof Broken || code === 11 || code === 26 || code === 1) return new Damaged({ detail, salvaged: [] })
  return code === 5 || code === 6 ? new InUse() : new Unusable({ detail })
}
