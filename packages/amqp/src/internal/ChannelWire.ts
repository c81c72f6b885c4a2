/**
 * The driver's channel, with the frames that come in numbers taken out of its
 * hands: confirms go straight to the publisher, deliveries to their consumer,
 * and the body of a message that is over the limit is dropped as it comes.
 *
 * @since 0.1.0
 */
import type { DroppedBody } from "./AmqpDelivery.ts"
import {
  Channel,
  type DriverError,
  type Frame,
  type HeaderFrame,
  methods,
  type RawConnection,
  type RawMessage
} from "./Driver.ts"

/** Who hears what the broker sends without being asked. None of it may throw. */
interface ChannelListener {
  readonly onConfirm: (number: number, multiple: boolean, nacked: boolean) => void
  readonly onReturn: (message: RawMessage) => void
  readonly onDelivery: (message: RawMessage) => void
  readonly onCancel: (consumerTag: string) => void
  /** Once or twice, first with the broker's complaint where there is one, and before any reply that fails of it. */
  readonly onClose: (error: DriverError | undefined) => void
}

const BasicAck = 0x003c0050
const BasicNack = 0x003c0078

export class ChannelWire extends Channel {
  readonly #listener: ChannelListener
  readonly #maxBodySize: number
  /** Bytes of a body that are still to come, and to be dropped. */
  #dropping = 0

  constructor(connection: RawConnection, maxBodySize: number, listener: ChannelListener) {
    super(connection)
    this.#listener = listener
    this.#maxBodySize = maxBodySize
    let error: DriverError | undefined
    this.on("error", (cause: DriverError) => {
      error ??= cause
    })
    this.on("close", () => listener.onClose(error))
    this.on("handler-error", () => {}) // without it what a listener throws would end the connection
    this.on("return", listener.onReturn)
    this.on("delivery", listener.onDelivery)
    this.on("cancel", (fields: { readonly consumerTag: string }) => listener.onCancel(fields.consumerTag))
  }

  override accept(frame: Frame | HeaderFrame): void {
    switch (frame.id) {
      case BasicAck:
      case BasicNack: {
        const { deliveryTag, multiple } = frame.fields as { readonly deliveryTag: number; readonly multiple: boolean }
        return this.#listener.onConfirm(deliveryTag, multiple, frame.id === BasicNack)
      }
      case methods.BasicProperties: {
        const { size } = frame as HeaderFrame
        if (size <= this.#maxBodySize) return super.accept(frame)
        const droppedBody: DroppedBody = { droppedBody: { size, limit: this.#maxBodySize } }
        this.#dropping = size
        return super.accept({ ...frame, size: 0, fields: { ...frame.fields, ...droppedBody } })
      }
      case methods.ChannelClose: {
        const { replyCode, replyText } = frame.fields
        this.#listener.onClose(Object.assign(new Error(String(replyText)), { code: Number(replyCode) }))
        return super.accept(frame)
      }
      case undefined: {
        if (this.#dropping === 0) return super.accept(frame)
        const { content } = frame as unknown as BodyFrame // the driver's one frame without an id is a piece of a body
        this.#dropping = Math.max(0, this.#dropping - content.length)
        return
      }
      default:
        return super.accept(frame)
    }
  }
}

interface BodyFrame {
  readonly content: Buffer
}
