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
import * as AsyncResult from "./AsyncResult.ts"
import * as BySettings from "./BySettings.ts"
import type * as Callable from "./Callable.ts"
import type * as CallOptions from "./CallOptions.ts"
import * as EagerSettings from "./EagerSettings.ts"
import * as Aborting from "./internal/Aborting.ts"
import * as Calling from "./internal/Calling.ts"
import * as CanvasSending from "./internal/CanvasSending.ts"
import * as Composed from "./internal/Composed.ts"
import * as EagerSending from "./internal/EagerSending.ts"
import * as Misuse from "./internal/Misuse.ts"
import * as Parenthood from "./internal/Parenthood.ts"
import * as Preparing from "./internal/Preparing.ts"
import * as Resending from "./internal/Resending.ts"
import * as SendDeadline from "./internal/SendDeadline.ts"
import * as Sending from "./internal/Sending.ts"
import type { PreparedTask } from "./PreparedTask.ts"
import type { TaskException } from "./result/ExceptionRecord.ts"
import type { ResultError } from "./result/ResultError.ts"
import { ResultReader } from "./result/ResultReader.ts"
import { ResultWriter } from "./result/ResultWriter.ts"
import * as Settings from "./Settings.ts"
import * as TaskContext from "./TaskContext.ts"
import * as TaskError from "./TaskError.ts"
import { TaskId } from "./TaskId.ts"

/** Why a task was not sent, or is not known to have been. */
export type SendError = TaskError.TaskError | MessagingError | ResultError

/** A task's arguments, or what a signature lacks; nothing has to be given where nothing is required. */
export type ArgumentsOf<T extends Callable.Any> = Callable.Args<T>

/** The same, with the options of the call behind them. */
export type CallOf<T extends Callable.Any, Options> = Callable.Call<T, Options>

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
export interface ExecuteOptions<in A = never> extends CallOptions.CallOptions<A>, Parenthood.SyncOptions {
  /** How long to wait: to send it, no longer than its `deadline`, and for the result. Default: for ever. */
  readonly timeout?: Duration.Input | undefined
}

/**
 * Sends tasks. Fails with `TaskError` for what makes no sense, `MessagingError`
 * for what the broker did not take, `ResultError` when results could not be
 * heard of.
 */
export class Client extends Context.Service<Client, {
  /**
   * Sends a task: its arguments by keyword (an object) or by position (an array).
   * Or a signature, here and below: with what it lacks.
   */
  readonly delay: <T extends Callable.Any>(
    task: T,
    ...args: ArgumentsOf<T>
  ) => Effect.Effect<Callable.Sent<T>, SendError>

  /** `delay`, with options. */
  readonly applyAsync: <T extends Callable.Any>(
    task: T,
    ...call: CallOf<T, CallOptions.CallOptions<Callable.Result<T>>>
  ) => Effect.Effect<Callable.Sent<T>, SendError>

  /** Sends a task whose definition is not at hand, such as a Python worker's. */
  readonly sendTask: (
    name: string,
    call?: NamedCall
  ) => Effect.Effect<AsyncResult.AsyncResult<unknown>, SendError>

  /**
   * Sends a task once for each of these arguments, side by side, and succeeds
   * when the broker has confirmed them all. When some make no sense nothing is
   * sent; when the broker fails, some may have been.
   */
  readonly applyMany: <T extends Callable.Any>(
    task: T,
    all: ReadonlyArray<Callable.Input<T>>,
    call?: Omit<CallOptions.CallOptions<Callable.Result<T>>, "taskId">
  ) => Effect.Effect<ReadonlyArray<Callable.Sent<T>>, SendError>

  /** The message as `applyAsync` would send it, without sending it: for an outbox. Needs no broker; refuses what could not be sent. */
  readonly prepare: <T extends Callable.Any>(
    task: T,
    ...call: CallOf<T, CallOptions.CallOptions<Callable.Result<T>>>
  ) => Effect.Effect<
    PreparedTask<Callable.Success<T>, Callable.Failure<T>, Callable.Sent<T>>,
    TaskError.TaskError | MessagingError
  >

  /** The same for a task whose definition is not at hand. */
  readonly prepareTask: (
    name: string,
    call?: NamedCall
  ) => Effect.Effect<PreparedTask, TaskError.TaskError | MessagingError>

  /** Sends what was prepared, by this process or another one, as often as need be. */
  readonly send: <A, E, Sent>(
    prepared: PreparedTask<A, E, Sent>,
    how?: SendOptions
  ) => Effect.Effect<Sent, SendError>

  /** Asks a task to end, by its id: it does so when it looks, by `TaskContext.isAborted`. It takes results that are kept. */
  readonly abort: (id: string) => Effect.Effect<void, ResultError>

  /** Sends a task and waits for what it comes to. */
  readonly execute: <T extends Callable.Any>(
    task: T,
    ...call: CallOf<T, ExecuteOptions<Callable.Result<T>>>
  ) => Effect.Effect<Callable.Success<T>, Callable.Failure<T> | TaskException | SendError>
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
    const preparing = yield* Preparing.make
    const { ways } = preparing
    const send = yield* Sending.make(ways)
    const resend = yield* Resending.make(ways, send)
    const canvases = yield* CanvasSending.make(preparing, send)
    const eagerly = (yield* EagerSettings.AlwaysEager) ? yield* EagerSending.make(preparing) : undefined

    /** Goes on with what is ready to be sent. */
    const withReady = <A, E, B, F>(
      called: Preparing.Called<A, E>,
      replyTo: string | undefined,
      use: (ready: Preparing.Ready<A, E>, now: number) => Effect.Effect<B, F>
    ): Effect.Effect<B, F | TaskError.TaskError | MessagingError> => {
      const made = preparing.ready(called, replyTo)
      return Result.isFailure(made) ? Effect.fail(made.failure) : use(made.success.ready, made.success.now)
    }

    const sendCalled = <A, E>(
      called: Result.Result<Preparing.Called<A, E>, TaskError.TaskError>
    ): Effect.Effect<AsyncResult.AsyncResult<A, E>, SendError> =>
      within(called, (called, parent) =>
        Parenthood.trail(
          parent,
          called.call,
          withReady(
            called,
            reader.replyTo,
            (ready, now) =>
              eagerly === undefined || called.task.isNamed === true
                ? send(ready, called.call, now)
                : eagerly.task(ready)
          )
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
    // What comes of either is in the types of the methods.
    const applyAsync = (
      task: Callable.Any,
      args: unknown,
      call?: CallOptions.CallOptions
    ): Effect.Effect<any, SendError> =>
      Effect.suspend((): Effect.Effect<unknown, SendError> => {
        if (!Composed.isComposed(task)) return sendCalled(Calling.of(task, args, call))
        const refused = Misuse.ofCall(task, args)
        if (refused !== undefined) return Effect.fail(refused)
        return (eagerly?.canvas ?? canvases.send)(task, args as Misuse.Given, call ?? none)
      })

    return Client.of({
      delay: (task, ...args) => {
        const refused = Misuse.ofDelay(task, args)
        return refused === undefined ? applyAsync(task, args[0]) : Effect.fail(refused)
      },
      applyAsync: (task, ...call) => applyAsync(task, call[0], optionsOf(call)),
      applyMany: (task, all, call) =>
        Effect.suspend(() => {
          if (Composed.isComposed(task)) {
            const each = <A, E>(use: (args: unknown) => Effect.Effect<A, E>) =>
              Effect.forEach(all, use, { concurrency: "unbounded" })
            return Effect.andThen(
              each((args) => canvases.check(task, args as Misuse.Given, call ?? none)),
              each((args) => applyAsync(task, args, call))
            )
          }
          const called = Result.all(all.map((args) => Calling.of(task, args, call)))
          if (Result.isFailure(called)) return Effect.fail(called.failure)
          return Effect.forEach(called.success, (one) => sendCalled(Result.succeed(one)), { concurrency: "unbounded" })
        }),
      sendTask: (name, call) => Effect.suspend(() => sendCalled(Calling.ofName(name, call))),
      prepare: (task, ...call) =>
        Effect.suspend((): Effect.Effect<any, TaskError.TaskError | MessagingError> =>
          Composed.isComposed(task)
            ? canvases.prepare(task, call[0] as Misuse.Given, optionsOf(call) ?? none)
            : prepareCalled(Calling.of(task, call[0], optionsOf(call)))
        ),
      prepareTask: (name, call) => Effect.suspend(() => prepareCalled(Calling.ofName(name, call))),
      send: (prepared, how) =>
        Effect.withFiber((fiber): Effect.Effect<any, SendError> => {
          const { canvas } = prepared
          return canvas === undefined
            ? Parenthood.trail(TaskContext.ofFiber(fiber), how ?? none, resend(prepared, how ?? none))
            : canvases.resend(prepared, canvas, (one) => resend(one, how ?? none))
        }),
      abort: Aborting.make(reader.uri, writer),
      execute: (task, ...args) => {
        const options = optionsOf(args)
        // What runs here takes no slot meanwhile.
        return Parenthood.waiting("execute", eagerly === undefined ? options ?? none : waiting, () => {
          if (Composed.isComposed(task)) {
            const began = clock.currentTimeMillisUnsafe()
            const until = SendDeadline.shorter(options?.deadline ?? deadline, options?.timeout)
            const { disableSyncSubtasks: _, timeout: __, ...call } = options ?? unsaid
            return Effect.flatMap(
              applyAsync(task, args[0], { ...call, deadline: until }),
              (sent) => SendDeadline.waiting(clock, began, options?.timeout, sent.id, sent.get(waiting))
            )
          }
          const called = Calling.of(task, args[0], options)
          if (Result.isFailure(called)) return Effect.fail(called.failure)
          const { call, task: { outcome } } = called.success
          const timeout = options?.timeout
          const began = clock.currentTimeMillisUnsafe()
          const until = timeout === undefined
            ? call.deadline
            : SendDeadline.shorter(call.deadline ?? deadline, timeout)
          const sendAndGet = (taskId: string | undefined) =>
            Effect.flatMap(
              sendCalled(Result.succeed({ ...called.success, call: { ...call, taskId, deadline: until } })),
              (sent) => SendDeadline.waiting(clock, began, timeout, sent.id, sent.get(waiting))
            )
          if (reader.replyTo === undefined || eagerly !== undefined) return sendAndGet(call.taskId)
          // The answer may be here before the broker's confirm: then the confirm is not waited for.
          const taskId = call.taskId ?? newId()
          const answer = AsyncResult.fromReader(taskId, reader, outcome, false).get(waiting)
          return Effect.raceFirst(sendAndGet(taskId), Effect.interruptible(answer))
        })
      }
    })
  })
)

/** A client over the producer and the result backend at hand. */
export const layer: Layer.Layer<Client, never, Producer.Producer | ResultReader> = Layer.effect(Client, make)

const none = Object.freeze({})
const unsaid: ExecuteOptions = none
/** Whether that is allowed was asked before it was sent. */
const waiting = { disableSyncSubtasks: false }

/** The options behind the arguments. */
const optionsOf = (call: ReadonlyArray<unknown>): ExecuteOptions | undefined => call[1] as ExecuteOptions | undefined // so say the types of the methods
