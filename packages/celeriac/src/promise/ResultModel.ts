/** What a caller holds of what was sent: results of tasks, of several as one, and of groups, with promises. */
import type { Wire } from "@celeriac/tasks/result/ResultTuple"
import type { TaskState } from "@celeriac/tasks/TaskState"

export interface GetOptions extends SyncOptions {
  /** How long to wait before rejecting with a `ResultError`. Default: for ever. */
  readonly timeoutMs?: number | undefined
  /** Whether the failure of a task that this one followed in a chain rejects, too. Default true. */
  readonly followParents?: boolean | undefined
  /** Stops waiting; the task goes on. */
  readonly signal?: AbortSignal | undefined
}

export interface RevokeOptions {
  /** Ends what runs already. Default false. */
  readonly terminate?: boolean | undefined
  /** With which signal, where tasks are processes. Default `TERM`. */
  readonly signal?: string | number | undefined
  /** The workers to tell, by their names. Default: all. */
  readonly destination?: string | ReadonlyArray<string> | undefined
  /** Whether what it follows is revoked, too, as far as it has not run: all of a chain. Default true. */
  readonly parents?: boolean | undefined
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

/** What keeps a handler from waiting for other tasks. */
export interface SyncOptions {
  /** False lets a handler wait for another task, which takes a slot meanwhile. Default true: inside of a task it rejects. */
  readonly disableSyncSubtasks?: boolean | undefined
}

export interface CollectOptions extends SyncOptions {
  /** Whether to go on with what is there when a task has not ended: its children are not known. Default false: reject. */
  readonly intermediate?: boolean | undefined
}

/** A result as it is written down: `[[id, parent], members]`, which JSON has a form for, and Python's `result_from_tuple` takes. */
export type Tuple = Wire

/** The result of a task, or of a group. */
export interface Identified<out A> {
  readonly id: string
  /** What it followed in a chain, where that is known. */
  readonly parent: Identified<unknown> | undefined
  /**
   * What it comes to. Rejects with a `TaskException` when a task threw, with
   * a `ResultError` when the result does not come in time, is not kept or cannot
   * be read.
   */
  readonly get: (options?: GetOptions) => Promise<A>
  /** Whether it ended. */
  readonly ready: () => Promise<boolean>
  readonly successful: () => Promise<boolean>
  readonly failed: () => Promise<boolean>
  /** What was sent while it ran, the members of a group. Undefined while nobody knows. */
  readonly children: () => Promise<ReadonlyArray<Identified<unknown>> | undefined>
  /** It, and all that was sent while it ran, and so on: each with the one that sent it. */
  readonly iterdeps: (
    options?: Pick<CollectOptions, "intermediate">
  ) => AsyncIterable<readonly [parent: Identified<unknown> | undefined, result: Identified<unknown>]>
  /** The same by ids and with their values: waits for one after the other. */
  readonly collect: (options?: CollectOptions) => AsyncIterable<readonly [id: string | undefined, value: unknown]>
  /** It, and what it hangs on, to be written down: `app.client.result(tuple)` reads it, in another process too. */
  readonly asTuple: () => Tuple
  /** Tells the workers not to run it, nor what is left of what it follows. Resolves to whether any was there to be told. */
  readonly revoke: (options?: RevokeOptions) => Promise<boolean>
  /** Drops what is kept about it, and about what it followed. */
  readonly forget: () => Promise<void>
}

/** The result of a task. */
export interface Result<out A> extends Identified<A> {
  /** Whether it was sent with `ignoreResult`: then to wait for it rejects. */
  readonly ignored: boolean
  /** PENDING also when nobody knows the id. */
  readonly state: () => Promise<TaskState>
  /** Whether anything is stored about it. */
  readonly exists: () => Promise<boolean>
  /** What is stored with the state: value, failure, or the meta of a state of one's own. */
  readonly info: () => Promise<unknown>
  readonly traceback: () => Promise<string | undefined>
  readonly about: () => Promise<About | undefined>
  /** Each state as it is stored, the present one first, to the end. */
  readonly progress: (options?: SyncOptions) => AsyncIterable<Progress<A>>
  /** Tells the workers not to run tasks with these stamps: all of them, whoever sent them. */
  readonly revokeByStampedHeaders: (
    headers: Readonly<Record<string, unknown>>,
    options?: Omit<RevokeOptions, "parents">
  ) => Promise<boolean>
  /** Asks the task to end: it does so when it looks, by `request.isAborted()`. It takes results that are kept. */
  readonly abort: () => Promise<void>
}

/** What several are made of: results of tasks, and of groups. */
export type Members = ReadonlyArray<Identified<unknown>>

/** What they come to. */
export type Values<M extends Members> = { -readonly [K in keyof M]: M[K] extends Identified<infer A> ? A : never }

/** What each of them comes to, failed or not. */
export type Outcomes<M extends Members> = {
  -readonly [K in keyof M]: Settled<M[K] extends Identified<infer A> ? A : never>
}

/** A member that has ended: its place from 0, and what it came to. */
export type Completed<R> = R extends Identified<infer A>
  ? { readonly index: number; readonly result: R; readonly outcome: Settled<A> }
  : never

/** Several results as one. */
export interface Results<out M extends Members> {
  readonly results: M
  /** What all of them returned, in their order. Rejects as soon as one has failed. */
  readonly get: (options?: Omit<GetOptions, "followParents">) => Promise<Values<M>>
  /** The same, but the first of them that failed is what it rejects with, after all before it have succeeded. */
  readonly join: (options?: Omit<GetOptions, "followParents">) => Promise<Values<M>>
  /** What each of them came to, failed or not. */
  readonly settled: (options?: Omit<GetOptions, "followParents">) => Promise<Outcomes<M>>
  /** Each as it ends, failed or not. */
  readonly completed: (options?: SyncOptions) => AsyncIterable<Completed<M[number]>>
  /** Each state of each, as it comes. */
  readonly progress: (options?: SyncOptions) => AsyncIterable<Progress<unknown>>
  /** How many have succeeded. */
  readonly completedCount: () => Promise<number>
  /** Whether all have ended. */
  readonly ready: () => Promise<boolean>
  /** Whether all have succeeded. */
  readonly successful: () => Promise<boolean>
  /** Whether one has failed. */
  readonly failed: () => Promise<boolean>
  /** Whether one has not ended. */
  readonly waiting: () => Promise<boolean>
  /** Tells the workers not to run them. Resolves to whether any was there to be told. */
  readonly revoke: (options?: RevokeOptions) => Promise<boolean>
  /** Drops what is kept about them. */
  readonly forget: () => Promise<void>
}

/** The result of a group: several under one id. */
export interface GroupResult<out M extends Members> extends Results<M>, Omit<Identified<Values<M>>, keyof Results<M>> {
  /** Keeps what it is made of under its id, for `app.client.restoreGroup`, here and in Python. Rejects where the result backend keeps no groups. */
  readonly save: () => Promise<void>
  /** Drops what `save` kept. The results of its members stay: `forget` drops those. */
  readonly delete: () => Promise<void>
}
