/**
 * What a client needs of a result backend: to hear of a task, to look it up,
 * to forget it, and to keep what groups are made of.
 *
 * `ResultWriter` is the other end. Implementations stand in `backends/`.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { TaskState } from "../TaskState.ts"
import type { ResultError } from "./ResultError.ts"
import type { ResultRecord } from "./ResultRecord.ts"
import type { ResultTuple } from "./ResultTuple.ts"

/** Where results are heard of. */
export class ResultReader extends Context.Service<ResultReader, {
  /** The backend, as errors name it: `rpc://`, without a password. */
  readonly uri: string

  /**
   * Makes sure that the result of a task about to be sent can be heard of.
   * Fails with `BackendUnreachable` when it cannot before the deadline.
   */
  readonly prepare: (taskId: string, deadline: Duration.Input) => Effect.Effect<void, ResultError>
  /** The `reply_to` of the tasks that were prepared; undefined where results are not sent to anyone. */
  readonly replyTo: string | undefined
  /** Waits until the outcome is final. May be asked again, and by several at once. */
  readonly wait: (taskId: string) => Effect.Effect<ResultRecord, ResultError>
  /**
   * The record as it is now, if there is one, and each that is stored from then
   * on, to the final one. Who reads slowly misses records in between.
   */
  readonly updates: (taskId: string) => Stream.Stream<ResultRecord, ResultError>
  /** The record as it is now, if there is one. */
  readonly lookup: (taskId: string) => Effect.Effect<ResultRecord | undefined, ResultError>
  /** PENDING when nothing is known. */
  readonly state: (taskId: string) => Effect.Effect<TaskState, ResultError>
  /** Drops what is kept about a task. Whoever waits for it goes on waiting. */
  readonly forget: (taskId: string) => Effect.Effect<void, ResultError>

  // Groups, as `GroupResult.save` keeps them: of which tasks they are, not what those came to.

  /** Keeps what a group is, under its id, for whoever asks by that alone. Fails with `Unsupported` where nothing is kept, as the two below do. */
  readonly saveGroup: (group: ResultTuple) => Effect.Effect<void, ResultError>
  /** The group as it was saved, if it was. */
  readonly restoreGroup: (groupId: string) => Effect.Effect<ResultTuple | undefined, ResultError>
  /** Drops what was saved. Its members, and their results, stay. */
  readonly deleteGroup: (groupId: string) => Effect.Effect<void, ResultError>
}>()("@celeriac/tasks/result/ResultReader") {}
