/** Signatures as they stand in messages, for tests of what follows a task. */
import type { Message } from "@celeriac/messaging/Message"
import * as Effect from "effect/Effect"
import { bytes, lookup, taskMessage } from "./support.ts"

export const sign = (
  task: string,
  id: string | undefined,
  args: ReadonlyArray<unknown> = [],
  options: object = {}
) => ({
  task,
  args,
  kwargs: {},
  options: { ...(id === undefined ? {} : { task_id: id }), ...options },
  subtask_type: null,
  immutable: false
})

export const all = (type: "chain" | "group", tasks: ReadonlyArray<object>, options: object = {}) => ({
  ...sign(`celery.${type}`, undefined, [], options),
  kwargs: { tasks },
  subtask_type: type
})

export const chord = (header: ReadonlyArray<object>, body: object, options: object = {}, id = "header") => ({
  ...sign("celery.chord", undefined, [], options),
  kwargs: { header: all("group", header, { task_id: id }), body },
  subtask_type: "chord"
})

export const head = (
  embed: object,
  task = "add",
  args: ReadonlyArray<unknown> = [1, 2],
  headers: object = {}
): Message => {
  const message = taskMessage({ task, id: "head" })
  return {
    ...message,
    headers: { ...message.headers, ...headers },
    body: bytes(JSON.stringify([args, {}, embed]))
  }
}

export const brief = (id: string) =>
  Effect.map(lookup(id), (record) =>
    record && (record.exception === undefined
      ? [record.status, record.result]
      : [record.status, record.exception.excType, record.exception.args[0]]))
