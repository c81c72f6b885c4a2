/**
 * What a record says besides its outcome, as the result of a task gives it.
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { ResultError } from "../result/ResultError.ts"
import * as ResultRecord from "../result/ResultRecord.ts"

export abstract class RecordFields {
  abstract readonly record: Effect.Effect<ResultRecord.ResultRecord | undefined, ResultError>

  get exists() {
    return Effect.map(this.record, (record) => record !== undefined)
  }

  get traceback() {
    return this.field((record) => record.traceback)
  }

  get dateDone(): Effect.Effect<DateTime.Utc | undefined, ResultError> {
    return this.field((record) => {
      const millis = ResultRecord.doneMillis(record)
      return millis === undefined ? undefined : DateTime.makeUnsafe(millis)
    })
  }

  get name() {
    return this.field(({ extended }) => extended?.name)
  }

  get args() {
    return this.field(({ extended }) => extended?.args)
  }

  get kwargs() {
    return this.field(({ extended }) => extended?.kwargs)
  }

  get worker() {
    return this.field(({ extended }) => extended?.worker)
  }

  get retries() {
    return this.field(({ extended }) => extended?.retries)
  }

  get queue() {
    return this.field(({ extended }) => extended?.queue)
  }

  private field<B>(of: (record: ResultRecord.ResultRecord) => B): Effect.Effect<B | undefined, ResultError> {
    return Effect.map(this.record, (record) => record === undefined ? undefined : of(record))
  }
}
