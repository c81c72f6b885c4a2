/**
 * Makes of a call the message that is to be sent, and finds its way: all that is
 * decided without the broker.
 */
import { Compressions } from "@celeriac/messaging/Compressions"
import type * as Content from "@celeriac/messaging/Content"
import type { Message } from "@celeriac/messaging/Message"
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import { Serializers } from "@celeriac/messaging/Serializers"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as Arguments from "../Arguments.ts"
import * as Callback from "../Callback.ts"
import * as CallOptions from "../CallOptions.ts"
import type * as Outcome from "../Outcome.ts"
import * as PythonRepr from "../protocol/PythonRepr.ts"
import * as TaskMessage from "../protocol/TaskMessage.ts"
import type { Destination } from "../Router.ts"
import * as Settings from "../Settings.ts"
import type { TaskError } from "../TaskError.ts"
import { TaskId } from "../TaskId.ts"
import type { TaskOptions } from "../TaskOptions.ts"
import * as SendWays from "./SendWays.ts"
import type * as Signed from "./Signed.ts"
import type { OutgoingTask } from "./TaskModel.ts"

/** A task and what it is called with. */
export interface Called<A, E> {
  readonly task: Signed.Sendable<A, E>
  readonly call: CallOptions.CallOptions
  readonly encoded: Arguments.Encoded
  /** What may be shown of the arguments. */
  readonly shown: Arguments.Encoded
  /** Its place among others, as its signature has it. */
  readonly within?: Within | undefined
}

/** The place of a task in a canvas. */
export type Within = Pick<
  OutgoingTask,
  "embed" | "group" | "groupIndex" | "parentId" | "replacedTaskNesting" | "retries" | "rootId"
>

/** One that is finished: users know it as a `PreparedTask`. */
export interface Prepared<out A, out E> {
  /** Of the task, or of what a canvas comes to. */
  readonly id: string
  readonly task: string
  /** The queue that it is for; exchange and routing key where it goes another way than by its queue's name. */
  readonly to: Destination
  /** As it will be published, but for the time that it may wait. */
  readonly message: Message
  /** Milliseconds since the epoch. */
  readonly eta: number | undefined
  /** Milliseconds since the epoch. */
  readonly expires: number | undefined
  /** Nobody will ask for its result. */
  readonly ignoreResult: boolean
  /** How its result is read. */
  readonly outcome: Outcome.Outcome<A, E>
}

/** And its way. */
export interface Ready<A, E> extends Prepared<A, E> {
  readonly way: SendWays.Way
}

export interface Preparing {
  /** `now` counts for one that has times. Results are sent to `replyTo`. */
  readonly prepare: <A, E>(
    called: Called<A, E>,
    times: CallOptions.Times,
    now: number,
    replyTo: string | undefined
  ) => Result.Result<Ready<A, E>, TaskError | MessagingError>
  /** `prepare` by the clock: what is ready, and when it was, which counts for what has times. */
  readonly ready: <A, E>(
    called: Called<A, E>,
    replyTo: string | undefined
  ) => Result.Result<{ readonly ready: Ready<A, E>; readonly now: number }, TaskError | MessagingError>
  readonly ways: SendWays.SendWays
}

/** Over the settings in effect. */
export const make: Effect.Effect<Preparing> = Effect.gen(function*() {
  const newId = yield* TaskId
  const clock = yield* Clock.Clock
  const ways = yield* SendWays.make
  const ignoresResults = yield* Settings.IgnoreResult
  const inherits = yield* Settings.InheritParentPriority
  const deliveryMode = yield* Settings.DefaultDeliveryMode
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

  const prepare: Preparing["prepare"] = ({ call, encoded, shown, task, within }, times, now, replyTo) => {
    const found = ways.of(task.routed ?? task, call, encoded)
    if (Result.isFailure(found)) return Result.fail(found.failure)
    const way = found.success
    const inherited = inherits && way.isUsualPriority ? call.parent?.deliveryInfo.priority : undefined
    const priority = call.priority ?? inherited ?? way.priority
    const problem = CallOptions.problem(call, priority)
    if (problem !== undefined) return Result.fail(problem)
    const timeLimit = CallOptions.limits(call)
    if (Result.isFailure(timeLimit)) return Result.fail(timeLimit.failure)
    const callbacks = Callback.encodeAll(call.link)
    if (Result.isFailure(callbacks)) return Result.fail(callbacks.failure)
    const errbacks = Callback.encodeAll(call.linkError)
    if (Result.isFailure(errbacks)) return Result.fail(errbacks.failure)
    const id = call.taskId ?? newId()
    const said = call.ignoreResult ?? task.options.ignoreResult
    const ignoreResult = said ?? (!task.isNamed && ignoresResults)
    const message = TaskMessage.write({
      ...within,
      task: task.name,
      id,
      args: encoded.args,
      kwargs: encoded.kwargs,
      embed: within === undefined && call.link === undefined && call.linkError === undefined
        ? undefined
        : { ...within?.embed, callbacks: callbacks.success, errbacks: errbacks.success },
      stampedHeaders: call.stamps === undefined ? undefined : Object.keys(call.stamps),
      stamps: call.stamps,
      shadow: call.shadow,
      eta: times.eta,
      expires: times.expires,
      timeLimit: timeLimit.success,
      rootId: within?.rootId ?? call.parent?.rootId,
      parentId: within?.parentId ?? call.parent?.id,
      argsRepr: call.argsRepr ?? (shown === encoded ? undefined : PythonRepr.args(shown.args)),
      kwargsRepr: call.kwargsRepr ?? (shown === encoded ? undefined : PythonRepr.kwargs(shown.kwargs)),
      // Whoever sends by name alone leaves it to the worker's definition.
      ignoreResult: task.isNamed ? said ?? null : ignoreResult,
      custom: call.headers,
      replyTo: ignoreResult ? undefined : call.replyTo ?? replyTo,
      deliveryMode,
      priority,
      expiration: times.expires === undefined ? undefined : times.expires - now
    }, encodingOf(call, task.options))
    if (Result.isFailure(message)) return Result.fail(message.failure)
    return Result.succeed({
      id,
      task: task.name,
      to: way,
      message: message.success,
      eta: times.eta,
      expires: times.expires,
      ignoreResult,
      outcome: task.outcome,
      way
    })
  }

  /** The time is asked only where it counts. */
  const ready: Preparing["ready"] = (called, replyTo) => {
    const { call, task: { options } } = called
    const timing = call.expires === undefined && options.expires !== undefined
      ? { countdown: call.countdown, eta: call.eta, expires: options.expires }
      : call
    const isTimed = CallOptions.isTimed(timing)
    const now = isTimed ? clock.currentTimeMillisUnsafe() : 0
    const times = isTimed ? CallOptions.times(timing, now) : timeless
    if (Result.isFailure(times)) return Result.fail(times.failure)
    return Result.map(prepare(called, times.success, now, replyTo), (ready) => ({ ready, now }))
  }
  return { prepare, ready, ways }
})

const timeless = Result.succeed(CallOptions.untimed)

/** Where it goes, as whoever sends it later says it: its queue, and the rest where that is another way than by its name. */
export const destination = ({ exchange, queue, routingKey }: SendWays.Way): Destination =>
  exchange === "" && routingKey === queue ? { queue } : { queue, exchange, routingKey }
