/**
 * Sends tasks and gives hold of their results.
 *
 * ```ts
 * const client = yield* Client.Client
 * const sent = yield* client.delay(add, { x: 2, y: 3 })
 * const sum = yield* sent.get({ timeout: "10 seconds" })
 * ```
 *
 * Arguments are checked before anything is sent. A send succeeds when the
 * broker has confirmed that it keeps the task in a queue. Any number may be
 * under way at a time. Source: the guide's chapter on calling tasks, protocol
 * §1.
 *
 * @since 0.1.0
 */
import { Compressions } from "@celeriac/messaging/Compressions"
import type * as Content from "@celeriac/messaging/Content"
import type { Queue } from "@celeriac/messaging/Entity"
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
import * as CallOptions from "./CallOptions.ts"
import * as Outcome from "./Outcome.ts"
import * as PythonRepr from "./protocol/PythonRepr.ts"
import * as TaskMessage from "./protocol/TaskMessage.ts"
import * as Queues from "./Queues.ts"
import type { TaskException } from "./result/ExceptionRecord.ts"
import type { ResultError } from "./result/ResultError.ts"
import { ResultReader } from "./result/ResultReader.ts"
import * as Router from "./Router.ts"
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
  /** How long to wait for the result. Default: for ever. */
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
export const make: Effect.Effect<Client["Service"], never, Producer.Producer | ResultReader> = Effect.gen(function*() {
  const producer = yield* Producer.Producer
  const reader = yield* ResultReader
  const newId = yield* TaskId
  const queues = yield* Queues.make
  const routes = yield* Router.Routes
  const declares = yield* Settings.DeclareQueues
  const ignoresResults = yield* Settings.IgnoreResult
  const defaultPriority = yield* Settings.DefaultPriority
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

  const routeOf = (task: string): Router.RouteOptions => {
    for (const route of routes) {
      const options = route(task)
      if (options !== undefined) return options
    }
    return Router.nowhere
  }
  const wayOf = (
    task: Sendable<unknown, unknown>,
    call: Router.Destination
  ): Result.Result<Way, TaskError.TaskError> => {
    const route = routeOf(task.name)
    return Result.map(
      Router.resolve(queues, Router.merge(Router.merge(call, task.options), route)),
      ({ exchange, queue, routingKey }) => ({
        exchange,
        routingKey,
        declare: declares ? [queue] : nothing,
        priority: task.options.priority ?? route.priority ?? defaultPriority
      })
    )
  }
  /** The ways of definitions; most calls name no other. */
  const ways = new WeakMap<object, Result.Result<Way, TaskError.TaskError>>()
  const usualWayOf = (task: Sendable<unknown, unknown>): Result.Result<Way, TaskError.TaskError> => {
    const known = ways.get(task)
    if (known !== undefined) return known
    const way = wayOf(task, Router.nowhere)
    ways.set(task, way)
    return way
  }

  const send = <A, E>(
    task: Sendable<A, E>,
    call: CallOptions.CallOptions,
    encoded: Arguments.Encoded,
    shown: Arguments.Encoded,
    times: CallOptions.Times,
    now: number
  ): Effect.Effect<AsyncResult.AsyncResult<A, E>, SendError> => {
    const found = Router.isNowhere(call) ? usualWayOf(task) : wayOf(task, call)
    if (Result.isFailure(found)) return Effect.fail(found.failure)
    const way = found.success
    const priority = call.priority ?? way.priority
    const problem = CallOptions.problem(call, priority)
    if (problem !== undefined) return Effect.fail(problem)
    const id = call.taskId ?? newId()
    const ignoreResult = call.ignoreResult ?? task.options.ignoreResult ?? ignoresResults
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
      ignoreResult,
      custom: call.headers,
      replyTo: ignoreResult ? undefined : reader.replyTo,
      deliveryMode,
      priority,
      expiration: times.expires === undefined ? undefined : times.expires - now
    }, encodingOf(call, task.options))
    if (Result.isFailure(message)) return Effect.fail(message.failure)
    const published = Effect.as(
      producer.publish(message.success, {
        exchange: way.exchange,
        routingKey: way.routingKey,
        declare: way.declare,
        deadline: call.deadline ?? deadline,
        retry: call.retry === false ? false : call.retryPolicy ?? true
      }),
      AsyncResult.fromReader(id, reader, task.outcome, ignoreResult)
    )
    return ignoreResult ? published : Effect.andThen(reader.prepare(id, call.deadline ?? deadline), published)
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
      const encoded = task.arguments.encode(args ?? none)
      return Result.isFailure(encoded)
        ? Effect.fail(TaskError.because(
          "send",
          new TaskError.InvalidArguments({ task: task.name, detail: encoded.failure.message })
        ))
        : sendInTime(task, call, encoded.success, task.arguments.conceal(encoded.success))
    })

  return Client.of({
    delay: (task, ...[args]) => applyAsync(task, args),
    applyAsync: (task, ...[args, call]) => applyAsync(task, args, call),
    sendTask: (name, call = none) =>
      Effect.suspend(() => {
        const encoded = { args: call.args ?? noArguments, kwargs: call.kwargs ?? none }
        return sendInTime({ name, options: none, outcome: Outcome.untyped }, call, encoded, encoded)
      }),
    execute: (task, ...[args, call]) => {
      const timeout = call?.timeout === undefined ? {} : { timeout: call.timeout }
      const sendAndGet = (options: CallOptions.CallOptions | undefined) =>
        Effect.flatMap(applyAsync(task, args, options), (sent) => sent.get(timeout))
      if (reader.replyTo === undefined) return sendAndGet(call)
      // The answer may be here before the broker's confirm: then the confirm is not waited for.
      const taskId = call?.taskId ?? newId()
      const answer = AsyncResult.fromReader(taskId, reader, task.outcome, false).get(timeout)
      return Effect.raceFirst(sendAndGet({ ...call, taskId }), Effect.interruptible(answer))
    }
  })
})

/** A client over the producer and the result backend at hand. */
export const layer: Layer.Layer<Client, never, Producer.Producer | ResultReader> = Layer.effect(Client, make)

/** What sending takes of a definition. */
interface Sendable<A, E> {
  readonly name: string
  readonly options: TaskOptions
  readonly outcome: Outcome.Outcome<A, E>
}

interface Way extends Address {
  readonly declare: ReadonlyArray<Queue>
  readonly priority: number
}

const none = Object.freeze({})
const noArguments: ReadonlyArray<unknown> = Object.freeze([])
const nothing: ReadonlyArray<Queue> = Object.freeze([])
