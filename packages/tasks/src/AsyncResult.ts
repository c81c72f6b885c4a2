/**
 * What a sender holds of a task: its id, and the way to its result.
 *
 * `Client.delay` gives one; `AsyncResult.make` makes one for an id that was
 * kept somewhere. It holds no connection and can be thrown away.
 *
 * @since 0.1.0
 */
import type * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as Commands from "./control/Commands.ts"
import { type AskError, RemoteControl } from "./control/RemoteControl.ts"
import * as Dependencies from "./internal/Dependencies.ts"
import * as Grouped from "./internal/Grouped.ts"
import * as Parenthood from "./internal/Parenthood.ts"
import { RecordFields } from "./internal/RecordFields.ts"
import { finalOf, metaOf } from "./internal/RecordReading.ts"
import * as Waiting from "./internal/Waiting.ts"
import * as Outcome from "./Outcome.ts"
import type { TaskException } from "./result/ExceptionRecord.ts"
import { because, type ResultError, ResultUnavailable } from "./result/ResultError.ts"
import { ResultReader } from "./result/ResultReader.ts"
import type * as ResultRecord from "./result/ResultRecord.ts"
import * as ResultTuple from "./result/ResultTuple.ts"
import type {
  Any,
  AnyIdentified,
  CollectOptions,
  Final,
  GetOptions,
  Identified,
  Progress,
  RevokeOptions
} from "./ResultBase.ts"
import * as ResultSet from "./ResultSet.ts"
import type * as Task from "./Task.ts"
import * as TaskState from "./TaskState.ts"

export type { CollectOptions, Final, GetOptions, Progress, RevokeOptions } from "./ResultBase.ts"

/** Whether it is refused to wait for results inside of a task: true, unless it is provided. Celery's `allow_join_result`. */
export const DisableSyncSubtasks: Context.Reference<boolean> = Parenthood.DisableSyncSubtasks

/** What a task sent: a task, or a group. */
export type Child = AsyncResult<unknown> | Grouped.GroupResult<ReadonlyArray<Identified<unknown>>>

/** The result of a task that succeeds with `A` and declares the errors `E`, or follows tasks that do. */
export interface AsyncResult<out A, out E = never> extends Identified<A, E> {
  /** Whether it was sent with `ignoreResult`: then none will come, and to wait for it fails. */
  readonly ignored: boolean

  readonly get: {
    (options?: GetOptions & { readonly propagate?: true }): Effect.Effect<A, E | TaskException | ResultError>
    /** With `propagate: false` the task's failure is a value. */
    (options: GetOptions & { readonly propagate: false }): Effect.Effect<Final<A, E>, ResultError>
  }

  /** PENDING also when nobody knows the id: see `exists`. */
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
  /** Whether anything is stored about it: whether it began, if its start is stored, or ended, and is still known. */
  readonly exists: Effect.Effect<boolean, ResultError>
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

  /** Tells the workers not to run tasks with these stamps: all of them, whoever sent them. */
  readonly revokeByStampedHeaders: (
    headers: Readonly<Record<string, unknown>>,
    options?: Omit<RevokeOptions, "parents">
  ) => Effect.Effect<boolean, AskError, RemoteControl>
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
export const fromReader = <A, E, F = never>(
  id: string,
  reader: ResultReader["Service"],
  outcome: Outcome.Outcome<A, E>,
  ignored: boolean,
  parent?: Identified<unknown, F>
): AsyncResult<A, E | F> => new AsyncResultImpl<A, E | F>(id, reader, outcome, ignored, parent)

/** The results that a tuple names: how results stand inside records. */
export const fromTuple = (tuple: ResultTuple.ResultTuple): Effect.Effect<Child, never, ResultReader> =>
  Effect.map(ResultReader, (reader) => fromTupleWith(reader, tuple))

/** The same, for whoever holds the reader. */
export const fromTupleWith = (reader: ResultReader["Service"], tuple: ResultTuple.ResultTuple): Child => {
  const above: Array<ResultTuple.ResultTuple> = []
  for (let parent = tuple.parent; parent !== undefined; parent = parent.parent) above.push(parent)
  const own = ({ id, members }: ResultTuple.ResultTuple, parent: Child | undefined): Child =>
    members === undefined
      ? fromReader(id, reader, Outcome.untyped, false, parent)
      : Grouped.make(id, members.map((member) => fromTupleWith(reader, member)), reader, parent)
  return own(tuple, above.reduceRight<Child | undefined>((parent, each) => own(each, parent), undefined))
}

/** A result as text, with all that it hangs on, to be kept somewhere: JSON, which Python's `result_from_tuple` takes, too. */
export const encode = (result: AnyIdentified): string => ResultTuple.stringify(result.asTuple)

/** Reads what `encode` wrote, or the same as it stands in JSON. Fails with `InvalidTuple` when it is no result. */
export const decode = (value: unknown): Effect.Effect<Child, ResultError, ResultReader> =>
  Effect.flatMap(Effect.fromResult(ResultTuple.parse(value)), fromTuple)

class AsyncResultImpl<A, E> extends RecordFields implements AsyncResult<A, E> {
  readonly id: string
  readonly ignored: boolean
  readonly parent: AnyIdentified | undefined
  readonly #reader: ResultReader["Service"]
  readonly #outcome: Outcome.Outcome<A, E>

  constructor(
    id: string,
    reader: ResultReader["Service"],
    outcome: Outcome.Outcome<A, E>,
    ignored: boolean,
    parent: AnyIdentified | undefined
  ) {
    super()
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
    if (options.propagate === false) return this.final(options)
    return Dependencies.following(this.parent, options, Effect.flatMap(this.#final(options), Effect.fromResult))
  }

  final(options: GetOptions = {}): Effect.Effect<Final<A, E>, ResultError> {
    return Dependencies.followingFinal(this.parent, options, this.#final(options))
  }

  get asTuple(): ResultTuple.ResultTuple {
    return Dependencies.tupleOf(this)
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
    const updates = Stream.unwrap(
      Parenthood.waiting("progress", {}, () => Effect.succeed(this.#reader.updates(this.id)))
    )
    const own = Stream.mapEffect(updates, (record): Effect.Effect<Progress<A, E>, ResultError> => {
      const { status: state, taskId } = record
      return TaskState.isReady(state)
        ? Effect.map(this.#read(record), (final) => ({ taskId, state, meta: undefined, final, record }))
        : Effect.succeed({ taskId, state, meta: metaOf(record), final: undefined, record })
    })
    return Dependencies.followingProgress(this.parent, this.ids, own)
  }

  get children(): Effect.Effect<ReadonlyArray<Child> | undefined, ResultError> {
    return Effect.map(this.record, (record) => record?.children?.map((tuple) => fromTupleWith(this.#reader, tuple)))
  }

  get forget() {
    return Effect.andThen(this.#reader.forget(this.id), this.parent?.forget ?? Effect.void)
  }

  revoke(options?: RevokeOptions) {
    return ResultSet.revoke(this, options)
  }

  revokeByStampedHeaders(
    headers: Readonly<Record<string, unknown>>,
    { deadline, destination, signal, terminate = false }: Omit<RevokeOptions, "parents"> = {}
  ) {
    return Effect.flatMap(RemoteControl, (remote) =>
      remote.broadcast(
        Commands.control.revokeByStampedHeaders,
        { headers, terminate, ...(signal === undefined ? {} : { signal }) },
        { destination, deadline }
      ))
  }

  iterdeps(options: Pick<CollectOptions, "intermediate"> = {}) {
    return Dependencies.iterdeps(this, options)
  }

  collect(options: CollectOptions = {}) {
    // The definitions of what it sent are not at hand: they declare nothing.
    return Dependencies.collect(this, options) as ReturnType<AsyncResult<A, E>["collect"]>
  }

  /** Of itself alone. */
  #final(options: GetOptions): Effect.Effect<Final<A, E>, ResultError> {
    if (this.ignored) return this.#nothing
    return Effect.flatMap(Waiting.forEnd(this.#reader, this.id, options), (record) => this.#read(record))
  }

  #read(record: ResultRecord.ResultRecord): Effect.Effect<Final<A, E>, ResultError> {
    return Effect.fromResult(finalOf(record, this.#outcome))
  }

  get #nothing(): Effect.Effect<never, ResultError> {
    const detail = "it was sent with ignoreResult"
    return Effect.fail(because("get", new ResultUnavailable({ id: this.id, backend: this.#reader.uri, detail })))
  }
}
