/**
 * Signatures of single tasks that say nothing unusual: most of a long chain.
 *
 * A worker looks at all that follows a task before it runs it, at every step of
 * a chain anew. One of these is looked at in passing; what is none is read, by
 * `SignatureCall`, which says what is wrong. Source: protocol §1.4.
 *
 * @since 0.1.0
 */
import { isTable } from "../internal/Table.ts"

/** Whether it is one: `SignatureCall.read` would read it, and nothing stands inside of it. */
export const is = (value: unknown): boolean => {
  if (!isTable(value)) return false
  const { args, kwargs, options, subtask_type, task } = value
  return typeof task === "string" && task !== "" && !task.startsWith("celery.") && subtask_type == null &&
    (args == null || Array.isArray(args)) &&
    (kwargs == null || isTable(kwargs)) &&
    (options == null || (isTable(options) && areOrdinary(options)))
}

const areOrdinary = (options: Readonly<Record<string, unknown>>): boolean => {
  for (const name in options) {
    const value = options[name]
    if (value != null && typeof value !== kinds.get(name)) return false
  }
  return true
}

/** Of what options usually say. Others are read. */
const kinds: ReadonlyMap<string, "string" | "boolean"> = new Map([
  ["task_id", "string"],
  ["reply_to", "string"],
  ["queue", "string"],
  ["exchange", "string"],
  ["routing_key", "string"],
  ["root_id", "string"],
  ["parent_id", "string"],
  ["group_id", "string"],
  ["shadow", "string"],
  ["ignore_result", "boolean"]
])
