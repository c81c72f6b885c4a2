/**
 * The task whose code is running: that of the fiber, or the one that the promise
 * form keeps for its handlers.
 */
import { TaskContext } from "@celeriac/tasks/TaskContext"
import type { TaskRequest } from "@celeriac/tasks/TaskRequest"
import * as Context from "effect/Context"
import * as Fiber from "effect/Fiber"

type Find = () => TaskRequest | undefined

let ofPromises: Find = () => undefined

/** By the promise form, when it is loaded. */
export const provide = (find: Find): void => void (ofPromises = find)

/** Undefined outside of tasks, and where a promise was made that nobody follows. */
export const current: Find = () => {
  const fiber = Fiber.getCurrent()
  return (fiber === undefined ? undefined : Context.getOrUndefined(fiber.context, TaskContext)) ?? ofPromises()
}
