/**
 * The message by which a signature is sent that stands in another message: a
 * callback, the next step of a chain, the body of a chord.
 *
 * It is routed as a call by name is. Its options, where they are not the
 * protocol's own, are read by `SignatureCall`. Source: protocol §1.4, Celery's
 * `Signature.apply_async` and `send_task`.
 *
 * @since 0.1.0
 */
import { Compressions } from "@celeriac/messaging/Compressions"
import type { Exchange, Queue } from "@celeriac/messaging/Entity"
import type { Address, Message } from "@celeriac/messaging/Message"
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import { Serializers } from "@celeriac/messaging/Serializers"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as CallOptions from "./CallOptions.ts"
import * as SendWays from "./internal/SendWays.ts"
import type * as ChainText from "./protocol/ChainText.ts"
import type { ProtocolError } from "./protocol/ProtocolError.ts"
import * as PythonRepr from "./protocol/PythonRepr.ts"
import * as SignatureCall from "./protocol/SignatureCall.ts"
import type { Embed, SignatureJson } from "./protocol/TaskBody.ts"
import * as TaskMessage from "./protocol/TaskMessage.ts"
import * as Settings from "./Settings.ts"
import type { TaskError } from "./TaskError.ts"
import type { TaskOptions } from "./TaskOptions.ts"
import type { Registered } from "./TaskRegistry.ts"

/** Where it is sent, and what is declared before. */
export interface SignatureMessage {
  readonly message: Message
  readonly to: Address
  /** Where the broker keeps it until it is due. */
  readonly by: Address | undefined
  readonly declare: ReadonlyArray<Queue | Exchange>
}

/** Why there is no message. */
export type Unwritable = ProtocolError | TaskError | MessagingError

/**
 * Writes a single task, whose arguments are whole and whose options have
 * `task_id`. `now` is milliseconds since the epoch; `front` are steps in front of
 * those in its option `chain`, which nobody has read.
 */
export type Write = (
  signature: SignatureJson,
  now: number,
  front?: ChainText.Front
) => Result.Result<SignatureMessage, Unwritable>

/** What is known of tasks by their names. */
type Known = (name: string) => Pick<Registered, "arguments" | "definition"> | undefined

/**
 * Over the queues, routes and serializers in effect. What a task's own definition
 * says of how it is sent counts behind the signature, where it is `known`.
 */
export const make = Effect.fnUntraced(function*(known: Known = () => undefined): Effect.fn.Return<Write> {
  const ways = yield* SendWays.make
  const deliveryMode = yield* Settings.DefaultDeliveryMode
  const defaultSerializer = yield* Settings.Serializer
  const defaultCompression = yield* Settings.Compression
  const coding = { serializers: yield* Serializers, compressions: yield* Compressions }
  return (signature, now, front) => {
    const options = signature.options ?? {}
    const read = SignatureCall.read({ ...signature, options: withoutLinks(options), subtask_type: null })
    if (Result.isFailure(read)) return Result.fail(read.failure)
    const { call: said, replyTo, task } = read.success
    const own = known(task)
    const definition = own?.definition ?? none
    const call = definition.expires === undefined ? said : { ...said, expires: said.expires ?? definition.expires }
    const way = ways.of({ name: task, options: definition }, call, call)
    if (Result.isFailure(way)) return Result.fail(way.failure)
    const priority = call.priority ?? way.success.priority
    const problem = CallOptions.problem(call, priority)
    if (problem !== undefined) return Result.fail(problem)
    const limits = CallOptions.limits(call)
    if (Result.isFailure(limits)) return Result.fail(limits.failure)
    const times = CallOptions.times(call, now)
    if (Result.isFailure(times)) return Result.fail(times.failure)
    const { eta, expires } = times.success
    const compression = call.compression ?? definition.compression ?? defaultCompression
    const ignoreResult = call.ignoreResult ?? definition.ignoreResult
    const shown = own?.arguments?.conceal(call) ?? call
    const id = call.taskId ?? ""
    const message = TaskMessage.write({
      task,
      id,
      args: call.args,
      kwargs: call.kwargs,
      embed: embedOf(options),
      front,
      shadow: call.shadow,
      eta,
      expires,
      group: text(options.group_id),
      groupIndex: integer(options.group_index),
      retries: integer(options.retries),
      timeLimit: limits.success,
      rootId: text(options.root_id),
      parentId: text(options.parent_id),
      argsRepr: call.argsRepr ?? (shown === call ? undefined : PythonRepr.args(shown.args)),
      kwargsRepr: call.kwargsRepr ?? (shown === call ? undefined : PythonRepr.kwargs(shown.kwargs)),
      // Else whoever runs it knows its definition.
      ignoreResult: ignoreResult ?? null,
      replacedTaskNesting: integer(options.replaced_task_nesting),
      stampedHeaders: call.stamps === undefined ? undefined : Object.keys(call.stamps),
      stamps: call.stamps,
      custom: call.headers,
      replyTo: ignoreResult === true ? undefined : replyTo,
      deliveryMode,
      priority,
      expiration: expires === undefined ? undefined : expires - now
    }, {
      ...coding,
      serializer: call.serializer ?? definition.serializer ?? defaultSerializer,
      ...(compression === undefined ? {} : { compression })
    })
    if (Result.isFailure(message)) return Result.fail(message.failure)
    const { declare, exchange, routingKey } = way.success
    return Result.succeed({
      message: message.success,
      to: { exchange, routingKey },
      by: eta === undefined || eta <= now ? undefined : detour(way.success, ways.delayed(way.success, eta - now)),
      declare
    })
  }
})

const none: TaskOptions = Object.freeze({})

const detour = (way: Address, by: Address): Address | undefined => by === way ? undefined : by

const withoutLinks = (options: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => {
  const { chain: _, chord: __, link: ___, link_error: ____, ...rest } = options
  return rest
}

/** What follows it. Whoever received it has looked at it: `Canvas.refusal` of the worker. */
const embedOf = (options: Readonly<Record<string, unknown>>): Partial<Embed> => ({
  callbacks: signatures(options.link),
  errbacks: signatures(options.link_error),
  chain: signatures(options.chain),
  chord: options.chord == null ? undefined : options.chord as SignatureJson
})

const signatures = (value: unknown): ReadonlyArray<SignatureJson> | undefined =>
  value == null ? undefined : Array.isArray(value) ? value : [value as SignatureJson]

const text = (value: unknown): string | undefined => typeof value === "string" && value !== "" ? value : undefined

const integer = (value: unknown): number | undefined => Number.isInteger(value) ? value as number : undefined
