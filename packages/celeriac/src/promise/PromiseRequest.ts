/** What a handler sees of the message that made it run, and can do about it, with promises. */
import type { OwnState, TaskRequest } from "@celeriac/tasks/TaskRequest"
import type { TaskState } from "@celeriac/tasks/TaskState"
import * as Effect from "effect/Effect"

export interface Request extends Omit<TaskRequest, "isAborted" | "sendEvent" | "updateState"> {
  /** Aborted when the worker gives the task up: pass it to `fetch` and the like. */
  readonly signal: AbortSignal
  /**
   * Tells monitors something of this task, by an event of a type of your own
   * (`task-progress`): Celery's `task.send_event`. Nothing waits for it, and it
   * never throws.
   */
  readonly sendEvent: (type: `task-${string}`, fields?: Readonly<Record<string, unknown>>) => void
  /**
   * Stores a state of your own (`PROGRESS`) where its result will be: Celery's
   * `update_state`. Resolves when it is stored, or after a second; what could not
   * be stored is logged. Rejects for what has no form.
   */
  readonly updateState: <const S extends TaskState>(state: OwnState<S>, meta?: unknown) => Promise<void>
  /** Whether somebody has asked for this task to end, by `result.abort()`. */
  readonly isAborted: () => Promise<boolean>
}

/** The request itself, and what is otherwise in this form: nothing is copied. */
export const make = (request: TaskRequest, signal: AbortSignal): Request => {
  const own: Pick<Request, "signal" | "sendEvent" | "updateState" | "isAborted" | "addTrail"> = {
    signal,
    sendEvent: (type, fields) => Effect.runSync(request.sendEvent(type, fields)),
    updateState: (state, meta) => Effect.runPromise(request.updateState(state, meta)),
    isAborted: () => Effect.runPromise(request.isAborted),
    addTrail: (result) => request.addTrail(result)
  }
  return Object.create(
    request,
    Object.fromEntries(Object.entries(own).map(([name, value]) => [name, { value, enumerable: true }]))
  )
}
