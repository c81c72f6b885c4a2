/**
 * Sends tasks and gives hold of their results.
 *
 * ```ts
 * const client = yield* Client.Client
 * const sent = yield* client.delay(add, { x: 2, y: 3 })
 * const sum = yield* sent.get({ timeout: "10 seconds" })
 * ```
 *
 * Arguments are checked before anything is sent. A send succeeds when the broker
 * has confirmed that it keeps the task in a queue. Any number may be under way at
 * a time. Source: the guide's chapter on calling tasks, protocol §1.
 *
 * @since 0.1.0
 */
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import type * as Producer from "@celeriac/messaging/Producer"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type * as Arguments from "./Arguments.ts"
import * as AsyncResult from "./AsyncResult.ts"
import * as BySettings from "./BySettings.ts"
import * as CallOptions from "./CallOptions.ts"
import * as Aborting from "./internal/Aborting.ts"
import * as Calling from "./internal/Calling.ts"
import * as Misuse from "./internal/Misuse.ts"
import * as Parenthood from "./internal/Parenthood.ts"
import * as Preparing from "./internal/Preparing.ts"
import * as SendDeadline from "./internal/SendDeadline.ts"
import * as Sending from "./internal/Sending.ts"
import type { PreparedTask } from "./PreparedTask.ts"
import * as TaskMessage from "./protocol/TaskMessage.ts"
import type { TaskException } from "./result/ExceptionRecord.ts"
import type { ResultError } from "./result/ResultError.ts"
import { ResultReader } from "./result/ResultReader.ts"
import { ResultWriter } from "./result/ResultWriter.ts"
import * as Settings from "./Settings.ts"
import type * as Signature from "./Signature.ts"
import type * as Task from "./Task.ts"
import * as TaskContext from "./TaskContext.ts"
import * as TaskError from "./TaskError.ts"
import { TaskId } from "./TaskId.ts"

/** Why a task was not sent, or is not known to have been. */
export type SendError = TaskError.TaskError | MessagingError | ResultError

/** A task's arguments; nothing has to be given where nothing is required. */
export type ArgumentsOf<T extends Task.Any> = {} extends Arguments.Named<T["parameters"]> ? [args?: Task.Input<T>]
  : [args: Task.Input<T>]

/** The same, with the options of the call behind them. */
export type CallOf<T extends Task.Any, Options> = {} extends Arguments.Named<T["parameters"]>
  ? [args?: Task.Input<T>, options?: Options]
  : [args: Task.Input<T>, options?: Options]

/** What a signature still lacks, and options. */
export type SignedCall<L> = 0 extends 1 & L ? [given?: Signature.Given<L>, options?: Signature.Options]
  : [L] extends [Signature.Immutable] ? [given?: undefined, options?: Signature.Options]
  : {} extends L ? [given?: L, options?: Signature.Options]
  : [given: L, options?: Signature.Options]

/** What a call by name may say besides. */
export interface NamedCall extends CallOptions.CallOptions {
  /** By position. As they are: JSON values, or what else the serializer takes. */
  readonly args?: ReadonlyArray<unknown> | undefined
  /** By keyword. */
  readonly kwargs?: Readonly<Record<string, unknown>> | undefined
}

/** How what was prepared is sent. */
export type SendOptions = Pick<CallOptions.CallOptions, "addToParent" | "deadline" | "retry" | "retryPolicy">

/** How a task is sent, and how long to wait for it. */
export interface ExecuteOptions extends CallOptions.CallOptions, Parenthood.SyncOptions {
  /** How long to wait: to send it, no longer than its `deadline`, and for the result. Default: for ever. */
  readonly timeout?: Duration.Input | undefined
}

/**
 * Sends tasks. Fails with `TaskError` for what makes no sense, `MessagingError`
 * for what the broker did not take, `ResultError` when results could not be
 * heard of.
 */
export class Client extends Context.Service<Client, {
  /** Sends a task: its arguments by keyword (an object) or by position (an array). */
  readonly delay: <T extends Task.Any>(
    task: T,
    ...args: ArgumentsOf<T>
  ) => Effect.Effect<AsyncResult.AsyncResult<Task.Success<T>, Task.Failure<T>>, SendError>

  /** `delay`, with options. */
  readonly applyAsync: <T extends Task.Any>(
    task: T,
    ...call: CallOf<T, CallOptions.CallOptions>
  ) => Effect.Effect<AsyncResult.AsyncResult<Task.Success<T>, Task.Failure<T>>, SendError>

  /** Sends a task whose definition is not at hand, such as a Python worker's. */
  readonly sendTask: (
    name: string,
    call?: NamedCall
  ) => Effect.Effect<AsyncResult.AsyncResult<unknown>, SendError>

  /**
   * Sends a signature, with what it lacks. These options win over its own, but
   * for its stamps; arguments that are given to an immutable one do not count.
   */
  readonly applySignature: <L, A, E>(
    signature: Signature.Signature<L, A, E>,
    ...call: SignedCall<L>
  ) => Effect.Effect<AsyncResult.AsyncResult<A, E>, SendError>

  /**
   * Sends a task once for each of these arguments, side by side, and succeeds
   * when the broker has confirmed them all. When some make no sense nothing is
   * sent; when the broker fails, some may have been.
   */
  readonly applyMany: <T extends Task.Any>(
    task: T,
    all: ReadonlyArray<Task.Input<T>>,
    call?: Omit<CallOptions.CallOptions, "taskId">
  ) => Effect.Effect<ReadonlyArray<AsyncResult.AsyncResult<Task.Success<T>, Task.Failure<T>>>, SendError>

  /** The message as `applyAsync` would send it, without sending it: for an outbox. Needs no broker. */
  readonly prepare: <T extends Task.Any>(
    task: T,
    ...call: CallOf<T, CallOptions.CallOptions>
  ) => Effect.Effect<PreparedTask<Task.Success<T>, Task.Failure<T>>, TaskError.TaskError | MessagingError>

  /** The same for a task whose definition is not at hand. */
  readonly prepareTask: (
    name: string,
    call?: NamedCall
  ) => Effect.Effect<PreparedTask, TaskError.TaskError | MessagingError>

  /** Sends what was prepared, by this process or another one, as often as need be. */
  readonly send: <A, E>(
    prepared: PreparedTask<A, E>,
    how?: SendOptions
  ) => Effect.Effect<AsyncResult.AsyncResult<A, E>, SendError>

  /** Asks a task to end, by its id: it does so when it looks, by `TaskContext.isAborted`. It takes results that are kept. */
  readonly abort: (id: string) => Effect.Effect<void, ResultError>

  /** Sends a task and waits for what it comes to. */
  readonly execute: <T extends Task.Any>(
    task: T,
    ...call: CallOf<T, ExecuteOptions>
  ) => Effect.Effect<Task.Success<T>, Task.Failure<T> | TaskException | SendError>
}>()("@celeriac/tasks/Client") {}

/** The settings in effect are read once, when the client is made. */
export const make: Effect.Effect<Client["Service"], never, Producer.Producer | ResultReader> = BySettings.make(
  Effect.gen(function*() {
    const reader = yield* ResultReader
    const writer = Option.getOrUndefined(yield* Effect.serviceOption(ResultWriter))
    const newId = yield* TaskId
    const clock = yield* Clock.Clock
    const deadline = yield* Settings.PublishDeadline
    const within = Parenthood.within
    const { prepare, ways } = yield* Preparing.make
    const send = yield* Sending.make(ways)

    /** Goes on with what is ready to be sent, at once where it has nothing to do with time. */
    const withReady = <A, E, B, F>(
      called: Preparing.Called<A, E>,
      replyTo: string | undefined,
      use: (ready: Preparing.Ready<A, E>, now: number) => Effect.Effect<B, F>
    ): Effect.Effect<B, F | TaskError.TaskError | MessagingError> => {
      const { call, task: { options } } = called
      const timing = call.expires === undefined && options.expires !== undefined
        ? { countdown: call.countdown, eta: call.eta, expires: options.expires }
        : call
      const isTimed = CallOptions.isTimed(timing)
      const now = isTimed ? clock.currentTimeMillisUnsafe() : 0
      const times = isTimed ? CallOptions.times(timing, now) : timeless
      if (Result.isFailure(times)) return Effect.fail(times.failure)
      const ready = prepare(called, times.success, now, replyTo)
      return Result.isFailure(ready) ? Effect.fail(ready.failure) : use(ready.success, now)
    }

    const sendCalled = <A, E>(
      called: Result.Result<Preparing.Called<A, E>, TaskError.TaskError>
    ): Effect.Effect<AsyncResult.AsyncResult<A, E>, SendError> =>
      within(called, (called, parent) =>
        Parenthood.trail(
          parent,
          called.call,
          withReady(called, reader.replyTo, (ready, now) => send(ready, called.call, now))
        ))
    /** Without a reply queue: that is of whoever sends it. */
    const prepareCalled = <A, E>(
      called: Result.Result<Preparing.Called<A, E>, TaskError.TaskError>
    ): Effect.Effect<PreparedTask<A, E>, TaskError.TaskError | MessagingError> =>
      within(called, (called) =>
        withReady(
          called,
          undefined,
          ({ way, ...ready }) => Effect.succeed({ ...ready, to: Preparing.destination(way) })
        ))
    /** Its properties that depend on when it is sent, and by whom. */
    const sendPrepared = <A, E>(
      prepared: PreparedTask<A, E>,
      how: Sending.How = none
    ): Effect.Effect<AsyncResult.AsyncResult<A, E>, SendError> => {
      const way = ways.to(prepared.to)
      if (Result.isFailure(way)) return Effect.fail(way.failure)
      const now = clock.currentTimeMillisUnsafe()
      const { body, headers, properties } = prepared.message
      const own = properties.replyTo === "" ? undefined : properties.replyTo
      const message = {
        body,
        headers,
        properties: {
          ...properties,
          replyTo: own ?? (prepared.ignoreResult ? undefined : reader.replyTo) ?? "",
          expiration: TaskMessage.expirationOf(prepared.expires === undefined ? undefined : prepared.expires - now)
        }
      }
      return send({ ...prepared, message, way: way.success }, { ...how, replyTo: own }, now)
    }

    const applyAsync = <T extends Task.Any>(task: T, args: Task.Input<T> | undefined, call?: CallOptions.CallOptions) =>
      Effect.suspend(() => sendCalled(Calling.ofTask(task, args, call)))

    return Client.of({
      delay: (task, ...args) => {
        const refused = Misuse.ofDelay(task, args)
        return refused === undefined ? applyAsync(task, args[0]) : Effect.fail(refused)
      },
      applyAsync: (task, ...[args, call]) => applyAsync(task, args, call),
      applyMany: (task, all, call) =>
        Effect.suspend(() => {
          const called = Result.all(all.map((args) => Calling.ofTask(task, args, call)))
          if (Result.isFailure(called)) return Effect.fail(called.failure)
          return Effect.forEach(called.success, (one) => sendCalled(Result.succeed(one)), { concurrency: "unbounded" })
        }),
      applySignature: (signature, ...[given, options]) =>
        Effect.suspend(() => sendCalled(Calling.ofSignature(signature, given ?? none, options))),
      sendTask: (name, call) => Effect.suspend(() => sendCalled(Calling.ofName(name, call))),
      prepare: (task, ...[args, call]) => Effect.suspend(() => prepareCalled(Calling.ofTask(task, args, call))),
      prepareTask: (name, call) => Effect.suspend(() => prepareCalled(Calling.ofName(name, call))),
      send: (prepared, how) =>
        Effect.withFiber((fiber) =>
          Parenthood.trail(TaskContext.ofFiber(fiber), how ?? none, sendPrepared(prepared, how))
        ),
      abort: Aborting.make(reader.uri, writer),
      execute: (task, ...[args, call]) =>
        Effect.withFiber((fiber) => {
          const refused = Parenthood.refusal("execute", TaskContext.ofFiber(fiber), call ?? none)
          if (refused !== undefined) return Effect.fail(refused)
          const began = clock.currentTimeMillisUnsafe()
          const timeout = call?.timeout
          const options = timeout === undefined
            ? call
            : { ...call, deadline: SendDeadline.shorter(call?.deadline ?? deadline, timeout) }
          const sendAndGet = (options: CallOptions.CallOptions | undefined) =>
            Effect.flatMap(
              applyAsync(task, args, options),
              (sent) => SendDeadline.waiting(clock, began, timeout, sent.id, sent.get(waiting))
            )
          if (reader.replyTo === undefined) return sendAndGet(options)
          // The answer may be here before the broker's confirm: then the confirm is not waited for.
          const taskId = call?.taskId ?? newId()
          const answer = AsyncResult.fromReader(taskId, reader, task.outcome, false).get(waiting)
          return Effect.raceFirst(sendAndGet({ ...options, taskId }), Effect.interruptible(answer))
        })
    })
  })
)

/** A client over the producer and the result backend at hand. */
export const layer: Layer.Layer<Client, never, Producer.Producer | ResultReader> = Layer.effect(Client, make)

const none = Object.freeze({})
/** Whether that is allowed was asked before it was sent. */
const waiting = { disableSyncSubtasks: false }
const timeless = Result.succeed(CallOptions.untimed)
