/** What a caller holds of a task that was sent: its id, and promises of its result. */
import type { AsyncResult } from "@celeriac/tasks/AsyncResult"
import * as TaskError from "@celeriac/tasks/TaskError"
import type { TaskState } from "@celeriac/tasks/TaskState"
import type * as Effect from "effect/Effect"

export interface GetOptions {
  /** How long to wait before rejecting with a `ResultError`. Default: for ever. */
  readonly timeoutMs?: number | undefined
  /** Stops waiting; the task goes on. */
  readonly signal?: AbortSignal | undefined
}

export interface Result<out A> {
  readonly id: string
  /**
   * What the task returned. Rejects with a `TaskException` when it threw, with
   * a `ResultError` when the result does not come in time, is not kept or cannot
   * be read.
   */
  readonly get: (options?: GetOptions) => Promise<A>
  /** PENDING also when nobody knows the id. */
  readonly state: () => Promise<TaskState>
  /** Whether it ended. */
  readonly ready: () => Promise<boolean>
  /** Drops what is kept about it. */
  readonly forget: () => Promise<void>
}

/** What runs the effects of a result, which need nothing. */
type RunResult = <A, E>(effect: Effect.Effect<A, E>, signal?: AbortSignal) => Promise<A>

export const make = <A>(run: RunResult, sent: AsyncResult<A, unknown>): Result<A> => ({
  id: sent.id,
  get: async ({ signal, timeoutMs } = {}) =>
    run(sent.get(timeoutMs === undefined ? {} : { timeout: millis("get", timeoutMs) }), signal),
  state: () => run(sent.state),
  ready: () => run(sent.ready),
  forget: () => run(sent.forget)
})

/** What callers without types may have given: a text would be read as a duration that nobody meant. */
export const millis = (operation: string, timeoutMs: unknown): number => {
  if (typeof timeoutMs === "number" && timeoutMs >= 0) return timeoutMs
  const given = typeof timeoutMs === "string" ? `"${timeoutMs}"` : String(timeoutMs)
  throw TaskError.because(
    operation,
    new TaskError.InvalidOption({ option: "timeoutMs", detail: `${given} is no number of milliseconds, such as 5000` })
  )
}
