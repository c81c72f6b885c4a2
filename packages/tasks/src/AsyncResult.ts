/**
 * What a sender holds of a task: its id, and the way to its result.
 *
 * `Client.delay` gives one; `AsyncResult.make` makes one for an id that was
 * kept somewhere. It holds no connection and can be thrown away.
 *
 * @since 0.1.0
 */
import type * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as Dependencies from "./internal/Dependencies.ts"
import * as Parenthood from "./internal/Parenthood.ts"
import { finalOf, metaOf } from "./internal/RecordReading.ts"
import * as Waiting from "./internal/Waiting.ts"
import * as Outcome from "./Outcome.ts"
import type { TaskException } from "./result/ExceptionRecord.ts"
import { because, type ResultError, ResultUnavailable } from "./result/ResultError.ts"
import { ResultReader } from "./result/ResultReader.ts"
import * as ResultRecord from "./result/ResultRecord.ts"
import type { ResultTuple } from "./result/ResultTuple.ts"
import type {
  Any,
  CollectOptions,
  Final,
  GetOptions,
  Progress,
  ResultBase,
  RevokeOptions,
  WaitOptions
} from "./ResultBase.ts"
import * as ResultSet from "./ResultSet.ts"
import type * as Task from "./Task.ts"
import * as TaskState from "./TaskState.ts"

export type { CollectOptions, Final, GetOptions, Progress, RevokeOptions } from "./ResultBase.ts"

/**
 * Whether it is refused to wait for results inside of a task: true, unless it is
 * provided. Celery's `allow_join_result`; `get` has an option for it as well.
 */
export const DisableSyncSubtasks: Context.Reference<boolean> = Parenthood.DisableSyncSubtasks

/** What a task sent: a task, or a group. */
export type Child = AsyncResult<unknown> | ResultSet.ResultSet<ReadonlyArray<ResultBase<unknown>>>

/** The result of a task that succeeds with `A` and declares the errors `E`. */
export interface AsyncResult<out A, out E = never> extends ResultBase<A, E> {
  readonly id: string
  /** Whether it was sent with `ignoreResult`: then none will come, and to wait for it fails. */
  readonly ignored: boolean

  readonly get: {
    (options?: GetOptions & { readonly propagate?: true }): Effect.Effect<A, E | TaskException | ResultError>
    /** With `propagate: false` the task's failure is a value. */
    (options: GetOptions & { readonly propagate: false }): Effect.Effect<Final<A, E>, ResultError>
  }

  /** PENDING also when nobody knows the id. */
  readonly state: Effect.Effect<TaskState.TaskState, ResultError>
  /** What it came to, if it ended. Does not wait. */
  readonly result: Effect.Effect<Option.Option<Final<A, E>>, ResultError>
  /**
   * What is stored with the state, whichever it is: the value or the failure of
   * one that ended, the exception of one to be retried, the `meta` of a state of
   * one's own. Undefined when there is none.
   */
  readonly info: Effect.Effect<unknown, ResultError>
  readonly progress: Stream.Stream<Progress<A, E>, ResultError>
  readonly children: Effect.Effect<ReadonlyArray<Child> | undefined, ResultError>
  /** Of the failure, as the worker's language writes it. */
  readonly traceback: Effect.Effect<string | undefined, ResultError>
  /** When it ended. */
  readonly dateDone: Effect.Effect<DateTime.Utc | undefined, ResultError>
  /** The record as it is stored, if there is one. */
  readonly record: Effect.Effect<ResultRecord.ResultRecord | undefined, ResultError>

  // What follows is known of records that are extended (`result_extended`).

  /** Of the task. */
  readonly name: Effect.Effect<string | undefined, ResultError>
  readonly args: Effect.Effect<unknown, ResultError>
  readonly kwargs: Effect.Effect<unknown, ResultError>
  /** The node name. */
  readonly worker: Effect.Effect<string | undefined, ResultError>
  readonly retries: Effect.Effect<number | undefined, ResultError>
  /** The routing key it was delivered with. */
  readonly queue: Effect.Effect<string | undefined, ResultError>

  /** It, and all that was sent while it ran, and so on: each with the one that sent it, and not twice. */
  readonly iterdeps: (
    options?: Pick<CollectOptions, "intermediate">
  ) => Stream.Stream<Dependencies.Edge, ResultError>
  /** The same, each with its value, which is waited for: one after the other. */
  readonly collect: (
    options?: CollectOptions
  ) => Stream.Stream<readonly [result: Any, value: unknown], E | TaskException | ResultError>
}

/** The result of a task sent earlier, by its id: typed when the definition is given. */
export function make<T extends Task.Any>(
  id: string,
  task: T
): Effect.Effect<AsyncResult<Task.Success<T>, Task.Failure<T>>, never, ResultReader>
export function make(id: string): Effect.Effect<AsyncResult<unknown>, never, ResultReader>
export function make(id: string, task?: Task.Any): Effect.Effect<AsyncResult<any, any>, never, ResultReader> {
  return Effect.map(ResultReader, (reader) => fromReader(id, reader, task?.outcome ?? Outcome.untyped, false))
}

/** For whoever holds the reader: see `make`. */
export const fromReader = <A, E>(
  id: string,
  reader: ResultReader["Service"],
  outcome: Outcome.Outcome<A, E>,
  ignored: boolean,
  parent?: ResultBase<unknown>
): AsyncResult<A, E> => new AsyncResultImpl(id, reader, outcome, ignored, parent)

/** The results that a tuple names: how results stand inside records. */
export const fromTuple = (tuple: ResultTuple): Effect.Effect<Child, never, ResultReader> =>
  Effect.map(ResultReader, (reader) => childOf(reader, tuple))

const childOf = (reader: ResultReader["Service"], { id, members, parent }: ResultTuple): Child => {
  const above = parent === undefined ? undefined : childOf(reader, parent)
  return members === undefined
    ? fromReader(id, reader, Outcome.untyped, false, above)
    : ResultSet.make(members.map((member) => childOf(reader, member)), { id, parent: above })
}

class AsyncResultImpl<A, E> implements AsyncResult<A, E> {
  readonly id: string
  readonly ignored: boolean
  readonly parent: ResultBase<unknown> | undefined
  readonly #reader: ResultReader["Service"]
  readonly #outcome: Outcome.Outcome<A, E>

  constructor(
    id: string,
    reader: ResultReader["Service"],
    outcome: Outcome.Outcome<A, E>,
    ignored: boolean,
    parent: ResultBase<unknown> | undefined
  ) {
    this.id = id
    this.ignored = ignored
    this.parent = parent
    this.#reader = reader
    this.#outcome = outcome
  }

  get ids() {
    return [this.id]
  }

  get(
    options?: GetOptions & { readonly propagate?: true }
  ): Effect.Effect<A, E | TaskException | ResultError>
  get(options: GetOptions & { readonly propagate: false }): Effect.Effect<Final<A, E>, ResultError>
  get(
    options: GetOptions & { readonly propagate?: boolean } = {}
  ): Effect.Effect<A | Final<A, E>, E | TaskException | ResultError> {
    const final = this.final(options)
    return options.propagate === false
      ? final
      : Dependencies.following(this.parent, options, Effect.flatMap(final, Effect.fromResult))
  }

  final(options: WaitOptions = {}): Effect.Effect<Final<A, E>, ResultError> {
    return Effect.flatMap(this.#wait(options), (record) => this.#read(record))
  }

  get state() {
    return this.#reader.state(this.id)
  }

  get ready() {
    return Effect.map(this.state, TaskState.isReady)
  }

  get successful() {
    return Effect.map(this.state, (state) => state === TaskState.SUCCESS)
  }

  get failed() {
    return Effect.map(this.state, (state) => state === TaskState.FAILURE)
  }

  get record() {
    return this.#reader.lookup(this.id)
  }

  get result(): Effect.Effect<Option.Option<Final<A, E>>, ResultError> {
    return Effect.flatMap(this.record, (record) =>
      record === undefined || !TaskState.isReady(record.status)
        ? Effect.succeedNone
        : Effect.asSome(this.#read(record)))
  }

  get info(): Effect.Effect<unknown, ResultError> {
    return Effect.flatMap(this.record, (record): Effect.Effect<unknown, ResultError> => {
      if (record === undefined) return Effect.undefined
      if (TaskState.isReady(record.status)) return Effect.map(this.#read(record), Result.merge)
      return Effect.succeed(metaOf(record))
    })
  }

  get progress(): Stream.Stream<Progress<A, E>, ResultError> {
    if (this.ignored) return Stream.fromEffect(this.#nothing)
    const updates = Stream.unwrap(Effect.withFiber((fiber) => {
      const refused = Parenthood.refusalOf("progress", fiber)
      return refused === undefined ? Effect.succeed(this.#reader.updates(this.id)) : Effect.fail(refused)
    }))
    return Stream.mapEffect(updates, (record): Effect.Effect<Progress<A, E>, ResultError> => {
      const { status: state, taskId } = record
      return TaskState.isReady(state)
        ? Effect.map(this.#read(record), (final) => ({ taskId, state, meta: undefined, final, record }))
        : Effect.succeed({ taskId, state, meta: metaOf(record), final: undefined, record })
    })
  }

  get children(): Effect.Effect<ReadonlyArray<Child> | undefined, ResultError> {
    return Effect.map(this.record, (record) => record?.children?.map((tuple) => childOf(this.#reader, tuple)))
  }

  get traceback() {
    return this.#field((record) => record.traceback)
  }

  get dateDone(): Effect.Effect<DateTime.Utc | undefined, ResultError> {
    return this.#field((record) => {
      const millis = ResultRecord.doneMillis(record)
      return millis === undefined ? undefined : DateTime.makeUnsafe(millis)
    })
  }

  get name() {
    return this.#field(({ extended }) => extended?.name)
  }

  get args() {
    return this.#field(({ extended }) => extended?.args)
  }

  get kwargs() {
    return this.#field(({ extended }) => extended?.kwargs)
  }

  get worker() {
    return this.#field(({ extended }) => extended?.worker)
  }

  get retries() {
    return this.#field(({ extended }) => extended?.retries)
  }

  get queue() {
    return this.#field(({ extended }) => extended?.queue)
  }

  get forget() {
    return Effect.andThen(this.#reader.forget(this.id), this.parent?.forget ?? Effect.void)
  }

  revoke(options?: RevokeOptions) {
    return ResultSet.revoke(this.ids, options)
  }

  iterdeps(options: Pick<CollectOptions, "intermediate"> = {}) {
    return Dependencies.iterdeps(this, options)
  }

  collect(options: CollectOptions = {}) {
    // The definitions of what it sent are not at hand: they declare nothing.
    return Dependencies.collect(this, options) as ReturnType<AsyncResult<A, E>["collect"]>
  }

  #wait(options: WaitOptions): Effect.Effect<ResultRecord.ResultRecord, ResultError> {
    if (this.ignored) return this.#nothing
    return Waiting.forEnd(this.#reader, this.id, options)
  }

  #read(record: ResultRecord.ResultRecord): Effect.Effect<Final<A, E>, ResultError> {
    return Effect.fromResult(finalOf(record, this.#outcome))
  }

  get #nothing(): Effect.Effect<never, ResultError> {
    const detail = "it was sent with ignoreResult"
    return Effect.fail(because("get", new ResultUnavailable({ id: this.id, backend: this.#reader.uri, detail })))
  }

  #field<B>(of: (record: ResultRecord.ResultRecord) => B): Effect.Effect<B | undefined, ResultError> {
    return Effect.map(this.record, (record) => record === undefined ? undefined : of(record))
  }
}
