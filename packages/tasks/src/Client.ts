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
import { Compressions } from "@celeriac/messaging/Compressions"
import type * as Content from "@celeriac/messaging/Content"
import type { Address } from "@celeriac/messaging/Message"
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import * as Producer from "@celeriac/messaging/Producer"
import { Serializers } from "@celeriac/messaging/Serializers"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import type * as Arguments from "./Arguments.ts"
import * as AsyncResult from "./AsyncResult.ts"
import * as BySettings from "./BySettings.ts"
import * as CallOptions from "./CallOptions.ts"
import * as Misuse from "./internal/Misuse.ts"
import * as SendDeadline from "./internal/SendDeadline.ts"
import * as SendWays from "./internal/SendWays.ts"
import * as SentEvents from "./internal/SentEvents.ts"
import * as Outcome from "./Outcome.ts"
import * as PythonRepr from "./protocol/PythonRepr.ts"
import * as TaskMessage from "./protocol/TaskMessage.ts"
import type { TaskException } from "./result/ExceptionRecord.ts"
import type { ResultError } from "./result/ResultError.ts"
import { ResultReader } from "./result/ResultReader.ts"
import * as Settings from "./Settings.ts"
import type * as Task from "./Task.ts"
import * as TaskError from "./TaskError.ts"
import { TaskId } from "./TaskId.ts"
import type { TaskOptions } from "./TaskOptions.ts"

/** Why a task was not sent, or is not known to have been. */
export type SendError = TaskError.TaskError | MessagingError | ResultError

/** A task's arguments; nothing has to be given where nothing is required. */
export type ArgumentsOf<T extends Task.Any> = {} extends Arguments.Named<T["parameters"]> ? [args?: Task.Input<T>]
  : [args: Task.Input<T>]

/** The same, with the options of the call behind them. */
export type CallOf<T extends Task.Any, Options> = {} extends Arguments.Named<T["parameters"]>
  ? [args?: Task.Input<T>, options?: Options]
  : [args: Task.Input<T>, options?: Options]

/** What a call by name may say besides. */
export interface NamedCall extends CallOptions.CallOptions {
  /** By position. As they are: JSON values, or what else the serializer takes. */
  readonly args?: ReadonlyArray<unknown> | undefined
  /** By keyword. */
  readonly kwargs?: Readonly<Record<string, unknown>> | undefined
}

/** How a task is sent, and how long to wait for it. */
export interface ExecuteOptions extends CallOptions.CallOptions {
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

  /** Sends a task and waits for what it comes to. */
  readonly execute: <T extends Task.Any>(
    task: T,
    ...call: CallOf<T, ExecuteOptions>
  ) => Effect.Effect<Task.Success<T>, Task.Failure<T> | TaskException | SendError>
}>()("@celeriac/tasks/Client") {}

/** The settings in effect are read once, when the client is made. */
export const make: Effect.Effect<Client["Service"], never, Producer.Producer | ResultReader> = BySettings.make(
  Effect.gen(function*() {
    const producer = yield* Producer.Producer
    const reader = yield* ResultReader
    const newId = yield* TaskId
    const clock = yield* Clock.Clock
    const ways = yield* SendWays.make
    const tellSent = yield* SentEvents.make
    const ignoresResults = yield* Settings.IgnoreResult
    const deliveryMode = yield* Settings.DefaultDeliveryMode
    const deadline = yield* Settings.PublishDeadline
    const defaultSerializer = yield* Settings.Serializer
    const defaultCompression = yield* Settings.Compression
    const coding = { serializers: yield* Serializers, compressions: yield* Compressions }

    const encodingWith = (serializer = defaultSerializer, compression = defaultCompression): Content.EncodeOptions =>
      compression === undefined ? { ...coding, serializer } : { ...coding, serializer, compression }
    const encoding = encodingWith()
    const encodingOf = (call: CallOptions.CallOptions, definition: TaskOptions): Content.EncodeOptions => {
      const serializer = call.serializer ?? definition.serializer
      const compression = call.compression ?? definition.compression
      return serializer === undefined && compression === undefined ? encoding : encodingWith(serializer, compression)
    }

    const send = <A, E>(
      task: Sendable<A, E>,
      call: CallOptions.CallOptions,
      encoded: Arguments.Encoded,
      shown: Arguments.Encoded,
      times: CallOptions.Times,
      now: number
    ): Effect.Effect<AsyncResult.AsyncResult<A, E>, SendError> => {
      const found = ways.of(task, call)
      if (Result.isFailure(found)) return Effect.fail(found.failure)
      const way = found.success
      const priority = call.priority ?? way.priority
      const problem = CallOptions.problem(call, priority)
      if (problem !== undefined) return Effect.fail(problem)
      const id = call.taskId ?? newId()
      const said = call.ignoreResult ?? task.options.ignoreResult
      const ignoreResult = said ?? (!task.isNamed && ignoresResults)
      const message = TaskMessage.write({
        task: task.name,
        id,
        args: encoded.args,
        kwargs: encoded.kwargs,
        shadow: call.shadow,
        eta: times.eta,
        expires: times.expires,
        rootId: call.parent?.rootId,
        parentId: call.parent?.id,
        argsRepr: shown === encoded ? undefined : PythonRepr.args(shown.args),
        kwargsRepr: shown === encoded ? undefined : PythonRepr.kwargs(shown.kwargs),
        // Whoever sends by name alone leaves it to the worker's definition.
        ignoreResult: task.isNamed ? said ?? null : ignoreResult,
        custom: call.headers,
        replyTo: ignoreResult ? undefined : reader.replyTo,
        deliveryMode,
        priority,
        expiration: times.expires === undefined ? undefined : times.expires - now
      }, encodingOf(call, task.options))
      if (Result.isFailure(message)) return Effect.fail(message.failure)
      const address = times.eta === undefined ? way : ways.delayed(way, times.eta - now)
      const publishTo = ({ exchange, routingKey }: Address, deadline: Duration.Input) =>
        producer.publish(message.success, {
          exchange,
          routingKey,
          declare: way.declare,
          deadline,
          retry: call.retry === false ? false : call.retryPolicy ?? true
        })
      const publish = (deadline: Duration.Input) => {
        const publishing = address === way
          ? publishTo(way, deadline)
          : Effect.catch(
            publishTo(address, deadline),
            (error) => isWithoutDelays(error) ? publishTo(way, deadline) : Effect.fail(error)
          )
        const told = tellSent === undefined
          ? publishing
          : Effect.tap(publishing, () => Effect.sync(() => tellSent(message.success, way, way.queue)))
        return Effect.as(told, AsyncResult.fromReader(id, reader, task.outcome, ignoreResult))
      }
      const within = call.deadline ?? deadline
      return ignoreResult
        ? publish(within)
        : SendDeadline.preparing(clock, within, way, (deadline) => reader.prepare(id, deadline), publish)
    }

    const sendInTime = <A, E>(
      task: Sendable<A, E>,
      call: CallOptions.CallOptions,
      encoded: Arguments.Encoded,
      shown: Arguments.Encoded
    ): Effect.Effect<AsyncResult.AsyncResult<A, E>, SendError> => {
      const timing = call.expires === undefined && task.options.expires !== undefined
        ? { countdown: call.countdown, eta: call.eta, expires: task.options.expires }
        : call
      if (!CallOptions.isTimed(timing)) return send(task, call, encoded, shown, CallOptions.untimed, 0)
      return Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const times = CallOptions.times(timing, now)
        return Result.isFailure(times)
          ? Effect.fail(times.failure)
          : send(task, call, encoded, shown, times.success, now)
      })
    }

    const applyAsync = <T extends Task.Any>(
      task: T,
      args: Task.Input<T> | undefined,
      call: CallOptions.CallOptions = none
    ): Effect.Effect<AsyncResult.AsyncResult<Task.Success<T>, Task.Failure<T>>, SendError> =>
      Effect.suspend(() => {
        const refused = Misuse.ofCall(task, args)
        if (refused !== undefined) return refused
        const encoded = task.arguments.encode(args ?? none)
        return Result.isFailure(encoded)
          ? Effect.fail(TaskError.because(
            "send",
            new TaskError.InvalidArguments({ task: task.name, detail: encoded.failure.message })
          ))
          : sendInTime(task, call, encoded.success, task.arguments.conceal(encoded.success))
      })

    return Client.of({
      delay: (task, ...args) => Misuse.ofDelay(task, args) ?? applyAsync(task, args[0]),
      applyAsync: (task, ...[args, call]) => applyAsync(task, args, call),
      sendTask: (name, call = none) =>
        Effect.suspend(() => {
          const encoded = { args: call.args ?? noArguments, kwargs: call.kwargs ?? none }
          return Misuse.ofName(name) ??
            sendInTime({ name, options: none, outcome: Outcome.untyped, isNamed: true }, call, encoded, encoded)
        }),
      execute: (task, ...[args, call]) =>
        Effect.suspend(() => {
          const began = clock.currentTimeMillisUnsafe()
          const timeout = call?.timeout
          const options = timeout === undefined
            ? call
            : { ...call, deadline: SendDeadline.shorter(call?.deadline ?? deadline, timeout) }
          const sendAndGet = (options: CallOptions.CallOptions | undefined) =>
            Effect.flatMap(
              applyAsync(task, args, options),
              (sent) => SendDeadline.waiting(clock, began, timeout, sent.id, sent.get())
            )
          if (reader.replyTo === undefined) return sendAndGet(options)
          // The answer may be here before the broker's confirm: then the confirm is not waited for.
          const taskId = call?.taskId ?? newId()
          const answer = AsyncResult.fromReader(taskId, reader, task.outcome, false).get()
          return Effect.raceFirst(sendAndGet({ ...options, taskId }), Effect.interruptible(answer))
        })
    })
  })
)

/** A client over the producer and the result backend at hand. */
export const layer: Layer.Layer<Client, never, Producer.Producer | ResultReader> = Layer.effect(Client, make)

/** What sending takes of a definition. */
interface Sendable<A, E> extends SendWays.Named {
  readonly outcome: Outcome.Outcome<A, E>
  /** By its name alone: there is no definition. */
  readonly isNamed?: boolean | undefined
}

/** No worker has declared the queues that keep delayed tasks: nothing was stored, and a worker will hold it. */
const isWithoutDelays = ({ reason }: MessagingError): boolean =>
  reason._tag === "NotFound" || reason._tag === "Unroutable"

const none = Object.freeze({})
const noArguments: ReadonlyArray<unknown> = Object.freeze([])
