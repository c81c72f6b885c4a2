/**
 * What a worker keeps over restarts: small facts, in a file.
 *
 * Each fact lies in a room, under a key. It is written when it is put: a process
 * that is killed at any moment leaves all that was put before, and nothing by
 * halves. Calls are synchronous, and take microseconds. A machine that loses its
 * power may lose what was put after the last `sync`.
 *
 * `stores/SqliteStore` and `stores/JournalStore` are stores; each runs
 * `testing/StateStoreConformance`. `stores/StateFile` chooses.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"

export type Value = string | number

export interface StateStore {
  readonly kind: "sqlite" | "journal"
  /** What lies in a room, the oldest first: what is put again is the youngest. */
  readonly entries: (room: string) => ReadonlyArray<readonly [key: string, value: Value]>
  readonly put: (room: string, key: string, value: Value) => void
  /** `put`, of many at once: all of them or none. */
  readonly putAll: (room: string, entries: Iterable<readonly [key: string, value: Value]>) => void
  readonly delete: (room: string, key: string) => void
  /** A room holds this from now on, in this order, and nothing else. */
  readonly replace: (room: string, entries: Iterable<readonly [key: string, value: Value]>) => void
  /** What was put lies on the disk when it returns. */
  readonly sync: () => void
  readonly close: () => void
}

/** It was written by something else, or broken since. `salvaged` could be read of it. */
export class Damaged extends Data.TaggedClass("Damaged")<{
  readonly detail: string
  readonly salvaged: ReadonlyArray<readonly [room: string, key: string, value: Value]>
}> {}

/** Another process has it. */
export class InUse extends Data.TaggedClass("InUse")<{}> {}

/** It cannot be opened, or not be written. */
export class Unusable extends Data.TaggedClass("Unusable")<{ readonly detail: string }> {}

/** What is wrong with a file. */
export type Reason = Damaged | InUse | Unusable

/** What is wrong with the file of a store. */
export class StateStoreError extends Data.TaggedError("StateStoreError")<{
  readonly file: string
  readonly reason: Reason
  readonly cause?: unknown | undefined
}> {
  readonly isRecoverable = false
  override get message(): string {
    switch (this.reason._tag) {
      case "Damaged":
        return `the state file ${this.file} is damaged (${this.reason.detail})`
      case "InUse":
        return `the state file ${this.file} is used by another worker: give each its own, as in --statedb=/var/lib/worker/%n.db`
      case "Unusable":
        return `the state file ${this.file} cannot be used: ${this.reason.detail}. Name one in a folder that exists, and that the worker may write`
    }
  }
}
