/**
 * What a seal covers of a message, as bytes: the same before it is sent and
 * after it came, whatever a broker does to the form of its headers.
 *
 * Keys stand in their order, numbers as decimal text, times in whole seconds,
 * as AMQP has them. Left out is what brokers write: `x-...`, and where a message
 * was routed; and `expiration`, which a dead letter loses, the header `expires`
 * being what counts.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import type { Headers, Message, Properties } from "../../Message.ts"
import { header } from "../Seal.ts"

export const headersOf = (headers: Headers): string => textOf(headers, (name) => !isOfOthers(name))

export const propertiesOf = ({ properties }: Pick<Message, "properties">): string =>
  JSON.stringify(covered.map((name) => properties[name] || null))

const covered: ReadonlyArray<keyof Properties> = [
  "contentType",
  "contentEncoding",
  "correlationId",
  "replyTo",
  "messageId",
  "type",
  "appId"
]

const isOfOthers = (name: string): boolean =>
  name === header || name.startsWith("x-") || name === "timestamp_in_ms" || name === "CC" || name === "BCC"

const textOf = (value: unknown, covers: (name: string) => boolean = always): string => {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value)
    case "number":
      return Number.isInteger(value) ? String(BigInt(value)) : String(value)
    case "bigint":
    case "boolean":
      return String(value)
    case "object":
      return value === null ? "null" : objectText(value, covers)
    default:
      return "null"
  }
}

const objectText = (value: object, covers: (name: string) => boolean): string => {
  if (Array.isArray(value)) return `[${value.map((item) => textOf(item)).join(",")}]`
  if (value instanceof Uint8Array) return `b"${Buffer.from(value).toString("base64")}"`
  if (value instanceof Date) return `t${Math.floor(value.getTime() / 1000)}`
  if (DateTime.isDateTime(value)) return `t${Math.floor(DateTime.toEpochMillis(value) / 1000)}`
  const fields = Object.entries(value).filter(([name, field]) => field !== undefined && covers(name))
  fields.sort(([one], [other]) => one < other ? -1 : 1)
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${textOf(field)}`).join(",")}}`
}

const always = (): boolean => true
