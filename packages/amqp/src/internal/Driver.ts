/**
 * The AMQP driver: a private copy of amqplib whose field tables are ours.
 *
 * amqplib's frame parser takes `encodeTable` and `decodeFields` from its
 * codec when it is loaded, so the exchange must happen before: its modules
 * are loaded once more, apart from the copy the application may use, with
 * `FieldTable` in the codec's place. Neither the order of imports nor the
 * application's own amqplib matters, and neither is changed.
 *
 * Only what is used is typed, and only the parts below amqplib's public API
 * are used: connection, channel, frames. The version is pinned exactly.
 *
 * @since 0.1.0
 */
import type { EventEmitter } from "node:events"
import { createRequire } from "node:module"
import { dirname, join, sep } from "node:path"
import type { Duplex } from "node:stream"
import { decodeFields, encodeTable } from "../FieldTable.ts"

/** A method's number, as in `defs.QueueDeclare`. */
export type Method = number

/** A method frame. */
export interface Frame {
  readonly id: Method
  readonly channel: number
  readonly fields: Readonly<Record<string, unknown>>
}

/** The header frame of a message. */
export interface HeaderFrame extends Frame {
  /** Of the body to come, in bytes. */
  readonly size: number
}

interface DeliverFields {
  readonly consumerTag?: string
  readonly deliveryTag: number
  readonly redelivered: boolean
  readonly exchange: string
  readonly routingKey: string
}

export interface RawProperties {
  readonly contentType: string | undefined
  readonly contentEncoding: string | undefined
  readonly headers: Record<string, unknown> | undefined
  readonly deliveryMode: number | undefined
  readonly priority: number | undefined
  readonly correlationId: string | undefined
  readonly replyTo: string | undefined
  readonly expiration: string | undefined
  readonly messageId: string | undefined
  readonly timestamp: number | undefined
  readonly type: string | undefined
  readonly userId: string | undefined
  readonly appId: string | undefined
}

/** What the driver assembled. */
export interface RawMessage {
  fields: DeliverFields
  readonly properties: RawProperties
  readonly content: Buffer
}

/** An error with the reply code of the broker, where it sent one. */
export interface DriverError extends Error {
  readonly code?: number | string
  readonly classId?: number
  readonly methodId?: number
}

/** Called with the reply, or with why there will be none. */
type Reply = (error: DriverError | null, frame?: Frame) => void

export interface RawConnection extends EventEmitter {
  readonly stream: Duplex
  readonly serverProperties: Readonly<Record<string, unknown>>
  /** Of one frame, in bytes, as agreed with the broker. */
  readonly frameMax: number
  /** Seconds, as agreed; 0 for none. */
  readonly heartbeat: number
  heartbeater: { clear(): void } | null
  recvSinceLastCheck: boolean
  sentSinceLastCheck: boolean
  sendMethod: (channel: number, method: Method, fields: object) => boolean
  step: (next: (error: Error | null, frame: Frame | null) => void) => void
  open(fields: object, opened: (error: Error | null) => void): void
  close(closed: () => void): void
  sendHeartbeat(): void
  checkSend(): boolean
  checkRecv(): boolean
  onSocketError(error: Error): void
}

export interface RawChannel extends EventEmitter {
  readonly ch: number
  handleMessage: unknown
  allocate(): RawChannel
  /** Sends a method, and calls back with its reply; methods queue behind each other. */
  _rpc(method: Method, fields: object, expect: Method, reply: Reply): void
  /** The same for a method with several possible replies. A frame as error closed the channel. */
  sendOrEnqueue(method: Method, fields: object, reply: (error: DriverError | Frame | null, frame?: Frame) => void): void
  sendImmediately(method: Method, fields: object): boolean
  closeBecause(reason: string, code: number, closed: () => void): void
  accept(frame: Frame | HeaderFrame): void
}

interface Amqplib {
  readonly Connection: new(stream: Duplex) => RawConnection
  readonly Channel: new(connection: RawConnection) => RawChannel
  readonly acceptMessage: (done: (message: RawMessage) => void) => unknown
  readonly closeError: (method: Method, frame: Frame) => DriverError
  readonly encodeMethod: (method: Method, channel: number, fields: object) => Buffer
  readonly methodName: (method: Method) => string
  readonly methods: Readonly<Record<MethodName, Method>>
}

type MethodName =
  | "BasicCancel"
  | "BasicCancelOk"
  | "BasicConsume"
  | "BasicConsumeOk"
  | "BasicGet"
  | "BasicGetEmpty"
  | "BasicGetOk"
  | "BasicProperties"
  | "BasicQos"
  | "BasicQosOk"
  | "ChannelClose"
  | "ChannelOpen"
  | "ChannelOpenOk"
  | "ConfirmSelect"
  | "ConfirmSelectOk"
  | "ConnectionClose"
  | "ExchangeBind"
  | "ExchangeBindOk"
  | "ExchangeDeclare"
  | "ExchangeDeclareOk"
  | "ExchangeDelete"
  | "ExchangeDeleteOk"
  | "QueueBind"
  | "QueueBindOk"
  | "QueueDeclare"
  | "QueueDeclareOk"
  | "QueueDelete"
  | "QueueDeleteOk"
  | "QueuePurge"
  | "QueuePurgeOk"
  | "QueueUnbind"
  | "QueueUnbindOk"

const load = (): Amqplib => {
  const require = createRequire(import.meta.url)
  const folder = dirname(require.resolve("amqplib"))
  const inside = () => Object.keys(require.cache).filter((path) => path.startsWith(folder + sep))
  const theirs = inside().map((path) => [path, require.cache[path]] as const)
  for (const [path] of theirs) delete require.cache[path]
  try {
    const codec = require(join(folder, "lib", "codec.js"))
    codec.encodeTable = encodeTable
    codec.decodeFields = decodeFields
    const connection = require(join(folder, "lib", "connection.js"))
    const channel = require(join(folder, "lib", "channel.js"))
    const defs = require(join(folder, "lib", "defs.js"))
    const format = require(join(folder, "lib", "format.js"))
    return {
      Connection: connection.Connection,
      Channel: channel.Channel,
      acceptMessage: channel.acceptMessage,
      closeError: channel.convertCloseFrameToError,
      encodeMethod: defs.encodeMethod,
      methodName: format.methodName,
      methods: defs
    }
  } finally {
    for (const path of inside()) delete require.cache[path]
    for (const [path, module] of theirs) require.cache[path] = module
  }
}

/** The private copy. */
export const { Channel, Connection, acceptMessage, closeError, encodeMethod, methodName, methods } = load()
