/**
 * What a sender holds of a task: its id, and the way to its result.
 *
 * `Client.delay` gives one; `AsyncResult.make` makes one for an id that was
 * kept somewhere. It holds no connection and can be thrown away.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Parenthood from "./internal/Parenthood.ts"
import * as Outcome from "./Outcome.ts"
import type { TaskException } from "./result/ExceptionRecord.ts"
import { because, type ResultError, ResultTimeout, ResultUnavailable, ResultUnreadable } from "./result/ResultError.ts"
import { ResultReader } from "./result/ResultReader.ts"
import * as ResultRecord from "./result/ResultRecord.ts"
import type * as Task from "./Task.ts"
import * as TaskContext from "./TaskContext.ts"
import * as TaskState from "./TaskState.ts"

/** How long `get` waits. */
export interface GetOptions extends Parenthood.SyncOptions {
  /** How long to wait, before failing with `ResultTimeout`. Default: for ever. */
  readonly timeout?: Duration.Input | undefined
}

/** What a task came to: its value, the error it declares, or another exception. */
export type Final<A, E> = Result.Result<A, E | TaskException>

/** The result of a task that succeeds with `A` and declares the errors `E`. */
export interface AsyncResult<out A, out E = never> {
  readonly id: string

  /**
   * Waits for the task to end, and comes to what it came to. Fails with its own
   * error, with `TaskException` when it failed otherwise or was revoked, with
   * `ResultError` when the result does not come in time, is not kept or cannot be
   * read.
   */
  readonly get: {
    (options?: GetOptions & { readonly propagate?: true }): Effect.Effect<
      A,
      E | TaskException | ResultError
    >
    /** With `propagate: false` the task's failure is a value. */
    (options: GetOptions & { readonly propagate: false }): Effect.Effect<Final<A, E>, ResultError>
  }

  /** PENDING also when nobody knows the id. */
  readonly state: Effect.Effect<TaskState.TaskState, ResultError>
  /** Whether it ended. */
  readonly ready: Effect.Effect<boolean, ResultError>
  readonly successful: Effect.Effect<boolean, ResultError>
  /** Whether it ended in FAILURE. */
  readonly failed: Effect.Effect<boolean, ResultError>
  /** What it came to, if it ended. Does not wait. */
  readonly result: Effect.Effect<Option.Option<Final<A, E>>, ResultError>
  /** Of the failure, as the worker's language writes it. */
  readonly traceback: Effect.Effect<string | undefined, ResultError>
  /** The record as it is stored, if there is one. */
  readonly record: Effect.Effect<ResultRecord.ResultRecord | undefined, ResultError>
  /** Drops what the backend keeps about it. */
  readonly forget: Effect.Effect<void, ResultError>
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
  ignored: boolean
): AsyncResult<A, E> => new AsyncResultImpl(id, reader, outcome, ignored)

class AsyncResultImpl<A, E> implements AsyncResult<A, E> {
  readonly id: string
  readonly #reader: ResultReader["Service"]
  readonly #outcome: Outcome.Outcome<A, E>
  readonly #ignored: boolean

  constructor(id: string, reader: ResultReader["Service"], outcome: Outcome.Outcome<A, E>, ignored: boolean) {
    this.id = id
    this.#reader = reader
    this.#outcome = outcome
    this.#ignored = ignored
  }

  get(
    options?: GetOptions & { readonly propagate?: true }
  ): Effect.Effect<A, E | TaskException | ResultError>
  get(options: GetOptions & { readonly propagate: false }): Effect.Effect<Final<A, E>, ResultError>
  get(
    options: GetOptions & { readonly propagate?: boolean } = {}
  ): Effect.Effect<A | Final<A, E>, E | TaskException | ResultError> {
    const final = Effect.flatMap(this.#wait(options), (record) => this.#read(record))
    return options.propagate === false ? final : Effect.flatMap(final, Effect.fromResult)
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

  get traceback() {
    return Effect.map(this.record, (record) => record?.traceback)
  }

  get forget() {
    return this.#reader.forget(this.id)
  }

  #wait(options: GetOptions): Effect.Effect<ResultRecord.ResultRecord, ResultError> {
    if (this.#ignored) return Effect.fail(because("get", this.#unavailable("it was sent with ignoreResult")))
    const { timeout } = options
    const wait = Effect.withFiber((fiber) => {
      const refused = Parenthood.refusal("get", TaskContext.ofFiber(fiber), options)
      return refused === undefined ? this.#reader.wait(this.id) : Effect.fail(refused)
    })
    return timeout === undefined ? wait : Effect.timeoutOrElse(wait, {
      duration: timeout,
      orElse: () => Effect.fail(because("get", new ResultTimeout({ id: this.id, millis: Duration.toMillis(timeout) })))
    })
  }

  #read(record: ResultRecord.ResultRecord): Effect.Effect<Final<A, E>, ResultError> {
    if (record.status === TaskState.SUCCESS) {
      const decoded = this.#outcome.decodeSuccess(record.result)
      return Result.isSuccess(decoded)
        ? Effect.succeed(Result.succeed(decoded.success))
        : Effect.fail(because("get", new ResultUnreadable({ id: this.id, detail: decoded.failure })))
    }
    const declared = record.exception === undefined ? undefined : this.#outcome.decodeError(record.exception)
    if (declared !== undefined) return Effect.succeed(Result.fail(declared.error))
    const exception = ResultRecord.failure(record)
    return exception !== undefined
      ? Effect.succeed(Result.fail(exception))
      : Effect.fail(because(
        "get",
        new ResultUnreadable({ id: this.id, detail: `the state ${record.status} is no end` })
      ))
  }

  #unavailable(detail: string): ResultUnavailable {
    return new ResultUnavailable({ id: this.id, backend: this.#reader.uri, detail })
  }
}
