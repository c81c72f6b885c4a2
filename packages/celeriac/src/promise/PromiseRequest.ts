/** What a handler sees of the message that made it run, and can do about it, with promises. */
import type { ResultTuple } from "@celeriac/tasks/result/ResultTuple"
import type { Complete, Signature } from "@celeriac/tasks/Signature"
import type { OwnState, TaskRequest } from "@celeriac/tasks/TaskRequest"
import type { TaskState } from "@celeriac/tasks/TaskState"
import * as Effect from "effect/Effect"
import * as Run from "./Run.ts"

export interface Request extends Omit<TaskRequest, "addToChord" | "isAborted" | "sendEvent" | "updateState"> {
  /**
   * Aborted when the worker gives the task up: pass it to `fetch` and the like. Also
   * when its soft time limit has passed, with the reason `SoftTimeLimitExceeded`:
   * then the handler may come to an end of its own, up to the hard limit.
   */
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
  /**
   * Adds a part to the chord that this task is a part of: its body waits for that
   * too. It is sent when this one has come to its end. Gives its result. Throws
   * where there is no chord. Celery's `add_to_chord`.
   */
  readonly addToChord: <L, A, E>(signature: Signature<L, A, E> & Complete<L>) => ResultTuple
}

/** Calls a function of the program's for the task that is being run: what it sends are children of that. */
export const during = <A>(request: TaskRequest, signal: () => AbortSignal, call: (request: Request) => A): A =>
  Run.requests.run(request, call, make(request, signal))

type OwnName = "sendEvent" | "updateState" | "isAborted" | "addToChord" | "addTrail"

/** The request itself, and what is otherwise in this form: nothing is copied. */
const make = (request: TaskRequest, signal: () => AbortSignal): Request => {
  const own: { readonly [K in OwnName]: { value: Request[K] } } = {
    sendEvent: { value: (type, fields) => Effect.runSync(request.sendEvent(type, fields)) },
    updateState: { value: (state, meta) => Effect.runPromise(request.updateState(state, meta)) },
    isAborted: { value: () => Effect.runPromise(request.isAborted) },
    addToChord: { value: (signature) => Effect.runSync(request.addToChord(signature)) },
    addTrail: { value: (result) => request.addTrail(result) }
  }
  return Object.create(request, { ...own, signal: { get: signal, enumerable: true } })
}
