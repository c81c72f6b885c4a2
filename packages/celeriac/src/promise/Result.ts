/** What a caller holds of a task that was sent: its id, and promises of its result. */
import type { AsyncResult } from "@celeriac/tasks/AsyncResult"
import { Client } from "@celeriac/tasks/Client"
import * as ResultRecord from "@celeriac/tasks/result/ResultRecord"
import type { Any, Final, Progress as ResultProgress } from "@celeriac/tasks/ResultBase"
import * as TaskError from "@celeriac/tasks/TaskError"
import type { TaskState } from "@celeriac/tasks/TaskState"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { iterate } from "./Iterate.ts"
import type { Read, Run } from "./Run.ts"

export interface GetOptions {
  /** How long to wait before rejecting with a `ResultError`. Default: for ever. */
  readonly timeoutMs?: number | undefined
  /** Whether the failure of a task that this one followed in a chain rejects, too. Default true. */
  readonly followParents?: boolean | undefined
  /** Stops waiting; the task goes on. */
  readonly signal?: AbortSignal | undefined
  /** False lets a handler wait for another task, which takes a slot meanwhile. Default true: inside of a task it rejects. */
  readonly disableSyncSubtasks?: boolean | undefined
}

export interface RevokeOptions {
  /** Ends what runs already. Default false. */
  readonly terminate?: boolean | undefined
  /** With which signal, where tasks are processes. Default `TERM`. */
  readonly signal?: string | number | undefined
  /** The workers to tell, by their names. Default: all. */
  readonly destination?: string | ReadonlyArray<string> | undefined
}

/** A state of a task, as it was stored. */
export interface Progress<out A> {
  readonly taskId: string
  readonly state: TaskState
  /** What was stored with a state that is no end. */
  readonly meta: unknown
  /** What the task came to; undefined in the states that are no end. */
  readonly final: Settled<A> | undefined
}

/** What a task came to, failed or not: as `Promise.allSettled` has it. */
export type Settled<A> =
  | { readonly status: "fulfilled"; readonly value: A }
  | { readonly status: "rejected"; readonly reason: unknown }

/** Who ran what; of records that are extended (`resultExtended`), but for `dateDone`. */
export interface About {
  readonly name: string | undefined
  readonly args: unknown
  readonly kwargs: unknown
  readonly worker: string | undefined
  readonly retries: number | undefined
  readonly queue: string | undefined
  readonly dateDone: Date | undefined
}

export interface Result<out A> {
  readonly id: string
  /** Whether it was sent with `ignoreResult`: then to wait for it rejects. */
  readonly ignored: boolean
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
  readonly successful: () => Promise<boolean>
  readonly failed: () => Promise<boolean>
  /** What is stored with the state: value, failure, or the meta of a state of one's own. */
  readonly info: () => Promise<unknown>
  readonly traceback: () => Promise<string | undefined>
  readonly about: () => Promise<About | undefined>
  /** Each state as it is stored, the present one first, to the end. */
  readonly progress: () => AsyncIterable<Progress<A>>
  /** It, and all that was sent while it ran, and so on, by ids and with their values: waits for one after the other. */
  readonly collect: () => AsyncIterable<readonly [id: string | undefined, value: unknown]>
  /** Tells the workers not to run it. Resolves to whether any was there to be told. */
  readonly revoke: (options?: RevokeOptions) => Promise<boolean>
  /** Asks the task to end: it does so when it looks, by `request.isAborted()`. It takes results that are kept. */
  readonly abort: () => Promise<void>
  /** Drops what is kept about it. */
  readonly forget: () => Promise<void>
}

/** What is behind them. */
const sources = new WeakMap<Result<unknown>, Any>()

export const sourceOf = (result: Result<unknown>): Any => {
  const source = sources.get(result)
  if (source === undefined) {
    throw new TypeError("this is no result of a task: give what delay and applyAsync resolve to")
  }
  return source
}

/** What reads a result needs no broker where the task has run here. */
export const make = <A>(run: Run, sent: AsyncResult<A, unknown>, read: Read = run): Result<A> => {
  const result: Result<A> = {
    id: sent.id,
    ignored: sent.ignored,
    get: async ({ signal, ...options } = {}) => read(sent.get(waiting("get", options)), signal),
    state: () => read(sent.state),
    ready: () => read(sent.ready),
    successful: () => read(sent.successful),
    failed: () => read(sent.failed),
    info: () => read(sent.info),
    traceback: () => read(sent.traceback),
    about: () =>
      read(Effect.map(sent.record, (record) =>
        record === undefined ? undefined : {
          name: record.extended?.name,
          args: record.extended?.args,
          kwargs: record.extended?.kwargs,
          worker: record.extended?.worker,
          retries: record.extended?.retries,
          queue: record.extended?.queue,
          dateDone: dateOf(record)
        })),
    progress: () => iterate(read, Stream.map(sent.progress, (progress) => progressOf(progress))),
    collect: () => iterate(read, Stream.map(sent.collect(), ([{ id }, value]) => [id, value] as const)),
    abort: () => run(Effect.flatMap(Client, (client) => client.abort(sent.id))),
    revoke: (options) => run(sent.revoke(options)),
    forget: () => read(sent.forget)
  }
  sources.set(result, sent)
  return result
}

const dateOf = (record: ResultRecord.ResultRecord): Date | undefined => {
  const at = ResultRecord.doneMillis(record)
  return at === undefined ? undefined : new Date(at)
}

export const progressOf = <A>({ final, meta, state, taskId }: ResultProgress<A, unknown>): Progress<A> => ({
  taskId,
  state,
  meta,
  final: final === undefined ? undefined : settled(final)
})

export const settled = <A>(final: Final<A, unknown>): Settled<A> =>
  final._tag === "Success"
    ? { status: "fulfilled", value: final.success }
    : { status: "rejected", reason: final.failure }

export const waiting = (
  operation: string,
  { disableSyncSubtasks, followParents, timeoutMs }: Omit<GetOptions, "signal">
) => ({
  disableSyncSubtasks,
  followParents,
  timeout: timeoutMs === undefined ? undefined : millis(operation, timeoutMs)
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
