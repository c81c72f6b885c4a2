/**
 * Which task a message has run: its own, or that which `celery.map` and
 * `celery.starmap` call for each of their items. It says in which pool.
 *
 * @since 0.1.0
 */
import * as Content from "@celeriac/messaging/Content"
import type { Message } from "@celeriac/messaging/Message"
import * as CanvasTasks from "@celeriac/tasks/canvas/CanvasTasks"
import * as Result from "effect/Result"

const mapping: ReadonlySet<string> = new Set([CanvasTasks.map.taskName, CanvasTasks.starmap.taskName])

/** Of a message that cannot be read, its own: whoever runs it says why. */
export const taskOf = (task: string, message: Message, coding: Content.DecodeOptions): string => {
  if (!mapping.has(task)) return task
  const read = Content.decode({ body: message.body, headers: message.headers, properties: message.properties }, coding)
  const [args, kwargs] = Result.isSuccess(read) && Array.isArray(read.success) ? read.success : []
  const signature = isTable(kwargs) && kwargs.task !== undefined
    ? kwargs.task
    : Array.isArray(args)
    ? args[0]
    : undefined
  const named = isTable(signature) ? signature.task : signature
  return typeof named === "string" ? named : task
}

const isTable = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)
