/**
 * The results of several tasks, as one, put together by hand: waited for
 * together, typed by its members. `GroupResult` is one that has an id.
 *
 * ```ts
 * const [sum, page] = yield* ResultSet.make([yield* client.delay(add, { x: 2, y: 3 }), sent]).get()
 * ```
 *
 * It is a value: to add a member is to make another. All members are waited for
 * at once, on Redis over one subscription. Celery's `ResultSet`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as Commands from "./control/Commands.ts"
import { type AskError, RemoteControl } from "./control/RemoteControl.ts"
import * as Dependencies from "./internal/Dependencies.ts"
import type { TaskException } from "./result/ExceptionRecord.ts"
import type { ResultError } from "./result/ResultError.ts"
import type * as ResultBase from "./ResultBase.ts"

/** What it is made of. */
export type Members = ReadonlyArray<ResultBase.Any>

/** What the members succeed with. */
export type Values<M extends Members> = { readonly [K in keyof M]: ResultBase.Success<M[K]> }

/** The errors that one of them may declare. */
export type Failures<M extends Members> = ResultBase.Failure<M[number]>

/** What each of them came to. `E` is what those that they follow together may fail with. */
export type Finals<M extends Members, E = never> = {
  readonly [K in keyof M]: ResultBase.Final<ResultBase.Success<M[K]>, ResultBase.Failure<M[K]> | E>
}

/** A member that has ended: its place from 0, and what it came to. */
export type Completed<R extends ResultBase.Any, E = never> = R extends ResultBase.Any ? {
    readonly index: number
    readonly result: R
    readonly final: ResultBase.Final<ResultBase.Success<R>, ResultBase.Failure<R> | E>
  }
  : never

/** The results of several tasks. `E` is what those that it followed may fail with: that of a group may be part of a chain. */
export interface ResultSet<out M extends Members, out E = never>
  extends ResultBase.ResultBase<Values<M>, Failures<M> | E>
{
  readonly results: M

  /** Waits for all, in the order of the members. Fails as soon as one has failed. */
  readonly get: {
    (
      options?: ResultBase.GetOptions & { readonly propagate?: true }
    ): Effect.Effect<Values<M>, Failures<M> | E | TaskException | ResultError>
    /** With `propagate: false` failures are values. */
    (options: ResultBase.GetOptions & { readonly propagate: false }): Effect.Effect<Finals<M, E>, ResultError>
  }
  /** The same, but the first of the members that failed is what it fails with, after all before it have succeeded. */
  readonly join: (
    options?: ResultBase.GetOptions
  ) => Effect.Effect<Values<M>, Failures<M> | E | TaskException | ResultError>

  /** Each member as it ends, failed or not: partial results. */
  readonly completed: Stream.Stream<Completed<M[number], E>, ResultError>
  /** Each state of each member, as it comes. */
  readonly progress: Stream.Stream<Stream.Success<M[number]["progress"]>, ResultError>
  /** How many have succeeded. */
  readonly completedCount: Effect.Effect<number, ResultError>
  /** Whether all have ended. */
  readonly ready: Effect.Effect<boolean, ResultError>
  /** Whether all have succeeded. */
  readonly successful: Effect.Effect<boolean, ResultError>
  /** Whether one has failed. */
  readonly failed: Effect.Effect<boolean, ResultError>
  /** Whether one has not ended. */
  readonly waiting: Effect.Effect<boolean, ResultError>
  readonly children: Effect.Effect<M>
}

/** Of these results, in this order. */
export const make = <const M extends Members>(results: M): ResultSet<M> => new ResultSetImpl<M>(results)

const all = { concurrency: "unbounded" } as const

/** What the results of groups are made of, too. */
export class ResultSetImpl<M extends Members, E = never> implements ResultSet<M, E> {
  readonly results: M
  readonly parent: ResultBase.AnyIdentified | undefined

  constructor(results: M, parent?: ResultBase.AnyIdentified) {
    this.results = results
    this.parent = parent
  }

  get id(): string | undefined {
    return undefined
  }

  get ids() {
    return this.results.flatMap(({ ids }) => ids)
  }

  get children() {
    return Effect.succeed(this.results)
  }

  get(
    options?: ResultBase.GetOptions & { readonly propagate?: true }
  ): Effect.Effect<Values<M>, Failures<M> | E | TaskException | ResultError>
  get(options: ResultBase.GetOptions & { readonly propagate: false }): Effect.Effect<Finals<M, E>, ResultError>
  get(
    options: ResultBase.GetOptions & { readonly propagate?: boolean } = {}
  ): Effect.Effect<any, Failures<M> | E | TaskException | ResultError> {
    const wait = waitOf(options)
    if (options.propagate === false) {
      return Effect.scoped(Dependencies.followingAll(
        this.parent,
        options,
        (follow) => Effect.forEach(this.results, (member) => follow(member.final(wait)), all)
      ))
    }
    return this.#following(options, Effect.forEach(this.results, (member) => member.get(wait), all))
  }

  join(options: ResultBase.GetOptions = {}) {
    const wait = waitOf(options)
    const joining = Effect.scoped(Effect.flatMap(
      Effect.forEach(this.results, (member) => Effect.forkScoped(member.get(wait), { startImmediately: true })),
      (fibers) => Effect.forEach(fibers, (fiber) => Fiber.join(fiber))
    ))
    return this.#following(options, joining)
  }

  final(
    options: ResultBase.GetOptions = {}
  ): Effect.Effect<ResultBase.Final<Values<M>, Failures<M> | E>, ResultError> {
    const failures = this.get({ ...options, propagate: true })
    return Effect.matchEffect(failures, {
      onSuccess: (values) => Effect.succeed(Result.succeed(values)),
      onFailure: (error) => isResultError(error) ? Effect.fail(error) : Effect.succeed(Result.fail<any>(error))
    })
  }

  get completed(): Stream.Stream<Completed<M[number], E>, ResultError> {
    const members: ReadonlyArray<M[number]> = this.results
    return Stream.unwrap(Dependencies.followingAll(this.parent, {}, (follow) =>
      Effect.succeed(Stream.mergeAll(
        members.map((result, index) =>
          Stream.fromEffect(Effect.map(
            follow(result.final()),
            // It is this member's.
            (final) => ({ index, result, final }) as Completed<M[number], E>
          ))
        ),
        all
      ))))
  }

  get progress() {
    // Each is its member's.
    const members = this.results.map(({ progress }) =>
      progress as Stream.Stream<Stream.Success<M[number]["progress"]>, ResultError>
    )
    return Dependencies.followingProgress(this.parent, this.ids, Stream.mergeAll(members, all))
  }

  get completedCount() {
    return Effect.map(this.#ask("successful"), (said) => said.filter(Boolean).length)
  }

  get ready() {
    return Effect.map(this.#ask("ready"), (said) => said.every(Boolean))
  }

  get successful() {
    return Effect.map(this.#ask("successful"), (said) => said.every(Boolean))
  }

  get failed() {
    return Effect.map(this.#ask("failed"), (said) => said.some(Boolean))
  }

  get waiting() {
    return Effect.map(this.ready, (isReady) => !isReady)
  }

  get forget() {
    return Effect.andThen(
      Effect.forEach(this.results, ({ forget }) => forget, { ...all, discard: true }),
      this.parent?.forget ?? Effect.void
    )
  }

  revoke(options: ResultBase.RevokeOptions = {}): Effect.Effect<boolean, AskError, RemoteControl> {
    return revoke(this, options)
  }

  #ask(what: "ready" | "successful" | "failed"): Effect.Effect<ReadonlyArray<boolean>, ResultError> {
    return Effect.forEach(this.results, (member) => member[what], all)
  }

  /** What the members give in their order is what the type says. */
  #following(
    options: ResultBase.GetOptions,
    own: Effect.Effect<ReadonlyArray<unknown>, unknown>
  ): Effect.Effect<Values<M>, Failures<M> | E | TaskException | ResultError> {
    return Dependencies.following(
      this.parent,
      options,
      own as Effect.Effect<Values<M>, Failures<M> | E | TaskException | ResultError>
    )
  }
}

/** What each member is asked with: what it followed itself is followed. */
const waitOf = ({ disableSyncSubtasks, timeout }: ResultBase.GetOptions): ResultBase.GetOptions => ({
  disableSyncSubtasks,
  timeout
})

/** A declared error may have any form. */
const isResultError = (error: unknown): error is ResultError =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "ResultError"

/** Tells the workers not to run the tasks of this result, nor what is left of those that it follows, by one message. */
export const revoke = (
  result: ResultBase.Any,
  { deadline, destination, parents = true, signal, terminate = false }: ResultBase.RevokeOptions = {}
): Effect.Effect<boolean, AskError, RemoteControl> =>
  Effect.flatMap(RemoteControl, (remote) =>
    remote.broadcast(
      Commands.control.revoke,
      {
        taskId: parents ? Dependencies.lineage([result]) : result.ids,
        terminate,
        ...(signal === undefined ? {} : { signal })
      },
      { destination, deadline }
    ))
