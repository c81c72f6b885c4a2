/**
 * What a worker needs of a result backend: to store what became of a request.
 *
 * `ResultReader` is the other end. Implementations stand in `backends/`.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { ResultError } from "./ResultError.ts"
import type { ResultRecord } from "./ResultRecord.ts"

/** What a worker knows about who wants the result: the properties `reply_to` and `correlation_id` of the request. */
export interface Addressee {
  readonly replyTo: string | undefined
  readonly correlationId: string | undefined
}

/** Words that all workers see, each under its name, and that are changed one at a time. An empty one is none. */
export interface Marks {
  /**
   * Writes `becomes` where `was` stands, for so many milliseconds, or deletes it where
   * that is empty. Gives what stands there instead, if it is neither of the two.
   */
  readonly exchange: (
    name: string,
    was: string,
    becomes: string,
    lifetime: number
  ) => Effect.Effect<string | undefined, ResultError>

  readonly read: (name: string) => Effect.Effect<string, ResultError>
}

/** Where results go. */
export class ResultWriter extends Context.Service<ResultWriter, {
  /** The backend, as a banner shows it: `rpc://`, without a password. */
  readonly uri: string

  /**
   * Stores a state and its result. Called once for each change of state, from
   * the hot path: `onStored` is called exactly once, perhaps before this
   * returns, with nothing or with the error: `Unencodable` says that the result
   * has no form, and `ResultRefused` that it is not taken, so that a failure
   * should be stored in its stead. Never throws. A SUCCESS that is stored is not
   * overwritten.
   */
  readonly storeUnsafe: (
    record: ResultRecord,
    addressee: Addressee,
    onStored: (error?: ResultError) => void
  ) => void

  /**
   * Opens what results go through ahead of the first one, while a worker
   * connects. Fails when the first attempt does, which is no matter: to store
   * makes the next one. Left out where there is nothing to open.
   */
  readonly open?: Effect.Effect<void, ResultError> | undefined

  /** Drops what is out of date. Left out where that goes by itself. For the task `celery.backend_cleanup`. */
  readonly cleanup?: Effect.Effect<void, ResultError> | undefined

  /**
   * Notes that tasks are not to run, for workers that are not there to hear of it.
   * Left out where nothing is kept.
   */
  readonly noteRevoked?: ((taskIds: ReadonlyArray<string>) => Effect.Effect<void, ResultError>) | undefined

  /** What was noted so, and is not forgotten, the oldest first. */
  readonly revoked?: Effect.Effect<ReadonlyArray<string>, ResultError> | undefined

  /** For workers that share what they have run: of messages that are sealed. Left out where nothing is kept. */
  readonly marks?: Marks | undefined
}>()("@celeriac/tasks/result/ResultWriter") {}

/** `storeUnsafe` as an effect. */
export const store = (record: ResultRecord, addressee: Addressee): Effect.Effect<void, ResultError, ResultWriter> =>
  Effect.flatMap(ResultWriter, (writer) =>
    Effect.callback((resume) => {
      writer.storeUnsafe(record, addressee, (error) => resume(error === undefined ? Effect.void : Effect.fail(error)))
    }))
