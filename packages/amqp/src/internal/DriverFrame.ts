/**
 * What the driver reads off the wire, as plain data: frames, messages, and what
 * the broker complains of.
 *
 * @since 0.1.0
 */
import type { Method } from "./Methods.ts"

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

/** A piece of the body of a message: the one frame without a number. */
export interface BodyFrame {
  readonly id?: undefined
  readonly content: Buffer
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

/** A message in one piece. */
export interface RawMessage {
  fields: DeliverFields
  readonly properties: RawProperties
  readonly content: Buffer
}

/** An error of the socket, or with the reply code of the broker and its own words. */
export interface DriverError extends Error {
  readonly code?: number | string
  /** Of a channel that the broker closed: the method that it complains of. */
  readonly method?: number
}
