/**
 * Results on their way to the result backend.
 *
 * It counts them, so that a worker which stops can wait until each is stored,
 * and holds back the pool while too many are on their way. One that cannot be
 * stored is not its business: whoever stores it is told.
 *
 * @since 0.1.0
 */
import type { ResultError } from "@celeriac/tasks/result/ResultError"
import type { ResultRecord } from "@celeriac/tasks/result/ResultRecord"
import type { Addressee, ResultWriter } from "@celeriac/tasks/result/ResultWriter"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type { Pool } from "../pool/Pool.ts"

/** Beyond this many results on their way, no further task is started. */
export const mostPending = 256

export class ResultStore {
  private readonly writer: ResultWriter["Service"]
  private readonly pool: Pool
  private pending = 0
  private whenStored: Deferred.Deferred<void> | undefined

  constructor(writer: ResultWriter["Service"], pool: Pool) {
    this.writer = writer
    this.pool = pool
  }

  /** `then` is called once, perhaps before this returns, with nothing or with the error. */
  store(record: ResultRecord, addressee: Addressee, then: (error: ResultError | undefined) => void): void {
    if (++this.pending === mostPending) this.pool.pause(true)
    this.writer.storeUnsafe(record, addressee, (error) => {
      if (--this.pending === mostPending / 2) this.pool.pause(false)
      then(error)
      if (this.pending === 0 && this.whenStored !== undefined) {
        Deferred.doneUnsafe(this.whenStored, Effect.void)
        this.whenStored = undefined
      }
    })
  }

  /** Nothing is on its way. */
  readonly idle: Effect.Effect<void> = Effect.suspend(() => {
    if (this.pending === 0) return Effect.void
    this.whenStored ??= Deferred.makeUnsafe<void>()
    return Deferred.await(this.whenStored)
  })
}
