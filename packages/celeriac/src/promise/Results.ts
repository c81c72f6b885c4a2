/** Several results as one: waited for together, in the types of each. */
import * as ResultSet from "@celeriac/tasks/ResultSet"
import * as Stream from "effect/Stream"
import { iterate } from "./Iterate.ts"
import * as Result from "./Result.ts"
import type { Run } from "./Run.ts"

type Members = ReadonlyArray<Result.Result<unknown>>

type Values<M extends Members> = { -readonly [K in keyof M]: M[K] extends Result.Result<infer A> ? A : never }

type Outcomes<M extends Members> = {
  -readonly [K in keyof M]: Result.Settled<M[K] extends Result.Result<infer A> ? A : never>
}

/** A member that has ended: its place from 0, and what it came to. */
export type Completed<R> = R extends Result.Result<infer A>
  ? { readonly index: number; readonly result: R; readonly outcome: Result.Settled<A> }
  : never

export interface Results<out M extends Members> {
  readonly results: M
  /** What all of them returned, in their order. Rejects as soon as one has failed. */
  readonly get: (options?: Omit<Result.GetOptions, "followParents">) => Promise<Values<M>>
  /** What each of them came to, failed or not. */
  readonly settled: (options?: Omit<Result.GetOptions, "followParents">) => Promise<Outcomes<M>>
  /** Each as it ends, failed or not. */
  readonly completed: () => AsyncIterable<Completed<M[number]>>
  /** Each state of each, as it comes. */
  readonly progress: () => AsyncIterable<Result.Progress<unknown>>
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
  readonly revoke: (options?: Result.RevokeOptions) => Promise<boolean>
  /** Drops what is kept about them. */
  readonly forget: () => Promise<void>
}

export const make = <const M extends Members>(run: Run, results: M): Results<M> => {
  const set = ResultSet.make(results.map(Result.sourceOf))
  const made: Results<Members> = {
    results,
    get: async ({ signal, ...options } = {}) => [...await run(set.get(Result.waiting("get", options)), signal)],
    settled: async ({ signal, ...options } = {}) => {
      const finals = await run(set.get({ ...Result.waiting("settled", options), propagate: false }), signal)
      return finals.map(Result.settled)
    },
    completed: () =>
      iterate(
        run,
        Stream.map(set.completed, ({ final, index }) => ({
          index,
          result: results[index]!, // it is this member's
          outcome: Result.settled(final)
        }))
      ),
    progress: () => iterate(run, Stream.map(set.progress, Result.progressOf)),
    completedCount: () => run(set.completedCount),
    ready: () => run(set.ready),
    successful: () => run(set.successful),
    failed: () => run(set.failed),
    waiting: () => run(set.waiting),
    revoke: (options) => run(set.revoke(options)),
    forget: () => run(set.forget)
  }
  // The members are behind it in their order, and have the types that they have.
  return made as unknown as Results<M>
}
