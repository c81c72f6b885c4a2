/**
 * The AMQP driver: amqplib's connection and channel, and all that reaches below
 * its public API.
 *
 * A connection makes the handshake and keeps the socket's books; a channel
 * queues methods behind their replies and puts messages together. Frames that
 * come in numbers are taken out of its hands: confirms go straight to who waits
 * for them, and the body of a message that is over the limit is dropped as it
 * comes. What is not promised by amqplib is looked at first: see `Amqplib`.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import type { Duplex } from "node:stream"
import { type Amqplib, load as loadAmqplib, type RawChannel, type RawConnection, wordsOf } from "./Amqplib.ts"
import type { BodyFrame, DriverError, Frame, HeaderFrame, RawMessage } from "./DriverFrame.ts"
import { type Method, methods } from "./Methods.ts"

/** Makes connections over a socket; or says, in a sentence, why the amqplib that is installed does not fit. */
export const load = (): Result.Result<(stream: Duplex) => DriverConnection, string> =>
  Result.map(loadAmqplib(), (amqplib) => (stream) => new DriverConnection(amqplib, stream))

/** What a connection tells, from the end of the handshake on. */
interface ConnectionListener {
  /** Takes the frames of every method. */
  readonly write: (frames: Buffer) => boolean
  readonly onBlocked: (reason: string) => void
  readonly onUnblocked: () => void
  /** Once, after its channels were told; without an error when we ended it. */
  readonly onClose: (error: DriverError | undefined) => void
  /** A listener threw. */
  readonly onFault: (error: Error) => void
}

export class DriverConnection {
  readonly #amqplib: Amqplib
  readonly #raw: RawConnection

  constructor(amqplib: Amqplib, stream: Duplex) {
    this.#amqplib = amqplib
    this.#raw = new amqplib.Connection(stream)
    this.#raw.on("error", () => {}) // whoever opened it, or listens, is told otherwise
  }

  /** The handshake. With a refusal when the broker closed the connection and said why. */
  open(fields: object, opened: (error: DriverError | null, refusal?: DriverError) => void): void {
    const raw = this.#raw
    let refusal: DriverError | undefined
    const step = raw.step.bind(raw)
    raw.step = (next) =>
      step((error, frame) => {
        if (frame?.id === methods.ConnectionClose) {
          refusal = replyError(frame.fields["replyCode"], frame.fields["replyText"])
        }
        next(error, frame)
      })
    raw.open(fields, (error) => error === null ? opened(null) : opened(handshakeError(error), refusal))
  }

  /** Takes its frames and its watch over. The heart is cleared when the connection ends. */
  listen(listener: ConnectionListener, heart: { clear(): void }): void {
    const raw = this.#raw
    const { encodeMethod } = this.#amqplib
    let cause: DriverError | undefined
    raw.sendMethod = (channel, method, fields) => {
      raw.sentSinceLastCheck = true
      return listener.write(encodeMethod(method, channel, fields))
    }
    raw.heartbeater?.clear()
    raw.heartbeater = heart
    raw.on("handler-error", listener.onFault)
    raw.on("error", (error: DriverError) => {
      cause ??= error
    })
    raw.on("close", (error?: DriverError) => {
      const why = cause ?? error
      listener.onClose(why === undefined ? undefined : plain(why))
    })
    raw.on("blocked", listener.onBlocked)
    raw.on("unblocked", listener.onUnblocked)
  }

  get stream(): Duplex {
    return this.#raw.stream
  }

  /** Of one frame, in bytes, as agreed with the broker. */
  get frameMax(): number {
    return this.#raw.frameMax
  }

  /** What the broker says it is, if it does. */
  get server(): { readonly product: string; readonly version: string } | undefined {
    const { product, version } = this.#raw.serverProperties ?? {}
    return typeof product === "string" && typeof version === "string" ? { product, version } : undefined
  }

  /** Seconds, as agreed; 0 for none. */
  get heartbeat(): number {
    return this.#raw.heartbeat
  }

  /** Something was sent past the driver: no heartbeat is due. */
  sent(): void {
    this.#raw.sentSinceLastCheck = true
  }

  /** Whether something was sent since this was last asked. */
  checkSend(): boolean {
    return this.#raw.checkSend()
  }

  /** Whether something came since this was last asked. */
  checkRecv(): boolean {
    return this.#raw.checkRecv()
  }

  sendHeartbeat(): void {
    this.#raw.sendHeartbeat()
  }

  /** Ends it without a word to the broker. */
  fail(error: Error): void {
    this.#raw.onSocketError(error)
  }

  /** Begins an orderly end. */
  close(): void {
    this.#raw.close(() => {})
  }

  /** Throws when there is none left, or the connection is over. */
  channel(maxBodySize: number, listener: ChannelListener): DriverChannel {
    return new DriverChannel(this.#amqplib, this.#raw, maxBodySize, listener)
  }
}

/** Who hears what the broker sends without being asked. None of it may throw. */
export interface ChannelListener {
  readonly onConfirm: (number: number, multiple: boolean, nacked: boolean) => void
  readonly onReturn: (message: RawMessage) => void
  readonly onDelivery: (message: RawMessage) => void
  readonly onCancel: (consumerTag: string) => void
  /** Once or twice, first with the broker's complaint where there is one, and before any reply that fails of it. */
  readonly onClose: (error: DriverError | undefined) => void
}

/** What stands in the properties of a message whose body was dropped. */
export interface DroppedBody {
  readonly droppedBody?: { readonly size: number; readonly limit: number }
}

/** Called with the reply, or with why there will be none. */
type Reply = (error: DriverError | null, frame?: Frame) => void

export class DriverChannel {
  readonly number: number
  readonly #amqplib: Amqplib
  readonly #connection: RawConnection
  readonly #raw: RawChannel
  readonly #listener: ChannelListener
  readonly #maxBodySize: number
  /** Bytes of a body that are still to come, and to be dropped. */
  #dropping = 0

  constructor(amqplib: Amqplib, connection: RawConnection, maxBodySize: number, listener: ChannelListener) {
    const raw = new amqplib.Channel(connection)
    this.#amqplib = amqplib
    this.#connection = connection
    this.#raw = raw
    this.#listener = listener
    this.#maxBodySize = maxBodySize
    let cause: DriverError | undefined
    raw.on("error", (error: DriverError) => {
      cause ??= plain(error)
    })
    raw.on("close", () => listener.onClose(cause))
    raw.on("handler-error", () => {}) // without it what a listener throws would end the connection
    raw.on("return", listener.onReturn)
    raw.on("delivery", listener.onDelivery)
    raw.on("cancel", (fields: { readonly consumerTag: string }) => listener.onCancel(fields.consumerTag))
    // In front of the driver's own, which comes back when the channel ends: it puts another in this place.
    const accept = raw.accept.bind(raw)
    raw.accept = (frame) => this.#accept(frame, accept)
    raw.allocate()
    this.number = raw.ch
  }

  /**
   * Sends a method behind those that wait for their reply. Throws when it cannot
   * be encoded, which the driver would notice when the method's turn comes, and
   * when the channel is over.
   */
  call(method: Method, fields: object, expected: Method | ReadonlyArray<Method>, reply: Reply): void {
    this.#amqplib.encodeMethod(method, this.number, fields)
    this.#raw.sendOrEnqueue(method, fields, (error, frame) => {
      if (error instanceof Error) return reply(error)
      if (error !== null) return reply(replyError(error.fields["replyCode"], error.fields["replyText"]))
      const isExpected = typeof expected === "number" ? frame?.id === expected : expected.includes(frame?.id ?? 0)
      if (isExpected) return reply(null, frame)
      const unexpected = new Error(`the broker answered method ${method} with ${frame?.id}`)
      this.#raw.closeBecause("unexpected reply", 505, () => this.#listener.onClose(unexpected))
      reply(unexpected)
    })
  }

  /** Sends a method that has no reply, ahead of those that wait for theirs. */
  send(method: Method, fields: object): void {
    this.#connection.sendMethod(this.number, method, fields)
  }

  /** Takes one message off a queue. */
  get(queue: string, noAck: boolean, reply: (error: DriverError | null, message?: RawMessage) => void): void {
    this.call(methods.BasicGet, { queue, noAck }, [methods.BasicGetOk, methods.BasicGetEmpty], (error, frame) => {
      if (error !== null || frame?.id !== methods.BasicGetOk) return reply(error)
      const fields = frame.fields as unknown as RawMessage["fields"] // by its id, it is a basic.get-ok
      this.#raw.handleMessage = this.#amqplib.acceptMessage((message) => {
        message.fields = fields
        reply(null, message)
      })
    })
  }

  /** Begins an orderly end. Throws when it is over. */
  close(closed: () => void): void {
    this.#raw.closeBecause("", 200, closed)
  }

  #accept(frame: Frame | HeaderFrame | BodyFrame, accept: RawChannel["accept"]): void {
    switch (frame.id) {
      case methods.BasicAck:
      case methods.BasicNack: {
        const { deliveryTag, multiple } = frame.fields as { readonly deliveryTag: number; readonly multiple: boolean }
        return this.#listener.onConfirm(deliveryTag, multiple, frame.id === methods.BasicNack)
      }
      case methods.BasicProperties: {
        const { size } = frame as HeaderFrame
        if (size <= this.#maxBodySize) return accept(frame)
        const droppedBody: DroppedBody = { droppedBody: { size, limit: this.#maxBodySize } }
        this.#dropping = size
        return accept({ ...frame, size: 0, fields: { ...frame.fields, ...droppedBody } })
      }
      case methods.ChannelClose: {
        const { classId, methodId, replyCode, replyText } = frame.fields
        const method = Number(classId) * 0x10000 + Number(methodId)
        this.#listener.onClose(Object.assign(replyError(replyCode, replyText), { method }))
        return accept(frame)
      }
      case undefined: {
        if (this.#dropping === 0) return accept(frame)
        this.#dropping = Math.max(0, this.#dropping - frame.content.length)
        return
      }
      default:
        return accept(frame)
    }
  }
}

/** Old brokers hang up on wrong credentials, and other servers do not answer in AMQP. */
const handshakeError = (error: DriverError): DriverError =>
  typeof error.code === "string"
    ? error
    : /closed abruptly/.test(error.message)
    ? new Error("the other side hung up during the AMQP handshake: wrong credentials, or TLS expected there (amqps://)")
    : /Invalid frame|Unknown frame|exceeds maxFrameSize|on channel != 0/.test(error.message)
    ? new Error(`what answers there does not speak AMQP 0-9-1 (${error.message})`)
    : error

const replyError = (code: unknown, text: unknown): DriverError =>
  Object.assign(new Error(String(text)), { code: Number(code) })

/** The broker's own words, out of the driver's sentence around them. */
const plain = (error: DriverError): DriverError =>
  typeof error.code === "number" ? replyError(error.code, wordsOf(error.message)) : error
