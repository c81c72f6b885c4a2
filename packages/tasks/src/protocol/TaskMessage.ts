/**
 * A task message as a whole: read in two steps, so that a worker decides by the
 * headers before it looks at the body, and written as Python's client writes
 * it.
 *
 * Version 2 is the one in use. Version 1 (everything in the body) and messages
 * between the two (the headers of 2, the body of 1) are read, and become
 * version 2; version 1 is written for old workers. Source: protocol §1, §2.
 *
 * @since 0.1.0
 */
import * as Content from "@celeriac/messaging/Content"
import * as IsoTime from "@celeriac/messaging/IsoTime"
import type { Headers, Message, Properties } from "@celeriac/messaging/Message"
import type { MessagingError } from "@celeriac/messaging/MessagingError"
import type * as DateTime from "effect/DateTime"
import * as Result from "effect/Result"
import { isTable } from "../internal/Table.ts"
import type { OutgoingTask, TaskMessage } from "../internal/TaskModel.ts"
import * as Nodename from "../Nodename.ts"
import * as ChainText from "./ChainText.ts"
import { ProtocolError, UndecodableBody } from "./ProtocolError.ts"
import * as PythonRepr from "./PythonRepr.ts"
import * as TaskBody from "./TaskBody.ts"
import * as TaskHeaders from "./TaskHeaders.ts"
import * as Version1 from "./Version1.ts"

export type { OutgoingTask, TaskMessage } from "../internal/TaskModel.ts"

/** What the headers alone tell: the task, or (version 1) that the body has to be asked. */
export type Identity =
  | { readonly version: 2; readonly headers: TaskHeaders.TaskHeaders }
  | { readonly version: 1 }

/** From a message to the value in its body. */
export type Decode = (message: Message) => Result.Result<unknown, MessagingError>

/** What is accepted of a body, and how it is read. */
export interface ReadOptions extends Content.DecodeOptions {
  /** Stands in for `Content.decode` and its options, for whoever has bound them already. */
  readonly decode?: Decode | undefined
  /** Where the clock of a version 1 sender stands that does not use UTC. Default UTC. */
  readonly timeZone?: DateTime.TimeZone | undefined
}

/** Reads the headers, and nothing of the body. */
export const identify = (message: Message): Result.Result<Identity, ProtocolError> => {
  if (message.headers.task === undefined) return versionOne
  const headers = TaskHeaders.decode(message.headers)
  return Result.isFailure(headers)
    ? Result.fail(headers.failure)
    : Result.succeed({ version: 2, headers: headers.success })
}

const versionOne: Result.Result<Identity, never> = Result.succeed({ version: 1 })

/** Decodes the body of a message that was identified. */
export const readBody = (
  message: Message,
  identity: Identity,
  options: ReadOptions = {}
): Result.Result<TaskMessage, ProtocolError> => {
  const decoded = options.decode === undefined ? Content.decode(message, options) : options.decode(message)
  if (Result.isFailure(decoded)) {
    const about = identity.version === 2 ? identity.headers : undefined
    return Result.fail(
      new ProtocolError({
        task: about?.task,
        id: about?.id,
        reason: new UndecodableBody({ cause: decoded.failure })
      })
    )
  }
  const payload = decoded.success
  if (identity.version === 1) return Version1.decode(message.headers, payload, options.timeZone)
  if (isTable(payload) && "args" in payload) return Version1.decodeHybrid(message.headers, payload)
  const body = TaskBody.decode(payload, identity.headers)
  return Result.isFailure(body)
    ? Result.fail(body.failure)
    : Result.succeed({ headers: identity.headers, body: body.success })
}

/** Both steps. */
export const read = (message: Message, options: ReadOptions = {}): Result.Result<TaskMessage, ProtocolError> => {
  const identity = identify(message)
  return Result.isFailure(identity) ? Result.fail(identity.failure) : readBody(message, identity.success, options)
}

/** The version, and the form of the body. */
export interface WriteOptions extends Content.EncodeOptions {
  /** Default 2. */
  readonly protocol?: 1 | 2 | undefined
}

/** Writes a message; fails with `Unencodable` when an argument has no form in the serializer. */
export const write = (task: OutgoingTask, options: WriteOptions = {}): Result.Result<Message, MessagingError> => {
  if (task.front !== undefined) return writeBehind(task, task.front, options)
  const encoded = Content.encode(options.protocol === 1 ? Version1.encode(task) : bodyOfVersion2(task), options)
  if (Result.isFailure(encoded)) return Result.fail(encoded.failure)
  const { body, headers, properties } = encoded.success
  const compression = headers.compression
  return Result.succeed({
    body,
    headers: options.protocol === 1
      ? { ...TaskHeaders.withoutReserved(task.custom ?? TaskHeaders.none), ...headers }
      : headersOfVersion2(task, typeof compression === "string" ? compression : undefined),
    properties: propertiesOf(task, properties)
  })
}

/** With the front of its chain as it is, where that is possible. */
const writeBehind = (
  { front: _, ...task }: OutgoingTask,
  front: ChainText.Front,
  options: WriteOptions
): Result.Result<Message, MessagingError> => {
  const withChain = (first: ReadonlyArray<TaskBody.SignatureJson>) =>
    write({ ...task, embed: { ...task.embed, chain: [...first, ...task.embed?.chain ?? []] } }, options)
  const written = withChain([ChainText.standIn()])
  if (Result.isFailure(written)) return written
  const body = options.compression === undefined ? ChainText.splice(written.success.body, front) : undefined
  return body === undefined ? withChain(front.signatures) : Result.succeed({ ...written.success, body })
}

/**
 * A task that was received, to be written again: as a retry does. Its priority
 * and where its result goes are properties of its delivery: add them.
 */
export const outgoing = (message: TaskMessage): OutgoingTask => ({
  ...message.headers,
  ignoreResult: message.headers.ignoreResult ?? null,
  args: message.body.args,
  kwargs: message.body.kwargs,
  embed: message.body.embed
})

const noArgs: ReadonlyArray<unknown> = []
const noKwargs: Readonly<Record<string, unknown>> = {}

const bodyOfVersion2 = (task: OutgoingTask): unknown =>
  TaskBody.encode(task.args ?? noArgs, task.kwargs ?? noKwargs, task.embed ?? TaskBody.noEmbed)

const headersOfVersion2 = (task: OutgoingTask, compression: string | undefined): Headers =>
  TaskHeaders.encode({
    lang: task.lang ?? "js",
    task: task.task,
    id: task.id,
    shadow: task.shadow,
    eta: IsoTime.text(task.eta),
    etaMillis: undefined,
    expires: IsoTime.text(task.expires),
    expiresMillis: undefined,
    group: task.group,
    groupIndex: task.groupIndex,
    retries: task.retries ?? 0,
    timeLimit: task.timeLimit === undefined
      ? TaskHeaders.noTimeLimit
      : { hard: task.timeLimit.hard, soft: task.timeLimit.soft },
    rootId: task.rootId ?? task.id,
    parentId: task.parentId,
    argsRepr: task.argsRepr ?? PythonRepr.args(task.args ?? noArgs),
    kwargsRepr: task.kwargsRepr ?? PythonRepr.kwargs(task.kwargs ?? noKwargs),
    origin: task.origin ?? Nodename.origin(),
    ignoreResult: task.ignoreResult === undefined ? false : task.ignoreResult ?? undefined,
    replacedTaskNesting: task.replacedTaskNesting ?? 0,
    stampedHeaders: task.stampedHeaders,
    stamps: task.stamps ?? TaskHeaders.none,
    compression,
    custom: task.custom ?? TaskHeaders.none
  })

const propertiesOf = (task: OutgoingTask, encoded: Content.Encoded["properties"]): Properties => {
  const out: { -readonly [K in keyof Properties]: Properties[K] } = {
    contentType: encoded.contentType,
    contentEncoding: encoded.contentEncoding,
    deliveryMode: task.deliveryMode ?? 2,
    priority: task.priority ?? 0,
    correlationId: task.correlationId ?? task.id,
    replyTo: task.replyTo ?? ""
  }
  const expiration = expirationOf(task.expiration)
  if (expiration !== undefined) out.expiration = expiration
  return task.properties === undefined ? out : { ...task.properties, ...out }
}

/** The property `expiration` of what is to be dropped in so many milliseconds; nothing for over ten years. */
export const expirationOf = (millis: number | undefined): string | undefined =>
  millis === undefined || !(millis <= longestExpiration) ? undefined : String(Math.max(0, Math.trunc(millis)))

/** Ten years: RabbitMQ closes the channel over anything longer. */
const longestExpiration = 315_360_000_000
