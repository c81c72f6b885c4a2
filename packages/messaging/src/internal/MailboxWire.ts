/**
 * What stands in the messages of a mailbox: control sections 1.1 and 1.3.
 *
 * Anybody may write to the exchange, so nothing is taken on trust: what does not
 * fit is told by why, and nothing throws.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import type { Addressing, Reply, Request } from "../Mailbox.ts"
import type { Headers } from "../Message.ts"
import * as NodePattern from "./NodePattern.ts"

/** A request as it is written. */
export const request = (
  method: string,
  args: Readonly<Record<string, unknown>>,
  { destination, matcher, pattern }: Addressing,
  reply: { readonly ticket: string; readonly exchange: string; readonly routingKey: string } | undefined
): Readonly<Record<string, unknown>> => ({
  method,
  arguments: args,
  destination: destination ?? null,
  pattern: pattern ?? null,
  matcher: pattern === undefined ? null : matcher ?? "glob",
  ...(reply === undefined
    ? {}
    : { ticket: reply.ticket, reply_to: { exchange: reply.exchange, routing_key: reply.routingKey } })
})

/** Why a request is not carried out, and who waits for an answer to it. */
interface Problem extends Pick<Request, "ticket" | "replyTo"> {
  readonly detail: string
}

/** A request to this node; nothing when others are meant. Keys that are not known do not matter. */
export const readRequest = (
  body: unknown,
  nodename: string,
  replyExchange: string
): Result.Result<Request | undefined, Problem> => {
  if (!isTable(body)) return unread("the body is no object")
  const { arguments: args, method, ticket } = body
  const mine = isFor(body, nodename)
  if (Result.isFailure(mine)) return unread(mine.failure)
  if (!mine.success) return Result.succeed(undefined)
  if (typeof method !== "string" || method === "") return unread("it has no method")
  const to = readReplyTo(body["reply_to"], replyExchange)
  if (Result.isFailure(to)) return unread(to.failure)
  const reply = { ticket: typeof ticket === "string" ? ticket : undefined, replyTo: to.success }
  if (!isNothing(args) && !isTable(args)) {
    return Result.fail({ ...reply, detail: `${method}() takes arguments by name: an object is expected` })
  }
  return Result.succeed({ ...reply, method, arguments: isNothing(args) ? {} : args })
}

/** What the nodes said: usually one. */
export const readReplies = (body: unknown): ReadonlyArray<Reply> =>
  isTable(body) ? Object.entries(body).map(([node, value]) => ({ node, value })) : []

/** A number of a header, if it is one. */
export const numberOf = (headers: Headers, name: string): number | undefined => {
  const value = headers[name]
  if (typeof value === "bigint") return Number(value)
  return typeof value === "number" && Number.isFinite(value) ? value : undefined
}

/** Whether the time that a header names, in seconds, is past. 0 and null are never. */
export const secondsPast = (headers: Headers, now: number): number => {
  const expires = numberOf(headers, "expires")
  return expires === undefined || expires <= 0 ? 0 : Math.max(0, now / 1000 - expires)
}

const isFor = (
  { destination, matcher, pattern }: Readonly<Record<string, unknown>>,
  nodename: string
): Result.Result<boolean, string> => {
  if (typeof destination === "string" && destination !== "") return Result.succeed(destination === nodename)
  if (Array.isArray(destination)) {
    if (destination.length > 0) return Result.succeed(destination.includes(nodename))
  } else if (!isNothing(destination)) return Result.fail("its destination is no list of names")
  if (isNothing(pattern) || isNothing(matcher)) return Result.succeed(true)
  return typeof pattern === "string" && typeof matcher === "string"
    ? NodePattern.matches(nodename, pattern, matcher)
    : Result.fail("its pattern is no text")
}

/** To the reply exchange alone: a request must not make a node write to just anywhere. */
const readReplyTo = (value: unknown, exchange: string): Result.Result<string | undefined, string> => {
  if (isNothing(value)) return Result.succeed(undefined)
  if (!isTable(value) || typeof value["routing_key"] !== "string") return Result.fail("its reply_to is no address")
  return value["exchange"] === exchange
    ? Result.succeed(value["routing_key"])
    : Result.fail(`it wants its reply elsewhere than in exchange '${exchange}'`)
}

const unread = (detail: string) => Result.fail({ detail, ticket: undefined, replyTo: undefined })

const isTable = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value) &&
  Object.getPrototypeOf(value) === Object.prototype

/** What Python takes for no. */
const isNothing = (value: unknown): value is undefined | null | "" | 0 | false =>
  value === undefined || value === null || value === "" || value === 0 || value === false
