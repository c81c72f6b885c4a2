/**
 * Records kept in this process for a while, and those who wait for them.
 *
 * What `MemoryBackend` and `RpcBackend` have in common. Bounded in time, and in
 * number where that is asked for: the oldest goes first.
 *
 * @since 0.1.0
 */
import { BoundedMap } from "@celeriac/messaging/BoundedMap"
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { ResultRecord } from "../result/ResultRecord.ts"
import * as TaskState from "../TaskState.ts"

export interface ResultShelf {
  /** Keeps a record, and wakes those who wait for it when it is final. A SUCCESS that is kept stays. */
  readonly keep: (record: ResultRecord) => void
  readonly find: (taskId: string) => ResultRecord | undefined
  /** Waits until the record is final. */
  readonly wait: (taskId: string) => Effect.Effect<ResultRecord>
  /** Whether somebody waits for it. */
  readonly isAwaited: (taskId: string) => boolean
  readonly forget: (taskId: string) => void
}

export interface Options {
  readonly clock: Clock.Clock
  /** How long a record is kept, in milliseconds. */
  readonly lifetime: number
  /** How many records are kept. Default: any number. */
  readonly capacity?: number
}

interface Kept {
  readonly record: ResultRecord
  readonly until: number
}

type Waiter = (record: ResultRecord) => void

export const make = (options: Options): ResultShelf => {
  const { clock, lifetime } = options
  /** The oldest expires first: all live equally long. */
  const records = new BoundedMap<string, Kept>(options.capacity ?? Infinity)
  const waiters = new Map<string, Set<Waiter>>()

  const find = (id: string): ResultRecord | undefined => {
    const kept = records.get(id)
    return kept === undefined || kept.until <= clock.currentTimeMillisUnsafe() ? undefined : kept.record
  }
  const dropExpired = (now: number): void => {
    for (let oldest = records.oldest(); oldest !== undefined && oldest[1].until <= now; oldest = records.oldest()) {
      records.deleteOldest()
    }
  }

  return {
    keep: (record) => {
      const id = record.taskId
      if (find(id)?.status === TaskState.SUCCESS) return
      const now = clock.currentTimeMillisUnsafe()
      dropExpired(now)
      records.set(id, { record, until: now + lifetime })
      if (!TaskState.isReady(record.status)) return
      const waiting = waiters.get(id)
      if (waiting === undefined) return
      waiters.delete(id)
      for (const wake of waiting) wake(record)
    },
    find,
    wait: (id) =>
      Effect.callback((resume) => {
        const record = find(id)
        if (record !== undefined && TaskState.isReady(record.status)) return resume(Effect.succeed(record))
        const wake: Waiter = (record) => resume(Effect.succeed(record))
        const waiting = waiters.get(id) ?? new Set()
        waiters.set(id, waiting.add(wake))
        return Effect.sync(() => {
          if (waiting.delete(wake) && waiting.size === 0 && waiters.get(id) === waiting) waiters.delete(id)
        })
      }),
    isAwaited: (id) => waiters.has(id),
    forget: (id) => {
      records.delete(id)
    }
  }
}
