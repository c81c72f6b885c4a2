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
