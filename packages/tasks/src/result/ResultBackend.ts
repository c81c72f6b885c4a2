/**
 * The seam between tasks and wherever their results are kept.
 *
 * A worker stores what became of a request; a client prepares to hear about a
 * task before it sends it, waits, looks and forgets. Implementations stand in
 * `backends/`: `RpcBackend` sends results to the client that asked,
 * `MemoryBackend` keeps them in the process, `DisabledBackend` keeps nothing.
 *
 * @since 0.1.0
 */
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { TaskError } from "../TaskError.ts"
import type { TaskState } from "../TaskState.ts"
import type { ResultRecord } from "./ResultRecord.ts"

/** What a worker knows about who wants the result. */
export interface Addressee {
  readonly replyTo: string | undefined
  readonly correlationId: string | undefined
}

/** Where results go, and where they are heard of. */
export class ResultBackend extends Context.Service<ResultBackend, {
  /** `rpc`, `memory`, `disabled`, ... */
  readonly name: string

  /**
   * Stores a state and its result. Called once for each change of state, from
   * the hot path: `onStored` is called exactly once, perhaps before this
   * returns, with nothing or with the error: `Unencodable` says that the result
   * has no form, so that a failure should be stored in its stead. Never throws.
   * A SUCCESS that is stored is not overwritten.
   */
  readonly storeUnsafe: (
    record: ResultRecord,
    addressee: Addressee,
    onStored: (error?: MessagingError) => void
  ) => void

  /**
   * Makes sure that the result of a task about to be sent can be heard of.
   * Fails with `ConnectionLost` when it cannot before the deadline.
   */
  readonly prepare: (taskId: string, deadline: Duration.Input) => Effect.Effect<void, MessagingError>
  /** The `reply_to` of the tasks that were prepared; undefined where results are not sent to anyone. */
  readonly replyTo: string | undefined
  /** Waits until the outcome is final. May be asked again, and by several at once. */
  readonly wait: (taskId: string) => Effect.Effect<ResultRecord, MessagingError | TaskError>
  /** The record as it is now, if there is one. */
  readonly lookup: (taskId: string) => Effect.Effect<ResultRecord | undefined, MessagingError | TaskError>
  /** PENDING when nothing is known. */
  readonly state: (taskId: string) => Effect.Effect<TaskState, MessagingError | TaskError>
  /** Drops what is kept about a task. Whoever waits for it goes on waiting. */
  readonly forget: (taskId: string) => Effect.Effect<void, MessagingError>
}>()("@celeriac/tasks/result/ResultBackend") {}

/** `storeUnsafe` as an effect. */
export const store = (
  record: ResultRecord,
  addressee: Addressee
): Effect.Effect<void, MessagingError, ResultBackend> =>
  Effect.flatMap(ResultBackend, (backend) =>
    Effect.callback((resume) => {
      backend.storeUnsafe(record, addressee, (error) => resume(error === undefined ? Effect.void : Effect.fail(error)))
    }))
