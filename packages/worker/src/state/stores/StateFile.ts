/**
 * Opens the file of a worker's state: with SQLite where this Node has it, unless
 * the file is a journal already. One that is damaged is set aside under another
 * name, and what could be read of it goes into a new one.
 *
 * @since 0.1.0
 */
import { closeSync, existsSync, openSync, readSync, renameSync } from "node:fs"
import { type StateStore, StateStoreError, Unusable } from "../StateStore.ts"
import * as JournalStore from "./JournalStore.ts"
import * as SqliteStore from "./SqliteStore.ts"

export interface Opened {
  readonly store: StateStore
  /** What was wrong with the file that was there, and where it is now. */
  readonly setAside: { readonly error: StateStoreError; readonly to: string } | undefined
}

/** Throws a `StateStoreError` when there can be no file of this name. */
export const open = (file: string): Opened => {
  const openStore = startsAsJournal(file) || !SqliteStore.isAvailable() ? JournalStore.open : SqliteStore.open
  try {
    return { store: openStore(file), setAside: undefined }
  } catch (error) {
    if (!(error instanceof StateStoreError) || error.reason._tag !== "Damaged") throw error
    const to = setAside(file)
    const store = openStore(file)
    for (const [room, key, value] of error.reason.salvaged) store.put(room, key, value)
    return { store, setAside: { error, to } }
  }
}

const startsAsJournal = (file: string): boolean => {
  try {
    const descriptor = openSync(file, "r")
    try {
      const bytes = new Uint8Array(JournalStore.header.length)
      return new TextDecoder().decode(bytes.subarray(0, readSync(descriptor, bytes))) === JournalStore.header
    } finally {
      closeSync(descriptor)
    }
  } catch {
    return false
  }
}

/** With what SQLite writes beside it. */
const setAside = (file: string): string => {
  let to = `${file}.damaged`
  for (let n = 2; existsSync(to); n++) to = `${file}.damaged-${n}`
  try {
    renameSync(file, to)
    for (const beside of ["-wal", "-shm"]) {
      if (existsSync(`${file}${beside}`)) renameSync(`${file}${beside}`, `${to}${beside}`)
    }
  } catch (cause) {
    const detail = `it is damaged, and cannot be set aside: ${cause instanceof Error ? cause.message : String(cause)}`
    throw new StateStoreError({ file, reason: new Unusable({ detail }), cause })
  }
  return to
}
