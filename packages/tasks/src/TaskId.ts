/**
 * How ids are made up: of tasks, and of reply queues.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"

/**
 * Makes a new id. Default: a random UUID, as Python's client does; from the
 * system and not from Effect's `Random`, because nobody should be able to guess
 * one, and a client makes one for every task. Tests provide their own.
 */
export const TaskId: Context.Reference<() => string> = Context.Reference<() => string>("@celeriac/tasks/TaskId", {
  defaultValue: () => () => random()
})

/** Node's, which is loaded when the first id is made up: a worker connects meanwhile. */
let random = (): string => {
  random = process.getBuiltinModule("node:crypto").randomUUID
  return random()
}

/** The same id for the same text, in the form of a UUID that is made so (version 8): of what is sent again when its sender runs again. */
export const derived = (text: string): string => {
  const hex = process.getBuiltinModule("node:crypto").createHash("sha256").update(text).digest("hex")
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
