/**
 * What is to follow a task (its callbacks, its errbacks, the rest of its
 * chain, the body of its chord) and is not sent by this worker.
 *
 * A task that ran without what follows it would end a workflow without a word.
 * So it does not run: the message goes to the dead-letter exchange, and
 * whoever waits gets a failure that says why, for the task itself and for every
 * one that would have followed. The same goes for a task that ends without
 * running for any other reason. Source: protocol §1.3, §1.4.
 *
 * @since 0.1.0
 */
import * as Content from "@celeriac/messaging/Content"
import type { Message } from "@celeriac/messaging/Message"
import { type Embed, noEmbed } from "@celeriac/tasks/protocol/TaskBody"
import { type ExceptionRecord, make } from "@celeriac/tasks/result/ExceptionRecord"
import * as Result from "effect/Result"

/** A task that was to be sent because of another one. */
export interface Follower {
  readonly id: string
  /** Where its result is waited for, by backends that send them. */
  readonly replyTo: string | undefined
  readonly group: string | undefined
}

/** Why a task with these successors is refused, if it has any. */
export const refusal = (embed: Embed): ExceptionRecord | undefined => {
  if (embed === noEmbed) return undefined
  const parts: Array<string> = []
  if (some(embed.callbacks)) parts.push("callbacks")
  if (some(embed.errbacks)) parts.push("errbacks")
  if (some(embed.chain)) parts.push("a chain")
  if (embed.chord !== undefined) parts.push("a chord")
  return parts.length === 0 ? undefined : make("NotImplementedError", [
    `the task is followed by ${parts.join(", ")}, and this worker does not send what follows a task: it was not run`
  ])
}

/**
 * Every task behind this message's whose result somebody can wait for: those
 * that have an id, however deep they stand. The message may be good for
 * nothing else: what of it makes no sense is passed over.
 */
export const followers = (
  { body, headers, properties }: Message,
  coding: Content.DecodeOptions
): ReadonlyArray<Follower> => {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  if (headers["compression"] === undefined && !bytes.includes("task_id") && !bytes.includes("\\u00")) return nobody
  // Without what the transport says against it: there may be enough of it.
  const read = Content.decode({ body, headers, properties }, coding)
  if (Result.isFailure(read)) return nobody
  const payload = read.success
  const embed: unknown = Array.isArray(payload) ? payload[2] : payload
  if (!isTable(embed)) return nobody
  const found = new Map<string, Follower>()
  for (const part of ["callbacks", "errbacks", "chain", "chord"]) collect(embed[part], found, deepest)
  return [...found.values()]
}

const nobody: ReadonlyArray<Follower> = []

const some = (list: ReadonlyArray<unknown> | undefined): boolean => list !== undefined && list.length > 0

/** Deeper, and more, than any workflow: a message may hold anything. */
const deepest = 64
const most = 10_000

/** Looks at signatures, lists of them, and what stands inside. */
const collect = (value: unknown, found: Map<string, Follower>, depth: number): void => {
  if (depth === 0 || found.size >= most || typeof value !== "object" || value === null) return
  if (Array.isArray(value)) {
    for (const item of value) collect(item, found, depth - 1)
    return
  }
  // Nothing in it is known: every member is looked at.
  const { kwargs, options, task } = value as Readonly<Record<string, unknown>>
  if (typeof task !== "string") return
  const { group_id, ignore_result, reply_to, task_id, ...more } = isTable(options) ? options : none
  // The id of a group is nobody's result: its members have their own.
  if (typeof task_id === "string" && ignore_result !== true && task !== "celery.group" && found.size < most) {
    found.set(task_id, {
      id: task_id,
      replyTo: typeof reply_to === "string" ? reply_to : undefined,
      group: typeof group_id === "string" ? group_id : undefined
    })
  }
  for (const name of ["chain", "chord", "link", "link_error"]) collect(more[name], found, depth - 1)
  if (!composed.has(task) || !isTable(kwargs)) return
  for (const name of ["tasks", "header", "body"]) collect(kwargs[name], found, depth - 1)
}

/** Signatures whose parts are arguments. */
const composed: ReadonlySet<string> = new Set(["celery.chain", "celery.group", "celery.chord"])

const none: Readonly<Record<string, unknown>> = {}

const isTable = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)
